//! Tracks: the ways that earlier records took through their keys.
//!
//! AWS writes the same few orders of keys again and again. A record that was taken apart key by key, rebuilt and found equal leaves
//! its track: for every value the exact bytes that stood before it, and what kind of value it was. The next record is held against
//! the tracks, so that on one of them no key is looked up.
//! INVARIANT: the bytes between the values of a track are what `rebuild` writes for its shape, and a record is on the track only if it
//! has exactly these bytes there. Being on a track therefore is the comparison of the record with what will be rebuilt.

use crate::columns::Column;
use crate::limits::{TRACK_BRANCHES_MAX, TRACK_STEPS_MAX};

/// A place between two values: everything before it is the same for all records that come through.
pub(crate) type Place = u32;

/// Where every record begins.
pub(crate) const START: Place = 0;

/// What stands behind the bytes of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hole {
    /// A string's text; its quotes belong to the bytes around it.
    Text(Column),
    /// A time as AWS writes it, without its quotes.
    Time(Column),
    /// Any JSON but `null`.
    Doc(Column),
    /// Nothing: the bytes say that it is `null`.
    Null,
    /// Nothing: the bytes say `true` or `false`.
    Bool(Column, bool),
    /// Nothing: the record is over. The number of its shape.
    End(u32),
}

/// From one place to the next one.
#[derive(Clone, Debug)]
struct Step {
    bytes: Box<[u8]>,
    hole: Hole,
    then: Place,
}

/// A shape, and where a delivery keeps it.
#[derive(Debug)]
struct Shape {
    text: Box<str>,
    delivery: u64,
    kept: (u32, u32),
}

/// What a record leaves of one value: where its bytes begin and end, and what it was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// `None` for what no track leads past.
    pub(crate) hole: Option<Hole>,
}

/// All tracks so far, as a tree.
#[derive(Debug)]
pub(crate) struct Tracks {
    places: Vec<Vec<Step>>,
    shapes: Vec<Shape>,
    steps: usize,
    delivery: u64,
}

impl Default for Tracks {
    fn default() -> Tracks {
        Tracks { places: vec![Vec::new()], shapes: Vec::new(), steps: 0, delivery: 0 }
    }
}

impl Tracks {
    /// The step from a place whose bytes the record has there: how many they are, what stands behind them, and the next place.
    pub(crate) fn step(&mut self, place: Place, rest: &[u8]) -> Option<(usize, Hole, Place)> {
        let steps = self.places.get_mut(place as usize)?;
        let fits = |step: &Step| match rest.strip_prefix(&*step.bytes) {
            Some(value) => !matches!(step.hole, Hole::Doc(_)) || value.first() != Some(&b'n'),
            None => false,
        };
        let at = steps.iter().position(fits)?;
        // The next record will more often than not go the same way.
        steps.swap(0, at);
        steps.first().map(|step| (step.bytes.len(), step.hole, step.then))
    }

    /// Where the shape of that number stands in a delivery's text: written there when it is the first record of that shape.
    pub(crate) fn shape(&mut self, number: u32, text: &mut String) -> (u32, u32) {
        let Some(shape) = self.shapes.get_mut(number as usize) else { return (0, 0) };
        if shape.delivery != self.delivery {
            let from = text.len() as u32;
            text.push_str(&shape.text);
            (shape.delivery, shape.kept) = (self.delivery, (from, text.len() as u32));
        }
        shape.kept
    }

    /// Another delivery begins.
    pub(crate) fn begin_delivery(&mut self) {
        self.delivery += 1;
    }

    /// Takes in the track of a record that was rebuilt and found equal; the shape is where the delivery keeps it.
    pub(crate) fn learn(&mut self, record: &[u8], left: &[Left], shape: &str, kept: (u32, u32)) {
        if left.iter().any(|value| value.hole.is_none()) {
            return;
        }
        if self.steps + left.len() >= TRACK_STEPS_MAX {
            *self = Tracks { delivery: self.delivery, ..Tracks::default() };
        }
        let (mut place, mut from) = (START, 0);
        let values = left.iter().filter_map(|value| Some((value.from, value.to, value.hole?)));
        for (start, end, hole) in values {
            let Some(next) = record.get(from..start).and_then(|bytes| self.extend(place, bytes, hole)) else { return };
            (place, from) = (next, end);
        }
        let end = Hole::End(self.shapes.len() as u32);
        if record.get(from..).is_some_and(|bytes| self.extend(place, bytes, end).is_some()) {
            self.shapes.push(Shape { text: shape.into(), delivery: self.delivery, kept });
        }
    }

    /// The place behind a step; the step is added if it is new and there is room for it.
    fn extend(&mut self, place: Place, bytes: &[u8], hole: Hole) -> Option<Place> {
        let next = self.places.len() as Place;
        let steps = self.places.get_mut(place as usize)?;
        if let Some(step) = steps.iter().find(|step| *step.bytes == *bytes && step.hole == hole) {
            return Some(step.then);
        }
        if steps.len() >= TRACK_BRANCHES_MAX {
            return None;
        }
        steps.push(Step { bytes: bytes.into(), hole, then: next });
        self.places.push(Vec::new());
        self.steps += 1;
        Some(next)
    }
}
