//! The same record in other writing: other order of keys, other blanks, other escapes, the same values.
//!
//! EventBridge and CloudWatch Logs bring a record minutes before its log file does, and nobody promises that they write it as the file has it.
//! That is no conflict, and not two events; but the file is what AWS signs, so its bytes have to come back. So the later writing becomes a
//! row of its own that no store holds: queries see the event once, and every delivery is rebuilt from rows. A value that
//! differs in anything - also in how a number is written, or in a key that stands twice - is a conflict, as ever.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::append::Candidate;
use crate::batch::Batch;
use crate::dedupe::{Existing, Found, Same};
use crate::delta::Add;
use crate::error::LakeError;
use crate::home::Lake;

/// Deepest nesting that is compared; deeper records are flawed.
const DEPTH_MAX: usize = record::limits::DEPTH_MAX;

/// The value of a record, however it is written.
type Value = [u8; 32];

/// A record of a batch: its delivery's place, and its index there.
pub(crate) type Place = (usize, u32);

impl Lake {
    /// The records of a day that are there already, or stand earlier in the batch, in other writing. Reads nothing unless IDs meet.
    pub(crate) async fn other_writings(
        &self,
        batch: &Batch,
        candidates: &[Candidate],
        existing: &Found,
        files: &[Arc<Add>],
    ) -> Result<HashSet<Place>, LakeError> {
        let suspects = suspects(batch, candidates, existing);
        if suspects.is_empty() {
            return Ok(HashSet::new());
        }
        let stored = |id: &u64| existing.get(id).into_iter().flat_map(Same::iter);
        let wanted: HashSet<(i64, u32)> = suspects.iter().flat_map(stored).map(|twin| (twin.delivery, twin.index)).collect();
        let mut texts = HashMap::new();
        if !wanted.is_empty() {
            for file in files {
                self.read_records(file, &HashSet::new(), &wanted, &mut texts).await?;
            }
        }
        let values_of = |twin: &Existing| texts.get(&(twin.delivery, twin.index)).and_then(|text| value(text));
        let mut values: HashMap<u64, Vec<Value>> =
            suspects.iter().map(|id| (*id, stored(id).filter_map(values_of).collect())).collect();
        let mut found = HashSet::new();
        for candidate in candidates {
            let Some(values) = values.get_mut(&candidate.id) else { continue };
            let Some(value) = batch.view(candidate.delivery, candidate.index).and_then(|view| value(view.bytes())) else {
                continue;
            };
            if values.contains(&value) {
                found.insert((candidate.delivery, candidate.index));
            } else {
                values.push(value);
            }
        }
        Ok(found)
    }
}

/// IDs under which different bytes stand.
fn suspects(batch: &Batch, candidates: &[Candidate], existing: &Found) -> HashSet<u64> {
    let mut first: HashMap<u64, [u8; 16]> = HashMap::with_capacity(candidates.len());
    let mut suspects = HashSet::new();
    for candidate in candidates {
        let Some(hash) = batch.view(candidate.delivery, candidate.index).map(|view| view.entry().hash) else { continue };
        let differs = *first.entry(candidate.id).or_insert(hash) != hash;
        if differs || existing.get(&candidate.id).is_some_and(|twins| twins.iter().any(|twin| twin.hash != hash)) {
            suspects.insert(candidate.id);
        }
    }
    suspects
}

/// A hash of a JSON value: equal for all writings of it, and for nothing else. `None` where its text does not say one value.
fn value(text: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(text).ok()?;
    let mut hasher = Sha256::new();
    take(&mut hasher, text, 0)?;
    Some(hasher.finalize().into())
}

/// Takes in a value: objects by their keys in order, strings by what they say, everything else as it is written. Depth is bounded.
fn take(hasher: &mut Sha256, text: &str, depth: usize) -> Option<()> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    if depth > DEPTH_MAX {
        return None;
    }
    match text.as_bytes().first()? {
        b'{' => {
            let mut members: Vec<(String, &RawValue)> = serde_json::from_str::<Members<'_>>(text).ok()?.0;
            members.sort_by(|one, other| one.0.cmp(&other.0));
            if members.windows(2).any(|two| matches!(two, [one, other] if one.0 == other.0)) {
                return None;
            }
            begin(hasher, b'{', members.len());
            for (name, value) in members {
                string(hasher, &name);
                take(hasher, value.get(), depth + 1)?;
            }
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            begin(hasher, b'[', items.len());
            for item in items {
                take(hasher, item.get(), depth + 1)?;
            }
        }
        b'"' => string(hasher, &serde_json::from_str::<String>(text).ok()?),
        _ => {
            begin(hasher, b'0', text.len());
            hasher.update(text);
        }
    }
    Some(())
}

fn string(hasher: &mut Sha256, text: &str) {
    begin(hasher, b'"', text.len());
    hasher.update(text);
}

fn begin(hasher: &mut Sha256, kind: u8, length: usize) {
    hasher.update([kind]);
    hasher.update(length.to_le_bytes());
}

/// The members of an object, in their order.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<'a>(std::marker::PhantomData<&'a ()>);
        impl<'de: 'a, 'a> serde::de::Visitor<'de> for Reader<'a> {
            type Value = Members<'a>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members<'a>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        match (value(one.as_bytes()), value(other.as_bytes())) {
            (Some(one), Some(other)) => one == other,
            _ => false,
        }
    }

    #[test]
    fn writings_of_one_value() {
        for (one, other) in [
            (r#"{"a":1,"b":[true,null]}"#, "{ \"b\" : [ true , null ] ,\n\"a\":1}"),
            (r#"{"a":"\u00e9\/"}"#, r#"{"a":"é/"}"#),
            (r#"{"\u0061":{}}"#, r#"{"a":{ }}"#),
            ("[]", "[ ]"),
        ] {
            assert!(same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn different_values() {
        for (one, other) in [
            (r#"{"a":1}"#, r#"{"a":1.0}"#),
            (r#"{"a":1}"#, r#"{"a":"1"}"#),
            (r#"{"a":null}"#, "{}"),
            (r#"{"a":1,"a":1}"#, r#"{"a":1,"a":1}"#),
            (r#"["ab"]"#, r#"["a","b"]"#),
            (r#"[["a"],"b"]"#, r#"[["a","b"]]"#),
            (r#"{"a":"b"}"#, r#"["a","b"]"#),
            (r#"{"a":18446744073709551617}"#, r#"{"a":18446744073709551616}"#),
            (r#"{"a":"\ud800"}"#, r#"{"a":"\ud800"}"#),
            ("{", "{"),
        ] {
            assert!(!same(one, other), "{one} {other}");
        }
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(same(&deep(60), &deep(60)) && !same(&deep(200), &deep(200)));
    }
}
