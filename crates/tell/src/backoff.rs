//! How long to wait after a failure: twice as long each time up to a limit, with a part of it that differs from finding to finding and
//! from attempt to attempt, so that many senders do not come back at the same moment. What the target asks for counts if it is longer.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::limits::{BACKOFF_FIRST, BACKOFF_MAX, RETRY_AFTER_MAX};

/// The wait after that many failures (from 1), of whatever `what` names.
pub(crate) fn wait(failures: u32, what: &str, asked: Option<Duration>) -> Duration {
    let doubled = BACKOFF_FIRST.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1).min(31)).unwrap_or(u32::MAX));
    let whole = doubled.min(BACKOFF_MAX);
    let own = whole / 2 + (whole / 2).mul_f64(part(failures, what));
    own.max(asked.unwrap_or_default().min(RETRY_AFTER_MAX))
}

/// A number from 0 to 1 that follows from its arguments.
fn part(failures: u32, what: &str) -> f64 {
    let hash = Sha256::new().chain_update(failures.to_le_bytes()).chain_update(what.as_bytes()).finalize();
    let four: [u8; 4] = hash.first_chunk().copied().unwrap_or_default();
    f64::from(u32::from_le_bytes(four)) / f64::from(u32::MAX)
}

/// Reads `Retry-After`: seconds, or a date. `now_s` is in seconds since 1970.
pub(crate) fn retry_after(text: &str, now_s: i64) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = chrono::DateTime::parse_from_rfc2822(text.trim()).ok()?;
    Some(Duration::from_secs(u64::try_from(at.timestamp() - now_s).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_a_limit_and_differs() {
        for (failures, low, high) in
            [(1, 0.5, 1.0), (2, 1.0, 2.0), (5, 8.0, 16.0), (11, 450.0, 900.0), (4_000_000_000, 450.0, 900.0)]
        {
            let wait = wait(failures, "a", None).as_secs_f64();
            assert!((low..=high).contains(&wait), "{failures}: {wait}");
        }
        assert_ne!(wait(3, "a", None), wait(3, "b", None));
        assert_eq!(wait(3, "a", None), wait(3, "a", None));
    }

    #[test]
    fn what_is_asked_for_counts_within_a_limit() {
        assert_eq!(wait(1, "a", Some(Duration::from_secs(77))), Duration::from_secs(77));
        assert_eq!(wait(1, "a", Some(Duration::from_secs(1 << 40))), RETRY_AFTER_MAX);
        assert!(wait(8, "a", Some(Duration::from_secs(1))) >= Duration::from_secs(64));
        let cases = [
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(60)),
            ("Wed, 21 Oct 2015 07:26:00 GMT", Some(0)),
            ("-3", None),
            ("soon", None),
            ("", None),
        ];
        for (text, seconds) in cases {
            assert_eq!(retry_after(text, 1_445_412_420), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
