//! `query --list`: the named queries.

use investigate::named;

use crate::exit::{Exit, Failure};
use crate::output::{self, Align, Table};
use crate::rows::{Format, Sink};
use crate::settings::Context;

/// Prints them.
pub fn run(sink: Option<&Sink>, context: &Context) -> Result<Exit, Failure> {
    let queries = named::all().map_err(|error| Failure::failed(error.to_string(), ""))?;
    match sink.map(|sink| sink.format) {
        None | Some(Format::Table) => {}
        Some(Format::Json) => {
            let text = serde_json::to_string_pretty(&queries).map_err(|error| Failure::failed(error.to_string(), ""))?;
            output::line(text)?;
            return Ok(Exit::Fine);
        }
        Some(_) => return Err(Failure::usage("the list is a table or json", "take -o json")),
    }
    let mut groups: Vec<&str> = Vec::new();
    for query in &queries {
        if !groups.contains(&query.group.as_str()) {
            groups.push(&query.group);
        }
    }
    for (at, group) in groups.iter().enumerate() {
        let mut table =
            Table::new(&[("name", Align::Left), ("range", Align::Right), ("question", Align::Left), ("needs", Align::Left)]);
        for query in queries.iter().filter(|query| query.group == *group) {
            let needs: Vec<String> = query.parameters.iter().map(|p| format!("--param {}=…", p.name)).collect();
            table.row([query.name.clone(), query.range.clone(), query.question.clone(), needs.join(" ")]);
        }
        let space = if at == 0 { "" } else { "\n" };
        output::line(format!("{space}{}\n{}", context.screen.bold(&group.to_uppercase()), table.draw(context.screen, 0)))?;
    }
    Ok(Exit::Fine)
}
