//! `who`: the last writers of a resource, and what each of them changed.

use std::collections::HashMap;

use serde_json::Value;

use crate::coverage;
use crate::difference;
use crate::event::{Event, columns};
use crate::limits::WRITES_MAX;
use crate::model::{Difference, Mention, Who, Write};
use crate::resource::{Naming, Needle, naming};
use crate::source::Source;
use crate::sql::{self, Period};

/// Mentions that are kept.
const MENTIONS_MAX: usize = 1_000;

/// Requests of another API that say the same under another key: (API, earlier API, its key, key).
const KIN: [(&str, &str, &str, &str); 1] = [("UpdateAssumeRolePolicy", "CreateRole", "assumeRolePolicyDocument", "policyDocument")];

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct WhoQuestion {
    /// The resource: an ARN, an ID, a name, `s3://bucket/key`.
    pub asked: String,
    /// Begin of the period.
    pub since_us: Option<i64>,
    /// Its end.
    pub until_us: Option<i64>,
    /// Most writes that are told, newest first.
    pub writes_max: usize,
}

/// A write with the request that it was made by.
struct Written {
    write: Write,
    request: Option<Value>,
}

/// Finds the writers.
pub async fn who<S: Source>(source: &S, question: &WhoQuestion) -> Result<Who, S::Error> {
    let needle = Needle::new(question.asked.trim());
    let period = Period { since_us: question.since_us, until_us: question.until_us };
    let sql = format!("SELECT {} FROM events {}", columns(), period.and(&condition(&needle)));
    let (mut written, mut mentions, mut forgotten) = (Vec::new(), Vec::new(), 0);
    source
        .each(&sql, &mut |row| {
            let event = Event::of(row);
            if !event.writes() {
                return;
            }
            match naming(&event, &needle) {
                Some(Naming::Writes) => written.push(Written { write: write(&event), request: Event::parsed(event.request) }),
                Some(Naming::Mentions) => mentions.push(mention(&event)),
                None => {}
            }
            forgotten += forget(&mut written) + forget_mentions(&mut mentions);
        })
        .await?;
    written.sort_by(|a, b| (a.write.time_us, &a.write.event_id).cmp(&(b.write.time_us, &b.write.event_id)));
    compare(&mut written);
    mentions.sort_by(|a, b| (b.time_us, &b.event_id).cmp(&(a.time_us, &a.event_id)));
    let total = written.len() as u64 + forgotten;
    let writes: Vec<Write> = written.into_iter().rev().map(|written| written.write).take(question.writes_max).collect();
    Ok(Who {
        asked: question.asked.clone(),
        writes_omitted: total.saturating_sub(writes.len() as u64),
        writes,
        mentions,
        coverage: coverage::coverage(source, period).await?,
    })
}

/// Events that can be writes of the resource: the text is somewhere in them. Object writes count only for objects.
fn condition(needle: &Needle) -> String {
    let text = needle.searched();
    let columns = ["requestparameters", "resources", "responseelements"].map(|column| sql::contains(column, text));
    // Written so that row groups of nothing else are passed over: `IS NOT TRUE` says the same, but not to the engine.
    let family = if needle.is_object() { "" } else { " AND (managementevent = true OR managementevent IS NULL)" };
    format!("(readonly = false OR readonly IS NULL){family} AND ({})", columns.join(" OR "))
}

/// Keeps memory bounded: the oldest writes go first.
fn forget(written: &mut Vec<Written>) -> u64 {
    if written.len() < 2 * WRITES_MAX {
        return 0;
    }
    written.sort_by_key(|written| written.write.time_us);
    written.drain(..WRITES_MAX).count() as u64
}

fn forget_mentions(mentions: &mut Vec<Mention>) -> u64 {
    if mentions.len() >= 2 * MENTIONS_MAX {
        mentions.sort_by_key(|mention| std::cmp::Reverse(mention.time_us));
        mentions.truncate(MENTIONS_MAX);
    }
    0
}

