//! Selectors that AWS takes and that do something else than they seem to.

use predicate::selector::{AdvancedEventSelector, FieldSelector, Operator, Owner, Selectors};
use serde_json::json;

use super::Put;
use super::corrected::SOME_LOG_BUCKET;
use super::one::witness_of;
use crate::finding::{Evidence, Severity};
use crate::report::{Found, Report};
use crate::witness;
use crate::world;

const FILTERING: &str = "CloudTrail user guide, \"Filtering data events by using advanced event selectors\"";

/// Judges the selectors together, then each.
pub fn judge(put: &Put<'_>, selectors: &Selectors, report: &mut Report) {
    feedback_loop(put, selectors, report);
    let Selectors::Advanced(list) = selectors else { return };
    for (at, selector) in list.iter().enumerate() {
        one(put, at + 1, selector, report);
    }
}

/// CloudTrail's own delivery of a log file is an S3 data event, whose log file is delivered, which is an S3 data event.
fn feedback_loop(put: &Put<'_>, selectors: &Selectors, report: &mut Report) {
    let known = put.before.and_then(|trail| trail.bucket.as_deref());
    let event = witness::log_delivery(known.unwrap_or(SOME_LOG_BUCKET));
    let is_kept = world::running(selectors).is_some_and(|running| running.holds(&event));
    if !is_kept || put.owner == Owner::EventDataStore && known.is_none() {
        return;
    }
    let (severity, what) = match known {
        Some(bucket) => {
            (Severity::High, format!("the trail logs its own deliveries into `{bucket}`: every log file causes another event"))
        }
        None => (
            Severity::Low,
            "if the trail's own bucket is not left out, every log file that is delivered causes another event".to_owned(),
        ),
    };
    report.find(
        Found::new(
            "selectors-loop",
            severity,
            what,
            "the loop costs data events, storage and requests without end, and buries what matters",
        )
        .by([Evidence::event("CloudTrail delivers a log file (data, S3)", "kept", &event)])
        .write(put.corrected.clone())
        .source("CloudTrail user guide, \"Logging data events\": leave the bucket of the logs out"),
    );
}

fn one(put: &Put<'_>, index: usize, selector: &AdvancedEventSelector, report: &mut Report) {
    if witness_of(selector).is_none() && !selector.field_selectors.is_empty() {
        let what = format!("selector {index} can never keep an event: its conditions exclude each other");
        report.find(
            Found::new("selector-never", Severity::Medium, what, "no event made from its own values passes it").source(FILTERING),
        );
    }
    for field in &selector.field_selectors {
        wildcards(index, field, report);
        if field.field == "resources.ARN" && selector.only_value("resources.type") == Some("AWS::S3::Object") {
            buckets(index, selector, field, report);
        }
    }
    reads(put, index, selector, report);
    denials(index, selector, report);
}

fn wildcards(index: usize, field: &FieldSelector, report: &mut Report) {
    let starred = field.conditions().flat_map(|(_, values)| values).filter(|value| value.contains('*')).cloned();
    let evidence: Vec<Evidence> = starred.map(|value| Evidence::of(value, "stands for itself, star and all")).collect();
    if !evidence.is_empty() {
        let what = format!("selector {index} has a star in `{}`, and selectors know no wildcards", field.field);
        let found = Found::new(
            "selector-wildcard",
            Severity::Medium,
            what,
            "the value is compared as it is written; use StartsWith or EndsWith",
        );
        report.find(found.by(evidence).source(FILTERING));
    }
}

/// Values that name a bucket, tried on objects in that bucket and in one whose name goes on.
fn buckets(index: usize, selector: &AdvancedEventSelector, field: &FieldSelector, report: &mut Report) {
    let Some(running) = world::running(&Selectors::Advanced(vec![selector.clone()])) else { return };
    for (operator, values) in field.conditions() {
        for value in values {
            let Some((bucket, key)) = bucket_of(value) else { continue };
            let names_bucket = key.is_none_or(str::is_empty);
            if names_bucket && matches!(operator, Operator::Equals | Operator::NotEquals) {
                report.find(whole_bucket(index, selector, operator, value, bucket));
            }
            if key.is_none() && matches!(operator, Operator::StartsWith | Operator::NotStartsWith) {
                let event = tried(selector, &format!("{bucket}-2"));
                let outcome = if running.holds(&event) { "kept" } else { "dropped" };
                let what = format!("selector {index} means every bucket whose name begins with `{bucket}`");
                let found = Found::new(
                    "selector-bucket-prefix",
                    Severity::Low,
                    what,
                    "an ARN without a slash behind the bucket's name goes on into other names",
                );
                let evidence = Evidence::event(format!("an object in `{bucket}-2`"), outcome, &event);
                report.find(found.by([evidence]).write(format!("{}: [\"{value}/\"]", operator.name())).source(FILTERING));
            }
        }
    }
}

