//! Runs rules over logs: those of a source as they lie there, or those of the lake.

pub mod cases;
pub mod home;
pub mod pack;
pub mod reading;
pub mod rule_files;
pub mod silences;

use std::path::PathBuf;

use detect::{Book, File};
use predicate::sigma::Placeholders;

use crate::exit::Failure;
use crate::outside;

/// Which rules the user wants.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Rules {
    /// Sigma rules of your own: files, or folders of them; added to those that come with trailkeep
    #[arg(long, value_name = "PATH")]
    pub rules: Vec<PathBuf>,

    /// Leave out the rules that come with trailkeep
    #[arg(long, requires = "rules")]
    pub only_given_rules: bool,

    /// Values for `expand`: a YAML file of `name: [value, ...]`
    #[arg(long, value_name = "FILE")]
    pub placeholders: Option<PathBuf>,
}

impl Rules {
    /// Reads them.
    pub fn read(&self) -> Result<Book, Failure> {
        let placeholders = self.placeholders()?;
        let mut files: Vec<File> = if self.only_given_rules { Vec::new() } else { pack::files() };
        for path in &self.rules {
            files.extend(rule_files::read(path)?);
        }
        let today = outside::now().format("%Y-%m-%d").to_string();
        Ok(Book::read(&files, &placeholders, &today))
    }

    /// Reads the placeholders' values.
    pub fn placeholders(&self) -> Result<Placeholders, Failure> {
        let Some(file) = &self.placeholders else { return Ok(Placeholders::default()) };
        let text = rule_files::text(file)?;
        Placeholders::read(&text)
            .map_err(|error| Failure::usage(format!("`{}`, line {}: {}", file.display(), error.line, error.what), error.hint))
    }
}
