//! What a query may use.

use std::time::Duration;

use clap::Args;
use lake::QueryLimits;

use crate::when;

/// Limits of a query.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Stop after this time, such as 30s, 5m or 1h
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = time)]
    timeout: Duration,

    /// Memory before sorts and groups spill to disk, such as 512MB
    #[arg(long, value_name = "SIZE", default_value = "2GiB", value_parser = when::bytes)]
    max_memory: u64,

    /// Stop with an error when the answer has more rows
    #[arg(long, value_name = "N")]
    max_rows: Option<u64>,
}

impl Limits {
    /// The same for the lake.
    pub fn of_query(self) -> QueryLimits {
        let memory_bytes = usize::try_from(self.max_memory).unwrap_or(usize::MAX);
        QueryLimits { memory_bytes, time: self.timeout, rows: self.max_rows }
    }
}

/// A number and `ms`, `s`, `m` or `h`.
fn time(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit_ms = match unit {
        "ms" => Some(1),
        "s" | "" => Some(1_000),
        "m" | "min" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    let ms = number.parse::<u64>().ok().zip(unit_ms).and_then(|(number, unit)| number.checked_mul(unit)).filter(|ms| *ms > 0);
    ms.map(Duration::from_millis).ok_or_else(|| "write a time as 500ms, 30s, 5m or 1h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(time("2"), Ok(Duration::from_secs(2)));
        assert_eq!(time("1h"), Ok(Duration::from_secs(3_600)));
        for wrong in ["", "h", "0s", "-1s", "1d", "99999999999999999999s"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
