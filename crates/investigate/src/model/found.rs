//! What `investigate` finds.

use serde::Serialize;

use super::coverage::Coverage;
use super::times::{Times, iso, iso_if_any};

/// What kind of thing was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An access key ID.
    AccessKey,
    /// A role session, by its ARN or its name.
    Session,
    /// An IAM user.
    User,
    /// A role.
    Role,
    /// An account's root user.
    Root,
    /// An account.
    Account,
    /// A source identity, or an e-mail address that stands for a person.
    SourceIdentity,
    /// The unique ID of a user or role (`AIDA...`, `AROA...`).
    UniqueId,
    /// An address, a network, or a service's DNS name.
    Address,
    /// A user agent.
    Agent,
    /// A bucket, or a prefix in it.
    Bucket,
    /// A VPC endpoint.
    VpcEndpoint,
    /// Any other resource.
    Resource,
}

/// A meaning that the asked text may have, and how many events speak for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Meaning {
    /// The kind.
    pub kind: Kind,
    /// Events.
    pub events: u64,
}

/// Everything about something that was never seen.
#[derive(Clone, Debug, Serialize)]
pub struct Unseen {
    /// What was asked about.
    pub asked: String,
    /// What it looks like.
    pub kind: Kind,
    /// Events that were searched.
    pub searched_events: u64,
    /// What is there and looks most like it.
    pub nearest: Vec<Nearest>,
    /// What the lake holds.
    pub coverage: Coverage,
}

/// Something that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Nearest {
    /// It.
    pub value: String,
    /// What it is.
    pub kind: Kind,
    /// Its events.
    pub events: u64,
}

/// Everything that was found.
#[derive(Clone, Debug, Serialize)]
pub struct Investigation {
    /// What was asked about.
    pub asked: String,
    /// What it was taken for.
    pub kind: Kind,
    /// What else it could mean.
    pub other_meanings: Vec<Meaning>,
    /// Who or what it is.
    pub card: Card,
    /// The period that was looked at.
    pub scope: Scope,
    /// Its own past, before the scope.
    pub baseline: Baseline,
    /// The few numbers that matter first.
    pub summary: Summary,
    /// What is new against the baseline.
    pub new: New,
    /// What happened, in order.
    pub timeline: Vec<Run>,
    /// Runs that were left out of the timeline.
    pub timeline_omitted: u64,
    /// Addresses, agents, Regions, services.
    pub origins: Origins,
    /// What was changed that lasts: ways back in, tracks covered, damage.
    pub lasting: Vec<Lasting>,
    /// Lasting changes beyond the limit.
    pub lasting_omitted: u64,
    /// Data that was touched.
    pub data: Vec<Container>,
    /// Sessions, keys, users and roles that it led to; the first entry is what was asked about.
    pub followed: Vec<Followed>,
    /// Sessions and keys that were not followed because there are too many.
    pub followed_omitted: u64,
    /// What was refused.
    pub denied: Vec<Denial>,
    /// Others who came from the same new addresses.
    pub neighbours: Vec<Neighbour>,
    /// What the lake holds of the period, and how far it is vouched for.
    pub coverage: Coverage,
}

/// Who or what it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Card {
    /// `userIdentity.type`s, most frequent first.
    pub types: Vec<String>,
    /// Names of the identities behind it (users, `role/session`), most frequent first, at most ten.
    pub names: Vec<String>,
    /// How many ARNs there are.
    pub identities: u64,
    /// Their ARNs, at most ten.
    pub arns: Vec<String>,
    /// Their accounts.
    pub accounts: Vec<String>,
    /// Source identities.
    pub source_identities: Vec<String>,
    /// Access keys it used in the scope, most frequent first, at most twenty.
    pub keys: Vec<Counted>,
    /// How many access keys there are.
    pub keys_total: u64,
    /// Console sign-ins in the scope, those that it led to included.
    pub sign_ins: SignIns,
    /// Events in the whole lake.
    pub events: u64,
    /// First and last event in the whole lake.
    pub times: Times,
    /// Who issued or made it, for a key.
    pub issued: Option<Lasting>,
}

