//! What lasts, which data, from where, what was refused, who else.

use investigate::model::{Class, Counted, Investigation, Lasting};

use super::{Length, by, heading, moment, more, short};
use crate::figures;
use crate::output::{Align, Screen, Table};

/// Lines of a section that are shown.
const LINES_MAX: usize = 15;
/// Lines of changes that are not new to it, where others are.
const ROUTINE_MAX: usize = 5;
/// Lines of lasting changes of one class that are shown.
const LASTING_MAX: usize = 40;

/// What lasts, class by class.
pub fn lasting(found: &Investigation, length: Length, screen: Screen) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for class in [Class::Access, Class::Hiding, Class::Effect] {
        let all: Vec<&Lasting> = found.lasting.iter().filter(|lasting| lasting.class == Some(class)).collect();
        if all.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let worked = all.iter().filter(|lasting| lasting.error.is_none()).count() as u64;
        lines.push(heading(class.heading(), worked, screen));
        let mut groups = grouped(&all, class);
        // What weighs most is shown, in order; beside what is new to it, little of what is not.
        groups.sort_by_key(|(first, _)| (!first.is_new, first.error.is_some(), first.rank, first.time_us));
        let new = groups.iter().filter(|(first, _)| first.is_new).count();
        let most = if new > 0 { (new + ROUTINE_MAX).min(LASTING_MAX) } else { LASTING_MAX };
        let hidden: usize = groups.iter().skip(length.lines(most)).map(|(_, count)| count).sum();
        groups.truncate(length.lines(most));
        groups.sort_by_key(|(first, _)| first.time_us);
        lines.push(table(found, &groups).draw(screen, 0));
        let what = match new {
            0 => ("change", "changes"),
            _ => (
                "change of the kind that it made before, from where it came before",
                "changes of the kind that it made before, from where it came before",
            ),
        };
        lines.extend(more(hidden as u64, what, screen));
    }
    if found.lasting_omitted > 0 {
        lines.push(format!("  … {} more are counted in the timeline only", figures::count(found.lasting_omitted)));
    }
    lines
}

/// The same effect again and again is one line; ways back in are told one by one.
fn grouped<'f>(all: &[&'f Lasting], class: Class) -> Vec<(&'f Lasting, usize)> {
    let mut groups: Vec<(&Lasting, usize)> = Vec::new();
    for lasting in all {
        let key = |lasting: &Lasting| (lasting.what.clone(), lasting.by, lasting.address.clone(), lasting.error.clone());
        let same = groups.iter_mut().rev().take(4).find(|(first, _)| class != Class::Access && key(first) == key(lasting));
        match same {
            Some((_, count)) => *count += 1,
            None => groups.push((lasting, 1)),
        }
    }
    groups
}

fn table(found: &Investigation, groups: &[(&Lasting, usize)]) -> Table {
    let mut table = Table::new(&[
        ("time (UTC)", Align::Left),
        ("by", Align::Left),
        ("", Align::Left),
        ("what", Align::Left),
        ("on", Align::Left),
        ("detail", Align::Left),
        ("account", Align::Left),
        ("from", Align::Left),
    ]);
    for (lasting, count) in groups {
        let failed = lasting.error.as_ref().map(|error| format!("FAILED: {}", short(error, 40)));
        let target = short(lasting.target.as_deref().unwrap_or_default(), 50);
        table.row([
            moment(Some(lasting.time_us)),
            by(found, lasting.by),
            if lasting.is_new { "+".to_owned() } else { String::new() },
            if *count > 1 { format!("{} ×{}", lasting.what, figures::count(*count as u64)) } else { lasting.what.clone() },
            if *count > 1 { format!("{target} …") } else { target },
            failed.unwrap_or_else(|| short(lasting.detail.as_deref().unwrap_or_default(), 50)),
            lasting.account.clone(),
            lasting.address.clone(),
        ]);
    }
    table
}

