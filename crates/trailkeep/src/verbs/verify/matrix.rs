//! Hours as marks: a row for each account, Region and trail, the newest hour to the right. Where there are too many hours for a
//! line, a mark stands for several hours and shows the worst of them: a fault is never folded away.

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};

use crate::figures;
use crate::output::{Screen, clean};

/// Rows that are drawn; those with faults come first.
const ROWS_MAX: usize = 40;
/// Fewest marks that a line has room for, whatever the terminal.
const MARKS_MIN: usize = 24;
/// Hours between two ticks below a day.
const TICK_HOURS: u32 = 6;

/// What is known of an hour, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Nothing to prove: before validation began, or out of range.
    NotExpected,
    /// Proven, and nothing was delivered.
    Empty,
    /// Proven.
    Proven,
    /// Not provable.
    Unproven,
    /// Altered, forged, or the digest is invalid.
    Invalid,
    /// The digest is missing.
    Missing,
}

/// The hours of one account, Region and trail.
#[derive(Clone, Debug)]
pub struct Row {
    /// What stands on the left.
    pub labels: [String; 3],
    /// Begin of the first hour.
    pub begin: DateTime<Utc>,
    /// An hour each.
    pub marks: Vec<Mark>,
}

/// How many hours a mark stands for, and how marks are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fold {
    Hour,
    Day,
    Week,
    FourWeeks,
}

impl Mark {
    fn glyph(self) -> char {
        match self {
            Mark::NotExpected => '/',
            Mark::Empty => '+',
            Mark::Proven => '.',
            Mark::Unproven => '?',
            Mark::Invalid => 'x',
            Mark::Missing => 'M',
        }
    }

    fn drawn(self, screen: Screen) -> String {
        let glyph = self.glyph().to_string();
        match self {
            Mark::Invalid | Mark::Missing => screen.bad(&glyph),
            Mark::Unproven => screen.bold(&glyph),
            Mark::Proven | Mark::Empty => screen.good(&glyph),
            Mark::NotExpected => screen.dim(&glyph),
        }
    }
}

impl Fold {
    /// The finest that leaves room for all hours between two times.
    fn of(begin: DateTime<Utc>, end: DateTime<Utc>, marks_max: usize) -> Fold {
        let fits = |fold: &Fold| {
            let marks = fold.slots(begin, end).len();
            let groups = fold.slots(begin, end).chunk_by(|one, other| fold.group(*one) == fold.group(*other)).count();
            marks + groups.saturating_sub(1) <= marks_max
        };
        [Fold::Hour, Fold::Day, Fold::Week].into_iter().find(fits).unwrap_or(Fold::FourWeeks)
    }

    fn hours(self) -> i64 {
        match self {
            Fold::Hour => 1,
            Fold::Day => 24,
            Fold::Week => 7 * 24,
            Fold::FourWeeks => 28 * 24,
        }
    }

    /// Begin of the slot in which an hour falls.
    fn slot(self, hour: DateTime<Utc>) -> DateTime<Utc> {
        let hours = hour.timestamp().div_euclid(3_600);
        // 1970-01-01 was a Thursday; weeks begin on Mondays.
        let shift = if matches!(self, Fold::Week | Fold::FourWeeks) { 72 } else { 0 };
        let begin = (hours + shift).div_euclid(self.hours()) * self.hours() - shift;
        DateTime::from_timestamp(begin * 3_600, 0).unwrap_or(hour)
    }

    fn slots(self, begin: DateTime<Utc>, end: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let mut slots = Vec::new();
        let mut slot = self.slot(begin);
        while slot < end {
            slots.push(slot);
            slot += TimeDelta::hours(self.hours());
        }
        slots
    }

    /// Marks that belong together: those of a day, a month, a year.
    fn group(self, slot: DateTime<Utc>) -> (i32, u32, u32) {
        match self {
            Fold::Hour => (slot.year(), slot.month(), slot.day()),
            Fold::Day => (slot.year(), slot.month(), 0),
            Fold::Week | Fold::FourWeeks => (slot.year(), 0, 0),
        }
    }

    /// What is written above them.
    fn label(self, slot: DateTime<Utc>) -> String {
        let format = match self {
            Fold::Hour => "%m-%d",
            Fold::Day => "%Y-%m",
            Fold::Week | Fold::FourWeeks => "%Y",
        };
        slot.format(format).to_string()
    }

