//! Small aligned tables: a header, a rule, rows; no boxes.

use comfy_table::{CellAlignment, ContentArrangement, TableComponent, presets};

use super::{Screen, clean};

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

    /// The table as text, as wide as the terminal at most, every line after `indent` spaces.
    pub fn draw(&self, screen: Screen, indent: usize) -> String {
        let mut table = comfy_table::Table::new();
        table.load_preset(presets::NOTHING);
        table.set_style(TableComponent::HeaderLines, '─');
        table.set_style(TableComponent::MiddleHeaderIntersections, '─');
        if screen.is_terminal {
            table.set_content_arrangement(ContentArrangement::Dynamic);
            if let Some(width) = table.width() {
                table.set_width(width.saturating_sub(u16::try_from(indent).unwrap_or_default()));
            }
        }
        table.set_header(self.headers.iter().map(|text| clean(text)));
        for row in &self.rows {
            table.add_row(row.iter().map(|text| clean(text)));
        }
        for (column, align) in table.column_iter_mut().zip(&self.aligns) {
            column.set_padding((0, 1));
            if *align == Align::Right {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let lines = table.lines().map(|line| format!("{}{}", " ".repeat(indent), line.trim_end()));
        lines.collect::<Vec<_>>().join("\n")
    }
}
