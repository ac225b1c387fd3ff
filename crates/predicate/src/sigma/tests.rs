//! The specification, case by case: a selection, an event, whether it holds; and what is refused, with what words.

use super::*;
use crate::{Matcher, Set};

fn rule_of(detection: &str, placeholders: &Placeholders) -> Result<Rule, SigmaError> {
    let indented: String = detection.lines().map(|line| format!("  {line}\n")).collect();
    let text = format!("title: t\nlogsource: {{product: aws, service: cloudtrail}}\ndetection:\n{indented}");
    match read(&text, placeholders)?.remove(0) {
        Document::Rule(rule) => Ok(rule),
        other => panic!("{other:?}"),
    }
}

fn holds(rule: &Rule, event: &str) -> bool {
    let expr = rule.expr();
    let set = Set::new([&expr]).unwrap();
    let mut hits = Vec::new();
    Matcher::new(&set).text(event, &mut hits);
    !hits.is_empty()
}

/// A selection by itself.
fn selected(selection: &str, event: &str) -> bool {
    let indented: String = selection.lines().map(|line| format!("  {line}\n")).collect();
    let detection = format!("s:\n{indented}condition: s");
    let rule = rule_of(&detection, &Placeholders::default()).unwrap_or_else(|error| panic!("{selection}: {error}"));
    holds(&rule, event)
}

