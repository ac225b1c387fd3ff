//! Why a chore could not be done.

use std::path::{Path, PathBuf};

/// Why a chore could not be done, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file or folder.
    #[error("`{path}`: {error}")]
    Io {
        /// Which one.
        path: PathBuf,
        /// What went wrong.
        error: std::io::Error,
    },
    /// Something that is needed first.
    #[error("{what} is not there; {hint}")]
    Missing {
        /// What is missing.
        what: String,
        /// How to get it.
        hint: &'static str,
    },
    /// A program ended with an error.
    #[error("`{command}` ended with {code}")]
    Program {
        /// The command line.
        command: String,
        /// Its exit code.
        code: i64,
    },
    /// The figures are not those of the generator: no speed counts.
    #[error("wrong result: {0}")]
    Wrong(String),
}

impl Failure {
    /// Names the file that an IO error is about.
    pub fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
        let path = path.to_path_buf();
        move |error| Failure::Io { path, error }
    }
}
