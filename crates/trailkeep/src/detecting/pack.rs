//! The rules that come with trailkeep, compiled in from `rules/`.

use detect::File;

/// A folder of `rules/`.
#[derive(Clone, Copy, Debug)]
pub struct PackedRule {
    /// The folder's name.
    pub name: &'static str,
    /// `rule.yml`.
    pub rule: &'static str,
    /// `fires.json`.
    pub fires: &'static str,
    /// `quiet.json`.
    pub quiet: &'static str,
}

/// All of them, by name.
pub const PACK: &[PackedRule] = include!(concat!(env!("OUT_DIR"), "/pack.rs"));

/// Their rules as files.
pub fn files() -> Vec<File> {
    PACK.iter().map(|packed| File { name: format!("{}/rule.yml", packed.name), text: packed.rule.to_owned() }).collect()
}
