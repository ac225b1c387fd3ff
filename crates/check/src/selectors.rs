//! `put-event-selectors`: what it would keep, and what the trail would lose by it. The call replaces every selector that was there.

mod converted;
mod corrected;
mod explained;
mod lints;
mod one;

pub use explained::explain;

use predicate::selector::{Certainty, Owner, Selectors, check};

use crate::finding::{Evidence, Severity};
use crate::report::{Found, Report};
use crate::witness::{self, Witness};
use crate::world::{self, Trail, is_of, kept};

const REPLACES: &str = "CloudTrail API reference, PutEventSelectors: the call replaces all selectors of the trail";

/// The selectors of a call, and everything that is known about where they go.
struct Put<'p> {
    name: &'p str,
    owner: Owner,
    selectors: &'p Selectors,
    /// What was there; `None` if the file says nothing about the trail.
    before: Option<&'p Trail>,
    /// What to write instead of the whole call.
    corrected: String,
}

/// Judges a call; gives the selectors that are in force afterwards, if AWS takes them.
pub fn put(
    name: &str,
    owner: Owner,
    selectors: &Selectors,
    is_fragment: bool,
    before: Option<&Trail>,
    report: &mut Report,
) -> Option<Selectors> {
    let refusals = check(selectors, owner);
    let mut put = Put { name, owner, selectors, before, corrected: String::new() };
    put.corrected = corrected::call(&put);
    let refused = refusals.iter().any(|refusal| refusal.certainty == Certainty::Documented);
    for line in explain(selectors) {
        report.does(line);
    }
    if is_fragment {
        report.find(
            Found::new(
                "selectors-fragment",
                Severity::Low,
                "this is one selector, not a list",
                "put-event-selectors takes a list, and replaces the whole of it",
            )
            .write(put.corrected.clone())
            .source(REPLACES),
        );
    }
    if !refusals.is_empty() {
        report.find(refusal(&put, &refusals, refused));
    }
    let in_force = if refused { corrected::repaired(selectors) } else { selectors.clone() };
    loss(&put, &in_force, refused, report);
    lints::judge(&put, &in_force, report);
    (!refused).then_some(in_force)
}

fn refusal(put: &Put<'_>, refusals: &[predicate::selector::Refusal], refused: bool) -> Found {
    let code = refusals.first().map_or("", |refusal| refusal.code.name());
    let (what, severity) = if refused {
        (format!("AWS refuses these selectors: {code}"), Severity::High)
    } else {
        (format!("AWS may refuse these selectors: {code}"), Severity::Low)
    };
    let why = if refused {
        "nothing is changed by the call; what the trail kept before, it keeps"
    } else {
        "AWS's list may have grown since"
    };
    let evidence = refusals.iter().map(|refusal| {
        let at = if refusal.selector > 0 { format!("selector {}", refusal.selector) } else { "all selectors".to_owned() };
        let hint = if refusal.hint.is_empty() { String::new() } else { format!("; {}", refusal.hint) };
        Evidence::of(at, format!("{}{hint}", refusal.what))
    });
    let found = Found::new("selectors-refused", severity, what, why).by(evidence);
    found
        .write(if refused { put.corrected.clone() } else { String::new() })
        .source("CloudTrail API reference, AdvancedFieldSelector and EventSelector")
}

/// Events that were kept before the call and are not after it.
fn loss(put: &Put<'_>, after: &Selectors, refused: bool, report: &mut Report) {
    let events = witness::of_every_kind();
    let fresh = Trail::fresh();
    let before = match (put.before, put.owner) {
        (Some(trail), _) => trail,
        (None, Owner::Trail) => &fresh,
        (None, Owner::EventDataStore) => return,
    };
    let (was, is) = (kept(before.running().as_ref(), &events), kept(world::running(after).as_ref(), &events));
    let lost: Vec<&Witness> =
        events.iter().zip(was.iter().zip(&is)).filter(|(_, (was, is))| **was && !**is).map(|(event, _)| event).collect();
    let management = |witness: &Witness| is_of(&witness.event, "Management");
    let still_managed = events.iter().zip(&is).any(|(event, is)| *is && management(event));
    let (managed, others): (Vec<&Witness>, Vec<&Witness>) = lost.into_iter().partition(|witness| management(witness));
    if !managed.is_empty() {
        report.find(management_lost(put, &managed, still_managed, refused));
    }
    if !others.is_empty() {
        report.find(others_lost(put, before, &others, refused));
    }
}

fn evidence(lost: &[&Witness]) -> Vec<Evidence> {
    lost.iter().map(|witness| Evidence::event(&witness.label, "kept before, dropped after", &witness.event)).collect()
}

/// `it switches ...`, or, of a call that AWS refuses, `written right, it would still switch ...`.
fn manner<'t>(refused: bool, does: &'t str, would: &'t str) -> &'t str {
    if refused { would } else { does }
}

fn management_lost(put: &Put<'_>, lost: &[&Witness], still_some: bool, refused: bool) -> Found {
    let found = if still_some {
        let only_excludable = lost.iter().all(|witness| {
            let source = witness.event.get("eventSource").and_then(serde_json::Value::as_str).unwrap_or_default();
            matches!(source, "kms.amazonaws.com" | "rdsdata.amazonaws.com")
        });
        let severity = if only_excludable { Severity::Low } else { Severity::Medium };
        let what = manner(
            refused,
            "some management events are not kept any more",
            "written right, it would leave out some management events",
        );
        Found::new(
            "selectors-management-narrowed",
            severity,
            what,
            "what is left out cannot be investigated, and AWS Config's trail rules count it as not compliant",
        )
    } else {
        let what =
            manner(refused, "it switches management events off", "written right, it would still switch management events off");
        let why = "sign-ins, changes of IAM and of CloudTrail itself are management events: Security Hub CloudTrail.1 fails, call-rate Insights end, and \
                   every metric filter on them falls silent";
        Found::new("selectors-management-off", Severity::High, what, why)
    };
    found.by(evidence(lost)).write(put.corrected.clone()).source(REPLACES)
}

fn others_lost(put: &Put<'_>, before: &Trail, lost: &[&Witness], refused: bool) -> Found {
    let line = before.said.as_ref().map(|place| format!(" of line {}", place.line)).unwrap_or_default();
    let what = manner(refused, "it erases the selectors", "written right, it would still erase the selectors");
    Found::new(
        "selectors-replaced",
        Severity::High,
        format!("{what}{line}"),
        "a second call does not add to the first; put all selectors into one call",
    )
    .by(evidence(lost))
    .write(put.corrected.clone())
    .source(REPLACES)
}
