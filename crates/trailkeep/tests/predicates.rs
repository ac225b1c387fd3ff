//! The two back ends of predicates say the same: what SQL over the lake answers lies around what the matcher answers.

use std::fs;

use predicate::pattern::{Pattern, Semantics};
use predicate::sigma::{self, Document, Placeholders};
use predicate::sql::{at_least, at_most};
use predicate::{Case, Check, Expr, Glob, Matcher, Number, Order, Path, Piece, Regexp, Set, selector};
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
        r#"{{"eventVersion":"1.11","eventID":"{number}","eventTime":"2026-11-01T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":{name},"userAgent":{agent},"userIdentity":{identity}{code},"requestParameters":{parameters}{more},"eventCategory":"Management","readOnly":false,"recipientAccountId":"111122223333"}}"#
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

/// A predicate as people write it, in each of the three languages in turn.
fn written(number: usize, dice: &mut Dice) -> (String, Expr) {
    match number % 3 {
        0 => sigma(dice),
        1 => pattern(dice),
        _ => selector(dice),
    }
}

const WORDS: [&str; 12] = [
    "StopLogging",
    "GetObject",
    "logs",
    "stop",
    "AccessDenied",
    "100%",
    "[S3",
    "alice",
    "Root",
    "public",
    "s3.amazonaws.com",
    "Second",
];

fn pick<'a>(dice: &mut Dice, from: &[&'a str]) -> &'a str {
    from[dice.up_to(from.len() as u64 - 1) as usize]
}

const FIELDS: [&str; 10] = [
    "eventName",
    "eventSource",
    "errorCode",
    "userAgent",
    "userIdentity.arn",
    "userIdentity.type",
    "requestParameters.bucketName",
    "requestParameters.acl",
    "requestParameters",
    "oddKey",
];

fn sigma(dice: &mut Dice) -> (String, Expr) {
    let line = |dice: &mut Dice| {
        let field = pick(dice, &FIELDS);
        let (modifier, value) = match dice.up_to(7) {
            0 => ("", "null".to_owned()),
            1 => ("|exists", pick(dice, &["true", "false"]).to_owned()),
            2 => ("|contains", format!("'{}'", pick(dice, &WORDS))),
            3 => ("|endswith|cased", format!("'{}'", pick(dice, &WORDS))),
            4 => ("|re|i", "'^s.*g$'".to_owned()),
            5 => ("|startswith", format!("['{}', 'arn:*:user/?lice']", pick(dice, &WORDS))),
            6 => ("|neq", format!("'{}'", pick(dice, &WORDS))),
            _ => ("", format!("['{}', '*{}']", pick(dice, &WORDS), pick(dice, &WORDS))),
        };
        format!("    {field}{modifier}: {value}\n")
    };
    let condition = pick(dice, &["a and not b", "a or b", "1 of them", "all of *", "not (a and b)", "not 1 of *"]);
    let (a, b) = (line(dice), line(dice));
    let text = format!("title: t\nlogsource: {{product: aws}}\ndetection:\n  a:\n{a}  b:\n{b}  condition: {condition}\n");
    let mut documents = sigma::read(&text, &Placeholders::default()).unwrap_or_else(|error| panic!("{text}: {error}"));
    let Document::Rule(rule) = documents.remove(0) else { panic!("{text}") };
    (text, rule.expr())
}

