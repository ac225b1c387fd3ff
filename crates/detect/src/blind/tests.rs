//! Tables: what came when, and what is to be said of it.

use finding::Severity;

use super::*;

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// 2026-11-01T00:00:00Z.
const BEGIN: i64 = 1_793_491_200_000_000;

fn cell(trail: &str, account: &str, region: &str) -> Cell {
    Cell { trail: trail.to_owned(), account: account.to_owned(), region: region.to_owned() }
}

/// Digests of a cell, some minutes past each hour, but for the hours that are left out.
fn digests(signs: &mut Signs, cell: &Cell, minute: i64, hours: Range<i64>, out: &[Range<i64>]) {
    for hour in hours.filter(|hour| !out.iter().any(|out| out.contains(hour))) {
        signs.digest(cell.clone(), BEGIN + hour * HOUR + minute * MINUTE);
    }
}

/// `(rule, account, Region, hours from the beginning to the last sign, minutes from there until it was noticed)`.
type Told = (&'static str, String, String, i64, i64);

fn told(signs: &Signs, clock: i64) -> Vec<Told> {
    let all = signs.silences(&(i64::MIN..i64::MAX), clock);
    all.into_iter()
        .map(|silence| {
            let name = silence.rule.id.strip_prefix("trailkeep-").unwrap();
            let (last, minutes) = ((silence.last - BEGIN) / HOUR, (silence.noticed - silence.last) / MINUTE);
            (name, silence.place.account, silence.place.region, last, minutes)
        })
        .collect()
}

/// A name, what is left out, what is to be told.
type Absence<'a> = (&'a str, &'a [(&'a str, &'a str, Range<i64>)], &'a [Told]);

/// A name, minutes between log files, hours of the day, until when; minutes until it is noticed.
type Beat<'a> = (&'a str, i64, Range<i64>, i64, Option<i64>);

fn say(name: &'static str, account: &str, region: &str, last: i64, minutes: i64) -> Told {
    (name, account.to_owned(), region.to_owned(), last, minutes)
}

/// Two accounts with two Regions each, whose digests end at other minutes.
fn organization(out: &[(&str, &str, Range<i64>)]) -> Signs {
    let mut signs = Signs::default();
    for (account, region, minute) in [("1", "a", 0), ("1", "b", 7), ("2", "a", 31), ("2", "b", 58)] {
        let own: Vec<Range<i64>> = out
            .iter()
            .filter(|(a, r, _)| (*a == account || *a == "*") && (*r == region || *r == "*"))
            .map(|(.., o)| o.clone())
            .collect();
        digests(&mut signs, &cell("t", account, region), minute, 0..48, &own);
    }
    signs
}

#[test]
fn digests_that_come_are_never_silent() {
    let signs = organization(&[]);
    for minutes in 0..48 * 60 {
        assert_eq!(told(&signs, BEGIN + minutes * MINUTE), [], "{minutes}");
    }
    assert_eq!(told(&signs, BEGIN + 49 * HOUR), []);
}

#[test]
fn digests_that_stay_away() {
    let end = BEGIN + 48 * HOUR;
    let cases: [Absence<'_>; 7] = [
        ("one Region, for good", &[("1", "b", 20..99)], &[say("digest-overdue", "1", "b", 19, 113)]),
        ("one Region, for three hours", &[("1", "b", 20..23)], &[say("digest-overdue", "1", "b", 19, 113)]),
        ("one digest", &[("1", "b", 20..21)], &[say("digest-overdue", "1", "b", 19, 113)]),
        ("an account is one finding", &[("2", "*", 20..99)], &[say("digest-overdue", "2", "", 19, 105)]),
        ("the trail is one finding", &[("*", "*", 20..99)], &[say("trail-silent", "", "", 19, 105)]),
        ("the trail for a while", &[("*", "*", 20..26)], &[say("trail-silent", "", "", 19, 105)]),
        ("from the beginning nothing is known", &[("2", "*", 2..99)], &[]),
    ];
    for (name, out, expected) in cases {
        assert_eq!(told(&organization(out), end), expected, "{name}");
    }
    let twice = organization(&[("1", "b", 10..12), ("1", "b", 20..22)]);
    assert_eq!(told(&twice, end).len(), 2, "each silence is one of its own");
}

#[test]
fn a_cut_is_noticed_within_two_hours_and_not_before_it_is_certain() {
    for cut in 0..60 {
        let mut signs = Signs::default();
        for (region, minute) in [("a", 0), ("b", 17), ("c", 41)] {
            let all = (0..40).map(|hour| BEGIN + hour * HOUR + minute * MINUTE);
            all.filter(|end| *end <= BEGIN + 20 * HOUR + cut * MINUTE).for_each(|end| signs.digest(cell("t", "1", region), end));
        }
        let at = |minutes: i64| told(&signs, BEGIN + 20 * HOUR + (cut + minutes) * MINUTE);
        assert_eq!(at(45), [], "{cut}");
        let found = at(120);
        assert_eq!(found.iter().map(|told| told.0).collect::<Vec<_>>(), ["trail-silent"], "{cut}");
    }
}

