//! What a run has to say: every rule that ran with its count, and the findings, worst first.

use std::collections::BTreeMap;

use finding::{Entity, Finding, RuleInfo, attack, id};
use predicate::sigma::{Correlation, CorrelationKind};
use serde::Serialize;

use crate::book::{Book, Entry, Kind, Refused, Skipped};
use crate::clauses::clauses;
use crate::correlate::{Firing, Hit, firings};
use crate::event::time_text;
use crate::limits::{EVENTS_SHOWN_MAX, WINDOW_US};
use crate::tally::{Group, Tally};

/// A run's outcome.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Records that were put to the rules.
    pub events: u64,
    /// Every rule that ran, in the order of the files.
    pub rules: Vec<RuleCount>,
    /// Findings, worst first, then by time.
    pub findings: Vec<Finding>,
    /// Exceptions that were laid over rules.
    pub suppressions: Vec<SuppressionCount>,
    /// Rules that could not be read.
    pub refused: Vec<Refused>,
    /// Rules that are meant for another log.
    pub skipped: Vec<Skipped>,
    /// What a limit cut off, in words.
    pub notes: Vec<String>,
}

/// A rule that ran.
#[derive(Clone, Debug, Serialize)]
pub struct RuleCount {
    /// Its id.
    pub id: String,
    /// In one line.
    pub title: String,
    /// How bad.
    pub level: finding::Severity,
    /// The file that it was read from.
    pub file: String,
    /// `rule`, `correlation` or `silence`.
    pub kind: &'static str,
    /// Records that it matched (a correlation: how often it came true), each once; without those that were suppressed.
    pub matches: u64,
    /// Records that it matched and a suppression kept.
    pub suppressed: u64,
    /// Matches by day, `YYYY-MM-DD`.
    pub days: BTreeMap<String, u64>,
    /// Records for which it was looked at: most are decided by what all rules share.
    #[serde(rename = "lookedAt")]
    pub looked_at: u64,
    /// Its share of all rules' work, in thousandths.
    #[serde(rename = "workPermille")]
    pub work_permille: u64,
}

/// What a suppression did.
#[derive(Clone, Debug, Serialize)]
pub struct SuppressionCount {
    /// Its title.
    pub title: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Its last day.
    pub expires: String,
    /// Whether it has ended.
    pub expired: bool,
    /// Matches that it kept.
    pub suppressed: u64,
}

pub(crate) fn report(mut tally: Tally, book: &Book) -> Report {
    let mut findings = Vec::new();
    for ((rule, entity, window), group) in std::mem::take(&mut tally.groups) {
        if let Some(entry) = book.rules.get(rule).filter(|entry| entry.tells) {
            findings.push(of_group(entry, &entity, window, group));
        }
    }
    // INVARIANT: a correlation over others comes after them, so what they give it is there when its turn comes.
    while let Some(((number, group), hits)) = tally.hits.pop_first() {
        let Some(entry) = book.rules.get(number) else { continue };
        let Kind::Correlation(correlation) = &entry.kind else { continue };
        for firing in firings(correlation, hits) {
            let count = tally.counts.entry(number).or_default();
            count.matches += 1;
            *count.days.entry(firing.first.div_euclid(WINDOW_US)).or_default() += 1;
            passed_on(entry, &firing, book).into_iter().for_each(|(key, hit)| tally.hits.entry(key).or_default().push(hit));
            if entry.tells {
                findings.push(of_firing(entry, correlation, &group, &firing));
            }
        }
    }
    sort(&mut findings);
    let work = tally.work.values().map(|(_, work)| work).sum();
    Report {
        events: tally.events,
        rules: book.rules.iter().enumerate().map(|(number, entry)| count_of(number, entry, &tally, work)).collect(),
        findings,
        suppressions: suppressions(book, &tally),
        refused: book.refused.clone(),
        skipped: book.skipped.clone(),
        notes: notes(&tally),
    }
}

