//! Blindness: what is not delivered any more. Rules judge events that are there; who has stopped, narrowed or redirected a trail leaves
//! none. Judged from when things came, and the clock, alone.
//!
//! A trail whose log files are validated delivers a *digest* an hour for each account and Region, also when nothing happened: while
//! they come nobody is silent, and one that is overdue is a sign by itself. Without digests there is only the *heartbeat* of log files,
//! and what is usual for a place is taken from its own past; places that are often quiet for long are not judged.
//!
//! Told once, as high up as it holds: a trail that is silent everywhere is one finding, not one for each Region. Below that an account or
//! Region counts as silent only if others went on meanwhile.

mod gaps;
mod silence;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use gaps::{Gap, Heard, gaps};

pub use gaps::{DIGEST_GRACE_US, HISTORY_US, QUIET_MAX_US, SLOT_US};
pub use silence::{BLIND_RULES, BlindRule, Silence, Where};

/// An account and Region of a trail; where no digest names the trail, of the place where its log files lie.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The trail's name, or the origin of its log files.
    pub trail: String,
    /// Account ID.
    pub account: String,
    /// Region.
    pub region: String,
}

/// When things came. All times are in microseconds since 1970 UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    digests: BTreeMap<Cell, BTreeSet<i64>>,
    files: BTreeMap<Cell, BTreeSet<i64>>,
}

impl Signs {
    /// A digest came whose hour ended then.
    pub fn digest(&mut self, cell: Cell, end: i64) {
        self.digests.entry(cell).or_default().insert(end);
    }

    /// A log file was delivered then.
    pub fn file(&mut self, cell: Cell, delivered: i64) {
        self.files.entry(cell).or_default().insert(delivered.div_euclid(SLOT_US) * SLOT_US);
    }

    /// The newest sign of all.
    pub fn newest(&self) -> Option<i64> {
        self.digests.values().chain(self.files.values()).filter_map(|times| times.last().copied()).max()
    }

    /// Forgets what is older; the last sign of each place stays.
    pub fn forget_before(&mut self, time: i64) {
        for times in self.digests.values_mut().chain(self.files.values_mut()) {
            let last = times.last().copied().unwrap_or(time);
            *times = times.split_off(&time.min(last));
        }
    }

    /// What fell silent, noticed within a time. Nothing is known of what came after `clock`.
    pub fn silences(&self, noticed: &Range<i64>, clock: i64) -> Vec<Silence> {
        let with_digests: BTreeSet<(&str, &str)> = self.digests.keys().map(Cell::place).collect();
        let files = self.files.iter().filter(|(cell, _)| !with_digests.contains(&cell.place()));
        let mut found = Vec::new();
        let trails = by_trail(self.digests.iter());
        // Log files do not say which trail they are of: they show that others go on only where there is one.
        let is_one = trails.len() == 1;
        for mut trail in trails {
            trail.files = self.files.iter().filter(|_| is_one).map(|(cell, times)| (cell.place(), times)).collect();
            trail.silences(Heard::digests_of(self.digests.len()), clock, &mut found);
        }
        for trail in by_trail(files) {
            trail.silences(Heard::files(), clock, &mut found);
        }
        found.retain(|silence| noticed.contains(&silence.noticed));
        for silence in &mut found {
            silence.last_cell = self.cell_of(silence);
        }
        found
    }

    /// The account and Region that a silence's last sign is from.
    fn cell_of(&self, silence: &Silence) -> Option<Cell> {
        let Where { trail, account, region, .. } = &silence.place;
        let is_there = |cell: &Cell| {
            cell.trail == *trail
                && (account.is_empty() || cell.account == *account)
                && (region.is_empty() || cell.region == *region)
        };
        let signs = if silence.is_digest { &self.digests } else { &self.files };
        signs.iter().find(|(cell, times)| is_there(cell) && times.contains(&silence.last)).map(|(cell, _)| cell.clone())
    }
}

impl Cell {
    fn place(&self) -> (&str, &str) {
        (&self.account, &self.region)
    }
}

