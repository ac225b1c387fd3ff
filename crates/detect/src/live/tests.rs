//! A live run over records that come late and shuffled, with restarts, finds what a run over all of them at once finds.

use std::collections::BTreeSet;

use predicate::sigma::Placeholders;
use record::{Content, Parsed, Parser};

use super::*;
use crate::book::File;
use crate::watcher::Watcher;

const RULES: &str = "
title: a
name: a
id: 00000000-0000-4000-8000-000000000001
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: A}, condition: selection}
level: high
---
title: b
name: b
id: 00000000-0000-4000-8000-000000000002
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: B}, condition: selection}
level: low
---
title: often
id: 00000000-0000-4000-8000-000000000003
correlation: {type: event_count, rules: [a], group-by: [sourceIPAddress], timespan: 5m, condition: {gte: 3}, generate: true}
level: high
---
title: both
id: 00000000-0000-4000-8000-000000000004
correlation: {type: temporal, rules: [a, b], group-by: [sourceIPAddress], timespan: 2m, generate: true}
level: high
---
title: in order
id: 00000000-0000-4000-8000-000000000005
correlation: {type: temporal_ordered, rules: [b, a], group-by: [sourceIPAddress], timespan: 2m, generate: true}
level: high
---
title: seldom
id: 00000000-0000-4000-8000-000000000006
correlation: {type: event_count, rules: [b], group-by: [sourceIPAddress], timespan: 3m, condition: {lte: 1}, generate: true}
level: high
---
title: often, then something else
id: 00000000-0000-4000-8000-000000000007
correlation: {type: temporal_ordered, rules: [often, b], group-by: [sourceIPAddress], timespan: 4m, generate: true}
level: high
---
title: twice often
id: 00000000-0000-4000-8000-000000000008
correlation: {type: event_count, rules: [often], group-by: [sourceIPAddress], timespan: 20m, condition: {gte: 2}, generate: true}
level: high
";

const SECOND: i64 = 1_000_000;
/// 2026-11-28T00:00:00Z.
const BEGIN_S: i64 = 1_795_824_000;
const LATENESS: i64 = 600 * SECOND;

/// Numbers without an end, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn up_to(&mut self, most: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % (u64::try_from(most).unwrap() + 1)).unwrap()
    }
}

#[derive(Clone, Debug)]
struct Sent {
    text: String,
    at: i64,
    arrives: i64,
}

fn book() -> Book {
    let book = Book::read(&[File { name: "r.yml".to_owned(), text: RULES.to_owned() }], &Placeholders::default(), "2026-01-01");
    assert!(book.refused.is_empty(), "{:?}", book.refused);
    book
}

fn events(dice: &mut Dice, late_max: i64) -> Vec<Sent> {
    let mut sent: Vec<Sent> = (0..240)
        .map(|number| {
            let at_s = BEGIN_S + dice.up_to(3 * 3_600);
            let time = String::from_utf8({
                let mut text = Vec::new();
                record::time::write_canonical(at_s * SECOND, &mut text);
                text
            });
            let (name, address) = (["A", "B"][dice.up_to(1) as usize], dice.up_to(3));
            let text = format!(
                r#"{{"eventTime":"{}","eventID":"{number}","eventName":"{name}","eventSource":"s","sourceIPAddress":"192.0.2.{address}","recipientAccountId":"111122223333"}}"#,
                time.unwrap()
            );
            Sent { text, at: at_s * SECOND, arrives: at_s * SECOND + dice.up_to(late_max) }
        })
        .collect();
    sent.sort_by_key(|sent| sent.arrives);
    sent
}

fn seen(book: &Book, sent: &[Sent]) -> Vec<Seen> {
    let (mut watcher, mut parser, mut all) = (Watcher::new(book), Parser::default(), Vec::new());
    for sent in sent {
        let content = Content::from(sent.text.clone().into_bytes());
        let mut parsed = Parsed::default();
        parser.record(&content, 0, content.len(), &mut parsed);
        for view in parsed.views(&content) {
            watcher.see(view, &format!("file of {}", sent.at), 0, &mut all);
        }
    }
    all
}

