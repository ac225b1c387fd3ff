//! `trailkeep` alone: what the lake holds, and the likely next command.

use super::collect::SQL_TO_BEGIN_WITH;
use super::status;
use crate::exit::{Exit, Failure};
use crate::settings::Context;
use crate::{figures, lakes, output, outside, standing};

/// A lake that is further behind than this should be collected again, in seconds.
const STALE_S: i64 = 86_400;

/// Looks at the home and says what to do.
pub async fn run(context: &Context) -> Result<Exit, Failure> {
    let home = context.home_flag();
    let lake = match lakes::open(context).await {
        Ok(lake) => lake,
        Err(Failure::Lake(lake::LakeError::NoHome(name))) => {
            output::line(format!("There is no lake at {} yet.\n", output::clean(&name)))?;
            next(&[
                ("trailkeep demo".to_owned(), "see what it does, on a sample organization with an attack in it"),
                (format!("trailkeep collect s3://BUCKET{home}"), "collect your own logs (a folder or an archive will do too)"),
            ])?;
            return Ok(Exit::Fine);
        }
        Err(other) => return Err(other),
    };
    let standing = standing::look(&lake, outside::now().timestamp_micros()).await?;
    output::line(status::head(&standing, context.screen))?;
    let areas = standing.areas.len() as u64;
    let lag = standing.areas.iter().filter_map(|area| area.lag_s).min();
    if let Some(lag) = lag {
        output::line(format!(
            "{} of account and Region; the newest event is {} old",
            figures::counted(areas, "combination"),
            figures::ago(lag)
        ))?;
    }
    output::line("")?;
    let collect = (format!("trailkeep collect SOURCE{home}"), "go on where the last collection stopped");
    let query = (format!("trailkeep query \"{SQL_TO_BEGIN_WITH}\"{home}"), "ask what happened most");
    let status = (format!("trailkeep status{home}"), "gaps and silence by account and Region");
    let is_stale = lag.is_none_or(|lag| lag > STALE_S);
    next(&if is_stale { [collect, status, query] } else { [query, status, collect] })?;
    Ok(Exit::Fine)
}

fn next(commands: &[(String, &str)]) -> Result<(), Failure> {
    for (at, (command, why)) in commands.iter().enumerate() {
        let word = if at == 0 { "Next:" } else { "     " };
        output::line(format!("{word} {command}\n      {why}"))?;
    }
    Ok(())
}