#[test]
fn two_trails_in_one_bucket_are_two() {
    let mut signs = organization(&[]);
    digests(&mut signs, &cell("u", "1", "a"), 3, 0..20, &[]);
    let found = signs.silences(&(i64::MIN..i64::MAX), BEGIN + 48 * HOUR);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].rule.id, found[0].place.trail.as_str(), found[0].place.account.as_str()),
        ("trailkeep-trail-silent", "u", "1")
    );
}

/// Log files every so many minutes, between two hours of each day.
fn files(signs: &mut Signs, cell: &Cell, every: i64, hours: Range<i64>, until: i64) {
    let minutes = (0..until / MINUTE).step_by(usize::try_from(every).unwrap());
    for at in minutes.filter(|minute| hours.contains(&(minute / 60 % 24))) {
        signs.file(cell.clone(), BEGIN + at * MINUTE);
    }
}

#[test]
fn heartbeats() {
    let clock = BEGIN + 12 * DAY;
    let cut = 10 * DAY;
    let cases: [Beat<'_>; 7] = [
        ("busy and on", 5, 0..24, 12 * DAY, None),
        ("busy and cut", 5, 0..24, cut, Some(75)),
        ("hourly and cut", 60, 0..24, cut, Some(15 + 90 + 15)),
        ("every four hours: twice that", 240, 0..24, cut, Some(15 + 2 * 225 + 15)),
        ("office hours are too quiet at night", 5, 8..18, cut, None),
        ("quiet at night for some hours", 5, 4..24, cut, Some(15 + 2 * 240 + 15)),
        ("too short a past", 5, 0..24, 2 * DAY, None),
    ];
    for (name, every, hours, until, expected) in cases {
        let mut signs = Signs::default();
        files(&mut signs, &cell("s3://b", "1", "a"), every, hours, until);
        let found: Vec<(&str, i64)> = told(&signs, clock).into_iter().map(|told| (told.0, told.4)).collect();
        assert_eq!(found, expected.map(|minutes| ("trail-silent", minutes)).into_iter().collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn a_heartbeat_counts_where_there_are_no_digests_and_others_go_on() {
    let (a, b) = (cell("s3://b", "1", "a"), cell("s3://b", "1", "b"));
    let mut signs = Signs::default();
    files(&mut signs, &a, 5, 0..24, 12 * DAY);
    files(&mut signs, &b, 10, 0..24, 10 * DAY);
    let clock = BEGIN + 12 * DAY;
    assert_eq!(told(&signs, clock), [say("heartbeat-missing", "1", "b", 239, 75)]);
    assert_eq!(signs.silences(&(clock - DAY..clock), clock), [], "it was noticed before");
    // Where it is often quiet, more patience is needed in a part than in the whole.
    let mut seldom = Signs::default();
    files(&mut seldom, &a, 5, 0..24, 12 * DAY);
    files(&mut seldom, &b, 60, 0..24, 10 * DAY);
    assert_eq!(told(&seldom, clock), [say("heartbeat-missing", "1", "b", 239, 15 + 4 * 45 + 15)]);
    // Digests say that nothing happened there.
    digests(&mut signs, &cell("t", "1", "b"), 0, 0..12 * 24, &[]);
    assert_eq!(told(&signs, clock), []);
}

#[test]
fn ids_do_not_depend_on_when_it_is_looked_at() {
    let signs = organization(&[("1", "b", 20..30)]);
    let id = |clock: i64| signs.silences(&(i64::MIN..i64::MAX), clock).iter().map(|s| s.finding("k").id).collect::<Vec<_>>();
    assert_eq!(id(BEGIN + 24 * HOUR), id(BEGIN + 47 * HOUR));
    assert_eq!(id(BEGIN + 24 * HOUR).len(), 1);
    let mut later = signs.clone();
    later.forget_before(BEGIN + 15 * HOUR);
    assert_eq!(later.silences(&(i64::MIN..i64::MAX), BEGIN + 47 * HOUR).len(), 1);
    let finding = signs.silences(&(i64::MIN..i64::MAX), BEGIN + 24 * HOUR).remove(0).finding("AWSLogs/k");
    assert_eq!((finding.severity, finding.rule.attack.v19.clone()), (Severity::High, vec!["T1685.002".to_owned()]));
    assert_eq!((finding.events[0].delivery.as_str(), finding.entity.value.as_str()), ("AWSLogs/k", "1 b of t"));
}
