//! Whatever is changed in something signed is found: digests, chains of statements.

use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use trailkeep_seal::digest::string_to_sign;
use trailkeep_seal::statement::FORMAT;
use trailkeep_seal::{Chain, Digest, Draft, Finding, Hash, KeyReason, Link, LogFile, NewKey, Object, PublicKey, RsaKey, Says};
use trailkeep_seal::{SignedDigest, Statement, StatementKey, sha256};

static KEY: LazyLock<RsaKey> = LazyLock::new(|| RsaKey::generate().unwrap());
static PUBLIC: LazyLock<PublicKey> = LazyLock::new(|| KEY.public().unwrap());

fn time() -> impl Strategy<Value = DateTime<Utc>> {
    (0_i64..4_102_444_800).prop_map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap())
}

fn log_file() -> impl Strategy<Value = LogFile> {
    (any::<String>(), ".{1,40}", any::<[u8; 32]>(), time(), 0_i64..10_000).prop_map(|(bucket, object, hash, oldest, length)| {
        LogFile::new(&bucket, &object, &hash, oldest, oldest + TimeDelta::seconds(length))
    })
}

fn link() -> impl Strategy<Value = Option<Link>> {
    proptest::option::of((any::<String>(), any::<String>(), any::<Vec<u8>>()))
        .prop_map(|link| link.map(|(bucket, object, content)| Link::to(&bucket, &object, &content, &hex::encode(sha256(&content)))))
}

prop_compose! {
    fn signed()(
        bucket in any::<String>(),
        object in any::<String>(),
        end in time(),
        log_files in proptest::collection::vec(log_file(), 0..6),
        previous in link(),
    ) -> SignedDigest {
        let (start, previous) = (end - TimeDelta::hours(1), previous.as_ref());
        let draft = Draft { account: "111122223333", start, end, bucket: &bucket, object: &object, log_files, previous, backfilled: None };
        draft.sign(&KEY).unwrap()
    }
}

/// What a verifier does with bytes that it found and a signature that goes with them.
fn verifies(content: &[u8], signature: &str) -> bool {
    let (Ok(digest), Ok(signature)) = (Digest::parse(content), hex::decode(signature)) else { return false };
    PUBLIC.verify(digest.string_to_sign(&sha256(content)).as_bytes(), &signature)
}

fn flipped(bytes: &[u8], place: prop::sample::Index, bit: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let place = place.index(bytes.len());
    bytes[place] ^= 1 << bit;
    bytes
}

proptest! {
    #[test]
    fn digests_verify_and_are_written_as_they_were_read(signed in signed()) {
        prop_assert!(verifies(&signed.content, &signed.link.signature));
        let read = Digest::parse(&signed.content).unwrap();
        prop_assert_eq!(serde_json::to_vec(&read).unwrap(), signed.content);
    }

    #[test]
    fn a_changed_byte_of_a_digest_is_found(signed in signed(), place in any::<prop::sample::Index>(), bit in 0_u8..8) {
        prop_assert!(!verifies(&flipped(&signed.content, place, bit), &signed.link.signature));
    }

    #[test]
    fn a_digest_that_is_longer_or_shorter_is_found(signed in signed(), place in any::<prop::sample::Index>(), more in 0_u8..128) {
        let place = place.index(signed.content.len());
        let mut longer = signed.content.clone();
        longer.insert(place, more);
        prop_assert!(!verifies(&longer, &signed.link.signature));
        let mut with_blank = signed.content.clone();
        with_blank.push(b'\n');
        prop_assert!(!verifies(&with_blank, &signed.link.signature), "the same JSON is not the same file");
        prop_assert!(!verifies(&signed.content[..place], &signed.link.signature));
    }

    #[test]
    fn a_changed_signature_is_found(signed in signed(), place in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let signature = hex::decode(&signed.link.signature).unwrap();
        prop_assert!(!verifies(&signed.content, &hex::encode(flipped(&signature, place, bit))));
    }

    #[test]
    fn each_field_that_the_signature_covers_is_covered(signed in signed(), other in ".{1,30}") {
        let digest = Digest::parse(&signed.content).unwrap();
        let signature = hex::decode(&signed.link.signature).unwrap();
        let previous = digest.previous_digest_signature.as_deref();
        let hash = sha256(&signed.content);
        let (end, bucket, object) = (&digest.digest_end_time, &digest.digest_s3_bucket, &digest.digest_s3_object);
        let covers = |end: &str, bucket: &str, object: &str, hash: &[u8; 32], previous: Option<&str>| {
            PUBLIC.verify(string_to_sign(end, bucket, object, hash, previous).as_bytes(), &signature)
        };
        let other_hash = sha256(other.as_bytes());
        let longer = |text: &str| text.to_owned() + &other;
        prop_assert!(covers(end, bucket, object, &hash, previous));
        prop_assert!(!covers(&longer(end), bucket, object, &hash, previous));
        prop_assert!(!covers(end, &longer(bucket), object, &hash, previous));
        prop_assert!(!covers(end, bucket, &longer(object), &hash, previous));
        prop_assert!(!covers(end, bucket, object, &other_hash, previous));
        prop_assert!(!covers(end, bucket, object, &hash, Some(&longer(previous.unwrap_or_default()))));
        prop_assert!(previous.is_none() || !covers(end, bucket, object, &hash, None));
    }
}

