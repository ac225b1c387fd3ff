//! SIGKILL at any point loses nothing and stores nothing twice.
//!
//! A campaign kills collectors inside each stage, on one home, until every stage has been struck often enough; between the kills
//! the work goes on where it stood, and in the end the home must hold exactly what the generator says. Half of the strikes are on
//! two collectors that work on the same home at once. The log of kills is printed; it proves that they were inside.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use testbed::{Killer, Outcome, Stage, TestHome};

use crate::asked::{Asked, files};
use crate::organization::{Organization, now_s, small_plan};

/// Kills inside each stage that a campaign must have seen.
const KILLS_MIN: usize = 10;
/// Sources that the organization is cut into: each is one chance to be killed in each stage of collecting.
const PARTS: usize = 10;
/// Homes that a campaign may use up until every stage has been struck often enough.
const ROUNDS_MAX: usize = 5;
/// Strikes at one stage of one home.
const STRIKES_MAX: usize = 40;
const DAYS: u32 = 22;
const EVENTS: u64 = 4_800;
/// AWS's shortest retention.
const RETENTION_DAYS: u32 = 7;

/// Where the ledger's commits are.
const LEDGER_LOG: &str = "ledger/_delta_log";

/// Copies that are opened, those first whose two logs do not belong together.
const COPIES_TRIED: usize = 6;

/// Stages that a collector goes through, in their order.
const COLLECTING: [Stage; 5] = [Stage::Fetch, Stage::Rows, Stage::Ledger, Stage::Commit, Stage::LedgerCommit];

#[test]
fn killed_in_a_folder() {
    let organization = Organization::write(&small_plan(DAYS, EVENTS), PARTS);
    let mut killer = Killer::new(1);
    for _ in 0..ROUNDS_MAX {
        let home = TestHome::folder();
        campaign("folder", &home, &organization, &mut killer);
        if all_struck(&killer) {
            break;
        }
    }
    assert_struck(&killer);
}

#[test]
fn killed_on_s3() {
    let Some(moto) = TestHome::server("crash::killed_on_s3") else { return };
    let organization = Organization::write(&small_plan(DAYS, EVENTS), PARTS);
    let mut killer = Killer::new(2);
    for round in 0..ROUNDS_MAX {
        let home = TestHome::bucket(&moto, &format!("round-{round}"));
        campaign("s3", &home, &organization, &mut killer);
        if all_struck(&killer) {
            break;
        }
    }
    assert_struck(&killer);
}

#[test]
fn a_copy_made_while_collecting_opens_and_goes_on() {
    let organization = Organization::write(&small_plan(5, 3_000), 6);
    let (home, parts) = (TestHome::folder(), organization.parts());
    let asked = Asked::of(&home);
    asked.collect(&parts[0], 0);
    let mut copies = Vec::new();
    for part in &parts[1..] {
        let mut collector = asked.command(&["collect", part]).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        while collector.try_wait().unwrap().is_none() {
            copies.push(home.copied_under_load().unwrap());
        }
    }
    assert!(!copies.is_empty(), "a collection takes longer than looking whether it runs");
    copies.sort_by_key(|copy| std::cmp::Reverse(torn(&copy.path().unwrap())));
    for copy in copies.iter().take(COPIES_TRIED) {
        let asked = Asked::of(copy);
        println!("copy with {} commits between its two logs", torn(&copy.path().unwrap()));
        parts.iter().for_each(|part| drop(asked.collect(part, 0)));
        asked.assert_holds(&organization);
    }
}

/// How far apart the two logs of a copy are: the copy tool read one of them before a commit, and the other after it.
fn torn(home: &Path) -> usize {
    let commits = |table: &str| files(&home.join(table).join("_delta_log")).keys().filter(|name| name.ends_with(".json")).count();
    commits("ledger").abs_diff(commits("archive"))
}

