//! Whatever is changed in a bucket is reported; what changes no content is not.

use proptest::prelude::*;
use trailkeep_prove::report::{Judgment, Kind};

use crate::world::*;

const HOURS: i64 = 8;

/// What somebody does to one object.
#[derive(Clone, Debug)]
enum Change {
    /// A bit of the uncompressed content.
    Flip(prop::sample::Index, u8),
    /// A byte more in the content.
    Insert(prop::sample::Index, u8),
    /// The content ends earlier.
    Cut(prop::sample::Index),
    Remove,
    Rename,
    /// A bit of the object as stored.
    FlipStored(prop::sample::Index, u8),
    /// Bytes after the end.
    Append(Vec<u8>),
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        4 => (index(), 0_u8..8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        2 => (index(), any::<u8>()).prop_map(|(at, byte)| Change::Insert(at, byte)),
        1 => index().prop_map(Change::Cut),
        2 => Just(Change::Remove),
        2 => Just(Change::Rename),
        2 => (index(), 0_u8..8).prop_map(|(at, bit)| Change::FlipStored(at, bit)),
        1 => proptest::collection::vec(any::<u8>(), 1..9).prop_map(Change::Append),
    ]
}

/// Does it; whether the content of the object changed.
fn apply(bucket: &mut Bucket, key: &str, change: &Change) -> bool {
    let stored = bucket.objects.remove(key).unwrap();
    let before = gunzip(&stored.bytes);
    let mut content = before.clone();
    let bytes = match change {
        Change::Remove => return true,
        Change::Rename => {
            let name = key.replace("Z_", "Z_x").replace("Z.json", "9Z.json");
            bucket.objects.insert(name, stored);
            return true;
        }
        Change::Flip(at, bit) => {
            let at = at.index(content.len());
            content[at] ^= 1 << bit;
            gzip(&content)
        }
        Change::Insert(at, byte) => {
            content.insert(at.index(content.len() + 1), *byte);
            gzip(&content)
        }
        Change::Cut(at) => {
            content.truncate(at.index(content.len()));
            gzip(&content)
        }
        Change::FlipStored(at, bit) => {
            let mut bytes = stored.bytes.clone();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            bytes
        }
        Change::Append(more) => [stored.bytes.as_slice(), more].concat(),
    };
    let is_same = readable(&bytes).is_some_and(|content| content == before);
    bucket.objects.insert(key.to_owned(), Stored { bytes, metadata: stored.metadata });
    !is_same
}

