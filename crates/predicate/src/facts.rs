//! One record as tests see it: flat columns first, documents laid out when they are first looked into.

use std::borrow::Cow;
use std::cell::OnceCell;

use record::columns::{COLUMNS, Column};
use record::{RecordView, Row, Value as Flat, time};

use crate::asked::{Asked, Wanted, related};
use crate::path::Reading;
use crate::place::{Place, walk};
use crate::tape::{Kind, Tape};
use crate::value::Value;

/// Where a record comes from.
#[derive(Clone, Copy)]
pub(crate) enum Record<'a> {
    /// Taken apart by the reader.
    View(RecordView<'a>),
    /// As JSON text.
    Text(&'a str),
}

/// What is kept from record to record: memory.
#[derive(Default)]
pub(crate) struct Memory {
    columns: Vec<Option<Flat>>,
    whole: Laid,
    documents: Vec<Laid>,
    stack: Vec<(u32, usize)>,
}

/// A layout, and whether it is this record's.
#[derive(Default)]
struct Laid {
    tape: Tape,
    is_current: bool,
}

/// A record under test.
pub(crate) struct Facts<'a, 'm> {
    record: Record<'a>,
    /// The record's JSON text, once a test has asked for it: few look past the columns.
    text: OnceCell<Cow<'a, str>>,
    memory: &'m mut Memory,
}

/// Where the values of a path are found.
enum Found<'a> {
    Nowhere,
    /// This one value.
    One(Value<'a>),
    /// In a column's document, behind the place's column.
    Document(Column, &'a str),
    /// A time column.
    Time(i64),
    /// In the record's JSON.
    Whole,
}

impl<'a, 'm> Facts<'a, 'm> {
    pub(crate) fn new(record: Record<'a>, memory: &'m mut Memory) -> Facts<'a, 'm> {
        memory.columns.clear();
        memory.columns.resize(COLUMNS.len(), None);
        memory.documents.resize_with(COLUMNS.len(), Laid::default);
        memory.whole.is_current = false;
        for laid in &mut memory.documents {
            laid.is_current = false;
        }
        if let Record::View(view) = record {
            for field in view.fields() {
                if let Some(slot @ None) = memory.columns.get_mut(usize::from(field.column.0)) {
                    *slot = Some(field.value);
                }
            }
        }
        Facts { record, text: OnceCell::new(), memory }
    }

    /// Whether a test passes.
    pub(crate) fn test(&mut self, place: &Place, asked: &Asked) -> bool {
        match asked {
            Asked::Inner(_) => self.test_elements(place, asked),
            Asked::Same(other, same, case) => {
                let mut texts: Vec<String> = Vec::new();
                self.texts(other, &mut |text| texts.push(text.to_owned()));
                let reading = place.reading;
                let mut passes = |value: Value<'_>| {
                    let Some(text) = value.text(reading) else { return false };
                    texts.iter().any(|other| related(&text, other, *same, *case))
                };
                self.reach(place, Wanted::Text, reading == Reading::Loose, &mut passes)
            }
            _ => {
                let reading = if place.steps.is_empty() { Reading::Loose } else { place.reading };
                self.reach(place, asked.wanted(), asked.expands(reading), &mut |value| asked.passes(value, reading))
            }
        }
    }

    /// All texts that a path reaches.
    pub(crate) fn texts(&mut self, place: &Place, each: &mut dyn FnMut(&str)) {
        let reading = place.reading;
        self.reach(place, Wanted::Text, reading == Reading::Loose, &mut |value| {
            if let Some(text) = value.text(reading) {
                each(&text);
            }
            false
        });
    }

    /// Hands the values at a place to `each` until that says yes; whether it did.
    fn reach(&mut self, place: &Place, wanted: Wanted, expand: bool, each: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        if place.steps.is_empty() {
            return each(Value::json(Kind::Object, written(self.record, &self.text)));
        }
        match self.find(place, wanted) {
            Found::Nowhere => false,
            Found::One(value) => each(value),
            Found::Time(micros) => {
                let mut written = Vec::with_capacity(time::CANONICAL_LENGTH + 2);
                time::write_canonical(micros, &mut written)
                    && std::str::from_utf8(&written).is_ok_and(|text| each(Value::plain(text)))
            }
            Found::Document(column, text) => self.reach_in_document(place, column, text, expand, each),
            Found::Whole => {
                let Memory { whole, stack, .. } = &mut *self.memory;
                let text = written(self.record, &self.text);
                let tape = whole.of(text);
                stack.push((0, 0));
                walk(tape, text, &place.steps, place.reading, expand, stack, &mut |at| each(value_at(tape, text, at)))
            }
        }
    }

    fn reach_in_document(
        &mut self,
        place: &Place,
        column: Column,
        text: &str,
        expand: bool,
        each: &mut dyn FnMut(Value<'_>) -> bool,
    ) -> bool {
        let Memory { documents, stack, .. } = &mut *self.memory;
        let Some(laid) = documents.get_mut(usize::from(column.0)) else { return false };
        let tape = laid.of(text);
        stack.push((0, place.taken));
        walk(tape, text, &place.steps, place.reading, expand, stack, &mut |at| each(value_at(tape, text, at)))
    }

    fn test_elements(&mut self, place: &Place, asked: &Asked) -> bool {
        let Asked::Inner(within) = asked else { return false };
        let Memory { columns, documents, whole, stack } = &mut *self.memory;
        let found = find(self.record, columns, place, Wanted::Json);
        let (tape, text, taken) = match found {
            Found::Document(column, text) => match documents.get_mut(usize::from(column.0)) {
                Some(laid) => (laid.of(text), text, place.taken),
                None => return false,
            },
            _ => {
                let text = written(self.record, &self.text);
                (whole.of(text), text, 0)
            }
        };
        stack.push((0, taken));
        walk(tape, text, &place.steps, place.reading, true, stack, &mut |at| within.holds(tape, text, at))
    }

    fn find(&self, place: &Place, wanted: Wanted) -> Found<'a> {
        find(self.record, &self.memory.columns, place, wanted)
    }
}

/// The record's JSON text.
fn written<'t, 'a: 't>(record: Record<'a>, text: &'t OnceCell<Cow<'a, str>>) -> &'t str {
    match record {
        Record::Text(text) => text,
        Record::View(view) => text.get_or_init(|| String::from_utf8_lossy(view.bytes())),
    }
}

