//! What cargo knows about the workspace. Read as plain JSON: the crate that would do this for us switches on a feature of
//! serde_json, and everything above that would be compiled twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// Root of the repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// `cargo metadata`, parsed.
pub struct Metadata(Value);

/// Which section of a manifest a dependency stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// `[dependencies]` or `[build-dependencies]`.
    Normal,
    /// `[dev-dependencies]`.
    Dev,
}

impl Metadata {
    /// Asks cargo, which must not change the lock file for it.
    pub fn read() -> Metadata {
        let arguments = ["metadata", "--format-version", "1", "--locked"];
        let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Metadata(serde_json::from_slice(&output.stdout).unwrap())
    }

    /// All packages, ours and others'.
    pub fn packages(&self) -> &[Value] {
        self.0["packages"].as_array().unwrap()
    }

    /// Our own packages.
    pub fn members(&self) -> Vec<&Value> {
        let ids: BTreeSet<&str> = self.0["workspace_members"].as_array().unwrap().iter().map(text).collect();
        self.packages().iter().filter(|package| ids.contains(text(&package["id"]))).collect()
    }

    /// What a package of ours names in its manifest.
    pub fn named(package: &Value) -> Vec<(&str, Section)> {
        let section = |dependency: &Value| if dependency["kind"] == "dev" { Section::Dev } else { Section::Normal };
        package["dependencies"].as_array().unwrap().iter().map(|d| (text(&d["name"]), section(d))).collect()
    }

    /// Everything below a package, development aside.
    pub fn below(&self, package: &Value) -> BTreeSet<&str> {
        let nodes: BTreeMap<&str, &Value> =
            self.0["resolve"]["nodes"].as_array().unwrap().iter().map(|node| (text(&node["id"]), node)).collect();
        let names: BTreeMap<&str, &str> = self.packages().iter().map(|p| (text(&p["id"]), text(&p["name"]))).collect();
        let (mut seen, mut waiting) = (BTreeSet::new(), vec![text(&package["id"])]);
        while let Some(id) = waiting.pop() {
            for dependency in nodes[id]["deps"].as_array().unwrap() {
                let real = dependency["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"] != "dev");
                if real && seen.insert(text(&dependency["pkg"])) {
                    waiting.push(text(&dependency["pkg"]));
                }
            }
        }
        seen.into_iter().map(|id| names[id]).collect()
    }
}

/// A JSON string.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