/// The content, by another implementation than the one that is tested: of one member and nothing after it.
fn readable(stored: &[u8]) -> Option<Vec<u8>> {
    use std::io::Read;
    let mut content = Vec::new();
    let mut decoder = flate2::bufread::GzDecoder::new(stored);
    decoder.read_to_end(&mut content).ok()?;
    decoder.into_inner().is_empty().then_some(content)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_change_of_an_object_is_reported(which in any::<prop::sample::Index>(), change in change()) {
        let mut bucket = bucket_of(HOURS, 2);
        let keys = bucket.keys(|_| true);
        let key = which.get(&keys);
        let is_changed = apply(&mut bucket, key, &change);
        let report = judge(&bucket, &between(0, HOURS));
        if is_changed {
            // Only the newest digest may be as it is for another reason: nothing follows it.
            prop_assert_eq!(report.judgment, Judgment::Violated, "{} {:?}\n{}", key, change, told(&report));
        } else {
            prop_assert_ne!(report.judgment, Judgment::Violated, "{} {:?}\n{}", key, change, told(&report));
        }
    }

    #[test]
    fn every_added_object_is_reported(hour in 0_i64..HOURS, minute in 0_i64..60, name in "[a-zA-Z0-9]{16}", kind in 0..5) {
        let mut bucket = bucket_of(HOURS, 2);
        let at = at(hour) + chrono::TimeDelta::minutes(minute);
        let key = match kind {
            0 => bucket.put_log(&TRAIL, at, &name, &content("added")),
            1 => bucket.put_log(&TRAIL, at, &name, br#"{"Records":[]}"#),
            2 => TRAIL.digest_key(at + chrono::TimeDelta::seconds(1), false),
            3 => TRAIL.log_key("CloudTrail", at, &name).replace(".json.gz", ".json"),
            _ => TRAIL.log_key("CloudTrail", at, &name).replace("/2026/", "/2026/x/"),
        };
        bucket.objects.entry(key.clone()).or_insert(Stored { bytes: gzip(&content("added")), metadata: Vec::new() });
        let report = judge(&bucket, &between(0, HOURS));
        prop_assert_eq!(report.judgment, Judgment::Violated, "{}\n{}", key, told(&report));
        prop_assert!(report.findings.iter().any(|finding| finding.key.as_ref() == Some(&key)), "{}\n{}", key, told(&report));
    }

    #[test]
    fn how_gzip_was_written_is_no_change(which in any::<prop::sample::Index>(), mtime in any::<u32>(), os in any::<u8>(), level in 0_u32..10) {
        use std::io::Write;
        let mut bucket = bucket_of(HOURS, 2);
        let keys = bucket.keys(|_| true);
        let stored = bucket.objects.get_mut(which.get(&keys).as_str()).unwrap();
        let builder = flate2::GzBuilder::new().mtime(mtime).operating_system(os).filename("f").comment("c").extra("x");
        let mut encoder = builder.write(Vec::new(), flate2::Compression::new(level));
        encoder.write_all(&gunzip(&stored.bytes)).unwrap();
        stored.bytes = encoder.finish().unwrap();
        let report = judge(&bucket, &up_to(HOURS));
        prop_assert_eq!(report.judgment, Judgment::Proven, "{}", told(&report));
    }
}

/// Nothing follows the newest digest and speaks against it, and a key that is not known proves nothing; but a known key made its signature.
#[test]
fn another_key_named_in_the_newest_digest_is_reported() {
    let mut bucket = bucket_of(HOURS, 2);
    let newest = bucket.keys(is_digest).into_iter().max_by_key(|key| time_of(key)).unwrap();
    let stored = bucket.objects.get_mut(&newest).unwrap();
    let content = String::from_utf8(gunzip(&stored.bytes)).unwrap();
    let changed = content.replace(&KEY.fingerprint(), "31e8b5433410dfb61a9dc45cc65b22ff");
    assert_ne!(changed, content);
    stored.bytes = gzip(changed.as_bytes());
    let report = judge(&bucket, &between(0, HOURS));
    assert_eq!(report.judgment, Judgment::Violated, "{}", told(&report));
    assert!(report.findings.iter().any(|finding| finding.kind == Kind::DigestSignature), "{}", told(&report));
}

#[test]
fn a_clean_bucket_is_proven() {
    for files in [0, 1, 3] {
        let report = judge(&bucket_of(30, files), &between(0, 30));
        assert_eq!((report.judgment, report.totals.unproven), (Judgment::Proven, 0), "{}", told(&report));
    }
}

#[test]
fn objects_that_changed_places_are_reported() {
    let clean = bucket_of(HOURS, 2);
    let keys = clean.keys(|_| true);
    for (one, other) in keys.iter().zip(keys.iter().skip(1)) {
        let mut bucket = clean.clone();
        let (a, b) = (clean.objects[one].clone(), clean.objects[other].clone());
        bucket.objects.insert(one.clone(), b);
        bucket.objects.insert(other.clone(), a);
        assert_eq!(judge(&bucket, &between(0, HOURS)).judgment, Judgment::Violated, "{one} {other}");
    }
}

#[test]
fn a_whole_hour_that_is_gone_is_reported() {
    for hour in 0..HOURS {
        let mut bucket = bucket_of(HOURS, 2);
        bucket.remove(|key| time_of(key) > at(hour) && time_of(key) <= at(hour + 1));
        let report = judge(&bucket, &between(0, HOURS));
        assert_found(&report, Judgment::Violated, Kind::DigestMissing);
        assert_eq!(report.counts.hours_missing, 1, "{hour}\n{}", told(&report));
    }
}

#[test]
fn older_hours_in_the_place_of_newer_ones_are_reported() {
    // The same AWS-signed digest again, under the next hour's name.
    let mut bucket = bucket_of(HOURS, 2);
    let digests = bucket.keys(is_digest);
    for pair in digests.windows(2) {
        bucket.objects.insert(pair[1].clone(), bucket.objects[&pair[0]].clone());
    }
    assert_found(&judge(&bucket, &between(0, HOURS)), Judgment::Violated, Kind::DigestMoved);
}
