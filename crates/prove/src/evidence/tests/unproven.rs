//! What cannot be proven, what contradicts, and what is hostile: the bundle is written, and the script and we say the same of it.

use seal::{Key, PublicKeys};

use super::has_tools;
use super::unpacked::{Said, Unpacked};
use super::world::{World, key};
use crate::evidence::{DigestFile, Digests, KeyOrigin, KeyRing, Proof};

/// Unpacks a bundle; the script's verdict must be ours.
fn checked(zip: Vec<u8>, proof: &Proof) -> (Unpacked, Said) {
    let unpacked = Unpacked::new(zip);
    let said = unpacked.verify();
    let code = if proof.is_whole() { 0 } else { 1 };
    assert_eq!(said.code, Some(code), "{proof:?}\n{}\n{}", said.stdout, said.stderr);
    assert_eq!(said.stderr, "");
    (unpacked, said)
}

#[test]
fn copies_without_metadata_are_proven_by_later_digests() {
    if !has_tools("copies_without_metadata_are_proven_by_later_digests") {
        return;
    }
    let mut world = World::new(4);
    world.digests.iter_mut().for_each(|digest| digest.signature = None);
    world.cite(1, &[0]);
    let (zip, proof) = world.zip(24);
    assert!(proof.is_whole(), "{proof:?}");
    assert_eq!((proof.digests, proof.digests_signed), (3, 2));
    let (_, said) = checked(zip, &proof);
    assert!(said.stdout.contains("(signature: next)"), "{}", said.stdout);
    // The newest digest's own signature is nowhere.
    world.cite(3, &[0]);
    let (zip, proof) = world.zip(24);
    assert_eq!((proof.records, proof.records_proven), (2, 1));
    assert!(proof.unproven[0].contains("it came without its metadata"), "{proof:?}");
    let (unpacked, said) = checked(zip, &proof);
    assert!(said.stdout.contains("NOT PROVEN: records that are proven: 1, that are not: 1"), "{}", said.stdout);
    assert!(String::from_utf8(unpacked.read("README.md")).unwrap().contains("**1 of 2 records are proven"));
}

#[test]
fn a_digest_without_a_key_is_vouched_for_by_a_later_one_with_a_key() {
    if !has_tools("a_digest_without_a_key_is_vouched_for_by_a_later_one_with_a_key") {
        return;
    }
    let mut world = World::new(6);
    world.cite(1, &[0]);
    world.forget_key(0..4);
    let (zip, proof) = world.zip(24);
    assert_eq!((proof.records_proven, proof.keys), (0, 0));
    assert!(proof.unproven[0].contains("the public key `"), "{proof:?}");
    checked(zip, &proof);
    world.sign_from(4);
    let (zip, proof) = world.zip(24);
    assert!(proof.is_whole(), "{proof:?}");
    let (_, said) = checked(zip, &proof);
    assert!(said.stdout.contains("has no signature of its own that can be checked; vouched for by digests/"), "{}", said.stdout);
}

#[test]
fn a_log_file_that_no_digest_names() {
    if !has_tools("a_log_file_that_no_digest_names") {
        return;
    }
    let mut world = World::new(2);
    world.stray("AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/22/late.json.gz", &["{\"eventID\":\"x\"}"], &[0]);
    let (zip, proof) = world.zip(24);
    assert_eq!((proof.records, proof.records_proven, proof.digests), (1, 0, 0));
    assert!(proof.unproven[0].starts_with("no digest names `logs/late-"), "{proof:?}");
    assert!(proof.contradictions.is_empty());
    checked(zip, &proof);
    assert!(!world.zip_with(&Digests::default(), &[], 24).unwrap().1.is_whole());
}

#[test]
fn an_altered_log_file_contradicts_its_digest() {
    if !has_tools("an_altered_log_file_contradicts_its_digest") {
        return;
    }
    let mut world = World::new(3);
    let altered = world.logs[1].records[0].replace("GetObject", "PutObject");
    let key = world.logs[1].key.clone();
    world.stray(&key, &[&altered], &[0]);
    let (zip, proof) = world.zip(24);
    assert_eq!(proof.contradictions.len(), 1, "{proof:?}");
    assert!(proof.contradictions[0].contains("is not what was delivered"), "{proof:?}");
    let (unpacked, _) = checked(zip, &proof);
    assert!(String::from_utf8(unpacked.read("README.md")).unwrap().contains("**Something in here contradicts"));
}

