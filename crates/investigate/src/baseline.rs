//! Its own past: what it did, and from where, in the time before the scope.

use std::collections::{HashMap, HashSet};

use crate::limits::VALUES_MAX;
use crate::model::{self, Counted};
use crate::source::Source;
use crate::sql::{self, Period};
use crate::subject::Subject;

/// Counts of the past.
#[derive(Default)]
pub struct Past {
    /// What the model tells.
    pub told: model::Baseline,
    /// `sourceIPAddress`.
    pub addresses: HashMap<String, u64>,
    /// `userAgent`.
    pub agents: HashMap<String, u64>,
    /// `awsRegion`.
    pub regions: HashMap<String, u64>,
    /// `service:EventName`.
    pub apis: HashMap<String, u64>,
    /// `recipientAccountId`.
    pub accounts: HashMap<String, u64>,
}

impl Past {
    /// Whether there is something to compare with.
    pub fn is_there(&self) -> bool {
        self.told.events > 0
    }

    /// How often a value was there; `None` where there is no past.
    pub fn count(&self, values: &HashMap<String, u64>, value: &str) -> Option<u64> {
        self.is_there().then(|| values.get(value).copied().unwrap_or(0))
    }
}

/// Looks at the time before the scope.
pub async fn past<S: Source>(source: &S, subject: &Subject, since_us: i64, span_s: u64) -> Result<Past, S::Error> {
    let span_us = i64::try_from(span_s).unwrap_or(i64::MAX).saturating_mul(1_000_000);
    let period = Period { since_us: Some(since_us.saturating_sub(span_us)), until_us: Some(since_us) };
    let sql = format!(
        "SELECT sourceipaddress, useragent, awsregion, eventsource, eventname, recipientaccountid, eventday,
                count(*), min(eventtime), max(eventtime)
         FROM events {} GROUP BY sourceipaddress, useragent, awsregion, eventsource, eventname, recipientaccountid, eventday",
        period.and(&subject.condition)
    );
    let mut past = Past { told: model::Baseline { span_s, ..Default::default() }, ..Past::default() };
    let mut days = HashSet::new();
    source
        .each(&sql, &mut |row| {
            let text = |at| row.text(at).unwrap_or_default();
            let events = row.number(7).unwrap_or(0).unsigned_abs();
            add(&mut past.addresses, text(0), events);
            add(&mut past.agents, text(1), events);
            add(&mut past.regions, text(2), events);
            add(&mut past.apis, &format!("{}:{}", crate::event::service(text(3)), text(4)), events);
            add(&mut past.accounts, text(5), events);
            days.insert(text(6).to_owned());
            past.told.events += events;
            past.told.times.add(row.number(8).unwrap_or(0));
            past.told.times.add(row.number(9).unwrap_or(0));
        })
        .await?;
    past.told.days = days.len() as u64;
    Ok(past)
}

fn add(counts: &mut HashMap<String, u64>, value: &str, events: u64) {
    if let Some(count) = counts.get_mut(value) {
        *count += events;
    } else if counts.len() < VALUES_MAX {
        counts.insert(value.to_owned(), events);
    }
}

/// Says of new addresses and Regions whether anybody else was there before.
pub async fn remark<S: Source>(
    source: &S,
    column: &str,
    values: &mut [Counted],
    since_us: i64,
    span_s: u64,
) -> Result<(), S::Error> {
    let new: Vec<String> =
        values.iter().filter(|value| value.is_new).take(crate::limits::NEW_ADDRESSES_MAX).map(|v| v.value.clone()).collect();
    if new.is_empty() {
        return Ok(());
    }
    let span_us = i64::try_from(span_s).unwrap_or(i64::MAX).saturating_mul(1_000_000);
    let period = Period { since_us: Some(since_us.saturating_sub(span_us)), until_us: Some(since_us) };
    let condition = format!("{column} IN ({})", sql::list(new.iter().map(String::as_str)));
    let mut others: HashMap<String, u64> = HashMap::new();
    source
        .each(&format!("SELECT {column}, count(*) FROM events {} GROUP BY {column}", period.and(&condition)), &mut |row| {
            others.insert(row.text(0).unwrap_or_default().to_owned(), row.number(1).unwrap_or(0).unsigned_abs());
        })
        .await?;
    for value in values.iter_mut().filter(|value| new.contains(&value.value)) {
        value.remark = Some(match others.get(&value.value) {
            Some(events) => format!("others used it before ({events} events)"),
            None => "nobody used it before".to_owned(),
        });
    }
    Ok(())
}
