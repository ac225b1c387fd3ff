//! Chains, whole and tampered with.

use super::*;
use crate::statement::{FORMAT, Object, Objects, Retired};
use crate::statement_key::StatementKey;

/// Writes a chain in memory.
struct Writer {
    key: StatementKey,
    files: Vec<Vec<u8>>,
}

impl Writer {
    fn new() -> Writer {
        let mut writer = Writer { key: StatementKey::generate().unwrap(), files: vec![] };
        writer.say(introduced(&writer.key, KeyReason::First));
        writer
    }

    fn draft(&self, says: Says) -> Statement {
        let previous = self.files.last().map(|file| Hash::of(file));
        let number = self.files.len() as u64;
        Statement { format: FORMAT, number, previous, time: "2026-11-22T07:00:00Z".to_owned(), home: "h-1".to_owned(), says }
    }

    fn say(&mut self, says: Says) {
        self.push(self.draft(says));
    }

    fn push(&mut self, statement: Statement) {
        self.files.push(statement.sign(&self.key).unwrap());
    }

    fn rotate(&mut self) -> StatementKey {
        let new = StatementKey::generate().unwrap();
        self.say(introduced(&new, KeyReason::Rotated));
        std::mem::replace(&mut self.key, new)
    }

    fn lose_key(&mut self) {
        self.key = StatementKey::generate().unwrap();
        self.say(introduced(&self.key, KeyReason::Lost));
    }

    fn numbered(&self) -> Vec<(u64, Vec<u8>)> {
        (0..).zip(self.files.clone()).collect()
    }

    fn check(&self) -> Vec<String> {
        told(&Chain::new().check(self.numbered()).1)
    }

    fn check_pinned(&self, key: &str) -> Vec<String> {
        told(&Chain::pinned([key.to_owned()]).check(self.numbered()).1)
    }
}

fn introduced(key: &StatementKey, reason: KeyReason) -> Says {
    Says::Key(NewKey::new(&key.public().unwrap(), reason))
}

fn object(path: &str, content: &str) -> Object {
    Object { path: path.to_owned(), size_bytes: content.len() as u64, sha256: Hash::of(content.as_bytes()) }
}

fn added(path: &str) -> Says {
    Says::Objects(Objects { added: vec![object(path, path)] })
}

fn compacted(removed: &[&str], into: &str, before: &str, after: &str) -> Says {
    Says::Compacted(Compacted {
        archive_version: 5,
        removed: removed.iter().map(|path| object(path, path)).collect(),
        added: vec![object(into, into)],
        records: 20,
        records_hash_before: before.to_owned(),
        records_hash_after: after.to_owned(),
    })
}

/// Findings without the hashes and fingerprints, which are others each time.
fn told(findings: &[Finding]) -> Vec<String> {
    let digits = |word: &str| word.len() >= 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let blinded = |text: String| {
        let word = |word: &str| {
            let bare = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
            if digits(bare) { word.replace(bare, "#") } else { word.to_owned() }
        };
        text.split(' ').map(word).collect::<Vec<_>>().join(" ")
    };
    findings.iter().map(|finding| blinded(finding.to_string())).collect()
}

fn three() -> Writer {
    let mut writer = Writer::new();
    writer.say(added("a"));
    writer.say(added("b"));
    writer.say(added("c"));
    writer
}

#[test]
fn a_whole_chain_holds_and_tells_what_must_be_there() {
    let mut writer = three();
    writer.say(compacted(&["a", "parquet"], "d", "17", "17"));
    writer.rotate();
    writer.say(Says::Retired(Retired {
        archive_version: 6,
        day: "2019-11-20".to_owned(),
        removed: vec![object("d", "d")],
        records: 20,
        why: "retention".to_owned(),
    }));
    let (chain, findings) = Chain::new().check(writer.numbered());
    assert_eq!(findings, []);
    let live: Vec<String> = chain.live().iter().map(|(path, told)| format!("{path} {:?} {}", told.state, told.number)).collect();
    assert_eq!(live, ["a Compacted 4", "b Live 2", "c Live 3", "d Retired 6", "parquet Compacted 4"]);
    assert_eq!(chain.live().get("b").unwrap().sha256, Hash::of(b"b"));
    assert_eq!(chain.head(), Some(Anchor { number: 6, sha256: Hash::of(&writer.files[6]) }));
    assert_eq!((chain.home(), chain.signer()), (Some("h-1"), Some(writer.key.fingerprint().as_str())));
    assert_eq!(Chain::new().check(Vec::<(u64, Vec<u8>)>::new()).1, []);
}