    /// What is written above a mark, if anything.
    fn tick(self, slot: DateTime<Utc>) -> Option<String> {
        match self {
            Fold::Hour => slot.hour().is_multiple_of(TICK_HOURS).then(|| format!("{:02}", slot.hour())),
            Fold::Day => (slot.day() % 10 == 1 && slot.day() < 31).then(|| format!("{:02}", slot.day())),
            Fold::Week | Fold::FourWeeks => None,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Fold::Hour => "a mark is an hour (UTC)",
            Fold::Day => "a mark is the worst hour of a day (UTC)",
            Fold::Week => "a mark is the worst hour of a week from Monday (UTC)",
            Fold::FourWeeks => "a mark is the worst hour of four weeks (UTC)",
        }
    }
}

impl Row {
    fn end(&self) -> DateTime<Utc> {
        self.begin + TimeDelta::hours(i64::try_from(self.marks.len()).unwrap_or_default())
    }

    fn worst(&self) -> Option<Mark> {
        self.marks.iter().copied().max()
    }

    /// The worst mark of each slot; none where no hour of the row falls into it.
    fn folded(&self, fold: Fold, slots: &[DateTime<Utc>]) -> Vec<Option<Mark>> {
        let mut folded = vec![None; slots.len()];
        let mut hour = self.begin;
        for mark in &self.marks {
            if let Ok(at) = slots.binary_search(&fold.slot(hour))
                && let Some(worst) = folded.get_mut(at)
            {
                *worst = Some(worst.map_or(*mark, |have: Mark| have.max(*mark)));
            }
            hour += TimeDelta::hours(1);
        }
        folded
    }
}

/// Draws rows within a width; nothing where there are no hours.
pub fn draw(rows: &[Row], screen: Screen, width: usize) -> Vec<String> {
    let rows: Vec<&Row> = rows.iter().filter(|row| !row.marks.is_empty()).collect();
    let (Some(begin), Some(end)) = (rows.iter().map(|row| row.begin).min(), rows.iter().map(|row| row.end()).max()) else {
        return Vec::new();
    };
    let shown = worst_first(&rows);
    let widths = label_widths(&shown);
    let left: usize = widths.iter().map(|width| width + 2).sum();
    let fold = Fold::of(begin, end, width.saturating_sub(left).max(MARKS_MIN));
    let slots = fold.slots(begin, end);
    let mut lines = heads(fold, &slots, left);
    for row in &shown {
        let marks = grouped(fold, &slots, &row.folded(fold, &slots), screen);
        lines.push(format!("{}{marks}", labels(row, &widths)).trim_end().to_owned());
    }
    if let Some(hidden) = hidden(&rows, &shown) {
        lines.push(hidden);
    }
    lines.push(screen.dim(&format!("{} · {}", legend(&rows), fold.words())));
    lines
}

/// The first rows; if there are too many, those with the worst marks, in their order.
fn worst_first<'a>(rows: &[&'a Row]) -> Vec<&'a Row> {
    if rows.len() <= ROWS_MAX {
        return rows.to_vec();
    }
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(rows.get(*at).and_then(|row| row.worst())));
    order.truncate(ROWS_MAX);
    order.sort_unstable();
    order.into_iter().filter_map(|at| rows.get(at).copied()).collect()
}

fn hidden(rows: &[&Row], shown: &[&Row]) -> Option<String> {
    let count = rows.len() - shown.len();
    let least_bad = shown.iter().filter_map(|row| row.worst()).min()?;
    let words = match least_bad {
        Mark::Proven | Mark::Empty | Mark::NotExpected => "all proven",
        _ => "none of them worse",
    };
    (count > 0).then(|| format!("… and {}, {words}; -o json lists all", figures::counted(count as u64, "more row")))
}

fn label_widths(rows: &[&Row]) -> [usize; 3] {
    let mut widths = [0; 3];
    for row in rows {
        for (width, label) in widths.iter_mut().zip(&row.labels) {
            *width = (*width).max(label.chars().count());
        }
    }
    widths
}

fn labels(row: &Row, widths: &[usize; 3]) -> String {
    row.labels.iter().zip(widths).map(|(label, width)| format!("{:<width$}  ", clean(label), width = width)).collect()
}

/// One line with the groups, one with the ticks.
fn heads(fold: Fold, slots: &[DateTime<Utc>], left: usize) -> Vec<String> {
    let (mut groups, mut ticks) = (String::new(), String::new());
    let mut column = left;
    for group in slots.chunk_by(|one, other| fold.group(*one) == fold.group(*other)) {
        let (Some(first), is_last) = (group.first(), group.last() == slots.last()) else { continue };
        let label = fold.label(*first);
        // A label that would stand above the next group's marks is left out.
        if is_last || label.len() <= group.len() {
            place(&mut groups, column, &label);
        }
        for (at, slot) in group.iter().enumerate() {
            if let Some(tick) = fold.tick(*slot) {
                place(&mut ticks, column + at, &tick);
            }
        }
        column += group.len() + 1;
    }
    [groups, ticks].into_iter().filter(|line| !line.is_empty()).collect()
}

