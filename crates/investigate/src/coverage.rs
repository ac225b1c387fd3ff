//! What the lake holds of a period, and how far it is vouched for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Days, NaiveDate};

use crate::limits::{GAPS_MAX, VALUES_MAX};
use crate::model::{Area, Coverage, Gap, Vouched};
use crate::source::Source;
use crate::sql::Period;

type Place = (String, String);

#[derive(Default)]
struct Seen {
    area: Area,
    days: BTreeSet<NaiveDate>,
}

/// Looks at a period.
pub async fn coverage<S: Source>(source: &S, period: Period) -> Result<Coverage, S::Error> {
    let clause = period.condition().map(|condition| format!("WHERE {condition}")).unwrap_or_default();
    let sql = format!(
        "SELECT recipientaccountid, awsregion, eventcategory, eventday, count(*), min(eventtime), max(eventtime)
         FROM events {clause} GROUP BY recipientaccountid, awsregion, eventcategory, eventday"
    );
    let mut told = Coverage::default();
    let mut areas: BTreeMap<Place, Seen> = BTreeMap::new();
    source
        .each(&sql, &mut |row| {
            let text = |at| row.text(at).unwrap_or_default();
            let number = |at| row.number(at).unwrap_or(0);
            let events = number(4).unsigned_abs();
            let place = (text(0).to_owned(), text(1).to_owned());
            if areas.len() >= VALUES_MAX && !areas.contains_key(&place) {
                return;
            }
            let seen = areas.entry(place).or_default();
            seen.area.events += events;
            seen.area.times.add(number(5));
            seen.area.times.add(number(6));
            seen.days.extend(NaiveDate::parse_from_str(text(3), "%Y-%m-%d").ok());
            told.events += events;
            match text(2) {
                "Data" => {
                    told.data_events += events;
                    seen.area.data_events += events;
                }
                "NetworkActivity" => told.network_events += events,
                _ => {}
            }
        })
        .await?;
    told.gaps = areas.iter().flat_map(|(place, seen)| gaps(place, &seen.days)).take(GAPS_MAX).collect();
    told.areas = areas.into_iter().map(|(place, seen)| area(place, seen)).collect();
    told.areas.iter().for_each(|area| told.times.join(area.times));
    let distinct =
        |of: fn(&Area) -> &str| told.areas.iter().map(of).filter(|name| !name.is_empty()).collect::<BTreeSet<_>>().len() as u64;
    (told.accounts, told.regions) = (distinct(|area| &area.account), distinct(|area| &area.region));
    vouched(source, period, &mut told).await?;
    missing(source, &mut told).await?;
    Ok(told)
}

fn area((account, region): Place, seen: Seen) -> Area {
    Area { account, region, days: seen.days.len() as u64, ..seen.area }
}

/// Runs of days between an area's first and last that have no event.
fn gaps((account, region): &Place, days: &BTreeSet<NaiveDate>) -> Vec<Gap> {
    let pairs = days.iter().zip(days.iter().skip(1));
    let between = |(last, next): (&NaiveDate, &NaiveDate)| {
        let (from, to) = (last.checked_add_days(Days::new(1))?, next.checked_sub_days(Days::new(1))?);
        (from <= to).then(|| Gap { account: account.clone(), region: region.clone(), from: from.to_string(), to: to.to_string() })
    };
    pairs.filter_map(between).collect()
}

/// Log files with events of the period, by verdict.
async fn vouched<S: Source>(source: &S, period: Period, told: &mut Coverage) -> Result<(), S::Error> {
    let overlap = Period { since_us: told.times.first_us, until_us: told.times.last_us };
    let condition = match (overlap.since_us, overlap.until_us) {
        (Some(since), Some(until)) if period != Period::default() => {
            format!("WHERE (lastevent IS NULL OR (lastevent >= {} AND firstevent <= {}))", moment(since), moment(until))
        }
        _ => String::new(),
    };
    let mut by_verdict: HashMap<String, u64> = HashMap::new();
    source
        .each(&format!("SELECT verdict, status, count(*) FROM deliveries {condition} GROUP BY verdict, status"), &mut |row| {
            let files = row.number(2).unwrap_or(0).unsigned_abs();
            match row.text(1).unwrap_or_default() {
                "ingested" | "same" => *by_verdict.entry(row.text(0).unwrap_or_default().to_owned()).or_default() += files,
                "refused" => told.refused += files,
                _ => {}
            }
        })
        .await?;
    told.vouched = by_verdict.into_iter().map(|(verdict, files)| Vouched { verdict, files }).collect();
    told.vouched.sort_by(|a, b| (b.files, &a.verdict).cmp(&(a.files, &b.verdict)));
    Ok(())
}

/// Log files of the period that a digest names and that never came.
async fn missing<S: Source>(source: &S, told: &mut Coverage) -> Result<(), S::Error> {
    let day = |time_us: Option<i64>| time_us.and_then(chrono::DateTime::<chrono::Utc>::from_timestamp_micros);
    let (Some(first), Some(last)) = (day(told.times.first_us), day(told.times.last_us)) else { return Ok(()) };
    let sql = format!(
        "SELECT count(DISTINCT v.key) FROM verdicts v LEFT JOIN deliveries d ON v.key = d.key AND v.origin = d.origin
         WHERE v.kind = 'log' AND v.delivery IS NULL AND v.verdict = 'missing' AND d.key IS NULL
           AND v.deliveryday BETWEEN '{}' AND '{}'",
        first.format("%Y-%m-%d"),
        last.format("%Y-%m-%d")
    );
    source.each(&sql, &mut |row| told.missing = row.number(0).unwrap_or(0).unsigned_abs()).await
}

fn moment(time_us: i64) -> String {
    let at = chrono::DateTime::<chrono::Utc>::from_timestamp_micros(time_us).unwrap_or_default();
    format!("TIMESTAMP '{}'", at.format("%Y-%m-%d %H:%M:%S%.6f"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_between_days() {
        let day = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap();
        let days = ["2026-11-01", "2026-11-02", "2026-11-05", "2026-11-06", "2026-11-08"].map(day).into();
        let found = gaps(&("1".to_owned(), "r".to_owned()), &days);
        let spans: Vec<_> = found.iter().map(|gap| (gap.from.as_str(), gap.to.as_str())).collect();
        assert_eq!(spans, [("2026-11-03", "2026-11-04"), ("2026-11-07", "2026-11-07")]);
    }
}
