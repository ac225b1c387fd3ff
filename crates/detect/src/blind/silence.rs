//! A silence as a finding.

use std::collections::BTreeMap;

use finding::{Entity, Event, Finding, RuleInfo, Severity, attack, id};

use super::Cell;
use super::gaps::{Gap, Heard};
use crate::event::time_text;
use crate::report::{Report, RuleCount, sort};

/// The version of these rules: it is part of a finding's id.
const VERSION: &str = "1";

/// A rule about what does not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlindRule {
    /// Its id.
    pub id: &'static str,
    /// In one line.
    pub title: &'static str,
    /// What it is about.
    pub description: &'static str,
    /// The highest level of its findings.
    pub severity: Severity,
}

const TRAIL_SILENT: BlindRule = BlindRule {
    id: "trailkeep-trail-silent",
    title: "Trail silent",
    description: "Nothing of this trail has come from any account and Region for longer than it can take. It was stopped, deleted or \
                  redirected, its bucket or key does not let CloudTrail in any more, or the way from the bucket to here is cut.",
    severity: Severity::Critical,
};

const DIGEST_OVERDUE: BlindRule = BlindRule {
    id: "trailkeep-digest-overdue",
    title: "Digest overdue",
    description: "CloudTrail delivers a digest an hour for each account and Region of a trail that validates its log files, also when \
                  nothing happened. Here none has come, while others of the same trail went on.",
    severity: Severity::High,
};

const HEARTBEAT_MISSING: BlindRule = BlindRule {
    id: "trailkeep-heartbeat-missing",
    title: "No log files where there usually are",
    description: "No log file has come from here for much longer than ever in the two weeks before, while others went on. There are no \
                  digests that would say that nothing happened.",
    severity: Severity::Medium,
};

/// All of them.
pub const BLIND_RULES: [BlindRule; 3] = [TRAIL_SILENT, DIGEST_OVERDUE, HEARTBEAT_MISSING];

const RESPONSE: &str = "Ask CloudTrail: `aws cloudtrail get-trail-status` (IsLogging, LatestDeliveryError), `get-trail` and \
                        `get-event-selectors`; compare bucket policy and key policy with what CloudTrail needs; look for StopLogging, \
                        UpdateTrail, PutEventSelectors and DeleteTrail before the silence.";

/// Where it is silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Where {
    /// The trail, or where its log files lie.
    pub trail: String,
    /// The account; empty if there are several.
    pub account: String,
    /// The Region; empty if there are several.
    pub region: String,
    /// Accounts and Regions that are silent.
    pub cells: usize,
}

/// Something fell silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// The rule that says so.
    pub rule: BlindRule,
    /// Where.
    pub place: Where,
    /// The last sign, in microseconds since 1970 UTC: the end of a digest's hour, or the beginning of a quarter of an hour with log files.
    pub last: i64,
    /// When it could be known.
    pub noticed: i64,
    /// Whether the last sign is a digest.
    pub is_digest: bool,
    /// The account and Region that it is from.
    pub last_cell: Option<Cell>,
    allowed: i64,
}

impl Silence {
    pub(super) fn new(heard: Heard, place: Where, gap: &Gap, is_whole: bool) -> Silence {
        let rule = match heard {
            _ if is_whole => TRAIL_SILENT,
            Heard::Digests { .. } => DIGEST_OVERDUE,
            Heard::Files { .. } => HEARTBEAT_MISSING,
        };
        let is_digest = matches!(heard, Heard::Digests { .. });
        Silence { rule, place, last: gap.last, noticed: gap.noticed, is_digest, last_cell: None, allowed: gap.allowed }
    }

    /// The finding; `key` is that of the last delivery.
    pub fn finding(&self, key: &str) -> Finding {
        let entity = self.entity();
        // What is only usual is less certain than what is due.
        let severity = if self.is_digest { self.rule.severity } else { self.rule.severity.min(Severity::High) };
        Finding {
            id: id(self.rule.id, VERSION, &entity, self.last),
            severity,
            rule: self.rule.info(),
            first_event_time: time_text(Some(self.last)),
            last_event_time: time_text(Some(self.noticed)),
            count: 1,
            clauses: self.clauses(),
            events: vec![self.event(key)],
            entity,
        }
    }

    fn entity(&self) -> Entity {
        let Where { trail, account, region, .. } = &self.place;
        let kind = match self.rule.id {
            id if id == TRAIL_SILENT.id => "trail",
            _ if region.is_empty() => "account",
            _ => "Region",
        };
        let value = match kind {
            "trail" => trail.clone(),
            "account" => format!("{account} of {trail}"),
            _ => format!("{account} {region} of {trail}"),
        };
        Entity { kind: kind.to_owned(), value, account: account.clone() }
    }

    fn clauses(&self) -> Vec<String> {
        let (last, noticed) = (time_text(Some(self.last)), time_text(Some(self.noticed)));
        let minutes = self.allowed / 60_000_000;
        let what = if self.is_digest {
            format!("the last digest ends at {last}; one is due every hour, and none had come by {noticed}")
        } else {
            format!(
                "the last log files came in the quarter of an hour from {last}; {minutes} min of quiet are the most that is usual, and none had come by {noticed}"
            )
        };
        vec![what, format!("silent: {} of account and Region", self.place.cells)]
    }

    fn event(&self, key: &str) -> Event {
        Event {
            event_time: time_text(Some(self.last)),
            event_id: String::new(),
            event_name: if self.is_digest { "(last digest)" } else { "(last log file)" }.to_owned(),
            event_source: "cloudtrail.amazonaws.com".to_owned(),
            aws_region: self.last_cell.as_ref().map(|cell| cell.region.clone()).unwrap_or_default(),
            recipient_account_id: self.last_cell.as_ref().map(|cell| cell.account.clone()).unwrap_or_default(),
            source_ip_address: String::new(),
            user_identity_arn: String::new(),
            error_code: String::new(),
            delivery: key.to_owned(),
            index: 0,
        }
    }
}

impl Report {
    /// Adds silences, and the rules that listened for them.
    pub fn add_silences(&mut self, findings: Vec<Finding>) {
        for rule in BLIND_RULES {
            let own: Vec<&Finding> = findings.iter().filter(|finding| finding.rule.id == rule.id).collect();
            let mut days = BTreeMap::new();
            for finding in &own {
                let day = finding.first_event_time.get(..10).unwrap_or("unknown").to_owned();
                *days.entry(day).or_default() += 1;
            }
            self.rules.push(RuleCount {
                id: rule.id.to_owned(),
                title: rule.title.to_owned(),
                level: rule.severity,
                file: "built in".to_owned(),
                kind: "silence",
                matches: own.len() as u64,
                suppressed: 0,
                days,
                looked_at: 0,
                work_permille: 0,
            });
        }
        self.findings.extend(findings);
        sort(&mut self.findings);
    }
}

impl BlindRule {
    fn info(&self) -> RuleInfo {
        RuleInfo {
            id: self.id.to_owned(),
            title: self.title.to_owned(),
            description: self.description.to_owned(),
            author: "trailkeep".to_owned(),
            version: VERSION.to_owned(),
            references: vec![
                "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html".to_owned(),
            ],
            false_positives: vec!["An account that was closed, or a Region or trail that was given up on purpose".to_owned()],
            attack: attack(&["attack.defense-evasion".to_owned(), "attack.t1562.008".to_owned()]),
            controls: Vec::new(),
            response: RESPONSE.to_owned(),
        }
    }
}
