//! Which events leave something behind: one table, so that a line is enough to know one more.
//!
//! A way back in (`Access`), tracks covered (`Hiding`), or another lasting effect (`Effect`). A line names the service, the event
//! (Lambda's version suffixes do not count), what it amounts to in a few words, where its target and the detail that matters are
//! written, and what must be there for the line to hold. Of several lines for one event the first that holds counts.

mod table;

use serde_json::Value;

use crate::event::Event;
use crate::json;
use crate::model::{Class, Lasting};
use table::{TABLE, When};

/// Longest detail, in characters.
const DETAIL_CHARS_MAX: usize = 200;

/// Whether an event may be in the table, seen from its name alone.
pub fn may_last(event: &Event<'_>) -> bool {
    let name = unversioned(event.name);
    TABLE.iter().any(|line| line.event == name && line.service == event.service())
}

/// What lasts of an event, if anything does.
pub fn lasting(event: &Event<'_>, request: Option<&Value>) -> Option<Lasting> {
    let name = unversioned(event.name);
    let response = Event::parsed(event.response);
    let holds = |when: When| match when {
        When::Always => true,
        When::Has(path) => request.is_some_and(|request| json::at(request, path).is_some_and(says_something)),
        When::Is(path, text) => {
            request.and_then(|request| json::text_at(request, path)).is_some_and(|found| found.eq_ignore_ascii_case(text))
        }
    };
    let mut lines = TABLE.iter().enumerate();
    let (rank, line) = lines.find(|(_, line)| line.event == name && line.service == event.service() && holds(line.when))?;
    let from = |paths: &str| paths.split('|').find_map(|path| written(path, request, response.as_ref()));
    Some(Lasting {
        time_us: event.time_us,
        class: Some(line.class),
        what: line.what.to_owned(),
        service: event.service().to_owned(),
        event: event.name.to_owned(),
        target: from(line.target)
            .or_else(|| (line.service == "iam").then(|| event.user.to_owned()).filter(|user| !user.is_empty())),
        detail: from(line.detail),
        by: 0,
        actor: event.actor(),
        account: event.account.to_owned(),
        region: event.region.to_owned(),
        address: event.address.to_owned(),
        error: event.failed().then(|| if event.error.is_empty() { event.message } else { event.error }.to_owned()),
        is_new: false,
        rank,
        event_id: event.id.to_owned(),
    })
}

/// `CreateFunction` of `CreateFunction20150331v2`.
fn unversioned(name: &str) -> &str {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let bare = if bare.len() < name.len() { bare.strip_suffix('v').unwrap_or(bare) } else { bare };
    let without = bare.trim_end_matches(|c: char| c.is_ascii_digit());
    // Only dates are versions; the 2 of `ListObjectsV2` belongs to the name.
    if name.len() - without.len() >= 8 { without } else { name }
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(object) => !object.is_empty(),
        _ => true,
    }
}

/// A path of the request, or of the response where it begins with `>`; `@` means the principals of a policy.
fn written(path: &str, request: Option<&Value>, response: Option<&Value>) -> Option<String> {
    if path.is_empty() {
        return None;
    }
    if let Some(path) = path.strip_prefix('@') {
        return principals(&json::text_at(request?, path)?);
    }
    let (document, path) = path.strip_prefix('>').map_or((request, path), |path| (response, path));
    let found = json::at(document?, path).filter(|value| says_something(value))?;
    let texts: Vec<&str> = json::leaves(found).into_iter().map(|leaf| leaf.text).filter(|text| !text.is_empty()).collect();
    let text = if texts.is_empty() { json::spelled(found) } else { texts.join(", ") };
    Some(text.chars().take(DETAIL_CHARS_MAX).collect())
}

/// Whom a policy names: `trusts arn:aws:iam::1:root`.
fn principals(policy: &str) -> Option<String> {
    let policy = json::inner(policy)?;
    let statements = policy.get("Statement")?;
    let statements = statements.as_array().map_or_else(|| std::slice::from_ref(statements), Vec::as_slice);
    let mut names: Vec<&str> = Vec::new();
    for statement in statements {
        for key in ["Principal", "NotPrincipal"] {
            let found = statement.get(key).map(json::leaves).unwrap_or_default();
            names.extend(found.into_iter().map(|leaf| leaf.text));
        }
    }
    names.dedup();
    let text = if names.is_empty() { return None } else { format!("for {}", names.join(", ")) };
    Some(text.chars().take(DETAIL_CHARS_MAX).collect())
}

impl Class {
    /// The class as a heading.
    pub fn heading(self) -> &'static str {
        match self {
            Class::Access => "ways back in",
            Class::Hiding => "tracks covered",
            Class::Effect => "other lasting effects",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &'static str, name: &'static str, request: &'static str, response: &'static str) -> Option<Lasting> {
        let event = Event { source, name, request, response, time_us: 1, ..Event::default() };
        lasting(&event, Event::parsed(request).as_ref())
    }

    #[test]
    fn versions_are_cut_off() {
        assert_eq!(unversioned("CreateFunction20150331"), "CreateFunction");
        assert_eq!(unversioned("UpdateFunctionCode20150331v2"), "UpdateFunctionCode");
        assert_eq!(unversioned("ListObjectsV2"), "ListObjectsV2");
        assert_eq!(unversioned("PutRule"), "PutRule");
    }

    #[test]
    fn lines_hold_under_their_conditions() {
        let plain = found("ec2.amazonaws.com", "RunInstances", r#"{"instanceType":"p5"}"#, "null").unwrap();
        let data = found("ec2.amazonaws.com", "RunInstances", r#"{"userData":"<sensitiveDataRemoved>"}"#, "null").unwrap();
        assert_eq!((plain.class, data.class), (Some(Class::Effect), Some(Class::Access)));
        assert_eq!(plain.detail.as_deref(), Some("p5"));
        assert!(
            found("s3.amazonaws.com", "PutBucketVersioning", r#"{"VersioningConfiguration":{"Status":"Enabled"}}"#, "").is_none()
        );
        assert!(found("ec2.amazonaws.com", "DescribeInstances", "", "").is_none());
        assert!(found("glue.amazonaws.com", "CreateUser", "", "").is_none());
    }

    #[test]
    fn details_name_what_matters() {
        let key = found("iam.amazonaws.com", "CreateAccessKey", r#"{"userName":"u"}"#, r#"{"accessKey":{"accessKeyId":"AKIA1"}}"#);
        let key = key.unwrap();
        assert_eq!((key.target.as_deref(), key.detail.as_deref()), (Some("u"), Some("AKIA1")));
        let trust = r#"{"roleName":"r","policyDocument":"{\"Statement\":{\"Principal\":{\"AWS\":\"arn:aws:iam::7:root\"}}}"}"#;
        let trust = found("iam.amazonaws.com", "UpdateAssumeRolePolicy", trust, "null").unwrap();
        assert_eq!(trust.detail.as_deref(), Some("for arn:aws:iam::7:root"));
        let shared = r#"{"snapshotId":"snap-1","createVolumePermission":{"add":{"items":[{"userId":"7"}]}}}"#;
        assert_eq!(found("ec2.amazonaws.com", "ModifySnapshotAttribute", shared, "").unwrap().detail.as_deref(), Some("7"));
    }
}