#[test]
fn altered_statements_are_found_and_say_nothing() {
    let mut writer = three();
    let other = String::from_utf8(writer.files[2].clone()).unwrap().replace("\"path\":\"b\"", "\"path\":\"x\"");
    writer.files[2] = other.into_bytes();
    let (chain, findings) = Chain::new().check(writer.numbered());
    assert_eq!(
        told(&findings),
        [
            "statement 2: the signature of key # does not match",
            "statement 3: follows on a statement with the SHA-256 #, but the one before it has #"
        ]
    );
    assert!(chain.live().get("x").is_none() && chain.live().get("b").is_none() && chain.live().get("c").is_some());
    writer.files[3] = b"nothing".to_vec();
    assert!(writer.check()[1].starts_with("statement 3: the file is no statement: "));
}

#[test]
fn what_is_missing_is_found() {
    let writer = three();
    let without = |gone: &[u64]| {
        let left = writer.numbered().into_iter().filter(|(number, _)| !gone.contains(number));
        told(&Chain::new().check(left).1)
    };
    assert_eq!(without(&[2]), ["statement 2: missing, up to and including number 2"]);
    assert_eq!(without(&[1, 2]), ["statement 1: missing, up to and including number 2"]);
    assert_eq!(
        without(&[0])[..2],
        [
            "statement 0: missing, up to and including number 0".to_owned(),
            "statement 1: signed by the key #, which no statement before has introduced".to_owned()
        ]
    );
    assert_eq!(without(&[3]), [""; 0], "a chain cannot know its end");
}

#[test]
fn an_anchor_tells_a_cut_and_a_rewritten_chain() {
    let writer = three();
    let anchor = Chain::new().check(writer.numbered()).0.head().unwrap();
    let check = |files: Vec<(u64, Vec<u8>)>| told(&Chain::new().anchored(anchor).check(files).1);
    assert_eq!(check(writer.numbered()), [""; 0]);
    assert_eq!(
        check(writer.numbered()[..2].to_vec()),
        ["statement 2: missing: the chain ended here when it was anchored, and is shorter now"]
    );
    assert_eq!(check(vec![]), ["statement 0: missing: the chain ended here when it was anchored, and is shorter now"]);
    let mut other = Writer { key: writer.key, files: writer.files[..3].to_vec() };
    other.say(added("other"));
    assert_eq!(check(other.numbered()), ["statement 3: has the SHA-256 #, the anchored one #"]);
    other.say(added("more"));
    assert_eq!(check(other.numbered()), ["statement 3: has the SHA-256 #, the anchored one #"]);
}

#[test]
fn statements_that_changed_places_are_found() {
    let writer = three();
    let mut swapped = writer.numbered();
    swapped.swap(1, 2);
    assert_eq!(
        told(&Chain::new().check(swapped.clone()).1)[1..],
        ["statement 1: there is more than one statement with this number"]
    );
    let renamed: Vec<(u64, Vec<u8>)> = (0..).zip(swapped.into_iter().map(|(_, file)| file)).collect();
    assert_eq!(
        told(&Chain::new().check(renamed).1),
        [
            "statement 1: calls itself number 2",
            "statement 2: calls itself number 1",
            "statement 3: follows on a statement with the SHA-256 #, but the one before it has #"
        ]
    );
    let mut twice = writer.numbered();
    twice.push((3, writer.files[3].clone()));
    assert_eq!(told(&Chain::new().check(twice).1), ["statement 3: there is more than one statement with this number"]);
}

#[test]
fn links_that_are_signed_but_wrong_are_found() {
    let mut writer = three();
    writer.push(Statement { previous: None, ..writer.draft(added("d")) });
    writer.push(Statement { home: "h-2".to_owned(), ..writer.draft(added("e")) });
    assert_eq!(
        writer.check(),
        [
            "statement 4: follows on a statement with the SHA-256 (none), but the one before it has #",
            "statement 5: is about the home `h-2`, the chain about `h-1`"
        ]
    );
    let key = StatementKey::generate().unwrap();
    let mut torn = Writer { files: vec![], key };
    torn.push(Statement { previous: Some(Hash::of(b"x")), ..torn.draft(introduced(&torn.key, KeyReason::First)) });
    assert_eq!(torn.check(), ["statement 0: is the first, but follows on a statement with the SHA-256 #"]);
}

