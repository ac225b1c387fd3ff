//! What went wrong, as a text with a hint and as an exit code. The only place that decides on either.

use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::ExitCode;

use collect::CollectError;
use collect::source::SourceError;
use lake::LakeError;
use lake::stores::StoreError;

use crate::output;

/// What to do about something that is not there; `SourceError::NotFound` says the same.
const NOT_FOUND_HINT: &str = "check the spelling and that it still exists";

/// How a run ended that did its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything is fine.
    Fine,
    /// It worked, and something contradicts what was promised: 4.
    Integrity,
    /// It worked, but not for everything: 5.
    Partial,
    /// It worked, and there are findings at or above `--fail-on`: 3.
    Findings,
    /// Stopped by the user after the current commit: 130.
    Interrupted,
    /// The code with which the AWS CLI would have ended.
    LikeAws(u8),
}

/// Why a run did not do its work.
#[derive(Debug)]
pub enum Failure {
    /// The lake failed.
    Lake(LakeError),
    /// A source failed.
    Source(SourceError),
    /// Collecting failed.
    Collect(CollectError),
    /// A file, a pipe or the terminal failed.
    Io {
        /// What we were doing, as in "while ...".
        doing: String,
        /// What the system said.
        source: io::Error,
    },
    /// Anything else that failed, with a hint.
    Failed {
        /// What.
        what: String,
        /// What to do about it; may be empty.
        hint: String,
    },
    /// The command line does not make sense.
    Usage {
        /// What is wrong.
        what: String,
        /// What to do about it; may be empty.
        hint: String,
    },
    /// Whoever read our output has stopped reading.
    Closed,
}

impl Exit {
    fn code(self) -> u8 {
        match self {
            Exit::Fine => 0,
            Exit::Findings => 3,
            Exit::Integrity => 4,
            Exit::Partial => 5,
            Exit::Interrupted => 130,
            Exit::LikeAws(code) => code,
        }
    }

    /// What was found stands, whether or not it could be written down: that it could not is told, and is all that is wrong with a run
    /// that found nothing wrong.
    pub fn after(self, written: Result<(), Failure>) -> Result<Exit, Failure> {
        match written {
            Ok(()) | Err(Failure::Closed) => Ok(self),
            Err(failure) if self == Exit::Fine => Err(failure),
            Err(failure) => {
                let (what, hint) = failure.texts();
                output::complain(&what, &hint);
                Ok(self)
            }
        }
    }
}

impl Failure {
    /// A mistake on the command line.
    pub fn usage(what: impl Into<String>, hint: impl Into<String>) -> Failure {
        Failure::Usage { what: what.into(), hint: hint.into() }
    }

    /// Something that failed.
    pub fn failed(what: impl Into<String>, hint: impl Into<String>) -> Failure {
        Failure::Failed { what: what.into(), hint: hint.into() }
    }

    /// A file that failed.
    pub fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Failure {
        let doing = doing.into();
        move |source| Failure::Io { doing, source }
    }

    /// A file or folder of that name, which the user gave and which could not be read.
    pub fn reading(name: impl Display) -> impl FnOnce(io::Error) -> Failure {
        let name = name.to_string();
        move |source| match source.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Failure::usage(format!("`{name}` was not found"), NOT_FOUND_HINT),
            ErrorKind::IsADirectory => Failure::usage(format!("`{name}` is a folder"), "name a file"),
            ErrorKind::PermissionDenied => {
                Failure::failed(format!("`{name}` may not be read"), "give this user the right to read it")
            }
            _ => Failure::Io { doing: format!("reading `{name}`"), source },
        }
    }

    /// A file that the user named and that could not be written.
    pub fn writing(file: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Failure {
        let file = file.as_ref().to_owned();
        move |source| match source.kind() {
            ErrorKind::NotFound => {
                let folder = file.parent().unwrap_or(&file).display();
                Failure::usage(format!("`{folder}` was not found"), "make that folder first, or write elsewhere")
            }
            ErrorKind::NotADirectory => {
                let folder = file.parent().unwrap_or(&file).display();
                Failure::usage(format!("`{folder}` is no folder"), "write elsewhere")
            }
            ErrorKind::IsADirectory => Failure::usage(format!("`{}` is a folder", file.display()), "name a file"),
            ErrorKind::PermissionDenied => {
                Failure::failed(format!("`{}` may not be written", file.display()), "write where this user may write")
            }
            _ => Failure::Io { doing: format!("writing `{}`", file.display()), source },
        }
    }

    fn code(&self) -> u8 {
        match self {
            Failure::Usage { .. } => 2,
            // What was typed is not there.
            Failure::Source(SourceError::NotFound(_)) | Failure::Collect(CollectError::Source(SourceError::NotFound(_))) => 2,
            Failure::Lake(LakeError::EventDataStore(StoreError::Retention { .. } | StoreError::Name(_))) => 2,
            Failure::Closed => 0,
            Failure::Lake(_) | Failure::Source(_) | Failure::Collect(_) | Failure::Io { .. } | Failure::Failed { .. } => 1,
        }
    }

    /// What happened, in one line.
    pub fn text(&self) -> String {
        let (what, hint) = self.texts();
        if hint.is_empty() { what } else { format!("{what}; {hint}") }
    }

    /// What happened, and what to do about it (possibly nothing).
    fn texts(&self) -> (String, String) {
        match self {
            Failure::Lake(LakeError::Sql(error)) => (error.sentence(), error.hint.clone()),
            Failure::Lake(LakeError::Store(error)) => match aws::home::refusal(error) {
                Some(refusal) => cut(&refusal.to_string()),
                None => {
                    let (reason, hint) = of_storage(error);
                    (format!("the home's storage failed: {reason}"), hint)
                }
            },
            Failure::Lake(error) => cut(&error.to_string()),
            Failure::Source(error) => cut(&error.to_string()),
            Failure::Collect(error) => cut(&error.to_string()),
            Failure::Io { doing, source } => (format!("{doing}: {source}"), String::new()),
            Failure::Failed { what, hint } | Failure::Usage { what, hint } => (what.clone(), hint.clone()),
            Failure::Closed => (String::new(), String::new()),
        }
    }
}

