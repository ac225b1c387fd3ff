//! The lake against the generator's own totals.

use std::collections::BTreeMap;

use collect::summary::Summary;
use lake::Lake;
use sample::Totals;

use crate::ask::{ask_small, number, text as cell};
use crate::exit::Failure;
use crate::figures;
use crate::output::{Align, Screen, Table};
use crate::standing;

/// One sum, or one list of sums.
pub struct Checked {
    what: &'static str,
    generator: String,
    lake: String,
    differs: bool,
}

impl Checked {
    /// Whether both say the same.
    pub fn is_right(&self) -> bool {
        !self.differs
    }

    fn sum(what: &'static str, generator: u64, lake: u64) -> Checked {
        Checked { what, generator: figures::count(generator), lake: figures::count(lake), differs: generator != lake }
    }

    fn list(what: &'static str, generator: &BTreeMap<String, u64>, lake: &BTreeMap<String, u64>) -> Checked {
        let wrong = generator.iter().filter(|(name, count)| lake.get(*name) != Some(count)).count();
        let more = lake.keys().filter(|name| !generator.contains_key(*name)).count();
        let lake_text = match wrong + more {
            0 => format!("all {} equal", figures::count(lake.len() as u64)),
            differ => format!("{} differ", figures::count(differ as u64)),
        };
        Checked {
            what,
            generator: format!("{} sums", figures::count(generator.len() as u64)),
            lake: lake_text,
            differs: wrong + more > 0,
        }
    }
}

/// Compares everything that the generator counted.
pub async fn check(lake: &Lake, totals: &Totals, summary: &Summary) -> Result<Vec<Checked>, Failure> {
    let found = standing::totals(lake).await?;
    let errors = ask_small(lake, "SELECT count(*) FROM events WHERE errorCode IS NOT NULL").await?;
    let by = |column: &str| format!("SELECT {column}, count(*) FROM events WHERE {column} IS NOT NULL GROUP BY 1");
    Ok(vec![
        Checked::sum("log files", totals.deliveries, found.deliveries),
        Checked::sum("records in them", totals.records, found.records),
        Checked::sum("events, each once", totals.distinct, found.events),
        Checked::sum("duplicates", totals.duplicates, found.duplicate),
        Checked::sum("content bytes", totals.content_bytes, summary.content_bytes),
        Checked::sum("events with an error", totals.errors, errors.first().map_or(0, |row| number(row, 0).unsigned_abs())),
        Checked::list("per event name", &totals.by_event_name, &sums(lake, &by("eventName")).await?),
        Checked::list("per category", &totals.by_family, &sums(lake, &by("eventCategory")).await?),
        Checked::list("per Region", &totals.by_region, &sums(lake, &by("awsRegion")).await?),
        Checked::list("per day", &totals.by_day, &sums(lake, &by("eventday")).await?),
    ])
}

async fn sums(lake: &Lake, sql: &str) -> Result<BTreeMap<String, u64>, Failure> {
    let rows = ask_small(lake, sql).await?;
    Ok(rows.iter().map(|row| (cell(row, 0).to_owned(), number(row, 1).unsigned_abs())).collect())
}

/// The comparison for people.
pub fn text(checks: &[Checked], screen: Screen) -> String {
    let mut table = Table::new(&[("", Align::Left), ("generator", Align::Right), ("lake", Align::Right), ("", Align::Left)]);
    for check in checks {
        let mark = if check.differs { "DIFFERS" } else { "✓" };
        table.row([check.what.to_owned(), check.generator.clone(), check.lake.clone(), mark.to_owned()]);
    }
    table.draw(screen, 4)
}