fn pattern(dice: &mut Dice) -> (String, Expr) {
    // A pattern has at most two regular expressions: only the first two conditions may be one.
    let test = |dice: &mut Dice, last: u64| {
        let field = pick(dice, &FIELDS);
        match dice.up_to(last) {
            0 => format!("$.{field} NOT EXISTS"),
            1 => format!("$.{field} IS NULL"),
            2 => format!("$.{field} != \"{}\"", pick(dice, &WORDS)),
            3 => format!("$.{field} = \"*{}*\"", pick(dice, &WORDS)),
            4 => format!("$.requestParameters.n.v {} 7", pick(dice, &["=", ">=", "<", "!="])),
            5 => format!("$.{field} = \"{}\"", pick(dice, &WORDS)),
            _ => format!("$.{field} = %^S[a-zA-Z]*g$%"),
        }
    };
    let link = pick(dice, &["&&", "||"]);
    let text = format!("{{ ({}) {link} (({}) || ({})) }}", test(dice, 6), test(dice, 6), test(dice, 5));
    let pattern = Pattern::parse(&text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    (text, pattern.lower(Semantics::default()).unwrap())
}

fn selector(dice: &mut Dice) -> (String, Expr) {
    let field = |dice: &mut Dice| {
        let field = pick(dice, &["eventName", "eventSource", "userIdentity.arn", "eventType", "readOnly", "resources.ARN"]);
        let operator = pick(dice, &["Equals", "NotEquals", "StartsWith", "NotStartsWith", "EndsWith", "NotEndsWith"]);
        let (one, other) = (pick(dice, &WORDS), pick(dice, &WORDS));
        format!(r#"{{"Field": "{field}", "{operator}": ["{one}", "{other}"]}}"#)
    };
    let category = r#"{"Field": "eventCategory", "Equals": ["Management"]}"#;
    let selectors: Vec<String> = (0..=dice.up_to(1))
        .map(|_| format!(r#"{{"Name": "x", "FieldSelectors": [{category}, {}, {}]}}"#, field(dice), field(dice)))
        .collect();
    let text = format!("[{}]", selectors.join(", "));
    let document = selector::read(&text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    (text, selector::lower(&document.selectors).unwrap())
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
    let made: Vec<(String, Expr)> = (0..90).map(|_| (String::new(), expr(&mut dice, 3))).collect();
    let written: Vec<(String, Expr)> = (0..150).map(|number| written(number, &mut dice)).collect();
    let (texts, exprs): (Vec<String>, Vec<Expr>) = made.into_iter().chain(written).unzip();
    let set = Set::new(&exprs).unwrap();
    let (mut matcher, mut hits) = (Matcher::new(&set), Vec::new());
    let (mut exact, mut held) = (0, [0; 4]);
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
                    "{least} {holds} {most}: {}{expr:?}\n{}\n{}",
                    texts[at * 20 + place],
                    at_most(expr),
                    records[number]
                );
                exact += usize::from(least == most);
                held[language(at * 20 + place)] += usize::from(holds);
            }
        }
    }
    assert!(exact * 3 > exprs.len() * records.len(), "SQL decides {exact} of {}", exprs.len() * records.len());
    assert!(held.iter().all(|held| *held > records.len()), "each language has something that holds: {held:?}");
}

/// Which of the languages an expression came from: made, Sigma, patterns, selectors.
fn language(number: usize) -> usize {
    number.checked_sub(90).map_or(0, |written| 1 + written % 3)
}

/// What is read through SQL and decided by the matcher is what the matcher alone finds: the way that a run over the lake goes.
#[test]
fn the_lake_and_the_log_files_give_the_same() {
    let mut dice = Dice::new(7);
    let records: Vec<String> = (0..200).map(|number| record(number, &mut dice)).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.json");
    fs::write(&file, format!("{{\"Records\":[{}]}}", records.join(","))).unwrap();
    let home = TestHome::folder();
    Asked::of(&home).collect_with_any_code(&file.display().to_string());
    let rules: Vec<String> =
        (0..60).map(|number| sigma(&mut dice).0.replacen("title: t", &format!("title: t{number}"), 1)).collect();
    let rules_file = folder.path().join("rules.yml");
    fs::write(&rules_file, rules.join("---\n")).unwrap();
    let counts = |words: &[&str]| {
        let rules = rules_file.display().to_string();
        let words = [&["detect"], words, &["--rules", &rules, "--only-given-rules", "-o", "json"]].concat();
        let done = home.program(EXE).run(&words);
        let report: Value = serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {}", done.stderr));
        let of = |rule: &Value| (rule["title"].as_str().unwrap().to_owned(), rule["matches"].as_u64().unwrap());
        report["rules"].as_array().unwrap().iter().map(of).collect::<Vec<(String, u64)>>()
    };
    let (of_files, of_lake) = (counts(&[&file.display().to_string()]), counts(&["--home", &home.name()]));
    assert_eq!(of_files, of_lake);
    assert!(of_files.len() == 60 && of_files.iter().any(|(_, matches)| *matches > 0));
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