/// Collects, compacts, upgrades and expires one home, with kills in every stage that still needs some.
fn campaign(place: &str, home: &TestHome<'_>, organization: &Organization, killer: &mut Killer) {
    let asked = Asked::of(home);
    collect_under_fire(place, &asked, organization, killer);
    asked.assert_holds(organization);
    upgrade_under_fire(place, home, &asked, organization, killer);
    asked.assert_holds(organization);
    compact_under_fire(place, &asked, killer);
    asked.assert_holds(organization);
    retain_under_fire(place, &asked, killer);
    assert_expired(&asked, organization);
}

fn collect_under_fire(place: &str, asked: &Asked, organization: &Organization, killer: &mut Killer) {
    let parts = organization.parts();
    for (at, part) in parts.iter().enumerate() {
        if COLLECTING.iter().all(|stage| killer.inside(*stage) >= KILLS_MIN) {
            break;
        }
        let other = &parts[(at + 1) % parts.len()];
        for (step, stage) in COLLECTING.into_iter().enumerate() {
            if killer.inside(stage) >= KILLS_MIN {
                continue;
            }
            // Alone, two on the same source, alone, two on different sources.
            let sources = match (at + step) % 4 {
                1 => vec![part, part],
                3 => vec![part, other],
                _ => vec![part],
            };
            let commands: Vec<Command> = sources.iter().map(|source| asked.command(&["collect", source])).collect();
            killer.strike(&scene(place, &commands), commands, stage, 1);
        }
        asked.collect(part, 0);
    }
    // Whatever is still missing, and everything else once more.
    let all: Vec<&str> = std::iter::once("collect").chain(parts.iter().map(String::as_str)).collect();
    asked.verb(&all);
}

fn upgrade_under_fire(place: &str, home: &TestHome<'_>, asked: &Asked, organization: &Organization, killer: &mut Killer) {
    let part = &organization.parts()[0];
    strike_until_enough(killer, Stage::Upgrade, |killer, strike| {
        if home.has("config/format/4.json") {
            downgrade(home);
        }
        let count = 1 + strike % 2;
        let commands: Vec<Command> = (0..count).map(|_| asked.command(&["collect", part])).collect();
        killer.strike(&scene(place, &commands), commands, Stage::Upgrade, 1);
        true
    });
    downgrade(home);
    asked.collect(part, 0);
    assert!(home.has("config/format/4.json"), "the home was upgraded");
    assert!(has_column(&newest_schema(home).1, "metadata"), "the ledger was given its column");
}

