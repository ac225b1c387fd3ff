//! The two back ends of predicates say the same: what SQL over the lake answers lies around what the matcher answers.

use std::fs;

use predicate::sql::{at_least, at_most};
use predicate::{Case, Check, Expr, Glob, Matcher, Number, Order, Path, Piece, Regexp, Set};
use serde_json::Value;
use testbed::{Dice, Finished, TestHome};

use crate::asked::{Asked, EXE};

/// Records that differ where predicates look, some of them odd.
fn record(number: usize, dice: &mut Dice) -> String {
    let pick = |dice: &mut Dice, from: &[&str]| from[dice.up_to(from.len() as u64 - 1) as usize].to_owned();
    let name = pick(
        dice,
        &[r#""StopLogging""#, r#""stoplogging""#, r#""GetObject""#, r#"["StopLogging","x"]"#, r#""Stop\u004cogging""#, "null"],
    );
    let code = pick(
        dice,
        &[
            "",
            r#","errorCode":null"#,
            r#","errorCode":"AccessDenied""#,
            r#","errorCode":"Client.Denied_100%""#,
            r#","errorCode":404"#,
        ],
    );
    let agent = pick(dice, &[r#""[S3Console/0.4]""#, r#""aws-cli/2.0 \"x\" É""#, r#""aws\\cli""#, r#""""#]);
    let parameters = pick(
        dice,
        &[
            "null",
            r#"{"bucketName":"logs","acl":["public-read"]}"#,
            r#"{"bucketName":"LOGS","n":{"v":7}}"#,
            r#"{"bucketN\u0061me":"logs"}"#,
            r#"[{"bucketName":"logs"}]"#,
        ],
    );
    let more = pick(
        dice,
        &[
            "",
            r#","oddKey":"logs""#,
            r#","eventName":"Second""#,
            r#","requestParameters":{"bucketName":"late"}"#,
            r#", "spaced":1"#,
        ],
    );
    let identity =
        pick(dice, &[r#"{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/alice"}"#, r#"{"type":"Root"}"#, r#""none""#]);
    format!(
        r#"{{"eventVersion":"1.11","eventID":"{number}","eventTime":"2026-11-01T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":{name},"userAgent":{agent},"userIdentity":{identity}{code},"requestParameters":{parameters}{more},"recipientAccountId":"111122223333"}}"#
    )
}

fn check(dice: &mut Dice) -> Check {
    let words = ["StopLogging", "logs", "stop", "AccessDenied", "100%", "_", "[S3", "É", "\\", "alice", "7", "Root", "public"];
    let word = words[dice.up_to(words.len() as u64 - 1) as usize];
    let case = if dice.up_to(1) == 0 { Case::Exact } else { Case::Ignored };
    match dice.up_to(8) {
        0 => Check::Filled,
        1 => Check::Exists,
        2 => Check::Number(Order::GreaterOrEqual, Number::new(7.0).unwrap()),
        3 => Check::Regex(Regexp::new("(?i)^s.*g$").unwrap()),
        4 => Check::Text(Glob::prefix(word), case),
        5 => Check::Text(Glob::contains(word), case),
        6 => Check::Text(Glob::new([Piece::One, Piece::Many, Piece::Text(word.to_owned())]), case),
        _ => Check::Text(Glob::exact(word), case),
    }
}

fn expr(dice: &mut Dice, depth: usize) -> Expr {
    let paths = [
        "eventName",
        "errorCode",
        "userAgent",
        "userIdentity.arn",
        "userIdentity.type",
        "requestParameters.bucketName",
        "requestParameters",
        "requestParameters.acl",
        "requestParameters.n.v",
        "oddKey",
        "status",
        "readOnly",
    ];
    match dice.up_to(if depth == 0 { 0 } else { 4 }) {
        0 | 4 => {
            let path = paths[dice.up_to(paths.len() as u64 - 1) as usize];
            let path = if dice.up_to(2) == 0 { Path::strict(path) } else { Path::loose(path) };
            Expr::Test(path, check(dice))
        }
        1 => Expr::not(expr(dice, depth - 1)),
        2 => Expr::All((0..3).map(|_| expr(dice, depth - 1)).collect()),
        _ => Expr::Any((0..3).map(|_| expr(dice, depth - 1)).collect()),
    }
}

#[test]
fn sql_lies_around_the_matcher() {
    let mut dice = Dice::new(20_261_128);
    let records: Vec<String> = (0..300).map(|number| record(number, &mut dice)).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.json");
    fs::write(&file, format!("{{\"Records\":[{}]}}", records.join(","))).unwrap();
    let home = TestHome::folder();
    Asked::of(&home).collect_with_any_code(&file.display().to_string());
    let exprs: Vec<Expr> = (0..120).map(|_| expr(&mut dice, 3)).collect();
    let set = Set::new(&exprs).unwrap();
    let (mut matcher, mut hits) = (Matcher::new(&set), Vec::new());
    let mut exact = 0;
    for (at, chunk) in exprs.chunks(20).enumerate() {
        let of = |(place, expr): (usize, &Expr)| {
            let (least, most) = (at_least(expr), at_most(expr));
            format!("coalesce({least}, FALSE) AS least{place}, coalesce({most}, FALSE) AS most{place}")
        };
        let columns: Vec<String> = chunk.iter().enumerate().map(of).collect();
        let rows = query(&home, &format!("SELECT eventID, {} FROM events", columns.join(", ")));
        assert_eq!(rows.len(), records.len());
        for row in rows {
            let number: usize = row[0].parse().unwrap();
            matcher.text(&records[number], &mut hits);
            for (place, expr) in chunk.iter().enumerate() {
                let holds = hits.contains(&(at * 20 + place));
                let (least, most) = (row[1 + 2 * place] == "true", row[2 + 2 * place] == "true");
                assert!(
                    least <= holds && holds <= most,
                    "{least} {holds} {most}: {expr:?}\n{}\n{}",
                    at_most(expr),
                    records[number]
                );
                exact += usize::from(least == most);
            }
        }
    }
    assert!(exact * 3 > exprs.len() * records.len(), "SQL decides {exact} of {}", exprs.len() * records.len());
}

/// Rows as text cells.
fn query(home: &TestHome<'_>, sql: &str) -> Vec<Vec<String>> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), sql).unwrap();
    let path = file.path().display().to_string();
    let done: Finished = home.program(EXE).run(&["query", "--home", &home.name(), "--file", &path, "-o", "csv"]).expect_code(0);
    let mut lines = done.stdout.lines();
    lines.next();
    lines.map(|line| line.split(',').map(|cell| cell.trim_matches('"').to_owned()).collect()).collect()
}

#[test]
fn the_value_of_a_test_is_a_value() {
    // serde_json's value and the text that it is written as are one record.
    let value: Value = serde_json::json!({"a": {"b": [1, "x"]}});
    let expr = Expr::Test(Path::loose("a.b"), Check::Text(Glob::exact("X"), Case::Ignored));
    let set = Set::new([&expr]).unwrap();
    let mut hits = Vec::new();
    Matcher::new(&set).value(&value, &mut hits);
    assert_eq!(hits, [0]);
}
