//! Every kind of tampering by its name, alone and in pairs; a legal restart for what it is; clean chains proven.

use serde_json::Value;
use testbed::DigestChain;
use testbed::tampering::{ACCOUNT, BREAK, ORGANIZATION, TAMPERINGS, arguments, is_legal};

use super::{found, pairs, program, strict};

/// Chains on which each of these was done; those that the script cannot make are left out.
fn chains(test: &str, base: &[&str], done: &[Vec<&'static str>]) -> Option<Vec<(Vec<&'static str>, DigestChain)>> {
    let lines: Vec<Vec<&str>> = done.iter().map(|done| arguments(base, done)).collect();
    let made = DigestChain::make_all(test, &lines)?;
    Some(done.iter().cloned().zip(made).filter_map(|(done, chain)| Some((done, chain?))).collect())
}

fn report(chain: &DigestChain, code: i32) -> Value {
    strict(chain, &["-o", "json"]).expect_code(code).json()
}

#[test]
fn clean_chains_are_proven() {
    for base in [&ACCOUNT[..], &ORGANIZATION] {
        let Some(made) = chains("verify::tampered::clean_chains_are_proven", base, &[vec![]]) else { return };
        let report = report(&made[0].1, 0);
        assert_eq!((&report["judgment"], &report["counts"]["logs_verified"]), (&"proven".into(), &15.into()), "{report}");
        assert_eq!(found(&report, "violation").len() + found(&report, "unproven").len(), 0, "{report}");
    }
}

#[test]
fn each_tampering_has_its_name() {
    const TEST: &str = "verify::tampered::each_tampering_has_its_name";
    let done: Vec<Vec<&str>> = TAMPERINGS.iter().map(|(kind, _)| vec![*kind]).collect();
    for base in [&ACCOUNT[..], &ORGANIZATION] {
        let Some(made) = chains(TEST, base, &done) else { return };
        assert_eq!(made.len(), TAMPERINGS.len());
        for ((kind, name), (_, chain)) in TAMPERINGS.iter().zip(&made) {
            let report = report(chain, 4);
            assert_eq!(report["judgment"], "violated", "{kind}");
            assert!(found(&report, "violation").contains(&(*name).to_owned()), "{kind}: {report}");
            // The object is named, or the hour of the digest that is not there.
            let key = &chain.manifest["tampered"][0]["key"];
            let named =
                |finding: &Value| finding["key"] == *key || (*name == "digest-missing" && finding["kind"] == "digest-missing");
            let named_by = |finding: &Value| named(finding) || finding["message"].as_str().unwrap().contains("digest");
            assert!(report["findings"].as_array().unwrap().iter().any(named_by), "{kind}: {report}");
        }
    }
}

#[test]
fn copies_without_metadata_hide_nothing_either() {
    const TEST: &str = "verify::tampered::copies_without_metadata_hide_nothing_either";
    // Whether a digest had a signature is not to be seen in a copy.
    let done: Vec<Vec<&str>> = TAMPERINGS.iter().filter(|(kind, _)| *kind != "nometa").map(|(kind, _)| vec![*kind]).collect();
    let Some(made) = chains(TEST, &ACCOUNT, &[&[vec![]], done.as_slice()].concat()) else { return };
    for (done, chain) in &made {
        let [bucket, keys] = [chain.bucket(), chain.public_keys()].map(|path| path.display().to_string());
        let line = ["verify", &bucket, "--public-keys", &keys, "--since", chain.start(), "--until", chain.end(), "-o", "json"];
        let finished = program().run(&line).expect_code(if done.is_empty() { 5 } else { 4 });
        assert!(!done.is_empty() || found(&finished.json(), "unproven") == ["digest-tail"], "{done:?}");
    }
}

#[test]
fn a_legal_restart_is_told_for_what_it_is() {
    const TEST: &str = "verify::tampered::a_legal_restart_is_told_for_what_it_is";
    for base in [&ACCOUNT[..], &ORGANIZATION] {
        let Some(made) = chains(TEST, base, &[vec![BREAK.0]]) else { return };
        let report = report(&made[0].1, 0);
        assert_eq!(report["judgment"], "proven");
        assert!(found(&report, "note").contains(&BREAK.1.to_owned()), "{report}");
    }
}

#[test]
fn no_pair_passes_as_proven() {
    const TEST: &str = "verify::tampered::no_pair_passes_as_proven";
    let done: Vec<Vec<&str>> = pairs().into_iter().map(Vec::from).collect();
    for base in [&ACCOUNT[..], &ORGANIZATION] {
        let Some(made) = chains(TEST, base, &done) else { return };
        assert!(made.len() > done.len() / 2, "most pairs can be made");
        for (done, chain) in &made {
            report(chain, if is_legal(done) { 0 } else { 4 });
        }
    }
}

#[test]
fn one_account_and_region_of_several_is_named() {
    const TEST: &str = "verify::tampered::one_account_and_region_of_several_is_named";
    let of = |account: &'static str, region: &'static str, more: &[&'static str]| {
        let organization = ["--org", "o-abc123", "--home", "us-east-1", "--account", account, "--region", region];
        [&ACCOUNT[..], &organization, more].concat()
    };
    let lines = [
        of("111122223333", "us-east-1", &[]),
        of("111122223333", "eu-west-1", &[]),
        of("444455556666", "us-east-1", &["--tamper", "modify"]),
        of("444455556666", "eu-west-1", &["--tamper", "del-last"]),
    ];
    let Some(made) = DigestChain::make_all(TEST, &lines) else { return };
    let made: Vec<DigestChain> = made.into_iter().map(Option::unwrap).collect();
    made[1..].iter().for_each(|other| made[0].join(other));
    let report = report(&made[0], 4);
    let judged = report["cells"].as_array().unwrap().iter().map(|cell| {
        let text = |name: &str| cell[name].as_str().unwrap();
        format!("{} {} {}", text("account"), text("region"), text("judgment"))
    });
    let expected = [
        "111122223333 eu-west-1 proven",
        "111122223333 us-east-1 proven",
        "444455556666 eu-west-1 violated",
        "444455556666 us-east-1 violated",
    ];
    assert_eq!(judged.collect::<Vec<_>>(), expected);
    assert_eq!(found(&report, "violation"), ["digest-missing", "log-altered", "log-unvouched"]);
}
