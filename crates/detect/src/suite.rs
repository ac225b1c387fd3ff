//! The test of a rule: it fires where it should, stays quiet where it should, and no part of it is there for nothing.

use predicate::sigma::{Placeholders, Rule};
use predicate::{Matcher, Set};
use record::{Content, Parsed, Parser};
use serde::Serialize;

use crate::book::{Book, File, Kind};
use crate::case::{Case, fires, quiet};
use crate::mutation::{Mutant, mutants};
use crate::tally::Tally;
use crate::watcher::Watcher;

/// A rule with its cases, as texts.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Its name: that of its folder.
    pub name: String,
    /// `rule.yml`: a rule, or rules and the correlation over them.
    pub rule: String,
    /// `fires.json`.
    pub fires: String,
    /// `quiet.json`.
    pub quiet: String,
}

/// What a test found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The rule's name.
    pub name: String,
    /// Cases that it was held to.
    pub cases: usize,
    /// Parts that were taken away.
    pub mutants: usize,
    /// What is wrong; empty if it passes.
    pub problems: Vec<String>,
}

/// Tests a rule.
pub fn check(suite: &Suite, placeholders: &Placeholders) -> Verdict {
    let mut verdict = Verdict { name: suite.name.clone(), ..Verdict::default() };
    if let Err(problem) = checked(suite, placeholders, &mut verdict) {
        verdict.problems.push(problem);
    }
    verdict
}

fn checked(suite: &Suite, placeholders: &Placeholders, verdict: &mut Verdict) -> Result<(), String> {
    let file = File { name: format!("{}/rule.yml", suite.name), text: suite.rule.clone() };
    let book = Book::read(&[file], placeholders, "");
    if let Some(refused) = book.refused.first() {
        return Err(format!("line {}: {}; {}", refused.line, refused.what, refused.hint));
    }
    let Some(main) = main_entry(&book) else { return Err("there is no rule for CloudTrail in it".to_owned()) };
    let fires = fires(&suite.fires).map_err(|error| format!("fires.json: {error}"))?;
    let quiet = quiet(&suite.quiet, &fires).map_err(|error| format!("quiet.json: {error}"))?;
    verdict.cases = fires.len() + quiet.len();
    for (list, file) in [(&fires, "fires.json"), (&quiet, "quiet.json")] {
        if list.is_empty() {
            verdict.problems.push(format!("`{file}` has no case"));
        }
    }
    let wrong = |case: &&Case, expected: bool| outcome(&book, main, case) != expected;
    let silent = fires.iter().filter(|case| wrong(case, true)).map(|case| format!("does not fire on `{}`", case.name));
    let noisy = quiet.iter().filter(|case| wrong(case, false)).map(|case| format!("fires on `{}`", case.name));
    verdict.problems.extend(silent.chain(noisy));
    if verdict.problems.is_empty() {
        mutate(&book, main, &fires, &quiet, verdict);
    }
    Ok(())
}

/// The entry that is tested: the correlation, if there is one, else the first rule.
fn main_entry(book: &Book) -> Option<usize> {
    let correlation = book.rules.iter().position(|entry| matches!(entry.kind, Kind::Correlation(_)));
    correlation.or(if book.rules.is_empty() { None } else { Some(0) })
}

/// Whether the main entry fires on a case.
fn outcome(book: &Book, main: usize, case: &Case) -> bool {
    let lines = &case.events;
    let content = Content::from(lines.join("\n").into_bytes());
    let (mut parser, mut parsed, mut at) = (Parser::default(), Parsed::default(), 0);
    for line in lines {
        parser.record(&content, at, at + line.len(), &mut parsed);
        at += line.len() + 1;
    }
    let (mut watcher, mut seen, mut tally) = (Watcher::new(book), Vec::new(), Tally::default());
    for (index, view) in (0..).zip(parsed.views(&content)) {
        watcher.see(view, "case", index, &mut seen);
    }
    tally.add(lines.len() as u64, seen);
    tally.report(book).rules.get(main).is_some_and(|count| count.matches > 0)
}

fn mutate(book: &Book, main: usize, fires: &[Case], quiet: &[Case], verdict: &mut Verdict) {
    for (number, entry) in book.rules.iter().enumerate() {
        let Kind::Rule(rule) = &entry.kind else { continue };
        let mutants = mutants(rule);
        verdict.mutants += mutants.len();
        let survivors = if number == main {
            survivors_alone(&mutants, fires, quiet)
        } else {
            survivors_together(book, main, number, rule, &mutants, fires, quiet)
        };
        verdict.problems.extend(survivors.into_iter().map(|without| format!("no case notices when {without} is taken away")));
    }
}

/// Mutants of a rule that stands for itself: all of them are asked at once.
fn survivors_alone(mutants: &[Mutant], fires: &[Case], quiet: &[Case]) -> Vec<String> {
    let set = Set::new(mutants.iter().map(|mutant| &mutant.expr)).unwrap_or_default();
    let mut matcher = Matcher::new(&set);
    let mut noticed = vec![false; mutants.len()];
    let mut hits = Vec::new();
    for (case, expected) in fires.iter().map(|case| (case, true)).chain(quiet.iter().map(|case| (case, false))) {
        let mut fired = vec![false; mutants.len()];
        for event in &case.events {
            matcher.text(event, &mut hits);
            hits.iter().for_each(|hit| fired.iter_mut().skip(*hit).take(1).for_each(|fired| *fired = true));
        }
        noticed.iter_mut().zip(fired).for_each(|(noticed, fired)| *noticed |= fired != expected);
    }
    mutants.iter().zip(noticed).filter(|(_, noticed)| !noticed).map(|(mutant, _)| mutant.without.clone()).collect()
}

