//! Pieces of SQL.

use chrono::{DateTime, Utc};

/// Text as an SQL literal.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A list of literals for IN.
pub fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().map(literal).collect::<Vec<_>>().join(", ")
}

/// `column LIKE '%text%'`, the text taken as it is.
pub fn contains(column: &str, text: &str) -> String {
    let escape = if text.contains(['%', '_', '\\']) { " ESCAPE '\\'" } else { "" };
    format!("{column} LIKE {}{escape}", literal(&format!("%{}%", escaped(text))))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// `column = 'text'`.
pub fn equals(column: &str, text: &str) -> String {
    format!("{column} = {}", literal(text))
}

/// A period, in microseconds; the end is not part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// From then on.
    pub since_us: Option<i64>,
    /// Until then.
    pub until_us: Option<i64>,
}

impl Period {
    /// The period as a condition; nothing for all time. Says the day too, so that other days' files are passed over unopened.
    pub fn condition(self) -> Option<String> {
        let mut parts = Vec::new();
        if let Some(since) = self.since_us.and_then(DateTime::<Utc>::from_timestamp_micros) {
            parts.push(format!("eventday >= '{}'", since.format("%Y-%m-%d")));
            parts.push(format!("eventtime >= TIMESTAMP '{}'", since.format("%Y-%m-%d %H:%M:%S%.6f")));
        }
        if let Some(until) = self.until_us.and_then(DateTime::<Utc>::from_timestamp_micros) {
            parts.push(format!("eventday <= '{}'", until.format("%Y-%m-%d")));
            parts.push(format!("eventtime < TIMESTAMP '{}'", until.format("%Y-%m-%d %H:%M:%S%.6f")));
        }
        (!parts.is_empty()).then(|| parts.join(" AND "))
    }

    /// A WHERE clause of the period and another condition.
    pub fn and(self, condition: &str) -> String {
        match self.condition() {
            Some(period) => format!("WHERE {period} AND ({condition})"),
            None => format!("WHERE ({condition})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_texts() {
        assert_eq!(literal("o'clock"), "'o''clock'");
        assert_eq!(contains("c", "a_b%"), r"c LIKE '%a\_b\%%' ESCAPE '\'");
        assert_eq!(contains("c", "ab"), "c LIKE '%ab%'");
        assert_eq!(list(["a", "b'"]), "'a', 'b'''");
    }

    #[test]
    fn periods() {
        let period = Period { since_us: Some(1_674_406_433_000_000), until_us: None };
        assert_eq!(
            period.and("x = 1"),
            "WHERE eventday >= '2023-01-22' AND eventtime >= TIMESTAMP '2023-01-22 16:53:53.000000' AND (x = 1)"
        );
        assert_eq!(Period::default().and("x = 1"), "WHERE (x = 1)");
    }
}