/// Console sign-ins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SignIns {
    /// That worked.
    pub succeeded: u64,
    /// Of those, without a second factor.
    pub without_mfa: u64,
    /// That failed.
    pub failed: u64,
}

/// The period that was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Scope {
    /// From then on; `None` from the beginning.
    #[serde(rename = "since", serialize_with = "iso_if_any")]
    pub since_us: Option<i64>,
    /// Until then; `None` to the end.
    #[serde(rename = "until", serialize_with = "iso_if_any")]
    pub until_us: Option<i64>,
    /// Whether the period was chosen (the last days of its activity), not given.
    pub is_chosen: bool,
}

/// Its own past.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Baseline {
    /// Seconds before the scope.
    pub span_s: u64,
    /// Events.
    pub events: u64,
    /// Days on which it was active.
    pub days: u64,
    /// First and last event.
    pub times: Times,
}

/// The few numbers that matter first; those it led to are counted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Events in the scope.
    pub events: u64,
    /// Events that changed something.
    pub writes: u64,
    /// Events that were refused.
    pub denied: u64,
    /// Events that failed for other reasons.
    pub failed: u64,
    /// Events of those it led to.
    pub followed_events: u64,
    /// Ways back in that worked.
    pub access: u64,
    /// Those among them with an API or from an address that is new to it.
    pub access_new: u64,
    /// Tracks that were covered.
    pub hiding: u64,
    /// Other lasting effects.
    pub effect: u64,
    /// Objects, secrets, parameters, items read: different ones.
    pub objects_read: u64,
    /// First and last event.
    pub times: Times,
}

/// What is new against the baseline; all empty where there is no baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct New {
    /// Addresses.
    pub addresses: Vec<String>,
    /// User agents.
    pub agents: Vec<String>,
    /// Regions.
    pub regions: Vec<String>,
    /// `service:EventName`s.
    pub apis: Vec<String>,
    /// Accounts that received its events.
    pub accounts: Vec<String>,
}

/// Where it came from and where it went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Origins {
    /// `sourceIPAddress`.
    pub addresses: Vec<Counted>,
    /// `userAgent`.
    pub agents: Vec<Counted>,
    /// `awsRegion`.
    pub regions: Vec<Counted>,
    /// `service:EventName`.
    pub apis: Vec<Counted>,
    /// `recipientAccountId`.
    pub accounts: Vec<Counted>,
}

/// A value and how often it was there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// The value.
    pub value: String,
    /// Events.
    pub events: u64,
    /// Events that changed something.
    pub writes: u64,
    /// Events that were refused.
    pub denied: u64,
    /// First and last.
    #[serde(flatten)]
    pub times: Times,
    /// Events in the baseline; `None` where there is no baseline.
    pub earlier_events: Option<u64>,
    /// Not in the baseline, though there is one.
    pub is_new: bool,
    /// Something worth knowing about it.
    pub remark: Option<String>,
}

/// The same step, again and again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Index of who did it, in `followed`.
    pub by: usize,
    /// First and last.
    #[serde(flatten)]
    pub times: Times,
    /// Times.
    pub count: u64,
    /// `eventSource` without its domain.
    pub service: String,
    /// `eventName`.
    pub event: String,
    /// `awsRegion`.
    pub region: String,
    /// `sourceIPAddress`.
    pub address: String,
    /// `errorCode`, or what stands for it.
    pub error: Option<String>,
    /// Whether it changed something.
    pub is_write: bool,
    /// Whether API or address are not in the baseline.
    pub is_new: bool,
    /// What lasts of it.
    pub class: Option<Class>,
    /// What it was done to: the first few.
    pub targets: Vec<String>,
    /// To how many different things.
    pub targets_total: u64,
    /// ID of its first event.
    pub event_id: String,
}