/// The signs of a trail, by account and Region.
struct Trail<'a> {
    name: &'a str,
    accounts: BTreeMap<&'a str, BTreeMap<&'a str, &'a BTreeSet<i64>>>,
    /// Log files beside digests, by account and Region.
    files: Vec<((&'a str, &'a str), &'a BTreeSet<i64>)>,
}

fn by_trail<'a>(cells: impl Iterator<Item = (&'a Cell, &'a BTreeSet<i64>)>) -> Vec<Trail<'a>> {
    let mut trails: Vec<Trail<'a>> = Vec::new();
    // Cells are in the order of their trails.
    for (cell, times) in cells {
        if trails.last().is_none_or(|trail| trail.name != cell.trail) {
            trails.push(Trail { name: &cell.trail, accounts: BTreeMap::new(), files: Vec::new() });
        }
        if let Some(trail) = trails.last_mut() {
            trail.accounts.entry(&cell.account).or_default().insert(&cell.region, times);
        }
    }
    trails
}

impl Trail<'_> {
    /// From the whole downwards; what is part of a silence that was told is not told again.
    fn silences(&self, heard: Heard, clock: i64, found: &mut Vec<Silence>) {
        let all: BTreeSet<i64> = self.accounts.values().flat_map(|regions| union(regions.values().copied())).collect();
        let whole = gaps(&all, heard, clock);
        found.extend(whole.iter().map(|gap| Silence::new(heard, self.whole(), gap, true)));
        let heard = heard.in_part();
        for (account, regions) in &self.accounts {
            let mut above = whole.clone();
            if self.accounts.len() > 1 {
                let others = self.others(|other, _| other != *account);
                let gaps = silent(&union(regions.values().copied()), &others, heard, clock, &above);
                let place = self.place(account, &only(regions.keys()), regions.len());
                found.extend(gaps.iter().map(|gap| Silence::new(heard, place.clone(), gap, false)));
                above.extend(gaps);
            }
            for (region, own) in regions.iter().filter(|_| regions.len() > 1) {
                let others = self.others(|other, place| other == *account && place != *region);
                let gaps = silent(own, &others, heard, clock, &above);
                found.extend(gaps.iter().map(|gap| Silence::new(heard, self.place(account, region, 1), gap, false)));
            }
        }
    }

    /// Signs of life of those accounts and Regions.
    fn others(&self, is_other: impl Fn(&str, &str) -> bool) -> BTreeSet<i64> {
        let own = self
            .accounts
            .iter()
            .flat_map(|(account, regions)| regions.iter().map(move |(region, times)| ((*account, *region), *times)));
        union(
            own.chain(self.files.iter().copied())
                .filter(|((account, region), _)| is_other(account, region))
                .map(|(_, times)| times),
        )
    }

    fn whole(&self) -> Where {
        let regions: BTreeSet<&&str> = self.accounts.values().flat_map(BTreeMap::keys).collect();
        let cells = self.accounts.values().map(BTreeMap::len).sum();
        self.place(&only(self.accounts.keys()), &only(regions.into_iter()), cells)
    }

    fn place(&self, account: &str, region: &str, cells: usize) -> Where {
        Where { trail: self.name.to_owned(), account: account.to_owned(), region: region.to_owned(), cells }
    }
}

/// Gaps during which others went on, and that are not part of one above. It is noticed when both is certain.
fn silent(own: &BTreeSet<i64>, others: &BTreeSet<i64>, heard: Heard, clock: i64, above: &[Gap]) -> Vec<Gap> {
    let mut found = Vec::new();
    for gap in gaps(own, heard, clock) {
        let Some(went_on) = others.range(gap.others.clone()).next() else { continue };
        let noticed = gap.noticed.max(*went_on);
        let is_part = above.iter().any(|above| gap.is_part_of(above));
        if noticed <= clock && gap.next.is_none_or(|next| next > noticed) && !is_part {
            found.push(Gap { noticed, ..gap });
        }
    }
    found
}

fn union<'a>(sets: impl Iterator<Item = &'a BTreeSet<i64>>) -> BTreeSet<i64> {
    sets.flatten().copied().collect()
}

/// The name, if there is only one.
fn only<'a>(mut names: impl Iterator<Item = &'a &'a str>) -> String {
    match (names.next(), names.next()) {
        (Some(name), None) => (*name).to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
