use super::*;
use crate::{Matcher, Missing, Set};

const CORNER_CASES: &str = include_str!("corner-cases.txt");

fn matches(pattern: &Pattern, event: &str, semantics: Semantics) -> bool {
    let Some(expr) = pattern.lower(semantics) else { return pattern.matches_line(event) };
    let set = Set::new([&expr]).unwrap();
    let mut hits = Vec::new();
    Matcher::new(&set).text(event, &mut hits);
    !hits.is_empty()
}

#[test]
fn corner_cases() {
    let mut wrong = Vec::new();
    for line in CORNER_CASES.lines().filter(|line| !line.starts_with('#')) {
        let [pattern, event, expected] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let found = match Pattern::parse(pattern) {
            Ok(pattern) if matches(&pattern, event, Semantics::default()) => "yes".to_owned(),
            Ok(_) => "no".to_owned(),
            Err(error) => format!("error: {error}"),
        };
        let fits = match expected.strip_prefix("error: ") {
            Some(part) => found.starts_with("error: ") && found.contains(part),
            None => found == expected,
        };
        if !fits {
            wrong.push(format!("{line}\n    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn undocumented_semantics_are_switches() {
    let cases = [
        ("{ $.a != x }", "{}", Semantics { not_equal_of_missing: Missing::Passes, ..Semantics::default() }, true),
        ("{ $.a != x }", r#"{"a": null}"#, Semantics { not_equal_of_null: Missing::Fails, ..Semantics::default() }, false),
        ("{ $.a = 400 }", r#"{"a": 400.0}"#, Semantics { bare_number: BareNumber::ByText, ..Semantics::default() }, false),
        ("{ $.a = 400 }", r#"{"a": "400"}"#, Semantics { bare_number: BareNumber::ByText, ..Semantics::default() }, true),
    ];
    for (pattern, event, semantics, expected) in cases {
        let pattern = Pattern::parse(pattern).unwrap();
        assert_eq!(matches(&pattern, event, semantics), expected, "{event}");
        assert_eq!(matches(&pattern, event, Semantics::default()), !expected || event.contains("\"400\""), "{event}");
    }
}

#[test]
fn limits_have_names() {
    let long = format!("{{ $.a = \"{}\" }}", "x".repeat(limits::PATTERN_CHARS_MAX));
    assert!(Pattern::parse(&long).unwrap_err().what.contains("1024 are allowed"));
    let fits = format!("{{ $.a = \"{}\" }}", "x".repeat(limits::PATTERN_CHARS_MAX - 12));
    assert_eq!(fits.len(), limits::PATTERN_CHARS_MAX);
    assert!(Pattern::parse(&fits).is_ok());
    let nested = |depth: usize| format!("{{ {}$.a = 1{} }}", "(".repeat(depth), ")".repeat(depth));
    assert!(Pattern::parse(&nested(limits::DEPTH_MAX)).is_ok());
    assert!(Pattern::parse(&nested(limits::DEPTH_MAX + 1)).unwrap_err().what.contains("more than 50 parentheses"));
    let both = format!("{{ {}$.a=1{} }}", "($.a=1||$.a=1&&".repeat(45), ")".repeat(45));
    assert!(Pattern::parse(&both).unwrap_err().what.contains("nested too deeply"));
    assert!(Pattern::parse("{ $.a = %[a-z]{1000}{1000}{1000}% }").is_err());
}

#[test]
fn conditions_know_where_they_stand() {
    let pattern = Pattern::parse("{ ($.eventName = a) || ($.userIdentity.type != \"Root\") }").unwrap();
    let found: Vec<_> = pattern.conditions().iter().map(|c| (c.at, c.selector.dotted().unwrap())).collect();
    assert_eq!(found, [(3, "eventName".to_owned()), (24, "userIdentity.type".to_owned())]);
    let error = Pattern::parse("{ $.eventName = a b }").unwrap_err();
    assert_eq!(error.to_string(), "character 19: &&, || or } is missing before `b`");
}

#[test]
fn words_by_name() {
    let Ok(Pattern::Spaced(spaced)) = Pattern::parse("[ip, ..., status = 4*, bytes]") else { panic!() };
    assert_eq!(spaced.fields("192.0.2.1 x y 404 17"), Some(vec![("ip", "192.0.2.1"), ("status", "404"), ("bytes", "17")]));
    assert_eq!(spaced.fields(&"x ".repeat(limits::WORDS_MAX + 1)), None);
}

proptest::proptest! {
    #[test]
    fn nothing_panics(text in "[{\\[]?[ $.a*=!<>&|()%\\[\\]\"'}1IS NOTEXNUL,?-]{0,60}", line in ".{0,40}") {
        if let Ok(pattern) = Pattern::parse(&text) {
            matches(&pattern, &line, Semantics::default());
        }
    }
}
