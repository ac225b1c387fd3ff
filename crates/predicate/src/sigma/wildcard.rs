//! Wildcards and escapes in Sigma's strings.

use crate::glob::{Glob, Piece};

/// Reads a string: `*` and `?` are wildcards; `\*`, `\?` and `\\` are the characters themselves; any other backslash is one.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let wildcard = match character {
            '\\' => {
                plain.push(characters.next_if(|next| matches!(next, '*' | '?' | '\\')).unwrap_or('\\'));
                continue;
            }
            '*' => Piece::Many,
            '?' => Piece::One,
            other => {
                plain.push(other);
                continue;
            }
        };
        pieces.push(Piece::Text(std::mem::take(&mut plain)));
        pieces.push(wildcard);
    }
    pieces.push(Piece::Text(plain));
    Glob::new(pieces).pieces().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        let text = |text: &str| Piece::Text(text.to_owned());
        for (written, expected) in [
            ("abc", vec![text("abc")]),
            ("a*b?", vec![text("a"), Piece::Many, text("b"), Piece::One]),
            (r"a\*b\?", vec![text("a*b?")]),
            (r"C:\Windows\*", vec![text(r"C:\Windows*")]),
            (r"C:\Windows\\*", vec![text(r"C:\Windows\"), Piece::Many]),
            (r"\\server", vec![text(r"\server")]),
            (r"a\", vec![text(r"a\")]),
            ("", vec![]),
        ] {
            assert_eq!(pieces(written), expected, "{written}");
        }
    }
}
