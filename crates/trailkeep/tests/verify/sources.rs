//! Wherever logs are, and whoever says which keys are AWS's.

use std::path::Path;

use serde_json::Value;
use testbed::tampering::{ACCOUNT, ORGANIZATION};
use testbed::{DigestChain, Endpoint, Program, Python, Serving};

use super::{found, program, strict};

fn serve(chain: &DigestChain) -> Serving {
    Endpoint::load(chain.folder()).and_then(Endpoint::serve).unwrap()
}

fn at(serving: &Serving) -> Program {
    program().with_all(serving.environment())
}

/// `verify SOURCE` of all hours of a chain.
fn verify(program: &Program, source: &str, chain: &DigestChain, more: &[&str], code: i32) -> Value {
    let line = ["verify", source, "--since", chain.start(), "--until", chain.end(), "-o", "json"];
    program.run(&[&line, more].concat()).expect_code(code).json()
}

/// An organization's trail in two Regions of an account.
fn two_regions(test: &str) -> Option<DigestChain> {
    let of = |region| [&ACCOUNT[..], &["--org", "o-abc123", "--home", "us-east-1", "--region", region]].concat();
    let mut made = DigestChain::make_all(test, &[of("us-east-1"), of("eu-west-1")])?.into_iter().flatten();
    let (first, second) = (made.next()?, made.next()?);
    first.join(&second);
    Some(first)
}

#[test]
fn a_bucket_asks_for_the_keys_of_each_region() {
    let Some(chain) = two_regions("verify::sources::a_bucket_asks_for_the_keys_of_each_region") else { return };
    let serving = serve(&chain);
    let source = format!("s3://{}", chain.text("bucket"));
    let report = verify(&at(&serving), &source, &chain, &[], 0);
    assert_eq!((&report["judgment"], &report["counts"]["logs_verified"]), (&"proven".into(), &30.into()), "{report}");
    let mut asked = serving.asked();
    asked.sort();
    assert_eq!(asked, ["ListPublicKeys eu-west-1", "ListPublicKeys us-east-1"]);
    // Whoever answers decides what is genuine: it is said that it was not AWS, in every format.
    let origin = format!("custom endpoint {}: not AWS's", serving.url());
    assert_eq!(report["keys"], serde_json::json!([{ "origin": origin, "keys": 2, "is_of_aws": false }]));
    assert_eq!(report["keys_are_of_aws"], false);
    let line = ["verify", &source, "--since", chain.start(), "--until", chain.end()];
    let table = at(&serving).run(&line).expect_code(0).stdout;
    assert!(table.contains("that the keys are AWS's"), "{table}");
    let headline = table.lines().next().unwrap();
    assert!(headline.starts_with("PROVEN: ") && headline.contains(&origin) && !headline.contains("AWS's signatures"), "{headline}");
}

#[test]
fn a_copy_asks_too_if_there_are_credentials() {
    let Some(chain) = DigestChain::make("verify::sources::a_copy_asks_too_if_there_are_credentials", &ACCOUNT) else { return };
    let (serving, bucket) = (serve(&chain), chain.bucket().display().to_string());
    let metadata = chain.metadata().display().to_string();
    let report = verify(&at(&serving), &bucket, &chain, &["--metadata", &metadata], 0);
    assert_eq!((&report["judgment"], serving.asked()), (&"proven".into(), vec!["ListPublicKeys us-east-1".to_owned()]));
    // Keys that were given are all that counts.
    let keys = chain.public_keys().display().to_string();
    verify(&at(&serving), &bucket, &chain, &["--metadata", &metadata, "--public-keys", &keys], 0);
    assert_eq!(serving.asked().len(), 1);
}

#[test]
fn without_keys_and_credentials_it_says_what_to_do() {
    let Some(chain) = DigestChain::make("verify::sources::without_keys_and_credentials_it_says_what_to_do", &ACCOUNT) else {
        return;
    };
    let bucket = chain.bucket().display().to_string();
    for more in [&[][..], &["--like-aws", "--start-time", "2026-11-22"]] {
        let told = program().run(&[&["verify", &bucket], more].concat()).expect_code(2).stderr;
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines.len() == 2 && lines[0].contains("no public keys are given"), "{told}");
        assert!(lines[1].starts_with("hint: give --public-keys FILE: aws cloudtrail list-public-keys"), "{told}");
    }
}

