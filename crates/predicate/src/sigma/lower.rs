//! From a field, its modifiers and its values to tests.

use super::detection::Tested;
use super::encode;
use super::error::SigmaError;
use super::modifier::{Change, Comparison, Modifiers, TimePart};
use super::placeholder::Placeholders;
use super::wildcard;
use crate::check::{Case, Check, Number, Order, Regexp, Same};
use crate::expr::Expr;
use crate::glob::{Glob, Piece};
use crate::limits::{EXPANDED_VALUES_MAX, VALUE_SIZE_BYTES_MAX};
use crate::network::Network;
use crate::path::Path;
use crate::yaml::{Node, Yaml};

/// A field with its modifiers, as values are lowered for it.
pub(crate) struct Field<'a> {
    /// `None` for keywords, which are looked for in the whole record.
    pub(crate) path: Option<Path>,
    pub(crate) modifiers: &'a Modifiers,
    pub(crate) placeholders: &'a Placeholders,
}

impl Field<'_> {
    /// The tests that one written value stands for: several with `expand`.
    pub(crate) fn value(&self, node: &Node) -> Result<Vec<Tested>, SigmaError> {
        let text = self.written(node)?;
        if !self.modifiers.changes.contains(&Change::Expand) {
            return Ok(vec![Tested { expr: self.test(node, &text)?, text }]);
        }
        let values = self.placeholders.expand(&text, node.line)?;
        let tested = |text: String| {
            let node = Node { line: node.line, value: Yaml::Text(text.clone()) };
            Ok(Tested { expr: self.test(&node, &text)?, text })
        };
        values.into_iter().map(tested).collect()
    }

    /// The value as text.
    fn written(&self, node: &Node) -> Result<String, SigmaError> {
        let text = match &node.value {
            Yaml::Null => "null".to_owned(),
            _ => node.scalar().ok_or_else(|| {
                SigmaError::new(node.line, "a value must be a text, a number, true, false or null", "give a flat list of values")
            })?,
        };
        if text.len() > VALUE_SIZE_BYTES_MAX {
            let what = format!("a value is longer than {VALUE_SIZE_BYTES_MAX} bytes");
            return Err(SigmaError::new(node.line, what, "shorten it; no field of CloudTrail needs it"));
        }
        Ok(text)
    }

    fn test(&self, node: &Node, text: &str) -> Result<Expr, SigmaError> {
        let line = node.line;
        let path = || self.path.clone().unwrap_or_else(Path::record);
        if node.value == Yaml::Null {
            return match (self.modifiers.comparison, self.path.is_some()) {
                (Comparison::Plain, true) => Ok(Expr::not(Expr::Test(path(), Check::Filled))),
                _ => Err(SigmaError::new(line, "null cannot be compared so", "write the field without modifiers: `field: null`")),
            };
        }
        match self.modifiers.comparison {
            Comparison::Exists => exists(path(), &node.value, line),
            Comparison::Regex => Ok(Expr::Test(path(), Check::Regex(self.regexp(text, line)?))),
            Comparison::Cidr => network(text, line).map(|network| Expr::Test(path(), Check::Network(network))),
            Comparison::Less => order(path(), Order::Less, text, line),
            Comparison::LessOrEqual => order(path(), Order::LessOrEqual, text, line),
            Comparison::Greater => order(path(), Order::Greater, text, line),
            Comparison::GreaterOrEqual => order(path(), Order::GreaterOrEqual, text, line),
            Comparison::Time(part) => time(path(), part, text, line),
            Comparison::Plain | Comparison::Contains | Comparison::StartsWith | Comparison::EndsWith => {
                self.text(path(), node, text)
            }
        }
    }

    fn text(&self, path: Path, node: &Node, text: &str) -> Result<Expr, SigmaError> {
        let case = if self.modifiers.is_cased { Case::Exact } else { Case::Ignored };
        if self.modifiers.is_field {
            let same = match self.modifiers.comparison {
                Comparison::Contains => Same::Contains,
                Comparison::StartsWith => Same::StartsWith,
                Comparison::EndsWith => Same::EndsWith,
                _ => Same::Equal,
            };
            return Ok(Expr::Test(path, Check::Same(Path::loose(text), same, case)));
        }
        let forms = forms(wildcard::pieces(text), &self.modifiers.changes, node.line)?;
        let mut tests: Vec<Expr> =
            forms.into_iter().map(|pieces| Expr::Test(path.clone(), Check::Text(self.around(pieces), case))).collect();
        // `1` also means 1.0, and the text "1".
        if let (Yaml::Number(_), Comparison::Plain, Some(number)) = (&node.value, self.modifiers.comparison, Number::parse(text)) {
            tests.push(Expr::Test(path, Check::Number(Order::Equal, number)));
        }
        Ok(if tests.len() == 1 { tests.remove(0) } else { Expr::Any(tests) })
    }

    /// Adds the wildcards that the comparison implies.
    fn around(&self, pieces: Vec<Piece>) -> Glob {
        let comparison = if self.path.is_none() { Comparison::Contains } else { self.modifiers.comparison };
        let before = matches!(comparison, Comparison::Contains | Comparison::EndsWith).then_some(Piece::Many);
        let after = matches!(comparison, Comparison::Contains | Comparison::StartsWith).then_some(Piece::Many);
        Glob::new(before.into_iter().chain(pieces).chain(after))
    }

    fn regexp(&self, text: &str, line: usize) -> Result<Regexp, SigmaError> {
        let flags = if self.modifiers.flags.is_empty() { String::new() } else { format!("(?{})", self.modifiers.flags) };
        Regexp::new(&format!("{flags}{text}")).map_err(|error| {
            let error = error.to_string();
            let (what, hint) = error.split_once("; ").unwrap_or((&error, "see https://docs.rs/regex for what is understood"));
            SigmaError::new(line, format!("the regular expression `{}`: {what}", short(text)), hint)
        })
    }
}

