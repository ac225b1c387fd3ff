//! Events counted by category and service, kept and dropped.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Most services that are counted by name; what is beyond them is counted together. Names come from events.
const SERVICES_MAX: usize = 2_000;

/// Counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    /// Would be kept.
    pub kept: u64,
    /// Would not.
    pub dropped: u64,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Tally {
    /// By category and event source.
    pub by: BTreeMap<(String, String), Count>,
    /// Kept events of which a trail's own delivery is the cause: log files put into its bucket.
    pub deliveries: u64,
    /// Kept calls to KMS that such deliveries make.
    pub key_calls: u64,
    /// Records that are no JSON object.
    pub unread: u64,
    first_s: Option<i64>,
    last_s: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    event_category: Option<String>,
    event_type: Option<String>,
    management_event: Option<bool>,
    #[serde(default)]
    event_source: String,
    #[serde(default)]
    event_name: String,
    #[serde(default)]
    user_identity: Option<Identity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    invoked_by: Option<String>,
}

impl Tally {
    /// Counts an event.
    pub fn take(&mut self, at_s: i64, json: &str, kept: bool) {
        let Ok(head) = serde_json::from_str::<Head>(json) else {
            self.unread += 1;
            return;
        };
        self.first_s = Some(self.first_s.map_or(at_s, |first| first.min(at_s)));
        self.last_s = Some(self.last_s.map_or(at_s, |last| last.max(at_s)));
        let by_cloudtrail =
            head.user_identity.as_ref().and_then(|who| who.invoked_by.as_deref()) == Some("cloudtrail.amazonaws.com");
        if kept && by_cloudtrail {
            self.deliveries += u64::from(head.event_name == "PutObject");
            self.key_calls += u64::from(head.event_source == "kms.amazonaws.com");
        }
        let key = (category(&head).to_owned(), head.event_source);
        let key = if self.by.contains_key(&key) || self.by.len() < SERVICES_MAX { key } else { (key.0, "others".to_owned()) };
        let count = self.by.entry(key).or_default();
        if kept { count.kept += 1 } else { count.dropped += 1 }
    }

    /// The days that the events span; one at least.
    pub fn days(&self) -> f64 {
        let span_s = self.last_s.zip(self.first_s).map_or(0, |(last, first)| last - first);
        (span_s as f64 / 86_400.0).max(1.0)
    }

    /// All together.
    pub fn total(&self) -> Count {
        self.by
            .values()
            .fold(Count::default(), |sum, count| Count { kept: sum.kept + count.kept, dropped: sum.dropped + count.dropped })
    }
}

/// The category; of old records that have none, what they must be.
fn category(head: &Head) -> &str {
    match (head.event_category.as_deref(), head.event_type.as_deref(), head.management_event) {
        (Some(category), _, _) => category,
        (None, Some("AwsCloudTrailInsight"), _) => "Insight",
        (None, Some("AwsVpceEvent" | "AwsVpceEvents"), _) => "NetworkActivity",
        (None, _, Some(false)) => "Data",
        _ => "Management",
    }
}