/// Mutants of a rule below a correlation: the whole is run with each.
fn survivors_together(
    book: &Book,
    main: usize,
    number: usize,
    rule: &Rule,
    mutants: &[Mutant],
    fires: &[Case],
    quiet: &[Case],
) -> Vec<String> {
    let survives = |mutant: &&Mutant| {
        let changed = book.with(number, Rule { detection: mutant.detection.clone(), ..rule.clone() });
        fires.iter().all(|case| outcome(&changed, main, case)) && quiet.iter().all(|case| !outcome(&changed, main, case))
    };
    mutants.iter().filter(survives).map(|mutant| format!("{} (of `{}`)", mutant.without, rule.meta.title)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "title: t\nid: r\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n  sel:\n    \
        eventSource: s\n    eventName: [A, B]\n  filter_one: {userAgent: x}\n  filter_two: {errorCode|contains: denied}\n  \
        condition: sel and not 1 of filter_*\n";
    const FIRES: &str =
        r#"[{"name":"a","event":{"eventSource":"s","eventName":"A"}},{"name":"b","event":{"eventSource":"s","eventName":"B"}}]"#;
    const QUIET: &str = r#"[{"name":"other source","like":"a","change":{"eventSource":"t"}},
        {"name":"other name","like":"a","change":{"eventName":"C"}},{"name":"agent","like":"b","change":{"userAgent":"X"}},
        {"name":"denied","like":"b","change":{"errorCode":"AccessDenied"}}]"#;

    fn problems(fires: &str, quiet: &str) -> Vec<String> {
        let suite = Suite { name: "n".to_owned(), rule: RULE.to_owned(), fires: fires.to_owned(), quiet: quiet.to_owned() };
        check(&suite, &Placeholders::default()).problems
    }

    #[test]
    fn every_part_needs_a_case() {
        assert_eq!(problems(FIRES, QUIET), Vec::<String>::new());
        for (fires, quiet, told) in [
            ("[]", QUIET.split("]},").next().unwrap_or("[]"), "quiet.json"),
            (r#"[{"name":"a","event":{"eventSource":"s","eventName":"A"}}]"#, r#"[{"name":"q","event":{}}]"#, "the value `B`"),
            (FIRES, r#"[{"name":"q","like":"a","change":{"eventName":"C"}}]"#, "`eventSource = s` of `sel`"),
            (FIRES, &QUIET.replace("\"X\"", "\"Y\""), "fires on `agent`"),
            (FIRES, &QUIET.replace("AccessDenied", "x"), "fires on `denied`"),
            (FIRES, r#"[{"name":"denied","like":"b","change":{"errorCode":"AccessDenied"}}]"#, "selection `filter_one`"),
        ] {
            let problems = problems(fires, quiet);
            assert!(problems.iter().any(|problem| problem.contains(told)), "{told}: {problems:?}");
        }
    }

    #[test]
    fn correlations_are_tested_with_the_rules_below_them() {
        let rule = format!(
            "{}---\ntitle: c\ncorrelation:\n  type: event_count\n  rules: [r]\n  group-by: [userIdentity.arn]\n  timespan: 5m\n  condition: {{gte: 2}}\n",
            "title: t\nid: r\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n  sel: {eventName: A, errorCode: D}\n  condition: sel\n"
        );
        let event = |minute: u32, name: &str, arn: &str, code: &str| {
            format!(
                r#"{{"eventTime":"2026-11-01T10:{minute:02}:00Z","eventID":"{minute}{name}","eventName":"{name}","errorCode":"{code}","userIdentity":{{"arn":"{arn}"}}}}"#
            )
        };
        let case = |name: &str, events: [String; 2]| format!(r#"{{"name":"{name}","events":[{}]}}"#, events.join(","));
        let fires = format!("[{}]", case("two", [event(0, "A", "x", "D"), event(4, "A", "x", "D")]));
        let quiet = [
            case("late", [event(0, "A", "x", "D"), event(6, "A", "x", "D")]),
            case("others", [event(0, "A", "x", "D"), event(1, "A", "y", "D")]),
            case("name", [event(0, "A", "x", "D"), event(1, "B", "x", "D")]),
            case("code", [event(0, "A", "x", "D"), event(1, "A", "x", "E")]),
        ];
        let check = |quiet: &[String]| {
            let suite =
                Suite { name: "n".into(), rule: rule.clone(), fires: fires.clone(), quiet: format!("[{}]", quiet.join(",")) };
            check(&suite, &Placeholders::default()).problems
        };
        assert_eq!(check(&quiet), Vec::<String>::new());
        assert!(check(&quiet[..3])[0].contains("errorCode = D"));
    }
}