/// Worst first, then by time.
pub(crate) fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        (b.severity, &a.first_event_time, &a.rule.id, &a.entity).cmp(&(a.severity, &b.first_event_time, &b.rule.id, &b.entity))
    });
}

/// What came true, as it is seen from the correlations over it: their groups, and a hit in each.
pub(crate) fn passed_on(entry: &Entry, firing: &Firing, book: &Book) -> Vec<((usize, String), Hit)> {
    let mut passed = Vec::new();
    for (above, place) in &entry.correlated {
        let Some(Entry { kind: Kind::Correlation(correlation), .. }) = book.rules.get(*above) else { continue };
        let is_in_time = matches!(correlation.kind, CorrelationKind::Temporal(_) | CorrelationKind::TemporalOrdered);
        let seen = firing.seen_from(*above, *place, is_in_time);
        passed.extend(seen.into_iter().map(|(group, hit)| ((*above, group), hit)));
    }
    passed
}

fn count_of(number: usize, entry: &Entry, tally: &Tally, all_work: u64) -> RuleCount {
    let count = tally.counts.get(&number);
    let (looked_at, work) = tally.work.get(&number).copied().unwrap_or_default();
    let days = count.into_iter().flat_map(|count| &count.days);
    RuleCount {
        id: entry.id.clone(),
        title: entry.meta().title.clone(),
        level: entry.severity,
        file: entry.file.clone(),
        kind: if matches!(entry.kind, Kind::Rule(_)) { "rule" } else { "correlation" },
        matches: count.map_or(0, |count| count.matches),
        suppressed: count.map_or(0, |count| count.suppressed),
        days: days.map(|(day, count)| (day_text(*day), *count)).collect(),
        looked_at,
        work_permille: work.saturating_mul(1_000).checked_div(all_work).unwrap_or(0),
    }
}

fn day_text(day: i64) -> String {
    time_text(day.checked_mul(WINDOW_US)).get(..10).unwrap_or("unknown").to_owned()
}

fn suppressions(book: &Book, tally: &Tally) -> Vec<SuppressionCount> {
    let of = |number: usize| tally.counts.values().filter_map(|count| count.by.get(&number)).sum();
    let each = book.suppressions.iter().enumerate().map(|(number, suppression)| SuppressionCount {
        title: suppression.filter.meta.title.clone(),
        reason: suppression.reason.clone(),
        owner: suppression.owner.clone(),
        expires: suppression.expires.clone(),
        expired: !suppression.is_live,
        suppressed: of(number),
    });
    each.collect()
}

fn notes(tally: &Tally) -> Vec<String> {
    let told = [
        (
            tally.unremembered,
            "matches came after the limit of those that are remembered: records that came twice may be counted twice",
        ),
        (tally.uncorrelated, "matches came after the limit of those that are held for correlations, and took no part"),
        (tally.ungrouped, "matches came after the limit of findings: they are counted, and give no finding"),
    ];
    told.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
}

fn of_group(entry: &Entry, entity: &Entity, window: i64, group: Group) -> Finding {
    let all = match &entry.kind {
        Kind::Rule(rule) => clauses(rule),
        Kind::Correlation(_) => Vec::new(),
    };
    let held = group.events.first().map(|shown| shown.clauses.clone()).unwrap_or_default();
    let clauses = held.iter().filter_map(|number| all.get(usize::from(*number)));
    Finding {
        id: id(&entry.id, &entry.version, entity, window.saturating_mul(WINDOW_US)),
        severity: entry.severity,
        rule: rule_info(entry),
        entity: entity.clone(),
        first_event_time: group.events.first().map(|shown| shown.event.event_time.clone()).unwrap_or_default(),
        last_event_time: group.last,
        count: group.count,
        clauses: clauses.map(|clause| format!("{}: {}", clause.search, clause.text)).collect(),
        events: group.events.into_iter().map(|shown| shown.event.as_ref().clone()).collect(),
    }
}

