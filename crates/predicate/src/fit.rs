//! Patterns made ready: cut at their `*` into segments, of which only those in the middle have to be looked for.

use crate::check::Case;
use crate::glob::{Glob, Piece};

/// A pattern ready to be matched.
#[derive(Debug)]
pub(crate) struct Fit {
    case: Case,
    /// Before the first `*`; the whole pattern if there is none.
    first: Segment,
    /// Between one `*` and the next.
    middle: Vec<Segment>,
    /// After the last `*`; `None` if there is none at all.
    last: Option<Segment>,
}

/// Texts and single characters without a `*`.
#[derive(Debug, Default)]
struct Segment(Vec<Piece>);

/// How bytes are compared: with the text as it is, or with ASCII text in any case (the pattern being in lower case).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bytes {
    AsTheyAre,
    AnyCase,
}

impl Fit {
    pub(crate) fn new(glob: &Glob, case: Case) -> Fit {
        let mut segments = vec![Segment::default()];
        for piece in glob.pieces() {
            match (piece, segments.last_mut()) {
                (Piece::Many, _) => segments.push(Segment::default()),
                (Piece::Text(text), Some(open)) if case == Case::Ignored => open.0.push(Piece::Text(text.to_lowercase())),
                (piece, Some(open)) => open.0.push(piece.clone()),
                (_, None) => {}
            }
        }
        let last = if segments.len() > 1 { segments.pop() } else { None };
        let mut segments = segments.into_iter();
        Fit { case, first: segments.next().unwrap_or_default(), middle: segments.collect(), last }
    }

    /// Whether the text fits from end to end.
    pub(crate) fn fits(&self, text: &str) -> bool {
        match self.case {
            Case::Exact => self.fits_so(text, Bytes::AsTheyAre),
            Case::Ignored if text.is_ascii() => self.fits_so(text, Bytes::AnyCase),
            Case::Ignored => self.fits_so(&text.to_lowercase(), Bytes::AsTheyAre),
        }
    }

    fn fits_so(&self, text: &str, bytes: Bytes) -> bool {
        let Some(mut rest) = self.first.strip_front(text, bytes) else { return false };
        let Some(last) = &self.last else { return rest.is_empty() };
        let Some(middle) = last.strip_back(rest, bytes) else { return false };
        rest = middle;
        for segment in &self.middle {
            match segment.find(rest, bytes) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        true
    }
}

impl Segment {
    /// What follows the segment at the front of the text.
    fn strip_front<'t>(&self, text: &'t str, bytes: Bytes) -> Option<&'t str> {
        let mut rest = text;
        for piece in &self.0 {
            rest = match piece {
                Piece::Text(wanted) => {
                    let (front, after) = rest.split_at_checked(wanted.len())?;
                    if !same(front, wanted, bytes) {
                        return None;
                    }
                    after
                }
                Piece::One | Piece::Many => {
                    let mut characters = rest.chars();
                    characters.next()?;
                    characters.as_str()
                }
            };
        }
        Some(rest)
    }

    /// What precedes the segment at the back of the text.
    fn strip_back<'t>(&self, text: &'t str, bytes: Bytes) -> Option<&'t str> {
        let mut rest = text;
        for piece in self.0.iter().rev() {
            rest = match piece {
                Piece::Text(wanted) => {
                    let (before, back) = rest.split_at_checked(rest.len().checked_sub(wanted.len())?)?;
                    if !same(back, wanted, bytes) {
                        return None;
                    }
                    before
                }
                Piece::One | Piece::Many => {
                    let mut characters = rest.chars();
                    characters.next_back()?;
                    characters.as_str()
                }
            };
        }
        Some(rest)
    }

    /// What follows the first place where the segment stands.
    fn find<'t>(&self, text: &'t str, bytes: Bytes) -> Option<&'t str> {
        if let ([Piece::Text(wanted)], Bytes::AsTheyAre) = (self.0.as_slice(), bytes) {
            let at = memchr::memmem::find(text.as_bytes(), wanted.as_bytes())?;
            return text.get(at + wanted.len()..);
        }
        let mut from = 0;
        loop {
            from += self.next_begin(text.get(from..)?, bytes)?;
            let rest = text.get(from..)?;
            if let Some(after) = self.strip_front(rest, bytes) {
                return Some(after);
            }
            from += rest.chars().next().map(char::len_utf8)?;
        }
    }

    /// The next place where the segment could begin.
    fn next_begin(&self, text: &str, bytes: Bytes) -> Option<usize> {
        let Some(Piece::Text(wanted)) = self.0.first() else { return Some(0) };
        let first = *wanted.as_bytes().first()?;
        match bytes {
            Bytes::AsTheyAre => memchr::memchr(first, text.as_bytes()),
            Bytes::AnyCase => memchr::memchr2(first, first.to_ascii_uppercase(), text.as_bytes()),
        }
    }
}

fn same(text: &str, wanted: &str, bytes: Bytes) -> bool {
    match bytes {
        Bytes::AsTheyAre => text == wanted,
        Bytes::AnyCase => text.eq_ignore_ascii_case(wanted),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn glob(pattern: &str) -> Glob {
        Glob::new(pattern.chars().map(|c| match c {
            '*' => Piece::Many,
            '?' => Piece::One,
            other => Piece::Text(other.to_string()),
        }))
    }

    /// The definition, character by character.
    fn by_definition(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => (0..=text.len()).any(|at| by_definition(rest, &text[at..])),
            (Some(('?', rest)), Some((_, after))) => by_definition(rest, after),
            (Some((a, rest)), Some((b, after))) => a == b && by_definition(rest, after),
            _ => false,
        }
    }

    #[test]
    fn examples() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("*b*", "abc", true),
            ("a?c", "aéc", true),
            ("a?c", "ac", false),
            ("ab*ba", "aba", false),
            ("*unauthorizedoperation", "Client.UnauthorizedOperation", true),
            ("É*", "école", true),
            ("k", "\u{212a}", true),
        ] {
            assert_eq!(Fit::new(&glob(pattern), Case::Ignored).fits(text), expected, "{pattern} {text}");
        }
        assert!(!Fit::new(&glob("A*"), Case::Exact).fits("abc"));
    }

    proptest! {
        #[test]
        fn as_defined(pattern in "[ab?*é]{0,8}", text in "[abé]{0,10}") {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            let expected = by_definition(&characters(&pattern), &characters(&text));
            for case in [Case::Exact, Case::Ignored] {
                prop_assert_eq!(Fit::new(&glob(&pattern), case).fits(&text), expected);
            }
            prop_assert_eq!(Fit::new(&glob(&pattern.to_uppercase()), Case::Ignored).fits(&text), expected);
        }
    }
}
