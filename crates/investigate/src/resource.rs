//! Which resource an event is about, by rules that know no service.
//!
//! A resource is named in `resources[]`, under a key of the request that ends in *name*, *id*, *arn* or the like, or by an
//! ID that looks like one (`i-0abc...`, an ARN) anywhere in request or response. An event *writes* those whose kind its name says
//! (`AttachRolePolicy` writes `roleName`, `RunInstances` the `instanceId` of its response) - and all that it names at the top of its
//! request if its name says none of them. What it names besides (the VPC that a subnet is put into) it merely *mentions*.

use serde_json::Value;

use crate::event::Event;
use crate::json::{self, Leaf};

/// How an event names a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Naming {
    /// It writes it.
    Writes,
    /// It merely names it.
    Mentions,
}

/// Ends of keys that name a resource; the rest of the key is its kind.
const ENDS: [&str; 10] = ["identifiers", "identifier", "names", "name", "arns", "arn", "ids", "id", "set", "url"];
/// Keys that come first where an event names several things.
const FIRST: [&str; 16] = [
    "bucketName",
    "roleName",
    "userName",
    "groupName",
    "functionName",
    "tableName",
    "secretId",
    "instanceId",
    "dBInstanceIdentifier",
    "trailName",
    "keyId",
    "groupId",
    "policyArn",
    "roleArn",
    "name",
    "arn",
];
/// Longest target for a timeline, in characters.
const TARGET_CHARS_MAX: usize = 120;

/// A short name of what an event is about, for a timeline.
pub fn target(event: &Event<'_>, request: Option<&Value>) -> Option<String> {
    let flat = [event.bucket, event.role_name, event.user_name, event.role_arn];
    let Some(request) = request else {
        return flat.into_iter().find(|text| !text.is_empty()).map(cut);
    };
    let event_name = event.name.to_ascii_lowercase();
    let leaves = json::leaves(request);
    let named: Vec<&Leaf<'_>> = leaves.iter().filter(|leaf| !leaf.text.is_empty() && kind_of_key(leaf.key).is_some()).collect();
    let says = |leaf: &&&Leaf<'_>| kind_of_key(leaf.key).is_some_and(|kind| !kind.is_empty() && event_name.contains(&kind));
    let rank = |leaf: &&&Leaf<'_>| FIRST.iter().position(|key| leaf.key == *key).unwrap_or(FIRST.len());
    let first = || named.iter().filter(|leaf| leaf.depth == 1 && FIRST.contains(&leaf.key)).min_by_key(rank);
    let any_id = || leaves.iter().find(|leaf| is_id(leaf.text));
    named.iter().filter(says).min_by_key(rank).copied().or_else(|| first().copied()).or_else(any_id).map(|leaf| cut(leaf.text))
}

fn cut(text: &str) -> String {
    text.chars().take(TARGET_CHARS_MAX).collect()
}

/// Whether and how an event names a resource.
pub fn naming(event: &Event<'_>, needle: &Needle) -> Option<Naming> {
    let found = named(event, needle)?;
    // Taking a role changes nothing about it, whatever `readOnly` says.
    Some(if event.source == "sts.amazonaws.com" { Naming::Mentions } else { found })
}

fn named(event: &Event<'_>, needle: &Needle) -> Option<Naming> {
    let (request, response) = (Event::parsed(event.request), Event::parsed(event.response));
    if Event::parsed(event.resources).is_some_and(|resources| json::leaves(&resources).iter().any(|leaf| needle.is(leaf, event))) {
        return Some(Naming::Writes);
    }
    let asked = request.as_ref().map(json::leaves).unwrap_or_default();
    let answered = response.as_ref().map(json::leaves).unwrap_or_default();
    let event_name = event.name.to_ascii_lowercase();
    let says = |leaf: &Leaf<'_>| kind_of_key(leaf.key).is_some_and(|kind| !kind.is_empty() && event_name.contains(&kind));
    let all = || asked.iter().chain(&answered);
    let found: Vec<&Leaf<'_>> = all().filter(|leaf| needle.is(leaf, event)).collect();
    if found.iter().any(|leaf| says(leaf)) {
        return Some(Naming::Writes);
    }
    let in_request = asked.iter().any(|leaf| needle.is(leaf, event));
    // The noun of the event's name is not among its keys (`StopLogging` with `name`): then it is about all that it asks for.
    let says_none = !all().any(says);
    let is_plain = found.iter().any(|leaf| kind_of_key(leaf.key).is_some_and(|kind| kind.is_empty() || kind == "resource"));
    match found.is_empty() {
        true => None,
        false if in_request && (says_none || is_plain) => Some(Naming::Writes),
        false => Some(Naming::Mentions),
    }
}

