//! Where signs stayed away for too long, and when that can be known.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;

/// A minute.
const MINUTE_US: i64 = 60_000_000;
/// An hour.
const HOUR_US: i64 = 60 * MINUTE_US;
/// How long after it is due a digest may still be on its way to the bucket.
pub const DIGEST_GRACE_US: i64 = 30 * MINUTE_US;
/// How long it may lie there before it is looked for: more, where there are so many places that each is looked at less often.
const LOOKED_FOR_US: i64 = 15 * MINUTE_US;
/// The same for each account and Region.
const LOOKED_FOR_EACH_US: i64 = 288_000;
/// How long digests must have come before their absence means something.
const DIGESTS_MIN_US: i64 = 2 * HOUR_US;

/// Log files are heard in steps of this length.
pub const SLOT_US: i64 = 15 * MINUTE_US;
/// How far back what is usual is looked for.
pub const HISTORY_US: i64 = 14 * 24 * HOUR_US;
/// Past that must be known.
const HISTORY_MIN_US: i64 = 3 * 24 * HOUR_US;
/// Steps with log files in it that must be known.
const SLOTS_MIN: usize = 48;
/// Quiet that is usual anywhere.
const QUIET_MIN_US: i64 = 45 * MINUTE_US;
/// Places where it would have to be quiet for longer than this are not judged.
pub const QUIET_MAX_US: i64 = 12 * HOUR_US;
/// Where it is never quiet for longer than this, that it is for twice as long says something.
const BUSY_US: i64 = 30 * MINUTE_US;
/// How many times as long as ever before it must be quiet: in a whole trail, and in one of its many accounts and Regions.
const PATIENCE_WHOLE: i64 = 2;
/// The same in one of many.
const PATIENCE_PART: i64 = 4;
/// How late log files come.
const LATE_US: i64 = 15 * MINUTE_US;

/// What is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Digests, by the end of their hour.
    Digests {
        /// How long after it is due a digest may still come.
        grace: i64,
    },
    /// Steps in which log files came.
    Files {
        /// How many times as long as ever before it must be quiet.
        patience: i64,
    },
}

/// A time without a sign that was too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// The last sign.
    pub last: i64,
    /// The next one, if there is one.
    pub next: Option<i64>,
    /// When the next one should have come, and was missed for certain.
    pub noticed: i64,
    /// Who has a sign in this time went on.
    pub others: Range<i64>,
    /// How long it may be quiet here.
    pub allowed: i64,
}

impl Heard {
    /// Digests of so many accounts and Regions.
    pub fn digests_of(cells: usize) -> Heard {
        let looked_for =
            i64::try_from(cells).unwrap_or(i64::MAX).saturating_mul(LOOKED_FOR_EACH_US).clamp(LOOKED_FOR_US, HOUR_US * 24);
        Heard::Digests { grace: DIGEST_GRACE_US + looked_for }
    }

    /// Log files of a trail.
    pub fn files() -> Heard {
        Heard::Files { patience: PATIENCE_WHOLE }
    }

    /// The same in a part of it: among many places some are quiet for unusually long by chance.
    pub fn in_part(self) -> Heard {
        match self {
            Heard::Files { .. } => Heard::Files { patience: PATIENCE_PART },
            digests @ Heard::Digests { .. } => digests,
        }
    }
}

impl Gap {
    /// Whether it began up to an hour before the other, which lasted on: when all stop at one moment, their last signs differ so much.
    pub fn is_part_of(&self, whole: &Gap) -> bool {
        self.last <= whole.last && whole.last - self.last <= HOUR_US + MINUTE_US
    }
}

/// Gaps that were noticed by `clock`.
pub(super) fn gaps(times: &BTreeSet<i64>, heard: Heard, clock: i64) -> Vec<Gap> {
    let known: BTreeSet<i64> = times.range(..=clock).copied().collect();
    let mut found = Vec::new();
    let mut past = Past::default();
    let next = known.iter().skip(1).copied().map(Some).chain([None]);
    for (last, next) in known.iter().copied().zip(next) {
        past.hear(last);
        let gap = match heard {
            Heard::Digests { grace } => past.digest_gap(last, grace),
            Heard::Files { patience } => past.file_gap(last, patience),
        };
        let is_long = |gap: &Gap| gap.noticed <= clock && next.is_none_or(|next| next > gap.noticed);
        found.extend(gap.filter(is_long).map(|gap| Gap { next, ..gap }));
    }
    found
}

/// What came before, as far as it says what is usual.
#[derive(Default)]
struct Past {
    first: Option<i64>,
    last: Option<i64>,
    /// Quiet times of the past, `(end, length)`, each longer than those after it: the first is the longest.
    quiet: VecDeque<(i64, i64)>,
    /// Steps within the past.
    steps: VecDeque<i64>,
}

impl Past {
    fn hear(&mut self, time: i64) {
        self.first.get_or_insert(time);
        if let Some(before) = self.last {
            let length = (time - before - SLOT_US).max(0);
            while self.quiet.back().is_some_and(|(_, shorter)| *shorter <= length) {
                self.quiet.pop_back();
            }
            self.quiet.push_back((time, length));
        }
        while self.quiet.front().is_some_and(|(end, _)| *end < time - HISTORY_US) {
            self.quiet.pop_front();
        }
        self.steps.push_back(time);
        while self.steps.front().is_some_and(|step| *step < time - HISTORY_US) {
            self.steps.pop_front();
        }
        self.last = Some(time);
    }

    fn digest_gap(&self, last: i64, grace: i64) -> Option<Gap> {
        let noticed = last + HOUR_US + grace;
        // Whoever has a digest an hour has one in here; when all stopped at one moment, nobody has.
        let others = last + HOUR_US + MINUTE_US..last + 2 * HOUR_US + 2 * MINUTE_US;
        let gap = Gap { last, next: None, noticed, others, allowed: HOUR_US };
        self.first.is_some_and(|first| last - first >= DIGESTS_MIN_US).then_some(gap)
    }

    fn file_gap(&self, last: i64, patience: i64) -> Option<Gap> {
        let is_known = self.first.is_some_and(|first| last - first >= HISTORY_MIN_US) && self.steps.len() >= SLOTS_MIN;
        let usual = self.quiet.front().map_or(0, |(_, length)| *length);
        let patience = if usual <= BUSY_US { PATIENCE_WHOLE } else { patience };
        let allowed = (usual * patience).max(QUIET_MIN_US);
        let noticed = last + SLOT_US + allowed + LATE_US;
        let others = last + SLOT_US + allowed / 4 * 3..noticed + SLOT_US;
        let gap = Gap { last, next: None, noticed, others, allowed };
        (is_known && allowed <= QUIET_MAX_US).then_some(gap)
    }
}
