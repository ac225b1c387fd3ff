//! Puts the rules of `rules/` into the program: a list of `(name, rule.yml, fires.json, quiet.json)`, one for each folder.
#![expect(clippy::disallowed_methods, reason = "cargo tells a build script where to write through its environment")]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let rules = Path::new("../../rules");
    println!("cargo:rerun-if-changed={}", rules.display());
    let mut folders: Vec<PathBuf> = match fs::read_dir(rules) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?,
        Err(_) => Vec::new(),
    };
    folders.retain(|folder| folder.join("rule.yml").is_file());
    folders.sort();
    let mut list = String::from("&[\n");
    for folder in folders {
        let folder = fs::canonicalize(folder)?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let include = |file: &str| match folder.join(file) {
            path if path.is_file() => format!("include_str!({path:?})"),
            _ => "\"[]\"".to_owned(),
        };
        let (rule, fires, quiet) = (include("rule.yml"), include("fires.json"), include("quiet.json"));
        let _ = writeln!(list, "    PackedRule {{ name: {name:?}, rule: {rule}, fires: {fires}, quiet: {quiet} }},");
    }
    list.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("pack.rs"), list)
}