/// A chain of statements as files: the first key, then objects, with a rotation somewhere.
fn statements() -> impl Strategy<Value = Vec<Vec<u8>>> {
    (proptest::collection::vec(proptest::collection::vec("[a-z]{1,8}/[a-z0-9]{1,8}", 1..4), 1..6), any::<prop::sample::Index>())
        .prop_map(|(paths, rotated)| chain(&paths, rotated.index(paths.len())))
}

fn chain(paths: &[Vec<String>], rotated: usize) -> Vec<Vec<u8>> {
    let mut key = StatementKey::generate().unwrap();
    let mut files = Vec::new();
    let introduced = |key: &StatementKey, reason| Says::Key(NewKey::new(&key.public().unwrap(), reason));
    say(&mut files, &key, introduced(&key, KeyReason::First));
    for (place, paths) in paths.iter().enumerate() {
        if place == rotated {
            let new = StatementKey::generate().unwrap();
            say(&mut files, &key, introduced(&new, KeyReason::Rotated));
            key = new;
        }
        let object = |path: &String| Object { path: path.clone(), size_bytes: 1, sha256: Hash::of(path.as_bytes()) };
        say(&mut files, &key, Says::objects(paths.iter().map(object).collect()).next().unwrap());
    }
    files
}

fn say(files: &mut Vec<Vec<u8>>, key: &StatementKey, says: Says) {
    let previous = files.last().map(|file| Hash::of(file));
    let (time, home) = ("2026-11-22T07:00:00Z".to_owned(), "h-1".to_owned());
    let statement = Statement { format: FORMAT, number: files.len() as u64, previous, time, home, says };
    files.push(statement.sign(key).unwrap());
}

fn findings(chain: Chain, files: &[Vec<u8>]) -> Vec<Finding> {
    chain.check((0..).zip(files)).1
}

proptest! {
    #[test]
    fn a_changed_byte_of_any_statement_is_found(
        files in statements(),
        which in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        prop_assert_eq!(findings(Chain::new(), &files), []);
        let mut altered = files.clone();
        let which = which.index(files.len());
        altered[which] = flipped(&files[which], place, bit);
        let found = findings(Chain::new(), &altered);
        prop_assert_eq!(found.first().map(|finding| finding.number), Some(which as u64), "{:?}", found);
    }

    #[test]
    fn statements_that_are_missing_or_changed_places_are_found(
        files in statements(),
        one in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
    ) {
        let head = Chain::new().check((0..).zip(&files)).0.head().unwrap();
        let (one, other) = (one.index(files.len()), other.index(files.len()));
        let left = (0..).zip(&files).filter(|(number, _)| *number != one as u64);
        let (_, found) = Chain::new().anchored(head).check(left);
        prop_assert_eq!(found.first().map(|finding| finding.number), Some(one as u64), "{:?}", found);

        let mut renamed = files.clone();
        renamed.remove(one);
        prop_assert!(!findings(Chain::new().anchored(head), &renamed).is_empty(), "the gap closed by renaming");

        let mut swapped = files.clone();
        swapped.swap(one, other);
        prop_assert_eq!(findings(Chain::new(), &swapped).is_empty(), one == other);

        let mut doubled = files.clone();
        doubled.insert(one, files[other].clone());
        prop_assert!(!findings(Chain::new(), &doubled).is_empty());
    }

    #[test]
    fn what_is_said_by_others_does_not_count(files in statements(), at in any::<prop::sample::Index>()) {
        let forger = StatementKey::generate().unwrap();
        let mut forged = files[..=at.index(files.len())].to_vec();
        let planted = Object { path: "planted".to_owned(), size_bytes: 1, sha256: Hash::of(b"planted") };
        say(&mut forged, &forger, Says::objects(vec![planted]).next().unwrap());
        let (chain, found) = Chain::new().check((0..).zip(&forged));
        prop_assert_eq!(found.len(), 1);
        prop_assert!(chain.live().get("planted").is_none());
    }
}