/// A text as it is shown in an error.
fn short(text: &str) -> String {
    const CHARACTERS_MAX: usize = 60;
    let cut: String = text.chars().take(CHARACTERS_MAX).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}

fn exists(path: Path, value: &Yaml, line: usize) -> Result<Expr, SigmaError> {
    let filled = Expr::Test(path, Check::Filled);
    let said = match value {
        Yaml::Bool(said) => Some(*said),
        // Some rule sets write it between quotes.
        Yaml::Text(text) => text.to_ascii_lowercase().parse().ok(),
        _ => None,
    };
    match said {
        Some(true) => Ok(filled),
        Some(false) => Ok(Expr::not(filled)),
        None => Err(SigmaError::new(line, "`exists` takes true or false", "write `field|exists: true`")),
    }
}

fn network(text: &str, line: usize) -> Result<Network, SigmaError> {
    Network::parse(text).ok_or_else(|| {
        SigmaError::new(
            line,
            format!("`{}` is no network", short(text)),
            "write an address and a number of bits, as in `10.0.0.0/8`",
        )
    })
}

fn order(path: Path, order: Order, text: &str, line: usize) -> Result<Expr, SigmaError> {
    let number = Number::parse(text).ok_or_else(|| {
        SigmaError::new(line, format!("`{}` is no number", short(text)), "`lt`, `lte`, `gt` and `gte` compare with a number")
    })?;
    Ok(Expr::Test(path, Check::Number(order, number)))
}

/// A part of a time, found at its place in ISO-8601 text.
fn time(path: Path, part: TimePart, text: &str, line: usize) -> Result<Expr, SigmaError> {
    let (skipped, digits, range) = match part {
        TimePart::Year => (0, 4, 0..=9999),
        TimePart::Month => (5, 2, 1..=12),
        TimePart::Day => (8, 2, 1..=31),
        TimePart::Hour => (11, 2, 0..=23),
        TimePart::Minute => (14, 2, 0..=59),
    };
    let number: u32 = text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
        let hint = format!("give a whole number from {} to {}", range.start(), range.end());
        SigmaError::new(line, format!("`{}` is no such part of a time", short(text)), hint)
    })?;
    let pieces = std::iter::repeat_n(Piece::One, skipped).chain([Piece::Text(format!("{number:0digits$}")), Piece::Many]);
    Ok(Expr::Test(path, Check::Text(Glob::new(pieces), Case::Exact)))
}

