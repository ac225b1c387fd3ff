//! Text on its way to a terminal, without what a terminal would act upon.

use std::io::{self, Write};

use super::is_hostile;

/// Replaces hostile characters in everything that is written; line breaks and tabs stay.
pub struct Washed<W: Write> {
    out: W,
    /// The begin of a character whose end has not come yet.
    rest: Vec<u8>,
}

impl<W: Write> Washed<W> {
    /// Washes what goes to `out`.
    pub fn new(out: W) -> Washed<W> {
        Washed { out, rest: Vec::new() }
    }
}

impl<W: Write> Write for Washed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = std::mem::take(&mut self.rest);
        all.extend_from_slice(bytes);
        let mut text = String::with_capacity(all.len());
        let mut seen = 0;
        for chunk in all.utf8_chunks() {
            text.extend(chunk.valid().chars().map(washed));
            seen += chunk.valid().len() + chunk.invalid().len();
            let is_cut = seen == all.len() && chunk.invalid().len() < 4 && may_begin(chunk.invalid());
            if is_cut {
                self.rest = chunk.invalid().to_vec();
            } else if !chunk.invalid().is_empty() {
                text.push('\u{fffd}');
            }
        }
        self.out.write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn washed(character: char) -> char {
    if is_hostile(character) && character != '\n' && character != '\t' { '\u{fffd}' } else { character }
}

/// Whether these bytes could be the begin of a longer character.
fn may_begin(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_may_be_cut_anywhere() {
        let text = "a\u{9b}ü\x1b[0m\n€\t𝄞\u{202e}z".as_bytes();
        for cut in 0..=text.len() {
            let mut washed = Washed::new(Vec::new());
            washed.write_all(&text[..cut]).unwrap();
            washed.write_all(&text[cut..]).unwrap();
            let shown = String::from_utf8(washed.out).unwrap();
            assert_eq!(shown, "a\u{fffd}ü\u{fffd}[0m\n€\t𝄞\u{fffd}z", "{cut}");
        }
    }
}