fn whole_bucket(index: usize, selector: &AdvancedEventSelector, operator: Operator, value: &str, bucket: &str) -> Found {
    let event = tried(selector, bucket);
    let kept = world::running(&Selectors::Advanced(vec![selector.clone()])).is_some_and(|running| running.holds(&event));
    let (what, right) = if operator == Operator::Equals {
        (format!("selector {index} keeps no object of bucket `{bucket}`: no object's ARN is equal to the bucket's"), "StartsWith")
    } else {
        (
            format!("selector {index} leaves no object of bucket `{bucket}` out: no object's ARN is equal to the bucket's"),
            "NotStartsWith",
        )
    };
    let outcome = if kept { "kept" } else { "dropped" };
    Found::new("selector-whole-bucket", Severity::Medium, what, format!("{} compares the whole ARN of the object", operator.name()))
        .by([Evidence::event(format!("an object in `{bucket}`"), outcome, &event)])
        .write(format!("{{ \"Field\": \"resources.ARN\", \"{right}\": [\"{}/\"] }}", value.trim_end_matches('/')))
        .source(FILTERING)
}

/// An object in a bucket, called in the way in which the selector wants it called.
fn tried(selector: &AdvancedEventSelector, bucket: &str) -> serde_json::Value {
    let name = selector.field("eventName").and_then(|field| field.equals.first()).map_or("PutObject", String::as_str);
    let event = witness::s3_object(name, bucket, "some/key");
    match selector.only_value("readOnly") {
        Some(value) => witness::with(event, &json!({ "readOnly": value == "true" })),
        None => event,
    }
}

/// Bucket and key of `arn:aws:s3:::bucket/key`; no key where there is no slash.
fn bucket_of(arn: &str) -> Option<(&str, Option<&str>)> {
    let rest = arn.split_once(":s3:::").map(|(_, rest)| rest).filter(|rest| !rest.is_empty())?;
    Some(rest.split_once('/').map_or((rest, None), |(bucket, key)| (bucket, Some(key))))
}

/// Data events of writes alone: what is read, is taken.
fn reads(put: &Put<'_>, index: usize, selector: &AdvancedEventSelector, report: &mut Report) {
    let is_data = selector.only_value("eventCategory") == Some("Data");
    if !is_data || selector.only_value("readOnly") != Some("false") {
        return;
    }
    let kind = selector.only_value("resources.type").unwrap_or_default();
    let running = world::running(&Selectors::Advanced(vec![selector.clone()]));
    let arn = selector.field("resources.ARN");
    let named = arn.and_then(|field| field.starts_with.first().or(field.equals.first()));
    let own = named.map_or_else(|| "arn:aws:s3:::some-bucket/".to_owned(), |arn| format!("{}/", arn.trim_end_matches('/')));
    let call = |label: &str, arn: &str, read_only: bool| {
        let event = witness::with(witness::data_on(kind, arn, "s3.amazonaws.com", "Call"), &json!({ "readOnly": read_only }));
        let kept = running.as_ref().is_some_and(|running| running.holds(&event));
        Evidence::event(format!("{label} {arn}"), if kept { "kept" } else { "dropped" }, &event)
    };
    let mut evidence = vec![call("a read of", &format!("{own}key"), true), call("a write of", &format!("{own}key"), false)];
    if named.is_some() {
        evidence.push(call("a write of", "arn:aws:s3:::every-other-bucket/key", false));
    }
    let (what, right) = match named {
        Some(named) => (
            format!("selector {index} keeps only writes, and only below {named}: it includes, and leaves everything else out"),
            format!(
                "to leave it out instead: {{ \"Field\": \"resources.ARN\", \"NotStartsWith\": [\"{named}\"] }}; for reads too, leave the field readOnly out"
            ),
        ),
        None => (format!("selector {index} keeps only writes"), "for reads too, leave the field readOnly out".to_owned()),
    };
    let why = "data that is stolen is read, not written: GetObject is the event that shows it";
    let right = if put.corrected.is_empty() { String::new() } else { right };
    report.find(Found::new("selector-writes-only", Severity::Low, what, why).by(evidence).write(right).source(FILTERING));
}

/// Network activity events of denials: only those of VPC endpoint policies have them.
fn denials(index: usize, selector: &AdvancedEventSelector, report: &mut Report) {
    if selector.only_value("eventCategory") != Some("NetworkActivity")
        || selector.only_value("errorCode") != Some("VpceAccessDenied")
    {
        return;
    }
    let source = selector.only_value("eventSource").unwrap_or("s3.amazonaws.com");
    let running = world::running(&Selectors::Advanced(vec![selector.clone()]));
    let kept =
        |event: &serde_json::Value| if running.as_ref().is_some_and(|running| running.holds(event)) { "kept" } else { "dropped" };
    let (own, other) = (
        witness::network_denial(source, "GetObject"),
        witness::with(witness::network_denial(source, "GetObject"), &json!({ "errorCode": "AccessDenied" })),
    );
    let passed = {
        let mut event = own.clone();
        witness::unset(&mut event, &["errorCode"]);
        event
    };
    let evidence = [
        Evidence::event("denied by the policy of a VPC endpoint", kept(&own), &own),
        Evidence::event("denied by another policy (bucket, identity, SCP)", kept(&other), &other),
        Evidence::event("went through the endpoint, to whatever account", kept(&passed), &passed),
    ];
    let what = format!("selector {index} sees what VPC endpoint policies deny, and nothing else");
    let why = "an endpoint whose policy allows everything denies nothing: data that leaves through it for a stranger's account is not shown";
    report.find(
        Found::new("network-denials-only", Severity::Low, what, why)
            .by(evidence)
            .write("leave the field errorCode out, and deny other organizations in the endpoint's policy (aws:ResourceOrgID)")
            .source("CloudTrail user guide, \"Logging network activity events\""),
    );
}