/// Which data.
pub fn data(found: &Investigation, length: Length, screen: Screen) -> Vec<String> {
    if found.data.is_empty() {
        return Vec::new();
    }
    let mut table = Table::new(&[
        ("data", Align::Left),
        ("", Align::Left),
        ("objects", Align::Right),
        ("calls", Align::Right),
        ("bytes out", Align::Right),
        ("failed", Align::Right),
        ("first", Align::Left),
        ("last", Align::Left),
        ("by", Align::Left),
    ]);
    let shown = length.lines(LINES_MAX);
    for container in found.data.iter().take(shown) {
        let number = |number| if number == 0 { String::new() } else { figures::count(number) };
        table.row([
            format!("{} {}", container.service, short(&container.name, 60)),
            container.action.clone(),
            number(container.objects),
            figures::count(container.events),
            if container.bytes_out == 0 { String::new() } else { figures::size(container.bytes_out) },
            number(container.failed),
            moment(container.times.first_us),
            moment(container.times.last_us),
            by(found, container.by),
        ]);
    }
    let mut lines = vec![heading("data touched", 0, screen), table.draw(screen, 0)];
    lines.extend(more(found.data.len().saturating_sub(shown) as u64, ("place", "places"), screen));
    lines
}

/// From where, with which programs, in which Regions.
pub fn origins(found: &Investigation, length: Length, screen: Screen) -> Vec<String> {
    let origins = &found.origins;
    let mut table = Table::new(&[
        ("", Align::Left),
        ("from where", Align::Left),
        ("events", Align::Right),
        ("writes", Align::Right),
        ("refused", Align::Right),
        ("before", Align::Right),
        ("first", Align::Left),
        ("last", Align::Left),
        ("", Align::Left),
    ]);
    let mut hidden = 0;
    for (values, most) in [(&origins.addresses, 8), (&origins.agents, 5), (&origins.regions, 5)] {
        let shown = length.lines(most);
        hidden += values.len().saturating_sub(shown);
        for value in values.iter().take(shown) {
            table.row(origin(value));
        }
    }
    if table.len() == 0 {
        return Vec::new();
    }
    let mut lines = vec![heading("from where, with what", 0, screen), table.draw(screen, 0)];
    lines.extend(more(hidden as u64, ("address, agent or Region", "addresses, agents and Regions"), screen));
    lines
}

fn origin(value: &Counted) -> [String; 9] {
    [
        if value.is_new { "NEW".to_owned() } else { String::new() },
        short(&value.value, 60),
        figures::count(value.events),
        figures::count(value.writes),
        figures::count(value.denied),
        value.earlier_events.map_or_else(|| "-".to_owned(), figures::count),
        moment(value.times.first_us),
        moment(value.times.last_us),
        value.remark.clone().unwrap_or_default(),
    ]
}

/// What was refused.
pub fn denied(found: &Investigation, length: Length, screen: Screen) -> Vec<String> {
    if found.denied.is_empty() {
        return Vec::new();
    }
    let mut table = Table::new(&[
        ("first (UTC)", Align::Left),
        ("by", Align::Left),
        ("refused", Align::Left),
        ("times", Align::Right),
        ("error", Align::Left),
        ("why", Align::Left),
    ]);
    let shown = length.lines(LINES_MAX);
    for denial in found.denied.iter().take(shown) {
        table.row([
            moment(denial.times.first_us),
            by(found, denial.by),
            format!("{} {}", denial.service, denial.event),
            figures::count(denial.count),
            short(&denial.error, 40),
            denial.reason.clone().unwrap_or_default(),
        ]);
    }
    let mut lines = vec![heading("refused", found.summary.denied, screen), table.draw(screen, 0)];
    lines.extend(more(found.denied.len().saturating_sub(shown) as u64, ("kind of refusal", "kinds of refusal"), screen));
    lines
}

/// Who else came from its new addresses.
pub fn neighbours(found: &Investigation, length: Length, screen: Screen) -> Vec<String> {
    if found.neighbours.is_empty() {
        return Vec::new();
    }
    let mut table = Table::new(&[
        ("address", Align::Left),
        ("who", Align::Left),
        ("access key", Align::Left),
        ("events", Align::Right),
        ("first", Align::Left),
        ("last", Align::Left),
    ]);
    let shown = length.lines(8);
    for neighbour in found.neighbours.iter().take(shown) {
        table.row([
            neighbour.address.clone(),
            short(&neighbour.name, 60),
            neighbour.key.clone(),
            figures::count(neighbour.events),
            moment(neighbour.times.first_us),
            moment(neighbour.times.last_us),
        ]);
    }
    let which = if found.baseline.events > 0 { "others from its new addresses" } else { "others from its addresses" };
    let mut lines = vec![heading(which, found.neighbours.len() as u64, screen), table.draw(screen, 0)];
    lines.extend(more(found.neighbours.len().saturating_sub(shown) as u64, ("identity", "identities"), screen));
    lines
}
