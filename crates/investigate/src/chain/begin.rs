//! The events with which sessions begin, both sides of each made one.

use std::collections::HashMap;

use crate::event::{Event, columns};
use crate::follow::session_name;
use crate::json;
use crate::limits::KEYS_PER_QUERY_MAX;
use crate::model::Issue;
use crate::source::Source;
use crate::sql;

/// Who called, or who a session is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Access key; empty where there is none.
    pub key: String,
    /// `userIdentity.type`.
    pub identity_type: String,
    /// A name for people.
    pub name: String,
    /// ARN.
    pub arn: String,
    /// Account.
    pub account: String,
}

/// How a session began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Begin {
    /// Its key.
    pub key: String,
    /// The event.
    pub issue: Issue,
    /// Who called.
    pub caller: Caller,
    /// Who the session is, as the event tells it.
    pub session: Caller,
}

impl Caller {
    /// Who did an event.
    pub fn of(event: &Event<'_>) -> Caller {
        Caller {
            key: event.key.to_owned(),
            identity_type: event.identity_type.to_owned(),
            name: event.actor(),
            arn: event.arn.to_owned(),
            account: event.identity_account.to_owned(),
        }
    }

    /// Whether this says who called; the other account's record names only the caller's account.
    fn is_known(&self) -> bool {
        self.identity_type != "AWSAccount"
    }
}

/// Events that sessions begin with, both sides of each: one may lack the key, the other never says who called.
pub async fn find<S: Source>(source: &S, condition: &str) -> Result<Vec<Begin>, S::Error> {
    let mut found = read(source, condition).await?;
    let shared = found.iter().filter_map(|begin| begin.issue.shared_event_id.clone());
    let shared: Vec<String> = shared.collect();
    let mut others: HashMap<String, Vec<Begin>> = HashMap::new();
    for some in shared.chunks(KEYS_PER_QUERY_MAX) {
        for begin in read(source, &format!("sharedeventid IN ({})", sql::list(some.iter().map(String::as_str)))).await? {
            others.entry(begin.issue.shared_event_id.clone().unwrap_or_default()).or_default().push(begin);
        }
    }
    for begin in &mut found {
        let same = begin.issue.shared_event_id.as_ref().and_then(|id| others.get(id));
        let other = same.and_then(|same| same.iter().find(|other| other.issue.event_id != begin.issue.event_id));
        if let Some(other) = other {
            *begin = joined(begin.clone(), other.clone());
        }
    }
    found.retain(|begin| !begin.key.is_empty());
    Ok(found)
}

/// Keeps the better one of two records of the same beginning.
pub fn keep(begins: &mut HashMap<String, Begin>, begin: Begin) {
    match begins.remove(&begin.key) {
        None => begins.insert(begin.key.clone(), begin),
        Some(known) if known.issue.event_id == begin.issue.event_id => {
            let (mut better, other) = if known.caller.is_known() { (known, begin) } else { (begin, known) };
            better.issue.other_event_id = better.issue.other_event_id.or(other.issue.other_event_id);
            begins.insert(better.key.clone(), better)
        }
        Some(known) => begins.insert(begin.key.clone(), joined(known, begin)),
    };
}

/// Two sides of one event: the caller's side leads.
fn joined(one: Begin, other: Begin) -> Begin {
    let (mut mine, theirs) = if one.caller.is_known() || !other.caller.is_known() { (one, other) } else { (other, one) };
    if mine.issue.event_id != theirs.issue.event_id {
        mine.issue.other_event_id = Some(theirs.issue.event_id).filter(|id| !id.is_empty());
    }
    if mine.key.is_empty() {
        mine.key = theirs.key;
        mine.session = theirs.session;
    }
    mine
}

async fn read<S: Source>(source: &S, condition: &str) -> Result<Vec<Begin>, S::Error> {
    let mut found = Vec::new();
    source
        .each(&format!("SELECT {} FROM events WHERE {condition}", columns()), &mut |row| {
            let event = Event::of(row);
            if !event.failed() {
                found.push(begin(&event));
            }
        })
        .await?;
    Ok(found)
}

fn begin(event: &Event<'_>) -> Begin {
    let request = Event::parsed(event.request);
    let response = Event::parsed(event.response);
    let asked = |path: &str| request.as_ref().and_then(|request| json::text_at(request, path));
    let answered = |path: &str| response.as_ref().and_then(|response| json::text_at(response, path));
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let role_arn = some(event.role_arn);
    let arn = answered("assumedRoleUser.arn").or_else(|| answered("federatedUser.arn"));
    let identity_type = match event.name {
        "GetSessionToken" => event.identity_type,
        "GetFederationToken" => "FederatedUser",
        _ if role_arn.is_some() || arn.as_ref().is_some_and(|arn| arn.contains(":assumed-role/")) => "AssumedRole",
        _ => "",
    };
    let account = arn.as_deref().or(role_arn.as_deref()).and_then(|arn| arn.split(':').nth(4));
    let is_same = event.name == "GetSessionToken";
    Begin {
        key: event.issued_key.to_owned(),
        caller: Caller::of(event),
        session: Caller {
            key: event.issued_key.to_owned(),
            identity_type: identity_type.to_owned(),
            name: if is_same { event.actor() } else { session_name(event) },
            account: account.unwrap_or(event.account).to_owned(),
            arn: arn.unwrap_or_else(|| if is_same { event.arn.to_owned() } else { String::new() }),
        },
        issue: Issue {
            time_us: event.time_us,
            event: event.name.to_owned(),
            event_id: event.id.to_owned(),
            other_event_id: None,
            shared_event_id: some(event.shared_id),
            role_arn,
            session_name: asked("roleSessionName").or_else(|| asked("name").filter(|_| event.name == "GetFederationToken")),
            source_identity: asked("sourceIdentity").or_else(|| answered("sourceIdentity")),
            crosses_accounts: false,
            address: event.address.to_owned(),
            agent: event.agent.to_owned(),
        },
    }
}