#[test]
fn only_whose_turn_it_is_may_sign() {
    let mut writer = three();
    let old = writer.rotate();
    writer.say(added("d"));
    assert_eq!(writer.check(), [""; 0]);
    let new = std::mem::replace(&mut writer.key, old);
    writer.say(added("e"));
    assert_eq!(writer.check(), ["statement 6: uses the key #, which was replaced before"]);
    writer.key = StatementKey::generate().unwrap();
    writer.say(added("f"));
    assert_eq!(writer.check()[1], "statement 7: signed by the key #, which no statement before has introduced");
    writer.key = new;
    writer.files.truncate(6);
    writer.say(introduced(&StatementKey::generate().unwrap(), KeyReason::Lost));
    assert_eq!(writer.check(), ["statement 6: signed by the key #, which no statement before has introduced"], "not by itself");
}

#[test]
fn a_key_must_be_what_it_says() {
    let mut writer = three();
    let mut new = NewKey::new(&StatementKey::generate().unwrap().public().unwrap(), KeyReason::Rotated);
    new.fingerprint = StatementKey::generate().unwrap().fingerprint();
    writer.say(Says::Key(new));
    writer.say(added("d"));
    assert_eq!(writer.check(), ["statement 4: introduces a key that is none, or not the one that it names (#)"]);
}

#[test]
fn a_lost_key_needs_a_pin() {
    let mut writer = three();
    let first = writer.key.fingerprint();
    writer.lose_key();
    writer.say(added("d"));
    let told = "statement 4: the key # is introduced as `lost` by itself alone; pin its fingerprint if you know that it is yours";
    assert_eq!(writer.check(), [told]);
    assert_eq!(writer.check_pinned(&first), [told]);
    assert_eq!(writer.check_pinned(&writer.key.fingerprint()), [""; 0], "the new key vouches for what it follows on");
    let second = writer.rotate().fingerprint();
    writer.say(added("e"));
    assert_eq!(writer.check(), [told]);
    assert_eq!(writer.check_pinned(&second), [""; 0], "a pinned key vouches for its successor");
    assert_eq!(writer.check_pinned(&writer.key.fingerprint()), [""; 0]);
}

#[test]
fn a_chain_that_was_made_anew_does_not_have_the_pinned_key() {
    let mine = three();
    let forged = three();
    assert_eq!(forged.check(), [""; 0]);
    assert_eq!(mine.check_pinned(&mine.key.fingerprint()), [""; 0]);
    assert_eq!(
        forged.check_pinned(&mine.key.fingerprint()),
        ["statement 0: the key # is introduced as `first` by itself alone; pin its fingerprint if you know that it is yours"]
    );
}

#[test]
fn a_key_that_was_replaced_does_not_come_back() {
    let mut writer = three();
    let old = writer.rotate();
    writer.say(introduced(&old, KeyReason::Rotated));
    writer.say(added("d"));
    assert_eq!(writer.check(), ["statement 5: uses the key #, which was replaced before"]);
    writer.files.truncate(5);
    writer.key = old;
    writer.say(introduced(&writer.key, KeyReason::Lost));
    assert_eq!(writer.check(), ["statement 5: uses the key #, which was replaced before"]);
}

#[test]
fn a_compaction_keeps_the_records() {
    let mut writer = three();
    writer.say(compacted(&["a"], "d", "17", "18"));
    assert_eq!(
        writer.check(),
        ["statement 4: the records before and after the compaction are not the same (sum of their hashes 17, then 18)"]
    );
}

#[test]
fn a_path_has_one_content_as_long_as_it_lives() {
    let mut writer = three();
    let say = |path: &str, content: &str| Says::Objects(Objects { added: vec![object(path, content)] });
    writer.say(say("a", "a"));
    writer.say(say("a", "other"));
    assert_eq!(writer.check(), ["statement 5: tells of `a` with other content than statement 4"]);
    writer.files.truncate(5);
    writer.say(compacted(&["a"], "d", "17", "17"));
    writer.say(say("a", "other"));
    assert_eq!(writer.check(), [""; 0], "what is gone may come again");
    writer.say(compacted(&["a"], "d", "17", "17"));
    assert_eq!(writer.check(), ["statement 7: tells of `a` with other content than statement 6"], "it is not that one that went");
}
