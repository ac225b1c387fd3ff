//! Rules with their cases: those that come with trailkeep, or those of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use detect::Suite;

use super::pack::PACK;
use super::rule_files;
use crate::exit::Failure;

/// Largest file of cases, in bytes.
const CASES_BYTES_MAX: u64 = 16 << 20;

/// The suites that come with trailkeep.
pub fn packed() -> Vec<Suite> {
    let suite = |packed: &super::pack::PackedRule| Suite {
        name: packed.name.to_owned(),
        rule: packed.rule.to_owned(),
        fires: packed.fires.to_owned(),
        quiet: packed.quiet.to_owned(),
    };
    PACK.iter().map(suite).collect()
}

/// The suites of a folder: one in each sub-folder that has a `rule.yml`, or the folder itself.
pub fn of_folder(folder: &Path) -> Result<Vec<Suite>, Failure> {
    let mut found: Vec<PathBuf> = Vec::new();
    if folder.join("rule.yml").is_file() {
        found.push(folder.to_owned());
    } else {
        let reading = || Failure::reading(folder.display());
        for entry in fs::read_dir(folder).map_err(reading())? {
            let path = entry.map_err(reading())?.path();
            if path.join("rule.yml").is_file() {
                found.push(path);
            }
        }
    }
    if found.is_empty() {
        let what = format!("`{}` has no folder with a `rule.yml`", folder.display());
        return Err(Failure::usage(what, "a rule is a folder with rule.yml, fires.json and quiet.json"));
    }
    found.sort();
    found.iter().map(|folder| suite(folder)).collect()
}

fn suite(folder: &Path) -> Result<Suite, Failure> {
    let name = folder.file_name().map_or_else(|| folder.display().to_string(), |name| name.to_string_lossy().into_owned());
    let cases = |file: &str| cases(&folder.join(file));
    Ok(Suite { name, rule: rule_files::text(&folder.join("rule.yml"))?, fires: cases("fires.json")?, quiet: cases("quiet.json")? })
}

/// A file of cases; one that is not there has none.
fn cases(file: &Path) -> Result<String, Failure> {
    let reading = || Failure::reading(file.display());
    if !file.exists() {
        return Ok("[]".to_owned());
    }
    if fs::metadata(file).map_err(reading())?.len() > CASES_BYTES_MAX {
        return Err(Failure::usage(format!("`{}` is longer than {CASES_BYTES_MAX} bytes", file.display()), "shorten the cases"));
    }
    fs::read_to_string(file).map_err(reading())
}