/// `role` of `roleName`, nothing of `name`; `None` where the key names no resource.
fn kind_of_key(key: &str) -> Option<String> {
    let lower = key.to_ascii_lowercase();
    let kind = ENDS.iter().find_map(|end| lower.strip_suffix(end))?;
    // Plain words that happen to end so: `valid`, `bid`.
    let is_word_of_its_own =
        kind.is_empty() || key.get(kind.len()..).is_some_and(|end| end.starts_with(|c: char| c.is_ascii_uppercase()));
    is_word_of_its_own.then(|| kind.trim_end_matches(['-', '_']).to_owned())
}

/// `i-0abc12...`, `sg-...`, `subnet-...`, or an ARN.
pub fn is_id(text: &str) -> bool {
    if text.starts_with("arn:") {
        return text.split(':').count() >= 6;
    }
    text.rsplit_once('-').is_some_and(|(kind, number)| {
        (8..=17).contains(&number.len())
            && number.bytes().all(|b| b.is_ascii_hexdigit())
            && !kind.is_empty()
            && kind.len() <= 16
            && kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
    })
}

/// A resource that is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle {
    /// As it was asked for.
    pub text: String,
    arn: Option<Arn>,
    /// Bucket and key of `s3://bucket/key`.
    object: Option<(String, String)>,
}

/// An ARN in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arn {
    /// `iam`.
    pub service: String,
    /// Region, where there is one.
    pub region: String,
    /// Account, where there is one.
    pub account: String,
    /// `role`; empty where the ARN does not say.
    pub kind: String,
    /// The name without path.
    pub name: String,
    /// Everything behind the account.
    pub rest: String,
}

impl Arn {
    /// Takes an ARN apart.
    pub fn parse(text: &str) -> Option<Arn> {
        let mut parts = text.splitn(6, ':');
        let (arn, _partition) = (parts.next()?, parts.next()?);
        let (service, region, account, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let (kind, name) = match rest.split_once(['/', ':']) {
            Some((kind, name)) => (kind, name.rsplit_once('/').map_or(name, |(_, last)| last)),
            None => ("", rest),
        };
        let is_bucket = service == "s3";
        (arn == "arn" && !service.is_empty() && !rest.is_empty()).then(|| Arn {
            service: service.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            kind: if is_bucket { String::new() } else { kind.to_owned() },
            name: if is_bucket { rest } else { name }.to_owned(),
            rest: rest.to_owned(),
        })
    }
}

impl Needle {
    /// What was asked for.
    pub fn new(text: &str) -> Needle {
        let object = text.strip_prefix("s3://").map(|rest| {
            let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
            (bucket.to_owned(), key.to_owned())
        });
        let text = object.as_ref().filter(|(_, key)| key.is_empty()).map_or(text, |(bucket, _)| bucket.as_str());
        Needle { text: text.to_owned(), arn: Arn::parse(text), object: object.filter(|(_, key)| !key.is_empty()) }
    }

    /// Text that every event about it contains: what a statement can search for.
    pub fn searched(&self) -> &str {
        match (&self.object, &self.arn) {
            (Some((_, key)), _) => key,
            (None, Some(arn)) => &arn.name,
            (None, None) => &self.text,
        }
    }

    /// Whether single objects of a bucket are meant.
    pub fn is_object(&self) -> bool {
        self.object.is_some() || self.arn.as_ref().is_some_and(|arn| arn.service == "s3" && arn.rest.contains('/'))
    }