fn write(event: &Event<'_>) -> Write {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Write {
        time_us: event.time_us,
        service: event.service().to_owned(),
        event: event.name.to_owned(),
        actor: event.actor(),
        arn: some(event.arn),
        key: some(event.key),
        invoked_by: some(event.invoked_by),
        address: event.address.to_owned(),
        agent: event.agent.to_owned(),
        account: event.account.to_owned(),
        region: event.region.to_owned(),
        error: event.failed().then(|| if event.error.is_empty() { event.message } else { event.error }.to_owned()),
        event_id: event.id.to_owned(),
        difference: None,
    }
}

fn mention(event: &Event<'_>) -> Mention {
    Mention {
        time_us: event.time_us,
        service: event.service().to_owned(),
        event: event.name.to_owned(),
        actor: event.actor(),
        event_id: event.id.to_owned(),
    }
}

/// Compares every write with the one before: with the same API if there is one, else with any; only writes that worked count.
fn compare(written: &mut [Written]) {
    let mut last: Option<usize> = None;
    let mut last_of: HashMap<(String, String), usize> = HashMap::new();
    for at in 0..written.len() {
        let Some((before, rest)) = written.split_at_mut_checked(at) else { return };
        let Some(now) = rest.first_mut() else { return };
        let api = (now.write.service.clone(), now.write.event.clone());
        let kin = KIN.iter().find(|(name, ..)| *name == api.1);
        let of_kin = || kin.and_then(|(_, earlier, ..)| last_of.get(&(api.0.clone(), (*earlier).to_owned())));
        let earlier = last_of.get(&api).or_else(of_kin).copied().or(last).and_then(|at| before.get(at));
        now.write.difference = earlier.map(|earlier| {
            let request = renamed(earlier, kin);
            let (changes, changes_omitted) = difference::changes(request.as_ref(), now.request.as_ref());
            Difference {
                to_event_id: earlier.write.event_id.clone(),
                to_time_us: earlier.write.time_us,
                to_event: earlier.write.event.clone(),
                changes,
                changes_omitted,
            }
        });
        if now.write.error.is_none() {
            last = Some(at);
            last_of.insert(api, at);
        }
    }
}

/// The earlier request as the later API would say it: only what both say.
fn renamed(earlier: &Written, kin: Option<&(&str, &str, &str, &str)>) -> Option<Value> {
    let request = earlier.request.clone()?;
    let Some((_, _, from, to)) = kin.filter(|(_, name, ..)| *name == earlier.write.event) else { return Some(request) };
    let mut said = serde_json::Map::new();
    for (key, value) in request.as_object()? {
        if key == from {
            said.insert((*to).to_owned(), value.clone());
        } else if key.ends_with("Name") {
            said.insert(key.clone(), value.clone());
        }
    }
    Some(Value::Object(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(event: &str, id: &str, request: Value, error: Option<&str>) -> Written {
        let write = Write { event: event.to_owned(), event_id: id.to_owned(), error: error.map(str::to_owned), ..Write::default() };
        Written { write, request: Some(request) }
    }

    #[test]
    fn each_is_compared_with_the_one_before() {
        let json = |n: u32| serde_json::json!({"bucketName": "b", "n": n});
        let mut all = [
            written("PutBucketPolicy", "1", json(1), None),
            written("PutBucketAcl", "2", json(2), None),
            written("PutBucketPolicy", "3", json(3), Some("AccessDenied")),
            written("PutBucketPolicy", "4", json(1), None),
        ];
        compare(&mut all);
        let told: Vec<_> = all
            .iter()
            .map(|written| written.write.difference.as_ref().map(|d| (d.to_event_id.as_str(), d.changes.len())))
            .collect();
        assert_eq!(told, [None, Some(("1", 1)), Some(("1", 1)), Some(("1", 0))]);
    }
}