#[test]
fn selections() {
    for (selection, event, expected) in [
        ("a: B", r#"{"a":"b"}"#, true),
        ("a: b*", r#"{"a":"Bcd"}"#, true),
        ("a: 'b\\*'", r#"{"a":"bcd"}"#, false),
        ("a: 'b\\*'", r#"{"a":"b*"}"#, true),
        ("a: b?d", r#"{"a":"bcd"}"#, true),
        ("a: [x, b]", r#"{"a":"b"}"#, true),
        ("a: b", r#"{"a":["x","B"]}"#, true),
        ("a: b\nc: d", r#"{"a":"b"}"#, false),
        ("a: b\nc: d", r#"{"a":"b","c":"d"}"#, true),
        ("- a: b\n- c: d", r#"{"c":"d"}"#, true),
        ("- error\n- 'access denied'", r#"{"m":"An ACCESS denied here"}"#, true),
        ("- error\n- 'access denied'", r#"{"m":"fine"}"#, false),
        ("'|all': [one, two]", r#"{"m":"two","n":"one"}"#, true),
        ("'|all': [one, two]", r#"{"m":"two"}"#, false),
        ("a: null", r#"{"b":1}"#, true),
        ("a: null", r#"{"a":null}"#, true),
        ("a: null", r#"{"a":""}"#, false),
        ("a: ''", r#"{"a":""}"#, true),
        ("a: ''", r#"{"b":""}"#, false),
        ("a: '*'", r#"{"a":null}"#, false),
        ("a: [null, ok]", r#"{"a":"ok"}"#, true),
        ("a: 1", r#"{"a":1}"#, true),
        ("a: 1", r#"{"a":1.0}"#, true),
        ("a: 1", r#"{"a":"1"}"#, true),
        ("a: 1", r#"{"a":"11"}"#, false),
        ("a: true", r#"{"a":true}"#, true),
        ("a: 'NO'", r#"{"a":"No"}"#, true),
        ("a|contains: 'b'", r#"{"a":"abc"}"#, true),
        ("a|contains: '*'", r#"{"a":{"x":1}}"#, true),
        ("a|contains: '*'", r#"{"a":null}"#, false),
        ("a|contains|all: [b, d]", r#"{"a":"abcd"}"#, true),
        ("a|contains|all: [b, x]", r#"{"a":"abcd"}"#, false),
        ("a|contains|all: ['\"k\"', '\"v\"']", r#"{"a":{"k":"{\"x\":\"v\"}"}}"#, true),
        ("a|startswith: ab", r#"{"a":"ABc"}"#, true),
        ("a|endswith: [x, BC]", r#"{"a":"abc"}"#, true),
        ("a|cased: B", r#"{"a":"b"}"#, false),
        ("a|contains|cased: B", r#"{"a":"aBc"}"#, true),
        ("a|neq: b", r#"{"a":"c"}"#, true),
        ("a|neq: [b, c]", r#"{"a":"c"}"#, false),
        ("a|re: 'b.d'", r#"{"a":"abcde"}"#, true),
        ("a|re: '^B'", r#"{"a":"b"}"#, false),
        ("a|re|i: '^B'", r#"{"a":"b"}"#, true),
        ("a|re: '^a.b$'", "{\"a\":\"a\\nb\"}", false),
        ("a|re|s: '^a.b$'", "{\"a\":\"a\\nb\"}", true),
        ("a|re|m: '^b$'", "{\"a\":\"a\\nb\"}", true),
        ("a|cidr: 10.0.0.0/8", r#"{"a":"10.1.2.3"}"#, true),
        ("a|cidr: ['2001:db8::/32', 192.0.2.0/24]", r#"{"a":"2001:db8::9"}"#, true),
        ("a|cidr: 10.0.0.0/8", r#"{"a":"s3.amazonaws.com"}"#, false),
        ("a|exists: true", r#"{"a":0}"#, true),
        ("a|exists: true", r#"{"a":null}"#, false),
        ("a|exists: false", r#"{"b":0}"#, true),
        ("a|exists: 'False'", r#"{"b":0}"#, true),
        ("a|gt: 5", r#"{"a":6}"#, true),
        ("a|gte: 5", r#"{"a":"5"}"#, true),
        ("a|lt: 5.5", r#"{"a":5.4}"#, true),
        ("a|lte: -1", r#"{"a":0}"#, false),
        ("a|base64: foo", r#"{"a":"Zm9v"}"#, true),
        ("a|base64offset|contains: foobar", r#"{"a":"xxeGZvb2Jhcg=="}"#, true),
        ("a|wide|base64offset|contains: ping", r#"{"a":"cABpAG4AZwA="}"#, true),
        ("a|utf16be|base64|contains: ping", r#"{"a":"AHAAaQBuAGc="}"#, true),
        ("a|contains|windash: ' -f '", r#"{"a":"x /f y"}"#, true),
        ("a|contains|windash: ' -f '", r#"{"a":"x –f y"}"#, true),
        ("a|contains|windash: 'x-f'", r#"{"a":"x/f"}"#, false),
        ("a|fieldref: b", r#"{"a":"X","b":"x"}"#, true),
        ("a|fieldref|endswith: b.c", r#"{"a":"user/x","b":{"c":"x"}}"#, true),
        ("a|fieldref: b", r#"{"a":"x"}"#, false),
    ] {
        assert_eq!(selected(selection, event), expected, "{selection} {event}");
    }
}

#[test]
fn parts_of_a_time() {
    let event = r#"{"eventTime":"2026-11-28T22:15:00Z"}"#;
    assert!(selected("eventTime|hour: [3, 22]", event));
    assert!(!selected("eventTime|month: 1", event));
}

#[test]
fn conditions() {
    let searches = "sel: {a: x}\nfilter_main_one: {b: x}\nfilter_main_two: {c: x}\n_hidden: {d: x}\n";
    let holds = |condition: &str, event: &str| {
        let rule = rule_of(&format!("{searches}condition: {condition}"), &Placeholders::default());
        holds(&rule.unwrap_or_else(|error| panic!("{condition}: {error}")), event)
    };
    for (condition, event, expected) in [
        ("sel", r#"{"a":"x"}"#, true),
        ("sel and not 1 of filter_main_*", r#"{"a":"x"}"#, true),
        ("sel and not 1 of filter_main_*", r#"{"a":"x","c":"x"}"#, false),
        ("sel and not all of filter_*", r#"{"a":"x","c":"x"}"#, true),
        ("1 of them", r#"{"d":"x"}"#, false),
        ("any of them", r#"{"b":"x"}"#, true),
        ("all of them", r#"{"a":"x","b":"x","c":"x"}"#, true),
        ("sel or filter_main_one and filter_main_two", r#"{"a":"x"}"#, true),
        ("(sel or filter_main_one) and filter_main_two", r#"{"a":"x"}"#, false),
        ("NOT sel AND (not(filter_main_one))", r#"{}"#, true),
        ("not not sel", r#"{"a":"x"}"#, true),
        ("[sel, filter_main_one]", r#"{"b":"x"}"#, true),
    ] {
        assert_eq!(holds(condition, event), expected, "{condition} {event}");
    }
}

#[test]
fn placeholders() {
    let placeholders = Placeholders::read("admins: [alice, bob]\nzone: x").unwrap();
    let rule = rule_of("s: {user|expand: '%admins%-%zone%'}\ncondition: s", &placeholders).unwrap();
    assert!(holds(&rule, r#"{"user":"bob-x"}"#) && !holds(&rule, r#"{"user":"bob"}"#));
    let rule = rule_of("s: {user|expand|contains: '%admins%'}\ncondition: s", &placeholders).unwrap();
    assert!(holds(&rule, r#"{"user":"x/alice"}"#));
}

#[test]
fn what_is_refused_and_how() {
    let condition = |condition: &str| format!("s: {{a: b}}\ncondition: {condition}");
    let deep = format!("{}s{}", "(".repeat(100), ")".repeat(100));
    for (detection, line, words) in [
        ("s: {a|contain: b}\ncondition: s".to_owned(), 4, "did you mean `contains`?"),
        ("s: {a|week: 3}\ncondition: s".to_owned(), 4, "not supported"),
        ("s: {a|re: '(?!x)'}\ncondition: s".to_owned(), 4, "look-around"),
        ("s: {a|re: '(a'}\ncondition: s".to_owned(), 4, "unclosed group"),
        ("s: {a|cidr: 10.0.0.0/64}\ncondition: s".to_owned(), 4, "no network"),
        ("s: {a|gt: much}\ncondition: s".to_owned(), 4, "no number"),
        ("s: {a|exists: maybe}\ncondition: s".to_owned(), 4, "true or false"),
        ("s: {a|contains: null}\ncondition: s".to_owned(), 4, "null cannot"),
        ("s: {a|contains|re: x}\ncondition: s".to_owned(), 4, "beside another"),
        ("s: {a|i: x}\ncondition: s".to_owned(), 4, "put `re` before"),
        ("s: {a|base64: 'x*'}\ncondition: s".to_owned(), 4, "wildcards cannot be encoded"),
        ("s: {a|expand: '%x%'}\ncondition: s".to_owned(), 4, "--placeholders FILE"),
        ("s: {a: {b: c}}\ncondition: s".to_owned(), 4, "a value must be"),
        ("s: {a: []}\ncondition: s".to_owned(), 4, "has no value"),
        ("s: []\ncondition: s".to_owned(), 4, "is empty"),
        ("s: {a: b}".to_owned(), 4, "write `condition: s`"),
        ("condition: s".to_owned(), 4, "no selection"),
        (condition("t"), 5, "there is no such selection; did you mean `s`?"),
        (condition("1 of x*"), 5, "asks for `x*`"),
        (condition("s and"), 5, "it ends where"),
        (condition("s s"), 5, "stands where `and` or `or` should"),
        (condition("(s"), 5, "not closed"),
        (condition("s)"), 5, "not opened"),
        (condition("2 of s*"), 5, "write `1 of`"),
        (condition(&deep), 5, "nested deeper"),
        (condition("s | count() by sourceIPAddress > 5"), 5, "type: event_count"),
        (condition("s | count(eventName) by sourceIPAddress >= 5"), 5, "field: eventName"),
        (condition("s | near t"), 5, "type: temporal"),
        (condition("s\ntimeframe: 5m"), 6, "old aggregation"),
    ] {
        let error = rule_of(&detection, &Placeholders::default()).unwrap_err();
        assert!(error.line == line && error.to_string().contains(words), "{detection}: {error}");
    }
    for (text, words) in [
        ("", "empty"),
        ("just text", "no Sigma document"),
        ("title: x\nlogsource: {product: aws}", "no `detection`"),
        ("logsource: {product: aws}\ndetection: {s: {a: b}, condition: s}", "no title"),
        ("title: x\ndetection: {s: {a: b}, condition: s}", "which log"),
        ("title: x\nlevel: hi\nlogsource: {product: aws}\ndetection: {s: {a: b}, condition: s}", "did you mean `high`?"),
        ("title: x\ncorrelation: {type: event_count, rules: a, timespan: 5m}", "no threshold"),
        ("title: x\ncorrelation: {type: event_counts, rules: a, timespan: 5m}", "did you mean `event_count`?"),
        ("title: x\ncorrelation: {type: temporal, rules: a, timespan: 5 minutes}", "no timespan"),
        ("title: x\ncorrelation: {type: temporal, timespan: 5m}", "names no rules"),
        ("title: x\ncorrelation: {type: value_count, rules: a, timespan: 5m, condition: {gt: 1}}", "needs the field"),
        ("title: x\ncorrelation: {type: temporal, rules: a, timespan: 5m, groupby: x}", "did you mean `group-by`?"),
    ] {
        let error = read(text, &Placeholders::default()).unwrap_err();
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
}

#[test]
fn the_modern_form_that_is_offered_is_one() {
    let error = rule_of("s: {a: b}\ntimeframe: 30m\ncondition: s | count(x) by y > 10", &Placeholders::default()).unwrap_err();
    let document = error.hint.split_once("---").unwrap().1.replace("title: ...", "title: t");
    let Document::Correlation(correlation) = read(&document, &Placeholders::default()).unwrap().remove(0) else { panic!() };
    assert_eq!((correlation.timespan_s, correlation.group_by), (1_800, vec!["y".to_owned()]));
    assert!(
        matches!(correlation.kind, CorrelationKind::ValueCount(fields, of) if fields == ["x"] && of[0].holds(11.0) && !of[0].holds(10.0))
    );
}

#[test]
fn which_log() {
    for (source, expected) in [
        ("{product: aws, service: cloudtrail}", true),
        ("{product: AWS}", true),
        ("{service: cloudtrail}", true),
        ("{category: cloud, product: aws, service: cloudtrail}", true),
        ("{category: cloud, product: azure}", false),
        ("{product: aws, service: guardduty}", false),
        ("{product: windows, category: process_creation}", false),
        ("{product: azure}", false),
        ("{category: webserver}", false),
    ] {
        let text = format!("title: t\nlogsource: {source}\ndetection: {{s: {{a: b}}, condition: s}}");
        let Document::Rule(rule) = read(&text, &Placeholders::default()).unwrap().remove(0) else { panic!() };
        assert_eq!(rule.log_source.is_cloudtrail(), expected, "{source}");
    }
}

#[test]
fn hostile_rules_are_bounded() {
    let many: String = (0..10_000).map(|n| format!("s{n}: {{a: b{n}}}\n")).collect();
    let rule = rule_of(&format!("{many}condition: 1 of s*"), &Placeholders::default()).unwrap();
    assert!(holds(&rule, r#"{"a":"b9999"}"#));
    let names: Vec<String> = (0..10_000).map(|n| format!("s{n}")).collect();
    assert!(rule_of(&format!("{many}condition: {}", names.join(" or ")), &Placeholders::default()).is_err());
    let long = format!("s: {{a: {}}}\ncondition: s", "x".repeat(256 << 10));
    assert!(rule_of(&long, &Placeholders::default()).unwrap_err().to_string().contains("longer than"));
    let dashes = format!("s: {{a|windash: '{}'}}\ncondition: s", "-a ".repeat(20));
    assert!(rule_of(&dashes, &Placeholders::default()).unwrap_err().to_string().contains("windash"));
}

#[test]
fn collections_are_read_as_they_were_meant() {
    let text = "action: global\ntitle: t\nid: x\nlogsource: {product: aws}\ndetection: {condition: s}\n---\ndetection: {s: {a: 1}}\n---\n\
                detection: {s: {a: 2}, condition: not s}\n---\naction: repeat\nlevel: high\ndetection: {s: {a: 3}}\n---\naction: reset\n---\n\
                title: u\nlogsource: {product: aws}\ndetection: {s: {b: 1}, condition: s}\n";
    let rules: Vec<Rule> = read(text, &Placeholders::default())
        .unwrap()
        .into_iter()
        .map(|document| if let Document::Rule(rule) = document { rule } else { panic!() })
        .collect();
    let ids: Vec<&str> = rules.iter().map(|rule| rule.meta.id()).collect();
    assert_eq!(ids, ["x", "x (2)", "x (3)", "u"]);
    for (number, event, expected) in [
        (0, r#"{"a":1}"#, true),
        (0, r#"{"a":2}"#, false),
        (1, r#"{"a":2}"#, false),
        (1, r#"{"a":1}"#, true),
        (2, r#"{"a":3}"#, false),
        (2, r#"{"a":2}"#, true),
        (3, r#"{"b":1}"#, true),
    ] {
        assert_eq!(holds(&rules[number], event), expected, "{number} {event}");
    }
    assert_eq!(rules[2].meta.level, Some(Level::High));
    for (text, words) in [("action: repeat\ntitle: t", "before any rule"), ("action: all\ntitle: t", "no action")] {
        assert!(read(text, &Placeholders::default()).unwrap_err().to_string().contains(words));
    }
}

#[test]
fn what_is_for_another_log_need_not_be_understood() {
    let text = "title: t\nlogsource: {product: windows}\ndetection: {s: {a|re: '(?!x)y'}, condition: s}";
    let Document::Rule(rule) = read(text, &Placeholders::default()).unwrap().remove(0) else { panic!() };
    assert!(!rule.log_source.is_cloudtrail() && !holds(&rule, r#"{"a":"y"}"#));
}