pub(crate) fn of_firing(entry: &Entry, correlation: &Correlation, group: &str, firing: &Firing) -> Finding {
    let account = firing.hits.first().map(|hit| hit.entity.account.clone()).unwrap_or_default();
    let value = if group.is_empty() { "all events".to_owned() } else { group.to_owned() };
    let entity = Entity { kind: "group".to_owned(), value, account };
    let time = |hit: Option<&Hit>| hit.map(|hit| hit.event.event_time.clone()).unwrap_or_default();
    let by_rule = correlation.rules.iter().enumerate().map(|(place, rule)| {
        let count = firing.hits.iter().filter(|hit| hit.place == place).count();
        format!("{count} of {rule}")
    });
    Finding {
        id: id(&entry.id, &entry.version, &entity, firing.first),
        severity: entry.severity,
        rule: rule_info(entry),
        first_event_time: time(firing.hits.first()),
        last_event_time: time(firing.hits.last()),
        count: firing.hits.len() as u64,
        clauses: by_rule.collect(),
        events: firing.hits.iter().take(EVENTS_SHOWN_MAX).map(|hit| hit.event.as_ref().clone()).collect(),
        entity,
    }
}

fn rule_info(entry: &Entry) -> RuleInfo {
    let meta = entry.meta();
    let tagged = meta.tags.iter().filter(|tag| tag.starts_with("cis.") || tag.starts_with("nist."));
    RuleInfo {
        id: entry.id.clone(),
        title: meta.title.clone(),
        description: meta.description.trim().to_owned(),
        author: meta.author.clone(),
        version: entry.version.clone(),
        references: meta.references.clone(),
        false_positives: meta.false_positives.clone(),
        attack: attack(&meta.tags),
        controls: meta.custom("controls").iter().chain(tagged).cloned().collect(),
        response: meta.custom("response").first().cloned().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use predicate::sigma::Placeholders;
    use record::{Content, Parsed, Parser};

    use crate::{Book, File, Report, Tally, Watcher};

    fn book(text: &str) -> Book {
        Book::read(&[File { name: "f.yml".to_owned(), text: text.to_owned() }], &Placeholders::default(), "")
    }

    /// What the rules say of events: seconds, name, user.
    fn told(book: &Book, events: &[(u32, &str, &str)]) -> Report {
        let (mut parser, mut watcher, mut tally) = (Parser::default(), Watcher::new(book), Tally::default());
        for (number, (second, name, user)) in events.iter().enumerate() {
            let (minute, second) = (second / 60, second % 60);
            let text = format!(
                r#"{{"eventID":"{number}","eventTime":"2026-11-01T10:{minute:02}:{second:02}Z","eventName":"{name}","userAgent":"{user}","count":{number}}}"#
            );
            let (content, mut parsed, mut seen) = (Content::from(text.into_bytes()), Parsed::default(), Vec::new());
            parser.record(&content, 0, content.len(), &mut parsed);
            parsed.views(&content).for_each(|view| watcher.see(view, "f", 0, &mut seen));
            tally.add(1, seen);
        }
        tally.report(book)
    }

    fn matches(report: &Report, id: &str) -> u64 {
        report.rules.iter().find(|rule| rule.id == id).map_or(99, |rule| rule.matches)
    }

    const CHAIN: &str = "title: guessed\nid: guessed\nlevel: high\ncorrelation: {type: temporal_ordered, rules: [many, in], group-by: [who], timespan: 1m, aliases: {who: {many: userAgent, in: userAgent}}}\n---\n\
                         title: many\nid: many\ncorrelation: {type: event_count, rules: [wrong], group-by: [userAgent], timespan: 10s, condition: {gte: 3}}\n---\n\
                         title: wrong\nid: wrong\nlogsource: {product: aws}\ndetection: {s: {eventName: Wrong}, condition: s}\n---\n\
                         title: in\nid: in\nlogsource: {product: aws}\ndetection: {s: {eventName: In}, condition: s}\n";

    #[test]
    fn correlations_over_correlations() {
        let book = book(CHAIN);
        assert!(book.refused.is_empty(), "{:?}", book.refused);
        let report = told(&book, &[(1, "Wrong", "a"), (2, "Wrong", "a"), (3, "Wrong", "a"), (9, "In", "a")]);
        assert_eq!((matches(&report, "many"), matches(&report, "guessed")), (1, 1));
        assert_eq!(
            report.findings.iter().map(|finding| finding.rule.id.as_str()).collect::<Vec<_>>(),
            ["guessed"],
            "those below do not tell"
        );
        for (events, why) in [
            (vec![(1, "Wrong", "a"), (2, "Wrong", "a"), (9, "In", "a")], "too few"),
            (vec![(1, "Wrong", "a"), (2, "Wrong", "a"), (3, "Wrong", "a"), (9, "In", "b")], "somebody else"),
            (vec![(1, "In", "a"), (2, "Wrong", "a"), (3, "Wrong", "a"), (4, "Wrong", "a")], "before"),
            (vec![(1, "Wrong", "a"), (2, "Wrong", "a"), (3, "Wrong", "a"), (90, "In", "a")], "too late"),
        ] {
            assert_eq!(matches(&told(&book, &events), "guessed"), 0, "{why}");
        }
        let going_on: Vec<(u32, &str, &str)> = (1..20).map(|at| (at * 9, "Wrong", "a")).chain([(180, "In", "a")]).collect();
        assert_eq!(matches(&told(&book, &going_on), "guessed"), 0, "never three in ten seconds");
        let going_on: Vec<(u32, &str, &str)> = (1..40).map(|at| (at * 5, "Wrong", "a")).chain([(230, "In", "a")]).collect();
        assert_eq!(matches(&told(&book, &going_on), "guessed"), 1, "the burst went on until shortly before");
    }

    #[test]
    fn a_correlation_over_itself_is_refused() {
        let book = book(
            "title: a\ncorrelation: {type: temporal, rules: [b], timespan: 1m}\n---\ntitle: b\ncorrelation: {type: temporal, rules: [a], timespan: 1m}\n",
        );
        assert!(book.rules.is_empty() && book.refused.len() == 2, "{:?}", book.refused);
    }

    #[test]
    fn what_is_laid_over_rules_for_another_log_is_passed_over() {
        let book = book(
            "title: w\nlogsource: {product: windows}\ndetection: {s: {a: b}, condition: s}\n---\n\
             title: c\ncorrelation: {type: event_count, rules: [w], group-by: [x], timespan: 1m, condition: {gte: 2}}\n---\n\
             title: f\nlogsource: {product: windows}\nfilter: {rules: [w], s: {a: c}, condition: not s}\n---\n\
             title: d\ncorrelation: {type: temporal, rules: [c], timespan: 1m}\n",
        );
        assert!(
            book.rules.is_empty() && book.refused.is_empty() && book.skipped.len() == 4,
            "{:?} {:?}",
            book.refused,
            book.skipped
        );
    }

    #[test]
    fn several_fields_are_counted_together_and_numbers_summed() {
        let rule = "title: w\nid: w\nlogsource: {product: aws}\ndetection: {s: {eventName: W}, condition: s}\n";
        let counted =
            |says: &str| book(&format!("{rule}---\ntitle: c\nid: c\ncorrelation: {{rules: [w], timespan: 1m, {says}}}\n"));
        let events = [(1, "W", "a"), (2, "W", "b"), (3, "W", "a")];
        let pairs = "type: value_count, condition: {gte: 3, field: [userAgent, eventID]}";
        assert_eq!(matches(&told(&counted(pairs), &events), "c"), 1);
        assert_eq!(matches(&told(&counted("type: value_count, condition: {gte: 3, field: userAgent}"), &events), "c"), 0);
        assert_eq!(matches(&told(&counted("type: value_sum, condition: {gte: 3, field: count}"), &events), "c"), 1);
        assert_eq!(matches(&told(&counted("type: value_sum, condition: {gt: 3, field: count}"), &events), "c"), 0);
        assert_eq!(
            matches(&told(&counted("type: value_sum, condition: {lt: 9, field: userAgent}"), &events), "c"),
            0,
            "no numbers"
        );
    }
}