/// Makes a home what format 1 was: no document about its stores, no verdicts, and a ledger without its newest column.
fn downgrade(home: &TestHome<'_>) {
    home.clear("config/format");
    home.clear("config/store-events");
    home.clear("verdicts");
    let (version, mut meta) = newest_schema(home);
    if has_column(&meta, "metadata") {
        let mut schema: Value = serde_json::from_str(meta["metaData"]["schemaString"].as_str().unwrap()).unwrap();
        schema["fields"].as_array_mut().unwrap().retain(|field| field["name"] != "metadata");
        meta["metaData"]["schemaString"] = schema.to_string().into();
        home.put(&format!("{LEDGER_LOG}/{:020}.json", version + 1), meta.to_string().as_bytes());
    }
    home.put("config/format/1.json", br#"{"format":1}"#);
}

/// The ledger's last version, and the last action of its log that gives it a schema.
fn newest_schema(home: &TestHome<'_>) -> (u64, Value) {
    let commits: Vec<String> = home.names(LEDGER_LOG).into_iter().filter(|name| name.ends_with(".json")).collect();
    let schemas = commits.iter().rev().filter_map(|name| {
        let commit = String::from_utf8(home.get(&format!("{LEDGER_LOG}/{name}"))?).ok()?;
        let line = commit.lines().find(|line| line.starts_with(r#"{"metaData""#))?;
        serde_json::from_str(line).ok()
    });
    (commits.len() as u64 - 1, schemas.into_iter().next().expect("a table has a schema"))
}

fn has_column(meta: &Value, name: &str) -> bool {
    let schema: Value = serde_json::from_str(meta["metaData"]["schemaString"].as_str().unwrap()).unwrap();
    schema["fields"].as_array().unwrap().iter().any(|field| field["name"] == name)
}

fn compact_under_fire(place: &str, asked: &Asked, killer: &mut Killer) {
    under_fire(place, asked, killer, Stage::Compact, &["compact"]);
}

fn retain_under_fire(place: &str, asked: &Asked, killer: &mut Killer) {
    let days = RETENTION_DAYS.to_string();
    under_fire(place, asked, killer, Stage::Retain, &["compact", "--retention-days", &days, "--grace", "0s", "--yes"]);
}

/// Strikes a verb in its stage, every other time two of it at once, until there is nothing left to do; then lets it finish.
fn under_fire(place: &str, asked: &Asked, killer: &mut Killer, stage: Stage, verb: &[&str]) {
    strike_until_enough(killer, stage, |killer, strike| {
        let commands: Vec<Command> = (0..1 + strike % 2).map(|_| asked.command(verb)).collect();
        let outcomes = killer.strike(&scene(place, &commands), commands, stage, 1);
        !outcomes.iter().all(|outcome| matches!(outcome, Outcome::Finished(_)))
    });
    asked.verb(verb);
}

/// Strikes until the stage has been struck often enough, or there is nothing left to strike at.
fn strike_until_enough(killer: &mut Killer, stage: Stage, mut strike: impl FnMut(&mut Killer, usize) -> bool) {
    for number in 0..STRIKES_MAX {
        if killer.inside(stage) >= KILLS_MIN || !strike(killer, number) {
            return;
        }
    }
}

fn scene(place: &str, commands: &[Command]) -> String {
    format!("{place}/{} at once", commands.len())
}

/// Days that are past their retention are gone, all others are whole.
fn assert_expired(asked: &Asked, organization: &Organization) {
    let day =
        |days_ago: i64| chrono::DateTime::from_timestamp(now_s() - days_ago * 86_400, 0).unwrap().format("%Y-%m-%d").to_string();
    // The day of the cut itself, and the one before in case it is midnight, may be there or not.
    let (gone_before, kept_from) = (day(i64::from(RETENTION_DAYS) + 1), day(i64::from(RETENTION_DAYS) - 1));
    let kept: u64 = organization.totals.by_day.iter().filter(|(day, _)| **day >= kept_from).map(|(_, n)| n).sum();
    assert!(kept > 0 && organization.totals.by_day.keys().any(|day| *day < gone_before), "the sample spans the cut");
    assert_eq!(asked.number(&format!("SELECT count(*) AS n FROM events WHERE eventTime >= '{kept_from}T00:00:00Z'")), kept, "kept");
    assert_eq!(
        asked.number(&format!("SELECT count(*) AS n FROM events WHERE eventTime < '{gone_before}T00:00:00Z'")),
        0,
        "expired"
    );
    asked.assert_deliveries(organization);
}

fn all_struck(killer: &Killer) -> bool {
    testbed::STAGES.iter().all(|stage| killer.inside(*stage) >= KILLS_MIN)
}

/// The proof: kills inside each stage, and how many of them with another collector at work.
fn assert_struck(killer: &Killer) {
    for stage in testbed::STAGES {
        let inside = || killer.log().iter().filter(|kill| kill.stage == stage && kill.outcome == Outcome::Inside);
        println!(
            "killed inside {:<13} {:>3} times, {:>3} of them with two at once",
            stage.name(),
            inside().count(),
            inside().filter(|kill| kill.scene.contains("2 at once")).count()
        );
        assert!(inside().count() >= KILLS_MIN, "only {} kills inside `{}`", inside().count(), stage.name());
        let finished = killer.log().iter().filter_map(|kill| match kill.outcome {
            Outcome::Finished(code) => Some(code),
            _ => None,
        });
        for code in finished {
            assert_eq!(code, 0, "a collector that was not killed ended with exit code {code}");
        }
    }
}