#[test]
fn a_prefix_of_a_bucket_and_a_folder_below_one() {
    let Some(chain) = DigestChain::make("verify::sources::a_prefix_of_a_bucket_and_a_folder_below_one", &ORGANIZATION) else {
        return;
    };
    let (serving, bucket) = (serve(&chain), chain.text("bucket"));
    let below = "our/logs/AWSLogs/o-abc123/444455556666";
    for source in [format!("s3://{bucket}"), format!("s3://{bucket}/our/logs/"), format!("s3://{bucket}/{below}")] {
        let report = verify(&at(&serving), &source, &chain, &[], 0);
        assert_eq!(report["counts"]["logs_verified"], 15, "{source} {report}");
    }
    for folder in [chain.bucket(), chain.bucket().join("our/logs"), chain.folder().to_path_buf()] {
        let files = [chain.public_keys(), chain.metadata()].map(|path| path.display().to_string());
        let more = ["--public-keys", &files[0], "--metadata", &files[1]];
        let report = verify(&program(), &folder.display().to_string(), &chain, &more, 0);
        assert_eq!(report["counts"]["logs_verified"], 15, "{} {report}", folder.display());
    }
}

#[test]
fn a_bucket_that_is_not_there_is_not_proven() {
    const TEST: &str = "verify::sources::a_bucket_that_is_not_there_is_not_proven";
    let Some(chain) = DigestChain::make(TEST, &ACCOUNT) else { return };
    let serving = serve(&chain);
    let told = at(&serving).run(&["verify", "s3://no-such-bucket"]);
    assert!([Some(1), Some(4), Some(5)].contains(&told.code), "{told:?}");
    assert!(format!("{}{}", told.stdout, told.stderr).contains("no-such-bucket"), "{told:?}");
}

#[test]
fn objects_in_an_archive_tier_are_named() {
    let Some(chain) = DigestChain::make("verify::sources::objects_in_an_archive_tier_are_named", &ACCOUNT) else { return };
    let source = format!("s3://{}", chain.text("bucket"));
    for folder in ["/CloudTrail/", "/CloudTrail-Digest/"] {
        let endpoint = Endpoint::load(chain.folder()).unwrap().with_archived(|key| key.contains(folder) && key.contains("T13"));
        let report = verify(&at(&endpoint.serve().unwrap()), &source, &chain, &[], 5);
        assert!(found(&report, "unproven").contains(&"archived".to_owned()), "{report}");
    }
}

#[test]
fn a_zip_is_read_as_it_is() {
    const TEST: &str = "verify::sources::a_zip_is_read_as_it_is";
    let Some(chain) = DigestChain::make(TEST, &ORGANIZATION) else { return };
    let Some(python) = Python::find(TEST, &["zipfile"]) else { return };
    let zip = chain.folder().join("copy.zip").display().to_string();
    let zipped = python.json(ZIP, &[&chain.bucket().display().to_string(), &zip]);
    assert_eq!(zipped, 20);
    let files = [chain.public_keys(), chain.metadata()].map(|path| path.display().to_string());
    let more = ["--public-keys", &files[0], "--metadata", &files[1]];
    assert_eq!(verify(&program(), &zip, &chain, &more, 0)["judgment"], "proven");
}

#[test]
fn a_copy_under_another_name_is_told_whose_copy_it_is() {
    const TEST: &str = "verify::sources::a_copy_under_another_name_is_told_whose_copy_it_is";
    let Some(chain) = DigestChain::make(TEST, &ACCOUNT) else { return };
    let (old, new) = (chain.text("bucket"), chain.folder().join("replica"));
    std::fs::rename(chain.bucket(), &new).unwrap();
    let files = [chain.public_keys(), chain.metadata()].map(|path| path.display().to_string());
    let (new, mapping) = (new.display().to_string(), format!("{old}={}", new.display()));
    for more in [&[][..], &["--map", &mapping]] {
        let more = [&["--public-keys", files[0].as_str(), "--metadata", files[1].as_str()], more].concat();
        let report = verify(&program(), &new, &chain, &more, 0);
        assert_eq!(report["judgment"], "proven", "{report}");
    }
}

#[test]
fn an_interrupted_run_goes_on_and_ends_with_the_same_verdict() {
    const TEST: &str = "verify::sources::an_interrupted_run_goes_on_and_ends_with_the_same_verdict";
    let Some(chain) = two_regions(TEST) else { return };
    let state = chain.folder().join("state").display().to_string();
    let resumed = strict(&chain, &["--resume", &state, "-o", "json"]).expect_code(0).json();
    assert!(!Path::new(&state).exists(), "what is over leaves nothing to go on with");
    let plain = strict(&chain, &["-o", "json"]).expect_code(0).json();
    let sums = |report: &Value| (report["counts"].clone(), report["cells"].clone(), report["totals"].clone());
    assert_eq!(sums(&resumed), sums(&plain));
}

const ZIP: &str = r#"
import json, os, sys, zipfile
source, out = sys.argv[1:]
count = 0
with zipfile.ZipFile(out, "w") as archive:
    for folder, _, names in os.walk(source):
        for name in names:
            path = os.path.join(folder, name)
            archive.write(path, os.path.relpath(path, os.path.dirname(source)))
            count += 1
print(json.dumps(count))
"#;