impl From<LakeError> for Failure {
    fn from(error: LakeError) -> Failure {
        Failure::Lake(error)
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Failure {
        Failure::Source(error)
    }
}

impl From<CollectError> for Failure {
    fn from(error: CollectError) -> Failure {
        match error {
            CollectError::Lake(error) => Failure::Lake(error),
            other => Failure::Collect(other),
        }
    }
}

/// Prints what went wrong and gives the process its exit code.
pub fn report(done: Result<Exit, Failure>) -> ExitCode {
    let code = match done {
        Ok(exit) => exit.code(),
        Err(failure) => {
            let (what, hint) = failure.texts();
            if !what.is_empty() {
                output::complain(&what, &hint);
            }
            failure.code()
        }
    };
    ExitCode::from(code)
}

/// Why the disk below a home failed, and what to do about it; other stores in their own words.
pub fn of_storage(error: &object_store::Error) -> (String, String) {
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        if let Some(of_system) = error.downcast_ref::<io::Error>().filter(|error| error.raw_os_error().is_some()) {
            let hint = match of_system.kind() {
                ErrorKind::PermissionDenied => "give this user the right to read and write it, or name another home (--home)",
                ErrorKind::ReadOnlyFilesystem => "make it writable, or name another home (--home)",
                ErrorKind::StorageFull => "make room, and run the same command again: what was committed stays",
                _ => "",
            };
            return (of_system.to_string(), hint.to_owned());
        }
        next = error.source();
    }
    (error.to_string(), String::new())
}

/// Library errors give their hint after a semicolon, outside the user's own words (in backticks).
fn cut(text: &str) -> (String, String) {
    let mut quoted = false;
    for (at, character) in text.char_indices() {
        match character {
            '`' => quoted = !quoted,
            ';' if !quoted && text.get(at..).is_some_and(|rest| rest.starts_with("; ")) => {
                let (what, hint) = text.split_at(at);
                return (what.to_owned(), hint.trim_start_matches("; ").to_owned());
            }
            _ => {}
        }
    }
    (text.to_owned(), String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_cut_off_outside_of_the_users_words() {
        assert_eq!(cut("no home at `a; b`; make one"), ("no home at `a; b`".to_owned(), "make one".to_owned()));
        assert_eq!(cut("plain"), ("plain".to_owned(), String::new()));
    }

    #[test]
    fn codes() {
        assert_eq!(Exit::Partial.code(), 5);
        assert_eq!(Exit::Interrupted.code(), 130);
        assert_eq!(Failure::usage("a", "b").code(), 2);
        assert_eq!(Failure::Closed.code(), 0);
        let full = || Err(Failure::failed("the disk is full", ""));
        assert_eq!(Exit::Integrity.after(full()).map(Exit::code).ok(), Some(4));
        assert_eq!(Exit::Fine.after(full()).map_err(|failure| failure.code()), Err(1));
        assert_eq!(Exit::Fine.after(Err(Failure::Closed)).map(Exit::code).ok(), Some(0));
        assert_eq!(Failure::Lake(LakeError::NoHome("x".to_owned())).code(), 1);
    }

    #[test]
    fn what_is_not_there_is_told_alike() {
        let gone = || io::Error::from(ErrorKind::NotFound);
        let source = Failure::Source(SourceError::NotFound("a b".to_owned()));
        let file = Failure::reading("a b")(gone());
        assert_eq!((file.text(), file.code()), (source.text(), source.code()));
        assert_eq!((file.text().as_str(), file.code()), ("`a b` was not found; check the spelling and that it still exists", 2));
        let out = Failure::writing("/no/such/x.zip")(gone());
        assert_eq!((out.text().as_str(), out.code()), ("`/no/such` was not found; make that folder first, or write elsewhere", 2));
        let denied = Failure::reading("k")(io::Error::from(ErrorKind::PermissionDenied));
        assert_eq!((denied.text().as_str(), denied.code()), ("`k` may not be read; give this user the right to read it", 1));
    }
}