/// Writes a text at a column, unless something stands there already.
fn place(line: &mut String, column: usize, text: &str) {
    let length = line.chars().count();
    if length == 0 || length < column {
        line.push_str(&" ".repeat(column - length));
        line.push_str(text);
    }
}

fn grouped(fold: Fold, slots: &[DateTime<Utc>], marks: &[Option<Mark>], screen: Screen) -> String {
    let mut drawn = String::new();
    let mut last = None;
    for (slot, mark) in slots.iter().zip(marks) {
        let group = fold.group(*slot);
        if last.is_some_and(|last| last != group) {
            drawn.push(' ');
        }
        drawn.push_str(&mark.map_or_else(|| " ".to_owned(), |mark| mark.drawn(screen)));
        last = Some(group);
    }
    drawn
}

/// What the marks that occur mean.
fn legend(rows: &[&Row]) -> String {
    let words = [
        (Mark::Proven, "proven"),
        (Mark::Empty, "proven, nothing delivered"),
        (Mark::NotExpected, "no digest expected"),
        (Mark::Unproven, "not proven"),
        (Mark::Invalid, "altered, forged or invalid"),
        (Mark::Missing, "digest missing"),
    ];
    let occurs = |mark: Mark| rows.iter().any(|row| row.marks.contains(&mark));
    let said: Vec<String> =
        words.iter().filter(|(mark, _)| occurs(*mark)).map(|(mark, words)| format!("{} {words}", mark.glyph())).collect();
    said.join("   ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Environment;

    fn screen() -> Screen {
        Screen::of_process(&Environment::default()).without_terminal()
    }

    fn row(account: &str, begin: &str, glyphs: &str) -> Row {
        let mark = |glyph| match glyph {
            '/' => Mark::NotExpected,
            '+' => Mark::Empty,
            '.' => Mark::Proven,
            '?' => Mark::Unproven,
            'x' => Mark::Invalid,
            _ => Mark::Missing,
        };
        Row {
            labels: [account.to_owned(), "us-east-1".to_owned(), "trail".to_owned()],
            begin: DateTime::parse_from_rfc3339(begin).unwrap().to_utc(),
            marks: glyphs.chars().map(mark).collect(),
        }
    }

    fn drawn(rows: &[Row], width: usize) -> String {
        draw(rows, screen(), width).join("\n")
    }

    #[test]
    fn hours() {
        let rows = [row("111", "2026-01-04T20:00:00Z", "..+.?...M."), row("2222", "2026-01-05T01:00:00Z", "//..x")];
        assert_eq!(
            drawn(&rows, 100),
            "                             01-05
                             00
111   us-east-1  trail  ..+. ?...M.
2222  us-east-1  trail        //..x
. proven   + proven, nothing delivered   / no digest expected   ? not proven   x altered, forged or invalid   M digest missing · a mark is an hour (UTC)"
        );
    }

    #[test]
    fn days_weeks_and_more_show_the_worst_hour() {
        let mut glyphs = ".".repeat(24 * 40);
        glyphs.replace_range(100..101, "M");
        glyphs.replace_range(800..801, "?");
        assert_eq!(
            drawn(&[row("1", "2026-01-01T00:00:00Z", &glyphs)], 100),
            "                     2026-01                         2026-02
                     01        11        21          01
1  us-east-1  trail  ....M.......................... ..?......
. proven   ? not proven   M digest missing · a mark is the worst hour of a day (UTC)"
        );
        let year = row("1", "2025-06-02T00:00:00Z", &format!("{}M", ".".repeat(24 * 365)));
        let text = drawn(std::slice::from_ref(&year), 100);
        assert!(text.contains("worst hour of a week") && text.contains('M'), "{text}");
        let years = row("1", "2016-06-02T00:00:00Z", &format!("{}M", ".".repeat(24 * 3_650)));
        let text = drawn(&[years], 100);
        assert!(text.contains("four weeks") && text.contains("M\n"), "{text}");
    }

    #[test]
    fn rows_with_faults_are_never_hidden() {
        let mut rows: Vec<Row> = (0..100).map(|at| row(&format!("{at:03}"), "2026-01-04T20:00:00Z", "...")).collect();
        rows[99].marks[1] = Mark::Missing;
        let text = drawn(&rows, 100);
        assert!(text.contains("099  us-east-1  trail  .M."), "{text}");
        assert!(text.contains("… and 60 more rows, all proven; -o json lists all"), "{text}");
    }

    #[test]
    fn nothing_to_draw() {
        assert_eq!(drawn(&[], 80), "");
        assert_eq!(drawn(&[row("1", "2026-01-04T20:00:00Z", "")], 80), "");
    }
}
