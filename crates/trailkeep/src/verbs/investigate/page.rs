//! What was found, for people: what matters first, one section a question.

mod head;
mod led;
mod sections;
mod steps;

use investigate::model::{Investigation, Unseen};

use crate::figures;
use crate::output::{Screen, clean};
use crate::verbs::coverage;

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Everything.
    Full,
    /// What fits on two screens.
    Short,
}

impl Length {
    /// How many lines of a section are shown.
    pub fn lines(self, short: usize) -> usize {
        if self == Length::Full { usize::MAX } else { short }
    }
}

/// The whole page.
pub fn text(found: &Investigation, length: Length, screen: Screen) -> String {
    let mut lines = head::lines(found, screen);
    let sections = [
        led::section(found, length, screen),
        sections::lasting(found, length, screen),
        sections::data(found, length, screen),
        steps::section(found, length, screen),
        sections::origins(found, length, screen),
        sections::denied(found, length, screen),
        sections::neighbours(found, length, screen),
        coverage::section(&found.coverage, screen),
    ];
    for section in sections.into_iter().filter(|section| !section.is_empty()) {
        lines.push(String::new());
        lines.extend(section);
    }
    lines.join("\n")
}

/// The page about something that is not there; `hint` says how to have it taken for something else.
pub fn unseen(found: &Unseen, hint: &str, screen: Screen) -> String {
    let mut lines = vec![
        screen.bold(&clean(&found.asked)),
        format!(
            "not seen in {} (it was taken for: {}{hint})",
            figures::counted(found.searched_events, "event"),
            found.kind.words()
        ),
    ];
    for (at, nearest) in found.nearest.iter().enumerate() {
        let word = if at == 0 { "nearest" } else { "" };
        let events = figures::counted(nearest.events, "event");
        lines.push(format!("{word:<8} {} ({}, {events})", clean(&nearest.value), nearest.kind.words()));
    }
    lines.push(String::new());
    lines.extend(coverage::section(&found.coverage, screen));
    lines.join("\n")
}

/// The heading of a section, with a number.
fn heading(title: &str, count: u64, screen: Screen) -> String {
    let count = if count > 0 { format!(" ({})", figures::count(count)) } else { String::new() };
    screen.bold(&format!("{}{count}", title.to_uppercase()))
}

/// `2026-11-27 22:14:05`
fn moment(time_us: Option<i64>) -> String {
    time_us.map_or_else(
        || "-".to_owned(),
        |time_us| {
            let iso = figures::iso(time_us);
            iso.get(..19).unwrap_or(&iso).replace('T', " ")
        },
    )
}

/// Text of a limited length.
fn short(text: &str, most: usize) -> String {
    let cut: String = text.chars().take(most).collect();
    if cut.len() < text.len() { format!("{}…", cut.trim_end()) } else { cut }
}

/// `[3]`, for who did it; nothing for what was asked about.
fn by(found: &Investigation, at: usize) -> String {
    if found.followed.len() > 1 { format!("[{at}]") } else { String::new() }
}

/// A line that says what was left out.
fn more(hidden: u64, (one, many): (&str, &str), screen: Screen) -> Option<String> {
    let what = if hidden == 1 { one } else { many };
    (hidden > 0).then(|| screen.dim(&clean(&format!("  … and {} more {what}; --full shows it all", figures::count(hidden)))))
}
