//! Text patterns with wildcards, matched without backtracking over more than one of them.

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// Exactly this text.
    Text(String),
    /// Exactly one character.
    One,
    /// Any number of characters, also none.
    Many,
}

/// A pattern that a text must fit from end to end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Glob {
    pieces: Vec<Piece>,
}

impl Glob {
    /// A pattern of these pieces. Equal patterns become equal values: neighbouring texts are joined, and of neighbouring [`Piece::Many`]
    /// one is kept.
    pub fn new(pieces: impl IntoIterator<Item = Piece>) -> Glob {
        let mut kept: Vec<Piece> = Vec::new();
        for piece in pieces {
            match (kept.last_mut(), piece) {
                (_, Piece::Text(text)) if text.is_empty() => {}
                (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
                (Some(Piece::Many), Piece::Many) => {}
                (_, piece) => kept.push(piece),
            }
        }
        Glob { pieces: kept }
    }

    /// Exactly this text.
    pub fn exact(text: &str) -> Glob {
        Glob::new([Piece::Text(text.to_owned())])
    }

    /// Text that begins so.
    pub fn prefix(text: &str) -> Glob {
        Glob::new([Piece::Text(text.to_owned()), Piece::Many])
    }

    /// Text that ends so.
    pub fn suffix(text: &str) -> Glob {
        Glob::new([Piece::Many, Piece::Text(text.to_owned())])
    }

    /// Text that holds this.
    pub fn contains(text: &str) -> Glob {
        Glob::new([Piece::Many, Piece::Text(text.to_owned()), Piece::Many])
    }

    /// Any text at all.
    pub fn any() -> Glob {
        Glob::new([Piece::Many])
    }

    /// Text in which each `*` stands for any number of characters, as CloudWatch writes it.
    pub fn with_stars(text: &str) -> Glob {
        let mut pieces = Vec::new();
        for (at, part) in text.split('*').enumerate() {
            if at > 0 {
                pieces.push(Piece::Many);
            }
            pieces.push(Piece::Text(part.to_owned()));
        }
        Glob::new(pieces)
    }

    /// The pieces.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The text that it asks for, if it has no wildcards.
    pub fn as_exact(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }
}
