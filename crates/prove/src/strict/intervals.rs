//! Sets of time as a list of intervals: a chain without holes is one of them, however long it is.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

/// A moment.
pub(super) type Time = DateTime<Utc>;

/// Half-open intervals that neither meet nor touch.
#[derive(Clone, Debug, Default)]
pub(super) struct Intervals {
    /// Begin to end.
    of: BTreeMap<Time, Time>,
}

impl Intervals {
    /// Adds an interval; empty ones are nothing.
    pub(super) fn add(&mut self, from: Time, to: Time) {
        if from >= to {
            return;
        }
        let (mut from, mut to) = (from, to);
        while let Some((start, end)) =
            self.of.range(..=to).next_back().map(|(start, end)| (*start, *end)).filter(|(_, end)| *end >= from)
        {
            self.of.remove(&start);
            (from, to) = (from.min(start), to.max(end));
        }
        self.of.insert(from, to);
    }

    pub(super) fn contains(&self, time: Time) -> bool {
        self.of.range(..=time).next_back().is_some_and(|(_, end)| *end > time)
    }

    pub(super) fn extend(&mut self, other: &Intervals) {
        other.of.iter().for_each(|(from, to)| self.add(*from, *to));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Time, Time)> {
        self.of.iter().map(|(from, to)| (*from, *to))
    }

    /// What of `from..to` is not in the set, oldest first.
    pub(super) fn holes(&self, from: Time, to: Time) -> Vec<(Time, Time)> {
        let (mut holes, mut at) = (Vec::new(), from);
        for (start, end) in self.iter() {
            if start >= to {
                break;
            }
            if start > at {
                holes.push((at, start));
            }
            at = at.max(end);
        }
        if at < to {
            holes.push((at, to));
        }
        holes
    }

    pub(super) fn first(&self) -> Option<Time> {
        self.of.keys().next().copied()
    }

    /// The end of the last interval.
    pub(super) fn last(&self) -> Option<Time> {
        self.of.values().next_back().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(number: i64) -> Time {
        DateTime::from_timestamp(number, 0).unwrap()
    }

    fn of(intervals: &[(i64, i64)]) -> Intervals {
        let mut set = Intervals::default();
        intervals.iter().for_each(|(from, to)| set.add(at(*from), at(*to)));
        set
    }

    fn numbers(intervals: impl IntoIterator<Item = (Time, Time)>) -> Vec<(i64, i64)> {
        intervals.into_iter().map(|(from, to)| (from.timestamp(), to.timestamp())).collect()
    }

    #[test]
    fn what_touches_becomes_one() {
        assert_eq!(numbers(of(&[(3, 4), (1, 2), (2, 3)]).iter()), [(1, 4)]);
        assert_eq!(numbers(of(&[(1, 2), (5, 6), (3, 4), (0, 9)]).iter()), [(0, 9)]);
        assert_eq!(numbers(of(&[(1, 2), (5, 6), (2, 4), (7, 7), (9, 8)]).iter()), [(1, 4), (5, 6)]);
    }

    #[test]
    fn what_is_in_it_and_what_is_not() {
        let set = of(&[(2, 4), (6, 8)]);
        assert_eq!((0..10).filter(|n| set.contains(at(*n))).collect::<Vec<_>>(), [2, 3, 6, 7]);
        assert_eq!(numbers(set.holes(at(0), at(10))), [(0, 2), (4, 6), (8, 10)]);
        assert_eq!(numbers(set.holes(at(3), at(7))), [(4, 6)]);
        assert_eq!(numbers(set.holes(at(2), at(4))), []);
        assert_eq!(numbers(of(&[]).holes(at(2), at(4))), [(2, 4)]);
        assert_eq!((set.first(), set.last()), (Some(at(2)), Some(at(8))));
    }
}
