//! A replay for people.

use super::replayed_filters::{AlarmAnswer, Answer};
use crate::figures;
use crate::output::{Align, Screen, Table, clean};

/// Changes of state that are shown of one alarm.
const CHANGES_SHOWN_MAX: usize = 10;

/// The replay as text.
pub fn text(answer: &Answer, screen: Screen) -> String {
    let mut table = Table::new(&[("filter", Align::Left), ("matched", Align::Right), ("minutes", Align::Right)]);
    for filter in &answer.filters {
        table.row([filter.name.clone(), figures::count(filter.matched), figures::count(filter.minutes)]);
    }
    let mut lines = vec![screen.bold(&format!("{} looked at", figures::counted(answer.events, "event"))), table.draw(screen, 2)];
    for filter in answer.filters.iter().filter(|filter| filter.without_number > 0) {
        let events = figures::counted(filter.without_number, "event");
        lines.push(screen.bad(&format!("{}: {events} matched and had no number where it looks for one", clean(&filter.name))));
    }
    for alarm in &answer.alarms {
        lines.push(String::new());
        lines.extend(one(alarm, screen));
    }
    if answer.files_unread > 0 {
        lines.push(screen.bad(&format!("{} could not be read", figures::counted(answer.files_unread, "file"))));
    }
    lines.join("\n")
}

fn one(alarm: &AlarmAnswer, screen: Screen) -> Vec<String> {
    let raised = match alarm.raised {
        0 => "never raised".to_owned(),
        times => {
            format!("raised {}, actions carried out {}", figures::counted(times, "time"), figures::counted(alarm.actions, "time"))
        }
    };
    let mut lines = vec![format!("{} · {raised} · now {}", screen.bold(&clean(&alarm.name)), alarm.state)];
    if !alarm.is_fed {
        lines.push(screen.bad("  no filter of the file counts in its metric"));
    }
    for change in alarm.history.iter().take(CHANGES_SHOWN_MAX) {
        let told = if change.actions.is_empty() { String::new() } else { format!(" → {}", change.actions.join(", ")) };
        lines.push(format!("  {}  {} → {}{}", change.at, change.from, change.to, clean(&told)));
    }
    if alarm.history.len() > CHANGES_SHOWN_MAX {
        lines.push(format!(
            "  and {}; -o json has them, with reasons",
            figures::counted((alarm.history.len() - CHANGES_SHOWN_MAX) as u64, "more change")
        ));
    }
    lines
}
