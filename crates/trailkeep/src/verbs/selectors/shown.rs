//! What came of a trial, for people and for programs.

use predicate::selector::Selectors;
use serde::Serialize;

use super::blind::Blind;
use super::prices::{self, Copy};
use super::tally::Tally;
use crate::figures;
use crate::output::{Align, Screen, Table, clean};

/// Rows and detections that are shown to people.
const SHOWN_MAX: usize = 25;

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Answer<'t> {
    does: Vec<String>,
    days: f64,
    events: u64,
    kept: u64,
    dropped: u64,
    month_usd: f64,
    prices: &'static str,
    services: Vec<Service>,
    blind: &'t [Blind],
    /// Kept events that a trail's own deliveries cause.
    own_deliveries: u64,
    own_key_calls: u64,
    files_unread: u64,
    records_unread: u64,
}

#[derive(Debug, Serialize)]
struct Service {
    category: String,
    source: String,
    kept_per_day: f64,
    dropped_per_day: f64,
    month_usd: f64,
}

impl<'t> Answer<'t> {
    /// Puts it together.
    pub fn new(selectors: &Selectors, tally: &Tally, blind: &'t [Blind], copy: Copy, files_unread: u64) -> Answer<'t> {
        let days = tally.days();
        let mut services: Vec<Service> = tally
            .by
            .iter()
            .map(|((category, source), count)| {
                let kept_per_day = count.kept as f64 / days;
                Service {
                    category: category.clone(),
                    source: source.clone(),
                    kept_per_day,
                    dropped_per_day: count.dropped as f64 / days,
                    month_usd: prices::month_usd(category, kept_per_day, copy),
                }
            })
            .collect();
        services.sort_by(|a, b| (b.kept_per_day + b.dropped_per_day).total_cmp(&(a.kept_per_day + a.dropped_per_day)));
        let total = tally.total();
        Answer {
            does: check::explain(selectors),
            days,
            events: total.kept + total.dropped,
            kept: total.kept,
            dropped: total.dropped,
            month_usd: services.iter().map(|service| service.month_usd).sum(),
            prices: prices::SOURCE,
            services,
            blind,
            own_deliveries: tally.deliveries,
            own_key_calls: tally.key_calls,
            files_unread,
            records_unread: tally.unread,
        }
    }

    /// For people.
    pub fn text(&self, screen: Screen) -> String {
        let mut lines: Vec<String> = self.does.iter().map(|line| clean(line)).collect();
        lines.push(String::new());
        lines.push(screen.bold(&format!(
            "{} of {} days: {} kept, {} dropped",
            figures::counted(self.events, "event"),
            figures::tenths(self.days),
            figures::count(self.kept),
            figures::count(self.dropped)
        )));
        lines.push(self.services(screen));
        lines.push(format!("\nlist price: ${} a month ({})", figures::cents(self.month_usd), self.prices));
        if self.own_deliveries > 0 {
            let what = format!(
                "feedback loop: {} kept are a trail's own deliveries of log files; leave its bucket out (resources.ARN NotStartsWith)",
                figures::counted(self.own_deliveries, "event")
            );
            lines.push(screen.bad(&what));
        }
        if self.own_key_calls > 0 {
            lines.push(format!("{} kept to KMS are made by CloudTrail's deliveries", figures::counted(self.own_key_calls, "call")));
        }
        lines.extend(self.blind_lines(screen));
        for (count, what) in [(self.files_unread, "file"), (self.records_unread, "record")] {
            if count > 0 {
                lines.push(screen.bad(&format!("not counted, for it could not be read: {}", figures::counted(count, what))));
            }
        }
        lines.join("\n")
    }

    fn services(&self, screen: Screen) -> String {
        let columns = [
            ("category", Align::Left),
            ("service", Align::Left),
            ("kept/day", Align::Right),
            ("dropped/day", Align::Right),
            ("$/month", Align::Right),
        ];
        let mut table = Table::new(&columns);
        for service in self.services.iter().take(SHOWN_MAX) {
            table.row([
                service.category.clone(),
                service.source.clone(),
                figures::tenths(service.kept_per_day),
                figures::tenths(service.dropped_per_day),
                figures::cents(service.month_usd),
            ]);
        }
        let more = self.services.len().saturating_sub(SHOWN_MAX);
        let rest = if more > 0 { format!("\n  and {more} more; -o json has them") } else { String::new() };
        format!("{}{rest}", table.draw(screen, 2))
    }

    fn blind_lines(&self, screen: Screen) -> Vec<String> {
        if self.blind.is_empty() {
            return vec![screen.good("no detection would go blind")];
        }
        let mut lines =
            vec![String::new(), screen.bad(&format!("{} would see less:", figures::counted(self.blind.len() as u64, "detection")))];
        for blind in self.blind.iter().take(SHOWN_MAX) {
            let how = if blind.dropped == blind.of {
                "blind".to_owned()
            } else {
                format!("{} of {} dropped", figures::count(blind.dropped as u64), figures::counted(blind.of as u64, "event"))
            };
            lines.push(format!("  {:<80}  {how}", clean(&blind.name)));
        }
        if self.blind.len() > SHOWN_MAX {
            lines.push(format!("  and {} more; -o json has them", self.blind.len() - SHOWN_MAX));
        }
        lines
    }
}
