//! `trailkeep query`

use std::io::{IsTerminal, Read};

mod limits;
mod list;
mod named;
mod saved;

use clap::Args;
use lake::Question;

use crate::exit::{Exit, Failure};
use crate::rows::{self, Format, Formulas, Sink};
use crate::settings::Context;
use crate::when::When;
use crate::{ask, figures, lakes, output, outside};

/// Longest statement that is read from a file or from standard input, in bytes.
const SQL_SIZE_BYTES_MAX: u64 = 100_000;

/// Ask the lake with CloudTrail Lake's SQL: Trino's SELECT.
///
/// Table `events` has one row a record, with the columns that CloudTrail Lake has: eventTime, eventName, userIdentity.arn,
/// userIdentity.sessionContext.sessionIssuer.userName, requestParameters, eventJson (the record's exact bytes), ... Frequent
/// keys are columns too: requestParameters.bucketName, responseElements.accessKey.accessKeyId, additionalEventData.MFAUsed.
/// Table `deliveries` has one row a log file: origin, key, status, account, region, records, stored, duplicate, ...
/// FROM takes the name, ID or ARN of an event data store, quoted or not; where there is only `events`, it answers for any ID.
/// element_at(requestParameters, 'key'), UNNEST(resources), json_extract, date_add('day', -7, now()) ... work as in Lake.
/// Upper and lower case of names do not matter. Times are UTC. guide/10-lake-sql.md has the list of functions.
///
/// Rows are drawn as a table on a terminal and written as ndjson into a pipe.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep query \"SELECT eventTime, eventName, sourceIPAddress FROM events
                   WHERE userIdentity.userName = 'alice' ORDER BY eventTime\"
  trailkeep query \"SELECT eventName, count(*) FROM events GROUP BY 1\" -o csv=top.csv
  trailkeep query \"SELECT * FROM events WHERE eventID = '...'\"  field by field
  trailkeep query \"SELECT eventJson FROM events\"                as it was delivered
  trailkeep query \"SELECT eventName FROM events WHERE userIdentity.arn = ?\" --parameter arn:aws:iam::111122223333:user/alice
  trailkeep query --file hunt.sql -o parquet=hunt.parquet
  trailkeep query --list                                          questions that come again
  trailkeep query --name new-apis --since 7d
  trailkeep query --name credential-roles --param id=AKIAIOSFODNN7EXAMPLE
  trailkeep query --file hunt.sql --save ./results     signed, for `trailkeep verify ./results/AWSLogs/...`")]
pub struct Query {
    /// One SELECT statement; `-` reads it from standard input
    #[arg(required_unless_present_any = ["file", "name", "list"], conflicts_with_all = ["file", "name", "list"], value_name = "SQL")]
    sql: Option<String>,

    /// Read the statement from a file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "list"])]
    file: Option<String>,

    /// Ask a named query
    #[arg(long, value_name = "NAME", conflicts_with = "list")]
    name: Option<String>,

    /// A parameter of the named query; may be given several times
    #[arg(long, value_name = "NAME=VALUE", requires = "name", value_parser = named::parameter)]
    param: Vec<(String, String)>,

    /// Begin of the named query's range: 24h, 7d (ago), 2026-11-01 [default: as the query says]
    #[arg(long, value_name = "WHEN", requires = "name")]
    since: Option<When>,

    /// End of the named query's range [default: now]
    #[arg(long, value_name = "WHEN", requires = "name")]
    until: Option<When>,

    /// List the named queries; with -o json, all that is known about them
    #[arg(long)]
    list: bool,

    /// table, json, ndjson, csv, md or parquet; with =FILE to write a file
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    output: Option<Sink>,

    /// Save the answer as CloudTrail Lake does: result_N.csv.gz and a signed result_sign.json, in a folder or s3://bucket/prefix
    #[arg(long, value_name = "PLACE", conflicts_with = "output")]
    save: Option<String>,

    /// Account in the path of saved results [default: 000000000000]
    #[arg(long, value_name = "ID", requires = "save")]
    save_account: Option<String>,

    /// Value for a `?` of the statement, as text; once for each, in their order
    #[arg(long = "parameter", value_name = "VALUE")]
    parameters: Vec<String>,

    #[command(flatten)]
    limits: limits::Limits,

    /// Put a ' before CSV cells that a spreadsheet would take for a formula
    #[arg(long)]
    csv_safe: bool,
}