    /// Whether a text of an event is it.
    fn is(&self, leaf: &Leaf<'_>, event: &Event<'_>) -> bool {
        let text = leaf.text;
        if let Some((bucket, key)) = &self.object {
            return (event.bucket == bucket && leaf.key == "key" && text == key)
                || text.strip_prefix("arn:").and_then(|rest| rest.rsplit_once(":::")).is_some_and(|(_, rest)| {
                    rest.strip_prefix(bucket.as_str()).and_then(|rest| rest.strip_prefix('/')) == Some(key)
                });
        }
        if text == self.text {
            return true;
        }
        match &self.arn {
            Some(arn) => text == arn.name && arn.may_be(leaf, event),
            // A name or ID inside of an ARN: its last part.
            None => text.starts_with("arn:") && names_last(text, &self.text),
        }
    }
}

/// Whether an ARN ends with a name.
fn names_last(arn: &str, name: &str) -> bool {
    let Some(rest) = arn.splitn(6, ':').nth(5) else { return false };
    // An object is not its bucket.
    let is_s3 = arn.split(':').nth(2) == Some("s3");
    rest == name || (!is_s3 && rest.strip_suffix(name).is_some_and(|before| before.ends_with(['/', ':'])))
}

impl Arn {
    /// Whether a bare name under a key can be this resource: same service, same account, and a key of its kind.
    fn may_be(&self, leaf: &Leaf<'_>, event: &Event<'_>) -> bool {
        let same_service =
            self.service == event.service() || is_id(&self.name) || (self.service == "sts" && event.service() == "iam");
        let same_account = self.account.is_empty() || event.account.is_empty() || self.account == event.account;
        let same_region = self.region.is_empty() || event.region.is_empty() || self.region == event.region;
        let kind = self.kind.to_ascii_lowercase().replace('-', "");
        let key = leaf.key.to_ascii_lowercase();
        let key_kind = kind_of_key(leaf.key).unwrap_or_default();
        let same_kind = kind.is_empty() || key_kind.is_empty() || key.contains(&kind) || kind.contains(&key_kind);
        same_service && same_account && same_region && same_kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn how(
        needle: &str,
        source: &'static str,
        name: &'static str,
        request: &'static str,
        response: &'static str,
    ) -> Option<Naming> {
        let bucket = if request.contains("bucketName\":\"b\"") { "b" } else { "" };
        let event = Event { source, name, request, response, bucket, account: "111122223333", ..Event::default() };
        naming(&event, &Needle::new(needle))
    }

    #[test]
    fn writes_and_mentions() {
        use Naming::{Mentions, Writes};
        let run = (
            r#"{"groupSet":{"items":[{"groupId":"sg-0123456789"}]}}"#,
            r#"{"instancesSet":{"items":[{"instanceId":"i-0123456789"}]}}"#,
        );
        let cases = [
            ("i-0123456789", "ec2.amazonaws.com", "RunInstances", run.0, run.1, Some(Writes)),
            ("sg-0123456789", "ec2.amazonaws.com", "RunInstances", run.0, run.1, Some(Mentions)),
            ("i-012345678", "ec2.amazonaws.com", "RunInstances", run.0, run.1, None),
            ("Deploy", "iam.amazonaws.com", "AttachRolePolicy", r#"{"roleName":"Deploy","policyArn":"arn:x"}"#, "", Some(Writes)),
            (
                "arn:aws:iam::111122223333:role/p/Deploy",
                "iam.amazonaws.com",
                "PutRolePolicy",
                r#"{"roleName":"Deploy"}"#,
                "",
                Some(Writes),
            ),
            ("arn:aws:iam::999922223333:role/Deploy", "iam.amazonaws.com", "PutRolePolicy", r#"{"roleName":"Deploy"}"#, "", None),
            ("arn:aws:iam::111122223333:user/Deploy", "iam.amazonaws.com", "PutRolePolicy", r#"{"roleName":"Deploy"}"#, "", None),
            (
                "main",
                "cloudtrail.amazonaws.com",
                "StopLogging",
                r#"{"name":"arn:aws:cloudtrail:r:1:trail/main"}"#,
                "",
                Some(Writes),
            ),
            (
                "vpc-0123456789",
                "ec2.amazonaws.com",
                "AttachInternetGateway",
                r#"{"internetGatewayId":"igw-1","vpcId":"vpc-0123456789"}"#,
                "",
                Some(Mentions),
            ),
            (
                "eni-0123456789",
                "ec2.amazonaws.com",
                "CreateTags",
                r#"{"resourcesSet":{"items":[{"resourceId":"eni-0123456789"}]},"tagSet":{"items":[{"key":"tagname"}]}}"#,
                "",
                Some(Writes),
            ),
            ("s3://b/k/1", "s3.amazonaws.com", "PutObject", r#"{"bucketName":"b","key":"k/1"}"#, "", Some(Writes)),
            ("s3://b/k/2", "s3.amazonaws.com", "PutObject", r#"{"bucketName":"b","key":"k/1"}"#, "", None),
            ("arn:aws:s3:::b", "s3.amazonaws.com", "PutBucketPolicy", r#"{"bucketName":"b"}"#, "", Some(Writes)),
            ("orders", "newservice.amazonaws.com", "ResizeWidget", r#"{"widgetIdentifier":"orders"}"#, "", Some(Writes)),
        ];
        for (needle, source, name, request, response, expected) in cases {
            assert_eq!(how(needle, source, name, request, response), expected, "{needle} in {name}");
        }
    }

    #[test]
    fn targets() {
        let target_of = |name: &'static str, request: &'static str| {
            target(&Event { name, ..Event::default() }, Event::parsed(request).as_ref())
        };
        assert_eq!(target_of("AttachRolePolicy", r#"{"policyArn":"arn:p","roleName":"r"}"#).as_deref(), Some("r"));
        assert_eq!(target_of("StopLogging", r#"{"name":"t"}"#).as_deref(), Some("t"));
        assert_eq!(target_of("Odd", r#"{"x":{"y":"vol-0123456789"}}"#).as_deref(), Some("vol-0123456789"));
        assert_eq!(target_of("Odd", r#"{"x":1}"#), None);
    }

    #[test]
    fn ids() {
        for id in ["i-0abc1234def567890", "sg-12345678", "eipalloc-0123456789abcdef0", "arn:aws:s3:::b"] {
            assert!(is_id(id), "{id}");
        }
        for other in ["i-xyz", "2023-07-10", "my-deadbeefs", "arn:x", "cafe-babe"] {
            assert!(!is_id(other), "{other}");
        }
    }
}