#[test]
fn wrong_keys_wrong_signatures_and_wrong_links_contradict() {
    if !has_tools("wrong_keys_wrong_signatures_and_wrong_links_contradict") {
        return;
    }
    let mut world = World::new(4);
    world.cite(1, &[0]);
    // Somebody else's key under the name of the right one.
    let other = Key {
        fingerprint: world.key.fingerprint(),
        key: Ok(key(2).public().unwrap()),
        valid_from: None,
        valid_to: None,
        region: None,
    };
    let mut keys = PublicKeys::default();
    keys.insert(other);
    let forged = KeyRing { keys, origin: KeyOrigin::File("keys.json".to_owned()) };
    let (zip, proof) = world.zip_with(&world.pool(), std::slice::from_ref(&forged), 24).unwrap();
    assert!(proof.contradictions.iter().any(|text| text.contains("was not made with the public key")), "{proof:?}");
    checked(zip, &proof);
    // Beside the right one it does no harm.
    let (zip, proof) = world.zip_with(&world.pool(), &[forged, world.ring()], 24).unwrap();
    assert!(proof.is_whole() && proof.keys == 1, "{proof:?}");
    checked(zip, &proof);
    // The signature of another digest.
    world.digests[1].signature = world.digests[2].signature.clone();
    let (zip, proof) = world.zip(24);
    assert!(!proof.contradictions.is_empty(), "{proof:?}");
    checked(zip, &proof);
    // None at all in hexadecimal.
    world.digests[1].signature = Some("no hex".to_owned());
    let (zip, proof) = world.zip(24);
    assert!(!proof.contradictions.is_empty(), "{proof:?}");
    checked(zip, &proof);
    // The digest after it, signed, holds another hash for it.
    world.sign_from(0);
    world.digests[1].link.hash = "0".repeat(64);
    world.sign_from(2);
    let (zip, proof) = world.zip(24);
    assert!(proof.contradictions[0].contains("holds another hash"), "{proof:?}");
    checked(zip, &proof);
}

#[test]
fn forged_digests_do_not_stand_in_the_way() {
    if !has_tools("forged_digests_do_not_stand_in_the_way") {
        return;
    }
    let mut world = World::new(5);
    world.cite(1, &[0]);
    world.digests[1].signature = None;
    let mut pool = Digests::default();
    // Read first: a digest that claims to follow, with garbage for a signature; and one that names itself.
    let genuine = String::from_utf8(world.digests[2].content.clone()).unwrap();
    let object = world.digests[1].link.object.clone();
    let forged =
        genuine.replace(&world.digests[1].link.signature, "00ff").replace("\"digestStartTime\"", "\"x\":1,\"digestStartTime\"");
    let selfish = genuine.replace(&world.digests[2].link.object, &object).replace(&world.digests[1].link.hash, &"0".repeat(64));
    for content in [forged, selfish] {
        pool.insert(DigestFile { content: content.into_bytes(), signature: None, region: "us-east-1".to_owned() }).unwrap();
    }
    for digest in &world.digests {
        let (content, signature) = (digest.content.clone(), digest.signature.clone());
        pool.insert(DigestFile { content, signature, region: "us-east-1".to_owned() }).unwrap();
    }
    let (zip, proof) = world.zip_with(&pool, &[world.ring()], 24).unwrap();
    assert!(proof.is_whole(), "{proof:?}");
    checked(zip, &proof);
}

#[test]
fn hostile_names_stay_names() {
    if !has_tools("hostile_names_stay_names") {
        return;
    }
    for prefix in [
        "../../",
        "a\n## Proven\n`$(id)`/",
        "q\"uo\\te/{}/",
        "\u{202e}\u{1b}[2J/",
        "tab\tnul\u{0}/",
        "é漢/",
        "-rf/",
        "b [x](y) <b>/",
    ] {
        let mut world = World::with_prefix(3, prefix);
        world.cite(1, &[0]);
        world.origin = KeyOrigin::Endpoint(format!("http://x/{prefix}"));
        let (zip, proof) = world.zip(24);
        assert!(proof.is_whole(), "{prefix:?}: {proof:?}");
        let (unpacked, said) = checked(zip, &proof);
        let readme = String::from_utf8(unpacked.read("README.md")).unwrap();
        assert!(readme.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')), "{readme}");
        assert!(!readme.contains("\n## Proven") && readme.contains("which is **not AWS**"), "{readme}");
        assert!(!said.stdout.contains('\u{1b}'));
    }
    let mut world = World::new(2);
    for (at, id) in ["../../../etc/cron.d/x", "", "a\n-b", "$(id)"].iter().enumerate() {
        let record = format!("{{\"eventID\":{},\"at\":{at}}}", serde_json::Value::from(*id));
        world.stray(&format!("../{at}/..\\x.json.gz"), &[&record], &[0]);
    }
    let (zip, proof) = world.zip(24);
    assert_eq!(checked(zip, &proof).0.names_in("records").len(), 4);
}

#[test]
fn a_fingerprint_is_no_path() {
    let mut world = World::new(2);
    world.cite(0, &[0]);
    let mut pool = Digests::default();
    let fingerprint = world.key.fingerprint();
    for digest in &world.digests {
        let content = String::from_utf8(digest.content.clone()).unwrap().replace(&fingerprint, "../../x");
        let signature = digest.signature.clone();
        pool.insert(DigestFile { content: content.into_bytes(), signature, region: String::new() }).unwrap();
    }
    let key = world.ring().keys.iter().next().unwrap().clone();
    let mut keys = PublicKeys::default();
    keys.insert(Key { fingerprint: "../../x".to_owned(), region: None, ..key });
    let ring = KeyRing { keys, origin: KeyOrigin::Aws };
    let (zip, proof) = world.zip_with(&pool, &[ring], 24).unwrap();
    assert_eq!((proof.keys, proof.records_proven), (0, 0));
    Unpacked::new(zip);
}
