//! What deny.toml says about licences, duplicates and sources, checked against the lock file without any further tool.
//! (Advisories need a database from the network; cargo-deny reads the same file for those.)

use std::collections::BTreeMap;
use std::iter::Peekable;

use crate::metadata::{Metadata, root, text};

#[test]
fn every_licence_is_allowed() {
    let (metadata, deny) = (Metadata::read(), deny());
    let allowed = list(&deny, "allow = [");
    assert!(allowed.len() > 3, "{allowed:?}");
    let foreign = metadata.packages().iter().filter(|package| !package["source"].is_null());
    let wrong: Vec<String> = foreign
        .filter(|package| !permits(text(&package["license"]), &allowed))
        .map(|package| format!("{} {}: `{}`", text(&package["name"]), text(&package["version"]), text(&package["license"])))
        .collect();
    assert!(wrong.is_empty(), "licences that deny.toml does not allow:\n{}", wrong.join("\n"));
}

#[test]
fn there_is_one_arrow_one_parquet_one_datafusion() {
    let (metadata, deny) = (Metadata::read(), deny());
    let single: Vec<&str> = deny.lines().filter(|line| line.contains("deny-multiple-versions = true")).filter_map(quoted).collect();
    assert!(single.len() >= 4, "{single:?}");
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in metadata.packages() {
        versions.entry(text(&package["name"])).or_default().push(text(&package["version"]));
    }
    for name in single {
        assert_eq!(versions[name].len(), 1, "{name}: {:?}", versions[name]);
    }
    assert!(!versions.contains_key("openssl-sys"), "TLS is rustls");
}

#[test]
fn everything_comes_from_the_registry() {
    for package in Metadata::read().packages().iter().filter(|package| !package["source"].is_null()) {
        assert_eq!(text(&package["source"]), "registry+https://github.com/rust-lang/crates.io-index", "{}", package["name"]);
    }
}

#[test]
fn expressions_are_understood() {
    let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"];
    let cases = [
        ("MIT", true),
        ("GPL-3.0", false),
        ("", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("ISC AND (GPL-3.0 OR MIT)", true),
        ("(ISC AND GPL-3.0) OR Apache-2.0 WITH LLVM-exception", true),
        ("MIT AND ISC OR GPL-3.0", true),
    ];
    for (expression, expected) in cases {
        assert_eq!(permits(expression, &allowed), expected, "{expression}");
    }
}

fn deny() -> String {
    std::fs::read_to_string(root().join("deny.toml")).unwrap()
}

/// The quoted entries between a line and the closing bracket.
fn list<'a>(toml: &'a str, opening: &str) -> Vec<&'a str> {
    toml.lines().skip_while(|line| *line != opening).skip(1).take_while(|line| *line != "]").filter_map(quoted).collect()
}

fn quoted(line: &str) -> Option<&str> {
    line.split('"').nth(1)
}

/// Whether a licence expression can be satisfied with allowed licences alone.
fn permits(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ").replace(" WITH ", "+WITH+");
    either(&mut spaced.split_whitespace().peekable(), allowed)
}

fn either<'a>(words: &mut Peekable<impl Iterator<Item = &'a str>>, allowed: &[&str]) -> bool {
    let mut any = both(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        any |= both(words, allowed);
    }
    any
}

fn both<'a>(words: &mut Peekable<impl Iterator<Item = &'a str>>, allowed: &[&str]) -> bool {
    let mut all = single(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        all &= single(words, allowed);
    }
    all
}

fn single<'a>(words: &mut Peekable<impl Iterator<Item = &'a str>>, allowed: &[&str]) -> bool {
    match words.next() {
        Some("(") => {
            let inner = either(words, allowed);
            words.next_if_eq(&")");
            inner
        }
        Some(licence) => allowed.contains(&licence.replace("+WITH+", " WITH ").as_str()),
        None => false,
    }
}
