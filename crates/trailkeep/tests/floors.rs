//! Arrows between our crates go down the floors of ARCHITECTURE.md, never up and never sideways; and what is to be pure has
//! neither a runtime nor a store below it.

use std::collections::BTreeMap;

use crate::metadata::{Metadata, Section, root, text};

/// Crates above floor 1 that are pure too.
const PURE: [&str; 3] = ["check", "detect", "audit"];
/// What no pure crate may stand on.
const IMPURE: [&str; 6] = ["tokio", "object_store", "reqwest", "hyper", "aws-config", "mio"];

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    /// `None` for crates that are only ever a dev-dependency.
    floor: Option<u32>,
    may_use: MayUse,
}

#[derive(Debug, PartialEq, Eq)]
enum MayUse {
    Nothing,
    All,
    Floors(u32, u32),
    Crates(Vec<String>),
}

#[test]
fn arrows_go_down() {
    let (metadata, table) = (Metadata::read(), table());
    let mut wrong = Vec::new();
    for package in metadata.members() {
        let Some(from) = ours(text(&package["name"])) else { continue };
        if !table.contains_key(from) {
            wrong.push(format!("`{from}` is not in the table of ARCHITECTURE.md"));
            continue;
        }
        for (to, section) in Metadata::named(package).into_iter().filter_map(|(name, section)| Some((ours(name)?, section))) {
            if !allowed(&table, from, to, section) {
                wrong.push(format!("`{from}` may not use `{to}` ({section:?})"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_crates_stand_on_nothing_impure() {
    let (metadata, table) = (Metadata::read(), table());
    let mut wrong = Vec::new();
    for package in metadata.members() {
        let Some(name) = ours(text(&package["name"])) else { continue };
        let pure = PURE.contains(&name) || table.get(name).and_then(|row| row.floor).is_some_and(|floor| floor <= 1);
        let below = if pure { metadata.below(package) } else { continue };
        wrong
            .extend(IMPURE.iter().filter(|impure| below.contains(**impure)).map(|impure| format!("`{name}` stands on `{impure}`")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_rule_itself() {
    let table = parse(
        "| floor | crate | one sentence | may use |\n|---|---|---|---|\n\
         | 0 | `record` | x | - |\n| 0 | `finding` | x | - |\n| 1 | `insights` | x | record |\n| 2 | `lake` | x | floors 0-1 |\n\
         | 5 | `trailkeep` | x | all |\n| - | `testbed` | x | floors 0-3 |\n",
    );
    let cases = [
        ("insights", "record", Section::Normal, true),
        ("insights", "finding", Section::Normal, false),
        ("lake", "record", Section::Normal, true),
        ("record", "lake", Section::Normal, false),
        ("record", "lake", Section::Dev, false),
        ("record", "finding", Section::Normal, false),
        ("trailkeep", "lake", Section::Normal, true),
        ("trailkeep", "testbed", Section::Normal, false),
        ("lake", "testbed", Section::Dev, true),
        ("testbed", "lake", Section::Normal, true),
        ("lake", "unheard-of", Section::Normal, false),
    ];
    for (from, to, section, expected) in cases {
        assert_eq!(allowed(&table, from, to, section), expected, "{from} -> {to} ({section:?})");
    }
}

/// `trailkeep-lake` is `lake`; benchmarks and chores (`xtask`) stand outside the house and may use all of it.
fn ours(package: &str) -> Option<&str> {
    if package == "trailkeep" { Some(package) } else { package.strip_prefix("trailkeep-") }
}

fn allowed(table: &BTreeMap<String, Row>, from: &str, to: &str, section: Section) -> bool {
    let (Some(user), Some(used)) = (table.get(from), table.get(to)) else { return false };
    let Some(below) = used.floor else { return section == Section::Dev };
    if user.floor.is_some_and(|floor| below >= floor) {
        return false;
    }
    match &user.may_use {
        _ if section == Section::Dev => true,
        MayUse::Nothing => false,
        MayUse::All => true,
        MayUse::Floors(first, last) => (first..=last).contains(&&below),
        MayUse::Crates(names) => names.iter().any(|name| name == to),
    }
}

fn table() -> BTreeMap<String, Row> {
    let table = parse(&std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md"));
    assert!(table.len() >= 7, "the table of floors in ARCHITECTURE.md has only {} rows", table.len());
    table
}

fn parse(markdown: &str) -> BTreeMap<String, Row> {
    markdown.lines().filter_map(row).collect()
}

/// `| 1 | `insights` | one sentence | record, finding |`
fn row(line: &str) -> Option<(String, Row)> {
    let cells: Vec<&str> = line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect();
    let [floor, name, _, may_use] = cells.as_slice() else { return None };
    let floor = if *floor == "-" { None } else { Some(floor.parse().ok()?) };
    let name = name.strip_prefix('`')?.strip_suffix('`')?;
    Some((name.to_owned(), Row { floor, may_use: self::may_use(may_use) }))
}

fn may_use(cell: &str) -> MayUse {
    let number = |text: &str| text.trim().parse::<u32>().expect("a floor is a number");
    match cell {
        "-" => MayUse::Nothing,
        "all" => MayUse::All,
        _ => match cell.strip_prefix("floors ").map(|range| range.split_once('-').expect("floors are a range")) {
            Some((first, last)) => MayUse::Floors(number(first), number(last)),
            None => MayUse::Crates(cell.split(',').map(|name| name.trim().trim_matches('`').to_owned()).collect()),
        },
    }
}
