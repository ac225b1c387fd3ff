//! A place in a pattern, moving forward.

use super::error::PatternError;

/// Characters of a pattern and how far they have been read.
pub struct Cursor {
    chars: Vec<char>,
    at: usize,
}

impl Cursor {
    /// At the beginning.
    pub fn new(text: &str) -> Cursor {
        Cursor { chars: text.chars().collect(), at: 0 }
    }

    /// Where it is, in characters.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The next character.
    pub fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// Whether this comes next.
    pub fn sees(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(ahead, wanted)| self.chars.get(self.at + ahead) == Some(&wanted))
    }

    /// Takes the next character.
    pub fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }

    /// Takes this if it comes next.
    pub fn take(&mut self, text: &str) -> bool {
        let sees = self.sees(text);
        if sees {
            self.at += text.chars().count();
        }
        sees
    }

    /// Takes a word if it comes next and nothing of a word follows.
    pub fn take_word(&mut self, word: &str) -> bool {
        let after = self.chars.get(self.at + word.chars().count());
        let ends = after.is_none_or(|next| !next.is_alphanumeric() && *next != '_');
        ends && self.take(word)
    }

    /// Takes characters as long as they are wanted.
    pub fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(next) = self.peek().filter(|next| wanted(*next)) {
            taken.push(next);
            self.at += 1;
        }
        taken
    }

    /// Takes white space.
    pub fn skip_spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// What comes next, for an error.
    pub fn seen(&self) -> String {
        match self.peek() {
            Some(next) => format!("`{next}`"),
            None => "the end".to_owned(),
        }
    }

    /// An error here.
    pub fn wrong(&self, what: impl Into<String>) -> PatternError {
        PatternError::new(self.at, what)
    }

    /// Text between `"` and `"`, the first of which comes next; `\"` and `\\` stand for themselves.
    pub fn quoted(&mut self) -> Result<String, PatternError> {
        let begin = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.next() {
                Some('"') => return Ok(text),
                Some('\\') if matches!(self.peek(), Some('"' | '\\')) => text.extend(self.next()),
                Some(other) => text.push(other),
                None => return Err(PatternError::new(begin, "the quotation mark is not closed")),
            }
        }
    }
}
