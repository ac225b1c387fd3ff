//! The digests of a trail in a range, as the AWS CLI lists them: by key order, from a minute before the range to the first digest that ends
//! more than an hour after it, and only what is named as the trail's digests are.
//!
//! The CLI lists all keys below the Region; here only folders are entered that can hold such names, in the same order.

use chrono::TimeDelta;

use super::trouble::Trouble;
use super::wanted::{Place, Wanted};
use crate::store::{Page, Refusal, Store};

/// What the names of digests that were made later end with.
pub const BACKFILL: &str = "_backfill.json.gz";

/// Keys of digests, oldest first by their order in the bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// Those of the hour that they cover.
    pub standard: Vec<String>,
    /// Those that were made later.
    pub backfill: Vec<String>,
}

/// Lists the digests of a range.
pub fn keys(store: &dyn Store, place: &Place, wanted: &Wanted) -> Result<Keys, Trouble> {
    let listing = Listing::new(place, wanted);
    let mut keys = Keys::default();
    let mut waiting = vec![Entry::Folder(place.folder(), None)];
    while let Some(entry) = waiting.pop() {
        match entry {
            Entry::Folder(folder, after) => {
                let page = page(store, &folder, after.as_deref())?;
                listing.open(folder, page, &mut waiting);
            }
            Entry::Object(key) => {
                let date = date(&key);
                if date > listing.last_date {
                    break;
                }
                if date >= listing.first_date {
                    if key.ends_with(BACKFILL) { &mut keys.backfill } else { &mut keys.standard }.push(key);
                }
            }
        }
    }
    Ok(keys)
}

/// The date in a digest's name: sixteen characters before its end.
pub fn date(key: &str) -> String {
    let tail = if key.ends_with(BACKFILL) { 17 } else { 8 };
    let characters: Vec<char> = key.chars().rev().skip(tail).take(16).collect();
    characters.into_iter().rev().collect()
}

fn page(store: &dyn Store, folder: &str, after: Option<&str>) -> Result<Page, Trouble> {
    match store.list(folder, after) {
        Ok(page) => Ok(page),
        // In a bucket there are no folders: one without objects is just empty.
        Err(Refusal::NotFound) => Ok(Page::default()),
        Err(refusal) => Err(Trouble::of_refusal(&refusal, "ListObjects", folder)),
    }
}

enum Entry {
    /// A folder, and after which key of it to go on.
    Folder(String, Option<String>),
    Object(String),
}

struct Listing {
    /// `.../CloudTrail-Digest/us-east-1/`
    root: String,
    /// `123456789012_CloudTrail-Digest_us-east-1_trail_us-east-1_`
    name: String,
    /// The key that listing begins after.
    marker: String,
    first_date: String,
    last_date: String,
}

impl Listing {
    fn new(place: &Place, wanted: &Wanted) -> Listing {
        let (root, name) = (place.folder(), place.name(&wanted.arn));
        let before = wanted.start.plus(-TimeDelta::minutes(1));
        let marker = format!("{root}{}/{name}{}.json.gz", before.folder(), before.compact());
        Listing { root, name, marker, first_date: wanted.start.compact(), last_date: wanted.last_date() }
    }

    /// Puts a page's entries where they will be taken from in their order.
    fn open(&self, folder: String, page: Page, waiting: &mut Vec<Entry>) {
        if let Some(next) = page.next {
            waiting.push(Entry::Folder(folder, Some(next)));
        }
        let folders = page.folders.into_iter().filter(|folder| self.may_hold(folder));
        let objects = page.objects.into_iter().map(|object| object.key).filter(|key| *key > self.marker && self.is_digest(key));
        let mut entries: Vec<String> = folders.chain(objects).collect();
        entries.sort_unstable();
        let entry = |key: String| if key.ends_with('/') { Entry::Folder(key, None) } else { Entry::Object(key) };
        waiting.extend(entries.into_iter().rev().map(entry));
    }

    /// Whether the trail's digests after the marker can stand in a folder.
    fn may_hold(&self, folder: &str) -> bool {
        if folder < self.marker.as_str() && !self.marker.starts_with(folder) {
            return false;
        }
        let Some(below) = folder.strip_prefix(&self.root).and_then(|below| below.strip_suffix('/')) else { return false };
        let mut names = below.splitn(4, '/');
        let dates = names.by_ref().take(3).all(is_number);
        // A trail's digests have no folders of their own, but a key may hold any `/`.
        dates && names.next().is_none_or(|name| name.starts_with(&self.name))
    }

    /// Whether a key is named as the trail's digests are.
    fn is_digest(&self, key: &str) -> bool {
        let Some(below) = key.strip_prefix(&self.root) else { return false };
        let mut names = below.splitn(4, '/');
        let dates = names.by_ref().take(3).all(is_number);
        let name = names.next().and_then(|name| name.strip_prefix(&self.name)).and_then(|rest| rest.strip_suffix(".json.gz"));
        dates && name.is_some_and(|rest| !rest.is_empty() && !rest.contains('\n'))
    }
}

