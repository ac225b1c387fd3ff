//! Figures for people: a machine is never quiet, so a median and what lies around it.

/// Smallest, middle and largest of some measurements.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// The smallest.
    pub min: f64,
    /// The middle; of an even number the lower one of the two.
    pub median: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Of these measurements.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Spread {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |at: usize| values.get(at).copied().unwrap_or_default();
        let last = values.len().saturating_sub(1);
        Spread { min: at(0), median: at(last / 2), max: at(last) }
    }

    /// `1.20 / 1.25 / 1.40`.
    pub fn text(&self, decimals: usize) -> String {
        [self.min, self.median, self.max].map(|value| number(value, decimals)).join(" / ")
    }
}

/// `1,234,567` or `1.25`.
pub fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

/// A table in Markdown.
pub struct Table {
    lines: Vec<String>,
}

impl Table {
    /// With these columns.
    pub fn new(columns: &[&str]) -> Table {
        Table { lines: vec![format!("| {} |", columns.join(" | ")), format!("|{}", "---|".repeat(columns.len()))] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: &[String]) {
        self.lines.push(format!("| {} |", cells.join(" | ")));
    }

    /// Prints it under a heading.
    pub fn print(&self, heading: &str) {
        println!("\n### {heading}\n\n{}", self.lines.join("\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_has_its_middle() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Spread { min: 1.0, median: 2.0, max: 3.0 });
        assert_eq!(Spread::of([4.0, 1.0]).median, 1.0);
        assert_eq!(Spread::of([]), Spread::default());
        assert_eq!(Spread::of([1.0, 2.0, 1234.5]).text(1), "1.0 / 2.0 / 1,234.5");
    }

    #[test]
    fn numbers_are_grouped() {
        let cases = [(0.0, 0, "0"), (999.0, 0, "999"), (1_000.0, 0, "1,000"), (1_234_567.0, 0, "1,234,567"), (3.456, 2, "3.46")];
        for (value, decimals, expected) in cases {
            assert_eq!(number(value, decimals), expected);
        }
    }
}
