//! `session`: the chain of sessions that something belongs to, both ways, across accounts.
//!
//! A session is known by its access key. It begins with an event whose response carries that key; whoever made the call is
//! the session before. Between two accounts both receive a record of that event: `sharedEventID` joins them, and the caller's
//! own record is the one that says who called.

mod begin;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::coverage;
use crate::event::Event;
use crate::limits::{ASKED_BYTES_MAX, CHAIN_SESSIONS_MAX, CHAIN_STEPS_MAX, CHAINS_MAX, KEYS_PER_QUERY_MAX};
use crate::model::{Chains, Issue, Kind, Session, SessionRole, Times, Unseen};
use crate::nearest;
use crate::source::Source;
use crate::sql::{self, Period};
use crate::subject::recognise;
use begin::{Begin, Caller};

/// What is known about a key from its own events.
#[derive(Clone, Debug, Default)]
struct Used {
    caller: Caller,
    events: u64,
    denied: u64,
    times: Times,
}

/// Everything that was found, by key.
#[derive(Default)]
struct Known {
    begins: HashMap<String, Begin>,
    used: HashMap<String, Used>,
}

impl Known {
    /// Every key that is told of, once: what a key did is added up over statements, so that one in two of them would count twice.
    fn keys_with(&self, asked: &[String]) -> Vec<String> {
        let callers = self.begins.values().map(|begin| &begin.caller.key).filter(|key| !key.is_empty());
        let all: BTreeSet<&String> = self.begins.keys().chain(asked).chain(callers).collect();
        all.into_iter().cloned().collect()
    }
}

/// Finds the chains. An `Err` inside is about something that was never seen.
pub async fn chains<S: Source>(source: &S, asked: &str) -> Result<Result<Chains, Unseen>, S::Error> {
    let asked = asked.trim();
    let asked = asked.get(..ASKED_BYTES_MAX).unwrap_or(asked);
    let mut known = Known::default();
    let keys = keys_of(source, asked, &mut known).await?;
    let coverage = coverage::coverage(source, Period::default()).await?;
    if keys.is_empty() {
        let kind = recognise(asked).unwrap_or(Kind::Session);
        let nearest = nearest::nearest(source, asked, kind).await?;
        return Ok(Err(Unseen { asked: asked.to_owned(), kind, searched_events: coverage.events, nearest, coverage }));
    }
    let omitted = keys.len().saturating_sub(CHAINS_MAX) as u64;
    let keys: Vec<String> = keys.into_iter().take(CHAINS_MAX).collect();
    before(source, &keys, &mut known).await?;
    let children = after(source, &keys, &mut known).await?;
    look_at(source, &known.keys_with(&keys), &mut known).await?;
    let chains = trees(&keys, &children, &known);
    Ok(Ok(Chains { asked: asked.to_owned(), chains, omitted, coverage }))
}