/// What lasts of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A way back in.
    Access,
    /// Tracks covered, eyes closed.
    Hiding,
    /// Another lasting effect: machines started, data shared or destroyed.
    Effect,
}

/// A change that lasts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Lasting {
    /// When.
    #[serde(rename = "time", serialize_with = "iso")]
    pub time_us: i64,
    /// Which kind.
    pub class: Option<Class>,
    /// What it amounts to, in a few words.
    pub what: String,
    /// `eventSource` without its domain.
    pub service: String,
    /// `eventName`.
    pub event: String,
    /// What it was done to.
    pub target: Option<String>,
    /// What matters in the request or the response.
    pub detail: Option<String>,
    /// Index of who did it, in `followed`.
    pub by: usize,
    /// Who did it.
    pub actor: String,
    /// `recipientAccountId`.
    pub account: String,
    /// `awsRegion`.
    pub region: String,
    /// `sourceIPAddress`.
    pub address: String,
    /// `errorCode` if it failed.
    pub error: Option<String>,
    /// Whether API or address are not in the baseline.
    pub is_new: bool,
    /// Its place in the table of lasting changes: what weighs more comes first.
    #[serde(skip)]
    pub rank: usize,
    /// `eventID`.
    pub event_id: String,
}

/// Data in one place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Container {
    /// What it is: `s3`, `secretsmanager`, ...
    pub service: String,
    /// Bucket, table, secret store, ...
    pub name: String,
    /// read, written, deleted or listed.
    pub action: String,
    /// Events.
    pub events: u64,
    /// Different objects.
    pub objects: u64,
    /// The first few of them.
    pub examples: Vec<String>,
    /// Bytes that went out, where the events say.
    pub bytes_out: u64,
    /// Bytes that came in, where the events say.
    pub bytes_in: u64,
    /// Events that were refused or failed.
    pub failed: u64,
    /// First and last.
    #[serde(flatten)]
    pub times: Times,
    /// Index of who did it first, in `followed`.
    pub by: usize,
}

/// How one led to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It is what was asked about.
    Asked,
    /// Temporary credentials were issued to it.
    Assumed,
    /// It made an access key.
    KeyMade,
    /// It set a console password.
    PasswordSet,
    /// It made a user.
    UserMade,
    /// It opened a role: made it, or changed its trust policy.
    RoleOpened,
}

/// Somebody it led to, and what they did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Followed {
    /// Index of who led there.
    pub from: Option<usize>,
    /// How.
    pub how: How,
    /// The access key, user or role.
    pub id: String,
    /// A name for people: `role/session`, user.
    pub name: String,
    /// Its account.
    pub account: String,
    /// When it came into being.
    #[serde(rename = "since", serialize_with = "iso_if_any")]
    pub since_us: Option<i64>,
    /// Event that it came into being with.
    pub event_id: Option<String>,
    /// Its events.
    pub events: u64,
    /// Events that changed something.
    pub writes: u64,
    /// Events that were refused.
    pub denied: u64,
    /// First and last event.
    #[serde(flatten)]
    pub times: Times,
}

/// What was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Denial {
    /// `eventSource` without its domain.
    pub service: String,
    /// `eventName`.
    pub event: String,
    /// `errorCode`.
    pub error: String,
    /// Which kind of policy refused, as the message says it.
    pub reason: Option<String>,
    /// Times.
    pub count: u64,
    /// First and last.
    #[serde(flatten)]
    pub times: Times,
    /// Index of who was refused first, in `followed`.
    pub by: usize,
}

/// Somebody else from a new address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Neighbour {
    /// The address.
    pub address: String,
    /// Who.
    pub name: String,
    /// Access key.
    pub key: String,
    /// Events.
    pub events: u64,
    /// First and last.
    #[serde(flatten)]
    pub times: Times,
}
