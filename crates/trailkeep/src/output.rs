//! The terminal. Nothing else in the program writes to standard output or standard error.
//!
//! Event text is hostile: whatever comes from a record passes through [`clean`] before a terminal sees it.

mod table;
mod washed;
mod wrap;

pub use table::{Align, Table};
pub use washed::Washed;

use std::io::{self, IsTerminal, Write};

use crate::exit::Failure;
use crate::settings::Environment;

/// Width of lines that do not go to a terminal.
const WIDTH_OF_FILES: usize = 120;

/// What standard output is.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// A person reads it.
    pub is_terminal: bool,
    /// Whether escape sequences are welcome.
    colours: Colours,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Colours {
    Yes,
    No,
}

impl Screen {
    /// Standard output of this process; `NO_COLOR` (no-color.org) and dumb terminals are honoured.
    pub fn of_process(environment: &Environment) -> Screen {
        let is_terminal = io::stdout().is_terminal();
        let plain = environment.get("NO_COLOR").is_some() || environment.get("TERM") == Some("dumb");
        Screen { is_terminal, colours: if is_terminal && !plain { Colours::Yes } else { Colours::No } }
    }

    /// The same output if it were a file.
    pub fn without_terminal(self) -> Screen {
        Screen { is_terminal: false, colours: Colours::No }
    }

    /// The same output, as a file if it goes to one.
    pub fn filed(self, is_file: bool) -> Screen {
        if is_file { self.without_terminal() } else { self }
    }

    /// How many characters a line holds; a file's lines are given room for a wide terminal.
    pub fn width(self) -> usize {
        let terminal = if self.is_terminal { comfy_table::Table::new().width() } else { None };
        terminal.map_or(WIDTH_OF_FILES, usize::from)
    }

    /// A page, whose lines are cut between words where a terminal is narrow.
    pub fn page(self, text: &str) -> String {
        if !self.is_terminal {
            return text.to_owned();
        }
        text.lines().flat_map(|line| wrap::folded(line, self.width())).collect::<Vec<_>>().join("\n")
    }

    /// A heading.
    pub fn bold(self, text: &str) -> String {
        self.styled("1", text)
    }

    /// Something beside the point.
    pub fn dim(self, text: &str) -> String {
        self.styled("2", text)
    }

    /// Something that is as it should be.
    pub fn good(self, text: &str) -> String {
        self.styled("32", text)
    }

    /// Something that is not.
    pub fn bad(self, text: &str) -> String {
        self.styled("31", text)
    }

    fn styled(self, code: &str, text: &str) -> String {
        match self.colours {
            Colours::Yes => format!("\x1b[{code}m{text}\x1b[0m"),
            Colours::No => text.to_owned(),
        }
    }
}

/// Writes a line to standard output. A `head` that has seen enough changes nothing: what is left to do is done, and the exit code says
/// what was found.
pub fn line(text: impl AsRef<str>) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match written(out.write_all(text.as_ref().as_bytes()).and_then(|()| out.write_all(b"\n"))) {
        Err(Failure::Closed) => Ok(()),
        other => other,
    }
}

/// Standard output for who writes more than lines; one that was closed swallows the rest.
pub fn patient() -> impl Write {
    Patient(io::stdout())
}

struct Patient<W>(W);

impl<W: Write> Write for Patient<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            other => other,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }
}

/// Writes bytes to standard output.
pub fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    written(io::stdout().lock().write_all(bytes))
}

/// Writes a line to standard error, whole and at once.
pub fn note(text: impl AsRef<str>) {
    // Nobody is left to be told that this failed.
    let _ = io::stderr().lock().write_all(format!("{}\n", text.as_ref()).as_bytes());
}

/// Prints an error and what to do about it.
pub fn complain(what: &str, hint: &str) {
    let lines = |text: &str| text.lines().map(clean).collect::<Vec<_>>().join("\n       ");
    note(format!("error: {}", lines(what)));
    if !hint.is_empty() {
        note(format!("hint: {}", lines(hint)));
    }
}

/// Whether a person reads standard error.
pub fn notes_are_read() -> bool {
    io::stderr().is_terminal()
}

/// A `head` that has seen enough is no error.
fn written(done: io::Result<()>) -> Result<(), Failure> {
    done.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::Closed,
        _ => Failure::Io { doing: "writing the output".to_owned(), source: error },
    })
}

/// One line of text without anything that a terminal would act upon: control characters, and marks that reverse the reading
/// direction. Line breaks and tabs become spaces.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' | '\t' => ' ',
            hostile if is_hostile(hostile) => '\u{fffd}',
            other => other,
        })
        .collect()
}

fn is_hostile(character: char) -> bool {
    let reverses = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() || reverses || matches!(character, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_see_no_control_characters() {
        assert_eq!(clean("plain ü"), "plain ü");
        assert_eq!(clean("a\x1b[31mb\x07\u{9b}c"), "a\u{fffd}[31mb\u{fffd}\u{fffd}c");
        assert_eq!(clean("user\u{202e}gpj.exe"), "user\u{fffd}gpj.exe");
        assert_eq!(clean("a\rb\tc\nd"), "a\u{fffd}b c d");
    }
}