/// The keys that are meant, those that began first first.
async fn keys_of<S: Source>(source: &S, asked: &str, known: &mut Known) -> Result<Vec<String>, S::Error> {
    let (used, issued) = match recognise(asked) {
        Some(Kind::AccessKey) => (sql::equals("useridentity_accesskeyid", asked), None),
        Some(_) if asked.starts_with("arn:") => {
            let response = sql::contains("responseelements", &format!("\"{asked}\""));
            let issued = format!("responseelements_credentials_accesskeyid IS NOT NULL AND {response}");
            (sql::equals("useridentity_arn", asked), Some(issued))
        }
        _ => (
            sql::equals("split_part(useridentity_principalid, ':', 2)", asked),
            Some(sql::equals("requestparameters_rolesessionname", asked)),
        ),
    };
    let mut found: BTreeMap<String, i64> = BTreeMap::new();
    let statement =
        format!("SELECT useridentity_accesskeyid, min(eventtime) FROM events WHERE {used} GROUP BY useridentity_accesskeyid");
    source
        .each(&statement, &mut |row| {
            let key = row.text(0).unwrap_or_default();
            if !key.is_empty() {
                found.insert(key.to_owned(), row.number(1).unwrap_or(0));
            }
        })
        .await?;
    let by_key = || sql::equals("responseelements_credentials_accesskeyid", asked);
    for begin in begin::find(source, &issued.unwrap_or_else(by_key)).await? {
        found.insert(begin.key.clone(), begin.issue.time_us);
        begin::keep(&mut known.begins, begin);
    }
    let mut keys: Vec<(i64, String)> = found.into_iter().map(|(key, time_us)| (time_us, key)).collect();
    keys.sort();
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

/// Climbs from the keys to where they came from.
async fn before<S: Source>(source: &S, keys: &[String], known: &mut Known) -> Result<(), S::Error> {
    let mut wave: Vec<String> = keys.to_vec();
    let mut seen: HashSet<String> = HashSet::new();
    for _ in 0..CHAIN_STEPS_MAX {
        wave.retain(|key| seen.insert(key.clone()));
        if wave.is_empty() {
            break;
        }
        for some in wave.chunks(KEYS_PER_QUERY_MAX) {
            let list = sql::list(some.iter().map(String::as_str));
            for begin in begin::find(source, &format!("responseelements_credentials_accesskeyid IN ({list})")).await? {
                begin::keep(&mut known.begins, begin);
            }
        }
        let callers = wave.iter().filter_map(|key| known.begins.get(key)).map(|begin| begin.caller.key.clone());
        // Long-term keys begin nowhere.
        wave = callers.filter(|key| !key.is_empty() && !key.starts_with("AKIA")).collect();
    }
    Ok(())
}

/// Goes on from the keys to where they led; returns the keys that began with each.
async fn after<S: Source>(source: &S, keys: &[String], known: &mut Known) -> Result<HashMap<String, Vec<String>>, S::Error> {
    let mut children: HashMap<String, Vec<String>> = HashMap::new();
    let mut wave: Vec<String> = keys.to_vec();
    let mut seen: HashSet<String> = HashSet::new();
    for _ in 0..CHAIN_STEPS_MAX {
        wave.retain(|key| seen.len() < CHAIN_SESSIONS_MAX && seen.insert(key.clone()));
        if wave.is_empty() {
            break;
        }
        let mut next = Vec::new();
        for some in wave.chunks(KEYS_PER_QUERY_MAX) {
            let list = sql::list(some.iter().map(String::as_str));
            let condition = format!(
                "useridentity_accesskeyid IN ({list}) AND (responseelements_credentials_accesskeyid IS NOT NULL \
                 OR (eventsource = 'sts.amazonaws.com' AND sharedeventid IS NOT NULL AND errorcode IS NULL))"
            );
            for begin in begin::find(source, &condition).await? {
                children.entry(begin.caller.key.clone()).or_default().push(begin.key.clone());
                next.push(begin.key.clone());
                begin::keep(&mut known.begins, begin);
            }
        }
        wave = next;
    }
    for keys in children.values_mut() {
        keys.sort();
        keys.dedup();
        keys.sort_by_key(|key| known.begins.get(key).map(|begin| begin.issue.time_us));
    }
    Ok(children)
}

/// What the keys did.
async fn look_at<S: Source>(source: &S, keys: &[String], known: &mut Known) -> Result<(), S::Error> {
    let identity = "useridentity_accesskeyid, useridentity_type, useridentity_arn, useridentity_accountid, useridentity_username, \
                    useridentity_invokedby";
    let denied = "sum(CASE WHEN errorcode LIKE '%AccessDenied%' OR errorcode LIKE '%Unauthorized%' THEN 1 ELSE 0 END)";
    for some in keys.chunks(KEYS_PER_QUERY_MAX) {
        let list = sql::list(some.iter().map(String::as_str));
        let statement = format!(
            "SELECT {identity}, count(*), {denied}, min(eventtime), max(eventtime) FROM events
             WHERE useridentity_accesskeyid IN ({list}) GROUP BY {identity}"
        );
        source
            .each(&statement, &mut |row| {
                let text = |at| row.text(at).unwrap_or_default();
                let event = Event {
                    key: text(0),
                    identity_type: text(1),
                    arn: text(2),
                    identity_account: text(3),
                    user: text(4),
                    ..Event::default()
                };
                let used = known.used.entry(event.key.to_owned()).or_default();
                // Services acting for it repeat its identity with less in it.
                if used.caller.arn.is_empty() {
                    used.caller = Caller::of(&event);
                }
                used.events += row.number(6).unwrap_or(0).unsigned_abs();
                used.denied += row.number(7).unwrap_or(0).unsigned_abs();
                used.times.add(row.number(8).unwrap_or(0));
                used.times.add(row.number(9).unwrap_or(0));
            })
            .await?;
    }
    Ok(())
}

/// One tree for each key that is not in another's tree already.
fn trees(keys: &[String], children: &HashMap<String, Vec<String>>, known: &Known) -> Vec<Session> {
    let asked: HashSet<&str> = keys.iter().map(String::as_str).collect();
    let mut told: HashSet<String> = HashSet::new();
    let mut trees = Vec::new();
    for key in keys {
        if told.contains(key) {
            continue;
        }
        let mut visited = HashSet::new();
        let mut tree = below(key, &asked, children, known, &mut visited, 0);
        told.extend(visited);
        let mut key = key.clone();
        for _ in 0..CHAIN_STEPS_MAX {
            let Some(begin) = known.begins.get(&key) else { break };
            key.clone_from(&begin.caller.key);
            let place = if asked.contains(key.as_str()) { SessionRole::Asked } else { SessionRole::Before };
            let mut parent = if key.is_empty() { caller(&begin.caller) } else { session(&key, place, known) };
            parent.children.push(tree);
            tree = parent;
            if !told.insert(key.clone()) || key.is_empty() {
                break;
            }
        }
        trees.push(tree);
    }
    trees
}

/// A session and those that began with it. Calls itself once a step of a chain: at most [`CHAIN_STEPS_MAX`] times.
fn below(
    key: &str,
    asked: &HashSet<&str>,
    children: &HashMap<String, Vec<String>>,
    known: &Known,
    visited: &mut HashSet<String>,
    depth: usize,
) -> Session {
    let place = if asked.contains(key) { SessionRole::Asked } else { SessionRole::After };
    let mut told = session(key, place, known);
    if depth < CHAIN_STEPS_MAX && visited.insert(key.to_owned()) {
        let next = children.get(key).map(Vec::as_slice).unwrap_or_default();
        told.children = next
            .iter()
            .filter(|child| known.begins.get(*child).is_none_or(|begin| begin.caller.key == key))
            .filter(|child| !visited.contains(*child))
            .cloned()
            .collect::<Vec<_>>()
            .iter()
            .map(|child| below(child, asked, children, known, visited, depth + 1))
            .collect();
    }
    told
}

fn session(key: &str, place: SessionRole, known: &Known) -> Session {
    let used = known.used.get(key).cloned().unwrap_or_default();
    let begin = known.begins.get(key);
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let issued = begin.map(|begin| &begin.session);
    let caller = if used.events > 0 { &used.caller } else { issued.unwrap_or(&used.caller) };
    Session {
        key: Some(key.to_owned()),
        place,
        identity_type: caller.identity_type.clone(),
        name: if caller.name.is_empty() { key.to_owned() } else { caller.name.clone() },
        arn: some(&caller.arn),
        account: some(&caller.account),
        issue: begin.map(|begin| Issue {
            crosses_accounts: !begin.caller.account.is_empty()
                && !caller.account.is_empty()
                && begin.caller.account != caller.account
                && begin.caller.identity_type != "AWSService",
            ..begin.issue.clone()
        }),
        events: used.events,
        denied: used.denied,
        times: used.times,
        children: Vec::new(),
    }
}

/// A caller without an access key.
fn caller(caller: &Caller) -> Session {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Session {
        key: None,
        place: SessionRole::Before,
        identity_type: caller.identity_type.clone(),
        name: caller.name.clone(),
        arn: some(&caller.arn),
        account: some(&caller.account),
        issue: None,
        events: 0,
        denied: 0,
        times: Times::default(),
        children: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_of_many_sessions_is_looked_at_once() {
        let mut known = Known::default();
        for at in 0..3 {
            let caller = Caller { key: "AKIA1".to_owned(), ..Caller::default() };
            let begin = Begin { key: format!("ASIA{at}"), caller, ..Begin::default() };
            begin::keep(&mut known.begins, begin);
        }
        assert_eq!(known.keys_with(&["AKIA1".to_owned()]), ["AKIA1", "ASIA0", "ASIA1", "ASIA2"]);
    }
}
