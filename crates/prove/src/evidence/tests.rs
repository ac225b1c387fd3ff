//! Bundles made of generated chains, checked with the real sha256sum, openssl and sh.

mod tampered;
mod unpacked;
mod unproven;
mod world;

use world::World;

/// Whether the tools of a bundle's reader are here; says so if not.
fn has_tools(test: &str) -> bool {
    let missing = ["sh", "sha256sum", "openssl"].into_iter().find(|tool| {
        let asked = std::process::Command::new(tool).args(["-c", "true"]).output();
        asked.is_err()
    });
    if let Some(tool) = missing {
        testbed::skip(test, &format!("`{tool}` is not installed"));
    }
    missing.is_none()
}

#[test]
fn a_bundle_is_proven_with_sha256sum_and_openssl_alone() {
    if !has_tools("a_bundle_is_proven_with_sha256sum_and_openssl_alone") {
        return;
    }
    let mut world = World::new(30);
    world.cite(3, &[0, 2]);
    world.cite(12, &[1]);
    let (unpacked, proof) = world.unpack(24);
    assert!(proof.is_whole(), "{proof:?}");
    assert_eq!((proof.records, proof.logs, proof.keys), (3, 2, 1));
    // From the digest of hour 3 on 24 later ones; those of hour 12 end with the newest one, of hour 29.
    assert_eq!(proof.digests, 1 + 24 + 2);
    let checked = unpacked.verify();
    assert_eq!(checked.code, Some(0), "{}", checked.stdout);
    assert!(
        checked
            .stdout
            .ends_with("PROVEN: all 3 records, by the public keys in keys/. README.md says how to compare those with AWS's.\n")
    );
    assert_eq!(checked.stderr, "");
    assert_eq!(unpacked.read(&unpacked.names_in("records")[0]), world.log(3).records[0].as_bytes());
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let mut world = World::new(5);
    world.cite(1, &[0]);
    assert_eq!(world.zip(24).0, world.zip(24).0);
}

#[test]
fn every_command_of_the_readme_runs_and_says_what_it_should() {
    if !has_tools("every_command_of_the_readme_runs_and_says_what_it_should") {
        return;
    }
    let mut world = World::new(5);
    world.cite(1, &[1]);
    let (unpacked, _) = world.unpack(24);
    let readme = String::from_utf8(unpacked.read("README.md")).unwrap();
    let steps = readme.split("## Step by step").nth(1).unwrap().split("## The public keys").next().unwrap();
    let commands: Vec<&str> = steps.lines().filter_map(|line| line.strip_prefix("       ")).collect();
    assert_eq!(commands.len(), 8, "{steps}");
    let answers: Vec<String> = commands.iter().map(|command| unpacked.sh(command).stdout).collect();
    let log = world.log(1);
    assert_eq!(answers[0], "", "the record is the piece of the log file");
    assert_eq!(answers[1].split(' ').next(), Some(hex::encode(log.sha256()).as_str()));
    assert!(answers[2].contains(&format!("\"hashValue\":\"{}\"", hex::encode(log.sha256()))) && answers[2].contains(&log.key));
    assert_eq!(answers[3].split(' ').next(), answers[4].lines().nth(2), "the digest's hash is what was signed");
    assert_eq!(answers[5], "Verified OK\n");
    assert!(answers[6].contains(answers[3].split(' ').next().unwrap()), "the next digest holds the hash");
    assert!(answers[6].contains(&answers[7]) && answers[7].len() == 512, "and the signature");
}

#[test]
fn a_record_in_two_log_files_needs_one_that_is_vouched_for() {
    if !has_tools("a_record_in_two_log_files_needs_one_that_is_vouched_for") {
        return;
    }
    let mut world = World::new(4);
    let twin = world.log(2).records[1].clone();
    world.cite(2, &[1]);
    world.stray("AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/22/second-trail.json.gz", &[&twin], &[0]);
    let (unpacked, proof) = world.unpack(24);
    assert!(proof.is_whole(), "{proof:?}");
    assert_eq!((proof.records, proof.logs, proof.logs_proven), (1, 2, 1));
    let checked = unpacked.verify();
    assert_eq!(checked.code, Some(0), "{}", checked.stdout);
    assert!(checked.stdout.contains("NOT PROVEN  log logs/second-trail-"), "{}", checked.stdout);
}

#[test]
fn what_is_no_record_of_the_log_file_is_refused() {
    let mut world = World::new(2);
    world.cite_bytes(0, 0, b"{\"eventID\":\"forged\"}");
    let error = world.try_zip(24).unwrap_err();
    assert!(error.to_string().starts_with("record 0 of `AWSLogs/"), "{error}");
}

#[test]
fn as_many_digests_as_are_asked_for_and_as_are_needed() {
    let mut world = World::new(10);
    world.cite(2, &[0]);
    for (later, digests) in [(0, 1), (1, 2), (3, 4), (100, 8)] {
        assert_eq!(world.zip(later).1.digests, digests, "{later}");
    }
    // None of the first has a key: the next one with another key, that of hour 6, is needed.
    world.forget_key(0..6);
    world.sign_from(6);
    for (later, digests) in [(0, 5), (4, 5), (5, 6)] {
        let proof = world.zip(later).1;
        assert_eq!((proof.digests, proof.records_proven), (digests, 1), "{later}: {proof:?}");
    }
}
