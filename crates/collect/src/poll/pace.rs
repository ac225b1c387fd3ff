//! How long to wait: pure arithmetic over how many areas there are.

use super::{Counts, DIGEST_INTERVAL_S, LIST_REQUESTS_PER_DAY_MAX, REGIONS_INTERVAL_S};

const DAY_S: u64 = 86_400;
/// Longest wait for an idle area, as long as the budget does not ask for a longer one.
const IDLE_INTERVAL_S: u64 = 1_800;
/// How much longer than an active area an idle one waits when the budget is short.
const IDLE_SHARE: u64 = 4;
/// Part of the budget, in percent, that is planned with; the rest is for yesterday's folders after midnight, second
/// pages and new accounts.
const PLANNED_PERCENT: u64 = 88;
/// Part of the budget, in percent, that digests and folder listings may take each.
const SIDE_PERCENT: u64 = 30;

/// Intervals for each sort of folder, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Areas with news lately.
    pub active_s: u64,
    /// Areas without, once they have waited longer and longer.
    pub idle_s: u64,
    /// Digest areas.
    pub digests_s: u64,
    /// Folders of families and Regions.
    pub folders_s: u64,
}

/// The shortest intervals that keep a day's list requests within [`LIST_REQUESTS_PER_DAY_MAX`].
pub fn pace(counts: Counts, interval_min_s: u64) -> Pace {
    let budget = LIST_REQUESTS_PER_DAY_MAX * PLANNED_PERCENT / 100;
    let side = LIST_REQUESTS_PER_DAY_MAX * SIDE_PERCENT / 100;
    let digests_s = DIGEST_INTERVAL_S.max(spread(counts.digests, side));
    let folders_s = REGIONS_INTERVAL_S.max(spread(counts.folders, side));
    let fixed = per_day(counts.digests, digests_s) + per_day(counts.folders, folders_s);
    let spare = budget.saturating_sub(fixed).max(1);
    let short = spread(counts.active + counts.idle / IDLE_SHARE, spare);
    let (active_s, idle_s) = if short * IDLE_SHARE >= IDLE_INTERVAL_S {
        (short, short * IDLE_SHARE)
    } else {
        let for_active = spare.saturating_sub(per_day(counts.idle, IDLE_INTERVAL_S)).max(1);
        (spread(counts.active, for_active), IDLE_INTERVAL_S)
    };
    let active_s = active_s.max(interval_min_s);
    Pace { active_s, idle_s: idle_s.max(active_s), digests_s, folders_s }
}

impl Pace {
    /// Doubling from the active to the idle interval, once an area counts as idle.
    pub(super) fn after(self, empty_looks: u32, idle_after: u32) -> u64 {
        let doublings = empty_looks.saturating_sub(idle_after.saturating_sub(1)).min(16);
        self.active_s.saturating_mul(1 << doublings).min(self.idle_s)
    }
}

/// The interval at which so many folders take so many requests a day.
fn spread(folders: u64, requests_per_day: u64) -> u64 {
    folders.saturating_mul(DAY_S).div_ceil(requests_per_day.max(1))
}

fn per_day(folders: u64, interval_s: u64) -> u64 {
    folders.saturating_mul(DAY_S) / interval_s.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(active: u64, idle: u64, digests: u64, folders: u64) -> Counts {
        Counts { active, idle, digests, folders }
    }

    #[test]
    fn few_areas_are_asked_as_often_as_wanted() {
        let pace = pace(counts(10, 7, 17, 20), 60);
        assert_eq!(pace, Pace { active_s: 60, idle_s: 1_800, digests_s: 900, folders_s: 21_600 });
        assert_eq!([0, 1, 2, 3, 4, 9].map(|looks| pace.after(looks, 2)), [60, 60, 120, 240, 480, 1_800]);
    }

    #[test]
    fn the_plan_keeps_the_budget() {
        let cases =
            [(0, 0, 0, 0), (1, 0, 0, 0), (17_000, 0, 8_500, 2_001), (500, 16_500, 8_500, 2_001), (0, 1 << 20, 1 << 20, 1 << 20)];
        for (active, idle, digests, folders) in cases {
            let pace = pace(counts(active, idle, digests, folders), 30);
            let total = per_day(active, pace.active_s)
                + per_day(idle, pace.idle_s)
                + per_day(digests, pace.digests_s)
                + per_day(folders, pace.folders_s);
            assert!(total <= LIST_REQUESTS_PER_DAY_MAX * 9 / 10, "{active} {idle}: {total} {pace:?}");
        }
    }
}