/// A value on its way through the encodings.
enum Form {
    Pieces(Vec<Piece>),
    Bytes(Vec<u8>),
}

/// The patterns that a value becomes.
fn forms(pieces: Vec<Piece>, changes: &[Change], line: usize) -> Result<Vec<Vec<Piece>>, SigmaError> {
    let mut forms = vec![Form::Pieces(pieces)];
    for change in changes {
        let mut next = Vec::new();
        for form in forms {
            next.extend(changed(form, *change, line)?);
        }
        forms = next;
    }
    let done = forms.into_iter().map(|form| match form {
        Form::Pieces(pieces) => Ok(pieces),
        Form::Bytes(bytes) => {
            let text = String::from_utf8(bytes).map_err(|_| {
                SigmaError::new(line, "this encoding does not give a text", "follow it with `base64` or `base64offset`")
            })?;
            Ok(vec![Piece::Text(text)])
        }
    });
    done.collect()
}

fn changed(form: Form, change: Change, line: usize) -> Result<Vec<Form>, SigmaError> {
    let text = |text: String| Form::Pieces(vec![Piece::Text(text)]);
    Ok(match change {
        Change::Expand => vec![form],
        Change::Windash => match form {
            Form::Pieces(pieces) => windash(&pieces, line)?.into_iter().map(Form::Pieces).collect(),
            bytes @ Form::Bytes(_) => vec![bytes],
        },
        Change::Utf16Le => vec![Form::Bytes(encode::utf16le(&plain(form, line)?))],
        Change::Utf16Be => vec![Form::Bytes(encode::utf16be(&plain(form, line)?))],
        Change::Utf16 => vec![Form::Bytes([vec![0xff, 0xfe], encode::utf16le(&plain(form, line)?)].concat())],
        Change::Base64 => vec![text(encode::base64(&bytes(form, line)?))],
        Change::Base64Offset => encode::base64_offsets(&bytes(form, line)?).map(text).into(),
    })
}

fn bytes(form: Form, line: usize) -> Result<Vec<u8>, SigmaError> {
    match form {
        Form::Bytes(bytes) => Ok(bytes),
        pieces @ Form::Pieces(_) => Ok(plain(pieces, line)?.into_bytes()),
    }
}

/// The text of a form without wildcards.
fn plain(form: Form, line: usize) -> Result<String, SigmaError> {
    if let Form::Pieces(pieces) = form
        && let Some(text) = Glob::new(pieces).as_exact()
    {
        return Ok(text.to_owned());
    }
    Err(SigmaError::new(line, "a value with wildcards cannot be encoded", "write the value out, or escape the wildcard as `\\*`"))
}

/// Every way to write the dashes before options.
fn windash(pieces: &[Piece], line: usize) -> Result<Vec<Vec<Piece>>, SigmaError> {
    const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];
    let mut done: Vec<Vec<Piece>> = vec![Vec::new()];
    for piece in pieces {
        let Piece::Text(text) = piece else {
            done.iter_mut().for_each(|form| form.push(piece.clone()));
            continue;
        };
        let mut before = None;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let is_dash =
                matches!(character, '-' | '/') && !before.is_some_and(is_word) && characters.peek().is_some_and(|c| is_word(*c));
            before = Some(character);
            let written: &[char] = if is_dash { &DASHES } else { std::slice::from_ref(&character) };
            if done.len().saturating_mul(written.len()) > EXPANDED_VALUES_MAX {
                let what = format!("`windash` gives more than {EXPANDED_VALUES_MAX} values here");
                return Err(SigmaError::new(line, what, "split the value at its options and use `contains|all`"));
            }
            let longer = |form: &Vec<Piece>| {
                let form = form.clone();
                written.iter().map(move |c| form.iter().cloned().chain([Piece::Text(c.to_string())]).collect::<Vec<Piece>>())
            };
            done = done.iter().flat_map(longer).map(|form| Glob::new(form).pieces().to_vec()).collect();
        }
    }
    Ok(done)
}