/// Looks for a place's values in the flat columns.
fn find<'a>(record: Record<'a>, columns: &[Option<Flat>], place: &Place, wanted: Wanted) -> Found<'a> {
    let Record::View(view) = record else { return Found::Whole };
    if view.is_raw() {
        return Found::Whole;
    }
    // What has no column, and what its column cannot give back exactly, is in `otherfields`.
    let is_complete = view.other().is_empty();
    let Some(column) = place.column else {
        return if is_complete && place.is_foreign { Found::Nowhere } else { Found::Whole };
    };
    let value_of = |column: Column| columns.get(usize::from(column.0)).copied().flatten();
    if let Some(Found::One(value)) = place.hot.and_then(value_of).map(|value| flat(view, value))
        && !matches!(value.kind, Kind::Object | Kind::List)
    {
        return Found::One(value);
    }
    let found = match value_of(column) {
        None if is_complete && wanted == Wanted::Text => return Found::Nowhere,
        None => return Found::Whole,
        Some(Flat::Bool(_)) if wanted == Wanted::Json => return Found::Whole,
        Some(Flat::Time(_)) if !is_complete => return Found::Whole,
        Some(value) => flat(view, value),
    };
    let is_at_end = place.taken == place.steps.len();
    match found {
        Found::One(value) if is_at_end && value.kind != Kind::List => Found::One(value),
        Found::One(value) if matches!(value.kind, Kind::Object | Kind::List) => Found::Document(column, value.whole()),
        Found::Time(micros) if is_at_end => Found::Time(micros),
        _ => Found::Nowhere,
    }
}

/// A column's value. Whether text was a string in JSON is told by the quote before it.
fn flat<'a>(view: RecordView<'a>, value: Flat) -> Found<'a> {
    match value {
        Flat::Bool(true) => Found::One(Value::plain("true")),
        Flat::Bool(false) => Found::One(Value::plain("false")),
        Flat::Time(micros) => Found::Time(micros),
        Flat::Decoded(..) => view.text_of(value).map_or(Found::Nowhere, |text| Found::One(Value::plain(text))),
        Flat::Source(from, _) => {
            let Some(text) = view.text_of(value) else { return Found::Nowhere };
            let before = (from as usize).checked_sub(view.entry().bytes.0 as usize + 1).and_then(|at| view.bytes().get(at));
            if before == Some(&b'"') {
                return Found::One(Value::plain(text));
            }
            Found::One(Value::json(kind_of(text), text))
        }
    }
}

/// What a JSON text is, by its first byte.
fn kind_of(json: &str) -> Kind {
    match json.as_bytes().first() {
        Some(b'{') => Kind::Object,
        Some(b'[') => Kind::List,
        Some(b'"') => Kind::Text,
        Some(b't') => Kind::True,
        Some(b'f') => Kind::False,
        Some(b'n') | None => Kind::Null,
        Some(_) => Kind::Number,
    }
}

impl Laid {
    fn of(&mut self, text: &str) -> &Tape {
        if !self.is_current {
            self.tape.lay(text);
            self.is_current = true;
        }
        &self.tape
    }
}

fn value_at<'t>(tape: &Tape, text: &'t str, at: u32) -> Value<'t> {
    tape.item(at).map_or(Value::json(Kind::Null, "null"), |item| Value::json(item.kind, item.json(text)))
}
