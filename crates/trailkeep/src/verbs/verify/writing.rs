//! In which formats a report is written, and where to: `-o table`, `-o junit=verify.xml`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;

use crate::exit::Failure;
use crate::output::{self, Screen};

/// A format, and a file if it is not for standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writing {
    /// The format.
    pub format: Format,
    /// The file.
    pub file: Option<PathBuf>,
}

/// Format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// The whole report.
    Json,
    /// A line for each finding, and one with the sums.
    Ndjson,
    /// A test case for each account, Region and day: for CI.
    Junit,
}

impl FromStr for Writing {
    type Err = String;

    fn from_str(text: &str) -> Result<Writing, String> {
        let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
        let format = Format::from_str(name, false)
            .map_err(|_| format!("`{name}` is no format; write table, json, ndjson or junit, with =FILE for a file"))?;
        match file {
            Some("") => Err(format!("no file after `{name}=`")),
            file => Ok(Writing { format, file: file.map(PathBuf::from) }),
        }
    }
}

/// Standard output takes one format: two would run into each other.
pub fn check(writings: &[Writing]) -> Result<(), Failure> {
    match writings.iter().filter(|writing| writing.file.is_none()).count() {
        0 | 1 => Ok(()),
        _ => Err(Failure::usage("two formats for standard output", "write one of them to a file: -o junit=verify.xml")),
    }
}

/// Writes a report in all formats: files first, for whoever reads standard output may stop. What fails keeps nothing else from being
/// written; the first failure is told.
pub fn write_all(
    writings: &[Writing],
    screen: Screen,
    text: impl Fn(Format, Screen) -> Result<String, Failure>,
) -> Result<(), Failure> {
    let (printed, filed): (Vec<&Writing>, Vec<&Writing>) = writings.iter().partition(|writing| writing.file.is_none());
    let mut done = Ok(());
    for writing in filed.into_iter().chain(printed) {
        let text = text(writing.format, screen.filed(writing.file.is_some()));
        done = done.and(text.and_then(|text| writing.write(&text)));
    }
    done
}

impl Writing {
    /// Writes a whole text, which ends with a line feed or gets one.
    pub fn write(&self, text: &str) -> Result<(), Failure> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        match &self.file {
            None => output::line(text),
            Some(file) => std::fs::write(file, format!("{text}\n")).map_err(Failure::io(format!("writing `{}`", file.display()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_and_files() {
        let file = |name: &str| Some(PathBuf::from(name));
        assert_eq!("table".parse(), Ok(Writing { format: Format::Table, file: None }));
        assert_eq!("junit=a=b.xml".parse(), Ok(Writing { format: Format::Junit, file: file("a=b.xml") }));
        for wrong in ["", "xml", "junit=", "=x", "TABLE"] {
            assert!(wrong.parse::<Writing>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_format_for_standard_output() {
        let all = |texts: &[&str]| check(&texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>()).is_ok();
        assert!(all(&["table"]) && all(&["table", "junit=x"]) && all(&["json=y", "junit=x"]));
        assert!(!all(&["table", "json"]));
    }
}
