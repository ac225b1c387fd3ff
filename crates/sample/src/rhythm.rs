//! When things happen and how they are bundled: the hours of a day, the days of a week, the records of a file.
//!
//! All tables are integers, because floating-point functions differ between machines and the bytes must not.

use crate::plan::FileSizes;
use crate::rng::Rng;

/// Share of a day's events in each UTC hour: machines around the clock, people from 7 to 20.
const HOURS: [u64; 24] = [26, 25, 25, 24, 25, 27, 32, 44, 55, 62, 64, 60, 56, 62, 66, 67, 65, 58, 48, 41, 36, 32, 29, 27];

/// Records per file: permille of files below, and the size there.
const SIZES: [(u64, u64); 14] = [
    (0, 1),
    (100, 1),
    (200, 2),
    (300, 3),
    (400, 4),
    (500, 5),
    (600, 6),
    (700, 8),
    (800, 11),
    (900, 16),
    (950, 21),
    (990, 33),
    (999, 90),
    (1000, 620),
];

/// Weight of a day: weekends are machines only. `day` counts from 1970-01-01, a Thursday.
pub(crate) fn day_weight(day: i64) -> u64 {
    match (day + 3).rem_euclid(7) {
        5 => 52,
        6 => 47,
        4 => 96,
        _ => 100 + (day.rem_euclid(5) as u64),
    }
}

/// The second of the day at which `done` of `total` events have happened.
pub(crate) fn second_of_day(done: u64, total: u64) -> i64 {
    let sum: u64 = HOURS.iter().sum();
    let mut left = u128::from(done) * u128::from(sum) * 3600 / u128::from(total.max(1));
    for (hour, weight) in (0..).zip(HOURS) {
        let span = u128::from(weight) * 3600;
        if left < span {
            return hour * 3600 + (left / u128::from(weight)) as i64;
        }
        left -= span;
    }
    86_399
}

/// True while people are at work.
pub(crate) fn office_hours(at_s: i64) -> bool {
    let weekday = (at_s.div_euclid(86_400) + 3).rem_euclid(7);
    let hour = at_s.rem_euclid(86_400) / 3600;
    weekday < 5 && (7..20).contains(&hour)
}

/// How many records the next file holds.
pub(crate) fn file_size(sizes: FileSizes, rng: &mut Rng) -> u64 {
    match sizes {
        FileSizes::Fixed(size) => u64::from(size.max(1)),
        FileSizes::Real => real_size(rng.below(1_000_000)),
    }
}

fn real_size(millionth: u64) -> u64 {
    let mut below = (0, 1);
    for (permille, size) in SIZES {
        let above = (permille * 1000, size);
        if millionth < above.0 {
            let span = (above.0 - below.0).max(1);
            return below.1 + ((above.1 - below.1) * (millionth - below.0) + span / 2) / span;
        }
        below = above;
    }
    below.1
}

/// Seconds from the end of a five-minute window to the delivery of its file.
pub(crate) fn lag_s(rng: &mut Rng) -> i64 {
    let slow = if rng.chance(8, 100) { rng.below(180) } else { 0 };
    (60 + rng.below(60) + slow) as i64
}
