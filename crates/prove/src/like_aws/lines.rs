//! The lines themselves, and where the AWS CLI puts empty ones.

use std::io::{self, Write};

use super::digests::Chain;
use super::walk::Found;
use super::wanted::Wanted;

/// Exit code when everything is valid, or nothing was found.
pub const VALID: u8 = 0;
/// Exit code when something is invalid.
pub const INVALID: u8 = 1;
/// Exit code when it could not be judged.
pub const ENDED: u8 = 255;

/// How many of a kind.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    valid: u64,
    invalid: u64,
}

/// Writes lines and counts.
pub struct Lines<'w> {
    out: &'w mut dyn Write,
    err: &'w mut dyn Write,
    is_verbose: bool,
    /// Whether the last line was followed by an empty one.
    is_after_blank: bool,
    digests: Count,
    backfill_digests: Count,
    logs: Count,
}

impl<'w> Lines<'w> {
    /// Nothing is written yet.
    pub fn new(out: &'w mut dyn Write, err: &'w mut dyn Write, is_verbose: bool) -> Lines<'w> {
        let none = Count::default();
        Lines { out, err, is_verbose, is_after_blank: true, digests: none, backfill_digests: none, logs: none }
    }

    /// The first line.
    pub fn header(&mut self, wanted: &Wanted) -> io::Result<()> {
        let (arn, start, end) = (&wanted.arn.text, wanted.start.text(), wanted.end.text());
        writeln!(self.out, "Validating log files for trail {arn} between {start} and {end}\n")
    }

    /// A digest's verdict: `None` for a valid one.
    pub fn digest(&mut self, chain: Chain, place: &str, trouble: Option<&str>) -> io::Result<()> {
        match chain {
            Chain::Standard => self.digests.add(trouble),
            Chain::Backfill => self.backfill_digests.add(trouble),
        }
        self.verdict(&format!("{}Digest file\t{place}", mark(chain)), trouble)
    }

    /// A log file's verdict.
    pub fn log(&mut self, place: &str, trouble: Option<&str>) -> io::Result<()> {
        self.logs.add(trouble);
        self.verdict(&format!("Log file\t{place}"), trouble)
    }

    /// A gap between two digests.
    pub fn gap(&mut self, chain: Chain, from: &str, to: &str) -> io::Result<()> {
        self.trouble(&format!("{}No log files were delivered by CloudTrail between {from} and {to}", mark(chain)))
    }

    /// The last lines, and the exit code.
    pub fn summary(&mut self, wanted: &Wanted, found: Found) -> io::Result<u8> {
        if !self.is_after_blank {
            writeln!(self.out)?;
        }
        writeln!(self.out, "Results requested for {} to {}", wanted.start.text(), wanted.end.text())?;
        let counts = [("digest", self.digests), ("backfill digest", self.backfill_digests), ("log", self.logs)];
        match found.0 {
            Some((start, end)) => writeln!(self.out, "Results found for {} to {}:\n", start.text(), end.text())?,
            None if counts.iter().all(|(_, count)| count.total() == 0) => writeln!(self.out, "No digests found")?,
            None => writeln!(self.out, "No valid digests found in range\n")?,
        }
        for (name, count) in counts {
            self.count(name, count)?;
        }
        self.out.flush()?;
        Ok(if counts.iter().any(|(_, count)| count.invalid > 0) { INVALID } else { VALID })
    }

    /// The line with which everything ends, and the exit code.
    pub fn end(&mut self, text: &str) -> io::Result<u8> {
        self.out.flush()?;
        writeln!(self.err, "\n{text}")?;
        self.err.flush()?;
        Ok(ENDED)
    }

    fn verdict(&mut self, object: &str, trouble: Option<&str>) -> io::Result<()> {
        match trouble {
            Some(trouble) => self.trouble(&format!("{object}\tINVALID: {trouble}")),
            None if self.is_verbose => {
                self.is_after_blank = false;
                writeln!(self.out, "{object}\tvalid")
            }
            None => Ok(()),
        }
    }

    fn trouble(&mut self, line: &str) -> io::Result<()> {
        // So that the lines of both stand in their order where both go to one terminal.
        self.out.flush()?;
        if !self.is_after_blank {
            writeln!(self.err)?;
        }
        self.is_after_blank = true;
        writeln!(self.err, "{line}\n")
    }

    fn count(&mut self, name: &str, count: Count) -> io::Result<()> {
        let (valid, invalid, total) = (count.valid, count.invalid, count.total());
        match (total, invalid) {
            (0, _) => Ok(()),
            (_, 0) => writeln!(self.out, "{valid}/{total} {name} files valid"),
            _ => writeln!(self.out, "{valid}/{total} {name} files valid, {invalid}/{total} {name} files INVALID"),
        }
    }
}

impl Count {
    fn add(&mut self, trouble: Option<&str>) {
        match trouble {
            None => self.valid += 1,
            Some(_) => self.invalid += 1,
        }
    }

    fn total(self) -> u64 {
        self.valid + self.invalid
    }
}

fn mark(chain: Chain) -> &'static str {
    match chain {
        Chain::Standard => "",
        Chain::Backfill => "(backfill) ",
    }
}
