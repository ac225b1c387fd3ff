//! The timeline. Where it is long, the loudest steps are shown, in order.

use investigate::model::{Class, Investigation, Run};

use super::{Length, by, heading, moment, more, short};
use crate::figures;
use crate::output::{Align, Screen, Table};

/// Steps that are shown.
const STEPS_MAX: usize = 48;

/// The section.
pub fn section(found: &Investigation, length: Length, screen: Screen) -> Vec<String> {
    if found.timeline.is_empty() {
        return Vec::new();
    }
    let mut loud: Vec<&Run> = found.timeline.iter().collect();
    loud.sort_by_key(|run| (quietness(run), run.times.first_us));
    let hidden = loud.len().saturating_sub(length.lines(STEPS_MAX));
    loud.truncate(length.lines(STEPS_MAX));
    loud.sort_by_key(|run| (run.times.first_us, quietness(run)));
    let mut table = Table::new(&[
        ("time (UTC)", Align::Left),
        ("by", Align::Left),
        ("", Align::Left),
        ("step", Align::Left),
        ("times", Align::Right),
        ("on", Align::Left),
        ("from", Align::Left),
        ("Region", Align::Left),
    ]);
    for run in loud {
        table.row(row(found, run));
    }
    let total = found.timeline.len() as u64 + found.timeline_omitted;
    let mut lines = vec![heading("timeline: steps", total, screen), table.draw(screen, 0)];
    lines.push(screen.dim("! lasts   w writes   x refused   e failed   + never done before, or never from there"));
    lines.extend(more(hidden as u64 + found.timeline_omitted, ("quieter step", "quieter steps"), screen));
    lines
}

/// Low for what must be seen.
fn quietness(run: &Run) -> u8 {
    match (run.class, &run.error) {
        (Some(Class::Hiding), _) => 0,
        (Some(_), _) if run.is_new => 0,
        (None, _) if run.is_new => 1,
        (Some(Class::Access), _) => 2,
        (Some(_), _) => 3,
        (None, None) if run.is_write => 4,
        (None, Some(_)) => 5,
        (None, None) => 6,
    }
}

fn row(found: &Investigation, run: &Run) -> [String; 8] {
    let mark = match (run.class, &run.error) {
        (Some(_), _) => "!",
        (None, Some(error)) if is_refusal(error) => "x",
        (None, Some(_)) => "e",
        (None, None) if run.is_write => "w",
        (None, None) => "",
    };
    let new = if run.is_new { "+" } else { "" };
    let until = match (run.times.first_us, run.times.last_us) {
        (first, last) if run.count > 1 && first != last => {
            format!("–{}", moment(last).get(11..).unwrap_or_default())
        }
        _ => String::new(),
    };
    let more = run.targets_total.saturating_sub(1);
    let target = run.targets.first().map(|target| short(target, 56)).unwrap_or_default();
    let target = if more > 0 { format!("{target} +{}", figures::count(more)) } else { target };
    [
        format!("{}{until}", moment(run.times.first_us)),
        by(found, run.by),
        format!("{mark}{new}"),
        format!("{} {}", run.service, run.event),
        if run.count > 1 { figures::count(run.count) } else { String::new() },
        run.error.as_ref().map_or(target, |error| short(error, 56)),
        run.address.clone(),
        run.region.clone(),
    ]
}

fn is_refusal(error: &str) -> bool {
    let lower = error.to_ascii_lowercase();
    ["denied", "unauthorized", "notauthorized", "forbidden", "failed authentication"].iter().any(|word| lower.contains(word))
}
