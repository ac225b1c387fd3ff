//! Small aligned tables: a header, a rule, rows; no boxes.

use comfy_table::{CellAlignment, ContentArrangement, TableComponent, presets};

use super::{Screen, clean, wrap};
use crate::figures;

/// Characters between two columns.
const GAP: usize = 2;
/// The same where there is little room.
const GAP_NARROW: usize = 1;
/// Longest line above a row that stands by itself, in characters.
const RULE_CHARS: usize = 60;

/// How a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A table that is being put together.
#[derive(Clone, Debug, Default)]
pub struct Table {
    headers: Vec<String>,
    aligns: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns.
    pub fn new(columns: &[(&str, Align)]) -> Table {
        Table {
            headers: columns.iter().map(|(name, _)| (*name).to_owned()).collect(),
            aligns: columns.iter().map(|(_, align)| *align).collect(),
            rows: Vec::new(),
        }
    }

    /// A table with columns that are known only now.
    pub fn with(headers: Vec<String>, aligns: Vec<Align>) -> Table {
        Table { headers, aligns, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The table as text, every line after `indent` spaces. On a terminal it is as wide as that at most: columns give way where words end, and
    /// where that is not enough the rows are written one under the other.
    pub fn draw(&self, screen: Screen, indent: usize) -> String {
        let text = match screen.is_terminal.then(|| screen.width().saturating_sub(indent)) {
            None => self.columns(&self.natural(), GAP),
            Some(width) => self.fitted(width),
        };
        text.lines().map(|line| format!("{}{}", " ".repeat(indent), line.trim_end())).collect::<Vec<_>>().join("\n")
    }

    fn fitted(&self, width: usize) -> String {
        let gaps = |gap: usize| gap * self.headers.len().saturating_sub(1);
        let fits = |widths: &[usize], gap: &usize| widths.iter().sum::<usize>() + gaps(*gap) <= width;
        let (natural, least) = (self.natural(), self.least());
        if let Some(gap) = [GAP, GAP_NARROW].into_iter().find(|gap| fits(&natural, gap)) {
            return self.columns(&natural, gap);
        }
        match [GAP, GAP_NARROW].into_iter().find(|gap| fits(&least, gap)) {
            Some(gap) => self.columns(&narrowed(natural, &least, width - gaps(gap)), gap),
            None => self.records(width),
        }
    }

    /// What every column needs at least: numbers stay whole, with their units.
    fn least(&self) -> Vec<usize> {
        let of_column = |(at, align): (usize, &Align)| match align {
            Align::Left => self.widest(at, wrap::least),
            Align::Right => {
                let header = self.headers.get(at).map_or(0, |header| wrap::least(header));
                self.rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0).max(header)
            }
        };
        self.aligns.iter().enumerate().map(of_column).collect()
    }

    fn natural(&self) -> Vec<usize> {
        (0..self.headers.len()).map(|at| self.widest(at, |text| text.chars().count())).collect()
    }

    /// The most that a column's cells and its header need.
    fn widest(&self, at: usize, need: impl Fn(&str) -> usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(at)).chain(self.headers.get(at));
        cells.map(|cell| need(&clean(cell))).max().unwrap_or(0)
    }

    /// Columns of these widths.
    fn columns(&self, widths: &[usize], gap: usize) -> String {
        let cells = |row: &[String]| -> Vec<String> {
            row.iter().zip(widths).map(|(text, width)| wrap::wrapped(&clean(text), *width).join("\n")).collect()
        };
        let mut table = comfy_table::Table::new();
        table.load_preset(presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.set_style(TableComponent::HeaderLines, '─');
        table.set_style(TableComponent::MiddleHeaderIntersections, '─');
        table.set_header(cells(&self.headers));
        for row in &self.rows {
            table.add_row(cells(row));
        }
        // One of the characters between columns is comfy_table's own.
        let padding = u16::try_from(gap.saturating_sub(1)).unwrap_or_default();
        for (at, (column, align)) in table.column_iter_mut().zip(&self.aligns).enumerate() {
            let is_last = at + 1 == self.headers.len();
            column.set_padding((0, if is_last { 0 } else { padding }));
            if *align == Align::Right {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.lines().collect::<Vec<_>>().join("\n")
    }

    /// The rows one under the other, a line for each cell that is not empty.
    fn records(&self, width: usize) -> String {
        let names = self.headers.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let room = width.saturating_sub(names + GAP).max(1);
        let mut lines = Vec::new();
        for (number, row) in (1_u64..).zip(&self.rows) {
            let title = format!("── {} ", figures::count(number));
            lines.push(format!("{title:─<0$}", width.min(RULE_CHARS)));
            for (name, text) in self.headers.iter().zip(row).filter(|(_, text)| !text.is_empty()) {
                let mut name = clean(name);
                for line in wrap::wrapped(&clean(text), room) {
                    lines.push(format!("{name:>names$}  {line}"));
                    name.clear();
                }
            }
        }
        lines.join("\n")
    }
}

/// Widths that add up to what there is: the widest column gives first, none more than it can.
fn narrowed(mut widths: Vec<usize>, least: &[usize], available: usize) -> Vec<usize> {
    while widths.iter().sum::<usize>() > available {
        let can_give = widths.iter_mut().zip(least).filter(|(width, least)| **width > **least);
        match can_give.max_by_key(|(width, _)| **width) {
            Some((width, _)) => *width -= 1,
            None => break,
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table =
            Table::new(&[("account", Align::Left), ("who", Align::Left), ("events", Align::Right), ("what", Align::Left)]);
        let arn = "arn:aws:iam::111122223333:user/alice";
        table.row(["111122223333", arn, "1,234,567", "a trail was stopped by whoever"].map(str::to_owned));
        table.row(["444455556666", "203.0.113.7", "7", ""].map(str::to_owned));
        table
    }

    #[test]
    fn a_wide_terminal_and_a_file_have_it_as_it_is() {
        let drawn = table().fitted(200);
        assert_eq!(drawn, table().columns(&table().natural(), GAP));
        assert_eq!(drawn.lines().count(), 4, "{drawn}");
    }

    #[test]
    fn columns_give_way_between_words() {
        for width in 44..100 {
            let drawn = table().fitted(width);
            assert!(drawn.lines().all(|line| line.trim_end().chars().count() <= width), "{width}:\n{drawn}");
            for whole in ["111122223333", "444455556666", "203.0.113.7", "1,234,567", "user/", "alice", "whoever"] {
                assert!(drawn.contains(whole), "{whole} is broken at {width}:\n{drawn}");
            }
            assert!(!drawn.contains("── 1"), "{width}:\n{drawn}");
        }
    }

    #[test]
    fn rows_stand_one_under_the_other_where_columns_cannot() {
        let drawn = table().fitted(32);
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines[0], format!("── 1 {}", "─".repeat(27)));
        assert_eq!(lines[1], "account  111122223333");
        assert!(lines.contains(&" events  7") && lines.contains(&"    who  203.0.113.7"), "{drawn}");
        assert!(lines.iter().all(|line| line.chars().count() <= 32), "{drawn}");
    }
}