fn at_once(book: &Book, sent: &[Sent]) -> BTreeSet<String> {
    let mut tally = Tally::default();
    tally.add(0, seen(book, sent));
    tally.report(book).findings.into_iter().map(|finding| finding.id).collect()
}

/// Runs live in steps of several records, restarting now and then; the findings are ids in the order in which they came.
fn live(book: &Book, sent: &[Sent], dice: &mut Dice) -> Vec<String> {
    let (mut run, mut found, mut steps) = (Live::default(), Vec::new(), Vec::new());
    let mut rest = sent;
    while !rest.is_empty() {
        let (some, after) = rest.split_at(usize::try_from(dice.up_to(6) + 1).unwrap().min(rest.len()));
        rest = after;
        steps.push(some);
        let now = some.last().unwrap().arrives;
        found.extend(run.take(book, seen(book, some), steps.len() as i64 - 1, now));
        found.extend(run.settle(book, Moment { watermark: now - LATENESS, now, quiet: LATENESS }));
        if dice.up_to(9) == 0 {
            let (from, told) = (run.replay_from().unwrap_or(steps.len() as i64), run.memories(book));
            run = Live::default();
            run.remember(book, told, steps.len() as i64 - 1);
            for (number, step) in steps.iter().enumerate().skip(usize::try_from(from).unwrap()) {
                found.extend(run.take(book, seen(book, step), number as i64, now));
            }
        }
    }
    let end = BEGIN_S * SECOND + 86_400 * SECOND;
    found.extend(run.settle(book, Moment { watermark: end, now: end, quiet: LATENESS }));
    assert_eq!(run.replay_from(), None, "nothing is held for ever");
    found.into_iter().map(|finding| finding.id).collect()
}

#[test]
fn late_and_shuffled_records_give_the_same_findings() {
    let book = book();
    let mut correlated = 0;
    for seed in 1..60 {
        let mut dice = Dice(seed);
        let sent = events(&mut dice, LATENESS - SECOND);
        let expected = at_once(&book, &sent);
        let found: BTreeSet<String> = live(&book, &sent, &mut dice).into_iter().collect();
        assert!(found == expected, "seed {seed}: {:?} {:?}", found.difference(&expected), expected.difference(&found));
        correlated += expected.len();
    }
    assert!(correlated > 59 * 20, "there is something to find: {correlated}");
}

#[test]
fn what_comes_too_late_tells_nothing_twice() {
    let book = book();
    let at = |second: i64, arrives: i64| {
        let mut dice = Dice(1);
        let mut sent = events(&mut dice, 0).remove(0);
        let mut time = Vec::new();
        record::time::write_canonical((BEGIN_S + second) * SECOND, &mut time);
        sent.text = format!(
            r#"{{"eventTime":"{}","eventID":"{second}","eventName":"A","eventSource":"s","sourceIPAddress":"192.0.2.1","recipientAccountId":"1"}}"#,
            String::from_utf8(time).unwrap()
        );
        Sent { at: second, arrives, ..sent }
    };
    let often = |found: Vec<Finding>| found.into_iter().filter(|finding| finding.rule.title == "often").count();
    let mut run = Live::default();
    let step = |run: &mut Live, number: i64, sent: &[Sent], now_s: i64| {
        let now = (BEGIN_S + now_s) * SECOND;
        let at_once = run.take(&book, seen(&book, sent), number, now).len();
        let settled = run.settle(&book, Moment { watermark: now - LATENESS, now, quiet: LATENESS });
        (at_once, often(settled))
    };
    let three = [at(10, 0), at(20, 0), at(30, 0)];
    assert_eq!(step(&mut run, 0, &three, 40), (1, 0), "the rule at once, the correlation behind the watermark");
    assert_eq!(step(&mut run, 1, &[], 40 + 600), (0, 1));
    assert_eq!(step(&mut run, 2, &[at(1, 0)], 700), (1, 0), "the same day, the same finding");
    assert_eq!(step(&mut run, 3, &[], 2_000), (0, 0), "one that begins earlier is the same burst");
    assert_eq!(step(&mut run, 4, &[], 90_000), (0, 0));
    assert_eq!(run.replay_from(), None);
}
