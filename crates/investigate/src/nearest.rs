//! Something was never seen: what is there that looks like it? Somebody may have mistyped it, or cut it off.

use crate::limits::NEAREST_MAX;
use crate::model::{Kind, Nearest};
use crate::source::Source;

/// Longest text that is compared, in characters.
const COMPARED_CHARS_MAX: usize = 128;

/// What is there and looks most like it.
pub async fn nearest<S: Source>(source: &S, asked: &str, kind: Kind) -> Result<Vec<Nearest>, S::Error> {
    let mut best: Vec<(usize, Nearest)> = Vec::new();
    for (kind, column) in columns(kind) {
        let sql = format!("SELECT {column}, count(*) FROM events WHERE {column} IS NOT NULL GROUP BY {column}");
        source
            .each(&sql, &mut |row| {
                let value = row.text(0).unwrap_or_default();
                let far = best.last().filter(|_| best.len() >= NEAREST_MAX).map(|(distance, _)| *distance);
                let Some(distance) = distance(asked, value) else { return };
                if far.is_none_or(|far| distance < far) {
                    let events = row.number(1).unwrap_or(0).unsigned_abs();
                    best.push((distance, Nearest { value: value.to_owned(), kind: *kind, events }));
                    best.sort_by(|a, b| (a.0, b.1.events, &a.1.value).cmp(&(b.0, a.1.events, &b.1.value)));
                    best.truncate(NEAREST_MAX);
                }
            })
            .await?;
    }
    Ok(best.into_iter().map(|(_, nearest)| nearest).collect())
}

fn columns(kind: Kind) -> &'static [(Kind, &'static str)] {
    const NAMES: [(Kind, &str); 4] = [
        (Kind::User, "useridentity_username"),
        (Kind::Role, "useridentity_sessioncontext_sessionissuer_username"),
        (Kind::Session, "split_part(useridentity_principalid, ':', 2)"),
        (Kind::Bucket, "requestparameters_bucketname"),
    ];
    match kind {
        Kind::AccessKey => &[(Kind::AccessKey, "useridentity_accesskeyid")],
        Kind::Address => &[(Kind::Address, "sourceipaddress")],
        Kind::Account => &[(Kind::Account, "recipientaccountid")],
        Kind::Agent => &[(Kind::Agent, "useragent")],
        Kind::VpcEndpoint => &[(Kind::VpcEndpoint, "vpcendpointid")],
        Kind::UniqueId => &[(Kind::UniqueId, "split_part(useridentity_principalid, ':', 1)")],
        Kind::Bucket | Kind::Resource => &[(Kind::Bucket, "requestparameters_bucketname")],
        Kind::User | Kind::Role | Kind::Session | Kind::Root | Kind::SourceIdentity => &NAMES,
    }
}

/// How far two texts are apart, without case; `None` where they have little in common.
fn distance(asked: &str, value: &str) -> Option<usize> {
    let cut = |text: &str| text.chars().take(COMPARED_CHARS_MAX).flat_map(char::to_lowercase).collect::<Vec<char>>();
    let (asked, value) = (cut(asked.rsplit('/').next().unwrap_or(asked).trim_start_matches("s3://")), cut(value));
    if asked.is_empty() || value.is_empty() {
        return None;
    }
    if value.starts_with(&asked) || (asked.len() > 3 && value.windows(asked.len()).any(|window| window == asked)) {
        return Some(1);
    }
    let edits = edits(&asked, &value);
    (edits <= asked.len().div_ceil(3)).then_some(edits)
}

/// Levenshtein's distance.
fn edits(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, from) in a.iter().enumerate() {
        let mut next = vec![at + 1];
        for ((to, above), diagonal) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            let beside = next.last().copied().unwrap_or_default();
            next.push((diagonal + usize::from(from != to)).min(above + 1).min(beside + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(edits(&['a', 'b', 'c'], &['a', 'x', 'c', 'd']), 2);
        assert_eq!(distance("alice", "Alise"), Some(1));
        assert_eq!(distance("AKIAIOSF", "AKIAIOSFODNN7EXAMPLE"), Some(1));
        assert_eq!(distance("alice", "bob"), None);
    }
}