impl Query {
    /// Asks and prints; an interruption ends it at once, for a question changes nothing.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        tokio::select! {
            done = self.answer(context) => done,
            () = outside::interruption() => outside::exit_at_once(130),
        }
    }

    async fn answer(&self, context: &Context) -> Result<Exit, Failure> {
        self.check()?;
        if self.list {
            return list::run(self.output.as_ref(), context);
        }
        let asked = self.name.as_deref().map(|name| named::resolve(name, &self.param, self.since, self.until)).transpose()?;
        let sql = asked.as_ref().map_or_else(|| self.statement(), |asked| Ok(asked.sql.clone()))?;
        let watch = outside::stopwatch();
        let lake = lakes::open(context).await?;
        let question = Question { sql: &sql, parameters: &self.parameters, limits: self.limits.of_query() };
        let mut answer = ask::ask_within(&lake, &question).await?;
        answer.notes.iter().for_each(|note| output::note(format!("note: {note}")));
        if let Some(place) = &self.save {
            return self.save(answer, place, context).await;
        }
        let format = if context.screen.is_terminal { Format::Table } else { Format::Ndjson };
        let sink = self.output.clone().unwrap_or(Sink { format, file: None });
        if let Some(asked) = asked.as_ref().filter(|_| sink.is_for_people()) {
            answer.headers = asked.headings(answer.headers);
            output::line(asked.heading(context.screen))?;
        }
        let formulas = if self.csv_safe { Formulas::Guarded } else { Formulas::Kept };
        let count = rows::write(answer, &sink, formulas, context.screen).await?;
        if let Some(asked) = asked.as_ref().filter(|_| count == 0) {
            asked.explain_nothing(&lake).await?;
        }
        if context.screen.is_terminal || sink.file.is_some() {
            let took = figures::span(watch.elapsed().as_secs_f64());
            let to = sink.file.map(|file| format!(" written to {file}")).unwrap_or_default();
            output::note(format!("{}{to} · {took}", figures::counted(count, "row")));
        }
        Ok(Exit::Fine)
    }

    /// What only a named query knows what to do with. (clap lets it pass where a statement is given, for that conflicts with --name.)
    fn check(&self) -> Result<(), Failure> {
        let flags = [(self.since.is_some(), "--since"), (self.until.is_some(), "--until"), (!self.param.is_empty(), "--param")];
        let given = flags.iter().find(|(is_given, _)| *is_given && self.name.is_none());
        given.map_or(Ok(()), |(_, flag)| {
            let hint = match *flag {
                "--param" => "write `?` into the statement and give --parameter VALUE, or ask a named query",
                _ => "write it into the statement, as in WHERE eventTime >= '2026-11-01 00:00:00', or ask a named query",
            };
            Err(Failure::usage(format!("{flag} is for named queries (--name)"), hint))
        })
    }

    /// Saves an answer, and says where and signed by which key.
    async fn save(&self, answer: ask::Answer, place: &str, context: &Context) -> Result<Exit, Failure> {
        let saved = saved::save(answer, place, self.save_account.as_deref(), context).await?;
        let files = figures::counted(saved.files as u64, "file");
        output::note(format!("{} in {files}, signed by key {}", figures::counted(saved.rows, "row"), saved.fingerprint));
        output::line(saved.folder)?;
        Ok(Exit::Fine)
    }

    /// The statement, from wherever it comes.
    fn statement(&self) -> Result<String, Failure> {
        let sql = match (&self.file, self.sql.as_deref()) {
            (Some(file), _) => {
                let opened = std::fs::File::open(file).map_err(Failure::reading(file))?;
                read_text(opened, file)?
            }
            (None, Some("-")) => {
                if std::io::stdin().is_terminal() {
                    output::note("type one SELECT statement and end it with Ctrl-D");
                }
                read_text(std::io::stdin(), "standard input")?
            }
            (None, sql) => sql.unwrap_or_default().to_owned(),
        };
        if sql.trim().is_empty() {
            return Err(Failure::usage("there is no statement", "for example: trailkeep query \"SELECT count(*) FROM events\""));
        }
        Ok(sql)
    }
}

fn read_text(from: impl Read, name: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let read = from.take(SQL_SIZE_BYTES_MAX + 1).read_to_string(&mut text);
    read.map_err(Failure::reading(name))?;
    if text.len() as u64 > SQL_SIZE_BYTES_MAX {
        return Err(Failure::usage(format!("`{name}` is longer than {SQL_SIZE_BYTES_MAX} bytes"), "shorten the statement"));
    }
    Ok(text)
}