/// Digits, any number of them.
fn is_number(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::like_aws::LikeAws;
    use crate::store::tests::Kept;

    const ROOT: &str = "p/AWSLogs/123456789012/CloudTrail-Digest/eu-west-1/";
    const NAME: &str = "123456789012_CloudTrail-Digest_eu-west-1_t.x_us-east-1_";

    fn listed(names: &[&str]) -> Keys {
        let names: Vec<String> = names.iter().map(|name| format!("{ROOT}{}", name.replace('#', NAME))).collect();
        let store = Kept::new(None, &names.iter().map(|name| (name.as_str(), b"".as_slice())).collect::<Vec<_>>());
        let arguments = LikeAws {
            trail_arn: "arn:aws:cloudtrail:us-east-1:123456789012:trail/t.x".to_owned(),
            start_time: "2026-11-22T00:00:00Z".to_owned(),
            end_time: Some("2026-11-22T05:00:00Z".to_owned()),
            ..LikeAws::default()
        };
        let wanted = Wanted::read(&arguments, DateTime::UNIX_EPOCH).unwrap();
        let place = Place {
            bucket: "b".to_owned(),
            prefix: "p/".to_owned(),
            organization: None,
            account: "123456789012".to_owned(),
            region: "eu-west-1".to_owned(),
        };
        let short = |keys: Vec<String>| keys.iter().map(|key| key.replace(ROOT, "").replace(NAME, "#")).collect();
        let keys = keys(&store, &place, &wanted).unwrap();
        Keys { standard: short(keys.standard), backfill: short(keys.backfill) }
    }

    /// Each beside a digest of 03:00: whether the AWS CLI takes it.
    const NAMES: [(&str, bool); 22] = [
        ("2026/11/22/#20261122T040000Z.json.gz", true),
        ("9/8/7/#20261122T030500Z.json.gz", true),
        ("2026/11/22/#x_20261122T030100Z.json.gz", true),
        ("2026/11/22/#zz20261122T031100Z.json.gz", true),
        ("2026/11/22/#y/20261122T030200Z.json.gz", true),
        ("2026/11/22/#20261122T041400z.json.gz", true),
        ("2026/11/22/#20261122T059999Z.json.gz", true),
        ("2026/11/22/#foo.json.gz", false),
        ("2026/11/22/#.json.gz", false),
        ("2026/11/22/#20261122T030000Z.json.gzx", false),
        ("2026/11/22/x/#20261122T030300Z.json.gz", false),
        ("x/11/22/#20261122T030400Z.json.gz", false),
        ("2026/11/22/#20261122T0308Z.json.gz", false),
        ("2026/11/22/#20261122T030900Z", false),
        ("2026/11/22/#20261122T031000ZZ.json.gz", false),
        ("2026/11/22/#a\nb20261122T031200Z.json.gz", false),
        ("2026/11/22/#20261122T031300ZXjson.gz", false),
        ("2026/11/22/#20261122Tx31400Z.json.gz", false),
        ("2026/11/22/#20261121T235959Z.json.gz", false),
        ("2026/11/22/#20261122T060001Z.json.gz", false),
        ("2026/11/22/123456789012_CloudTrail-Digest_eu-west-1_tax_us-east-1_20261122T040000Z.json.gz", false),
        ("1/1/1/#20261122T041000Z.json.gz", false),
    ];

    #[test]
    fn names_of_digests() {
        for (name, is_taken) in NAMES {
            let good = "2026/11/22/#20261122T030000Z.json.gz";
            let mut expected = if is_taken { vec![good.to_owned(), name.to_owned()] } else { vec![good.to_owned()] };
            expected.sort();
            assert_eq!(listed(&[good, name]), Keys { standard: expected, backfill: Vec::new() }, "{name}");
        }
    }

    #[test]
    fn backfill_digests_stand_apart() {
        let keys = listed(&["2026/11/22/#20261122T030000Z.json.gz", "2026/11/22/#20261122T030000Z_backfill.json.gz"]);
        assert_eq!(keys.standard, ["2026/11/22/#20261122T030000Z.json.gz"]);
        assert_eq!(keys.backfill, ["2026/11/22/#20261122T030000Z_backfill.json.gz"]);
    }

    #[test]
    fn listing_ends_with_the_first_digest_after_the_range() {
        let keys = listed(&[
            "2026/11/21/#20261121T233000Z.json.gz",
            "2026/11/22/#20261122T010000Z.json.gz",
            "2026/11/22/#20261122T060001Z.json.gz",
            "2026/11/23/#20261122T020000Z.json.gz",
        ]);
        assert_eq!(keys.standard, ["2026/11/22/#20261122T010000Z.json.gz"]);
    }

    #[test]
    fn dates() {
        assert_eq!(date("x_20261122T030000Z.json.gz"), "20261122T030000Z");
        assert_eq!(date("x_20261122T030000Z_backfill.json.gz"), "20261122T030000Z");
        assert_eq!(date("zz"), "");
        assert_eq!(date("Z.json.gz"), "Z");
    }
}
