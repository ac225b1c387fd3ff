//! One verification, told in every format: the same verdict in each.

use std::process::Stdio;

use serde_json::Value;
use testbed::DigestChain;
use testbed::tampering::ACCOUNT;

use super::{program, strict};

/// A chain with an altered log file and a digest removed.
fn tampered(test: &str) -> Option<DigestChain> {
    DigestChain::make(test, &[&ACCOUNT[..], &["--tamper", "modify", "--tamper", "del-digest"]].concat())
}

#[test]
fn several_formats_at_once() {
    let Some(chain) = tampered("verify::reports::several_formats_at_once") else { return };
    let file = |name: &str| chain.folder().join(name);
    let of = |format: &str, name: &str| format!("{format}={}", file(name).display());
    let (json, lines, junit) = (of("json", "r.json"), of("ndjson", "r.ndjson"), of("junit", "r.xml"));
    let table = strict(&chain, &["-o", "table", "-o", &json, "-o", &lines, "-o", &junit]).expect_code(4).stdout;
    let read = |name: &str| std::fs::read_to_string(file(name)).unwrap();
    let report: Value = serde_json::from_str(&read("r.json")).unwrap();
    let findings = report["findings"].as_array().unwrap();

    assert!(table.starts_with("VIOLATED: "), "{table}");
    let altered = findings.iter().find(|finding| finding["kind"] == "log-altered").unwrap();
    assert!(table.contains(altered["key"].as_str().unwrap()), "{table}");
    let matrix: Vec<&str> = table.lines().filter(|line| line.starts_with(chain.text("account"))).collect();
    assert!(matrix.iter().any(|line| line.contains('!') || line.contains('x')), "{table}");

    let lines: Vec<Value> = read("r.ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), findings.len() + 1);
    let summary = lines.last().unwrap();
    assert_eq!(
        (&summary["type"], &summary["judgment"], &summary["counts"]),
        (&"summary".into(), &"violated".into(), &report["counts"])
    );

    let xml = read("r.xml");
    assert!(
        xml.contains("log-altered: ") && xml.contains("<failure message=\"digest-missing: ") && xml.contains("name=\"judgment\""),
        "{xml}"
    );
}

/// Runs to the end with a standard output that nobody reads, or that is full.
fn unread(line: &[&str], stdout: impl Into<Stdio>) -> (Option<i32>, String) {
    let output = program().command(line).stdout(stdout).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn closed() -> std::io::PipeWriter {
    std::io::pipe().unwrap().1
}

#[test]
fn who_does_not_read_to_the_end_changes_no_exit_code() {
    const TEST: &str = "verify::reports::who_does_not_read_to_the_end_changes_no_exit_code";
    let Some(chain) = tampered(TEST) else { return };
    let (bucket, keys) = (chain.bucket().display().to_string(), chain.public_keys().display().to_string());
    let metadata = chain.metadata().display().to_string();
    let xml = chain.folder().join("r.xml");
    let (junit, nowhere) = (format!("junit={}", xml.display()), format!("junit={}/no/r.xml", chain.folder().display()));
    let base = ["verify", &bucket, "--public-keys", &keys, "--metadata", &metadata];
    let range = ["--since", chain.start(), "--until", chain.end()];
    let strict = [&base[..], &range].concat();
    let (code, told) = unread(&[&strict[..], &["-o", "table", "-o", &junit]].concat(), closed());
    assert_eq!((code, told.as_str()), (Some(4), ""));
    assert!(std::fs::read_to_string(xml).unwrap().contains("log-altered"), "files are written first");
    let (code, told) = unread(&[&strict[..], &["-o", "table", "-o", &nowhere]].concat(), closed());
    assert!(code == Some(4) && told.contains("no/r.xml"), "{code:?} {told}");
    let like_aws = ["--like-aws", "--start-time", chain.start(), "--end-time", chain.end(), "--verbose"];
    assert_eq!(unread(&[&base[..], &like_aws].concat(), closed()).0, Some(1));
    let detect = ["detect", &bucket, "--fail-on", "informational"];
    let check = chain.folder().join("filter");
    std::fs::write(&check, "{ ($.eventName = ConsoleLogin) && ($.errorMessage = \"Failed authentication\") }\n").unwrap();
    let check = ["check", &check.display().to_string(), "--fail-on", "low"];
    for line in [&detect[..], &check] {
        let code = program().run(line).code;
        assert_eq!(unread(line, closed()), (code, String::new()), "{line:?}");
    }
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let (code, told) = unread(&strict, full.try_clone().unwrap());
    assert!(code == Some(4) && told.contains("writing the output"), "{code:?} {told}");
    // Only a run that found nothing wrong fails by it.
    let empty = ["verify", &bucket, "--public-keys", &keys, "--account", "000000000000"];
    assert_eq!(unread(&empty, full.try_clone().unwrap()).0, Some(4));
    assert_eq!(unread(&["rules", "list"], full).0, Some(1));
}

#[test]
fn what_was_not_checked_is_not_proven() {
    const TEST: &str = "verify::reports::what_was_not_checked_is_not_proven";
    let Some(chain) = DigestChain::make(TEST, &ACCOUNT) else { return };
    let [bucket, keys, metadata] = [chain.bucket(), chain.public_keys(), chain.metadata()].map(|path| path.display().to_string());
    let verify = |more: &[&str], code| {
        let line = ["verify", &bucket, "--public-keys", &keys, "--metadata", &metadata];
        program().run(&[&line, more].concat()).expect_code(code).stdout
    };
    // The chain ended long ago: that is told for any range after its end.
    assert!(verify(&["--since", "1m"], 4).contains("digest-missing"));
    // Before it began nothing was checked.
    let before = verify(&["--until", chain.start()], 5);
    assert!(before.starts_with("NOT ALL PROVEN") && before.contains("nothing was checked"), "{before}");
    let nothing = verify(&["--account", "999999999999"], 4);
    assert!(nothing.starts_with("VIOLATED: no digest and no log file of account 999999999999 was found here\n"), "{nothing}");
}

#[test]
fn what_cannot_be_asked_for_is_refused_with_a_hint() {
    let Some(chain) = DigestChain::make("verify::reports::what_cannot_be_asked_for_is_refused_with_a_hint", &ACCOUNT) else {
        return;
    };
    let (bucket, keys) = (chain.bucket().display().to_string(), chain.public_keys().display().to_string());
    let cases: [(&[&str], i32, &str); 8] = [
        (&["verify", &bucket, "--public-keys", &keys, "--since", "2026-11-23", "--until", "2026-11-22"], 2, "--since comes first"),
        (&["verify", &bucket, "--public-keys", &keys, "-o", "json", "-o", "table"], 2, "write one of them to a file"),
        (&["verify", &bucket, "--public-keys", &keys, "--since", "2099-01-01"], 2, "--since is not in the past"),
        (&["verify", "/no/such/folder", "--public-keys", &keys], 2, "`/no/such/folder` was not found"),
        (&["verify", "/no/such/folder"], 2, "`/no/such/folder` was not found"),
        (&["verify", &keys, "--public-keys", &keys], 2, "neither a folder nor a zip"),
        (&["verify", &bucket, "--public-keys", "/no/keys"], 2, "`/no/keys` was not found"),
        (&["verify", "gs://bucket", "--public-keys", &keys], 2, "s3://bucket/prefix"),
    ];
    for (line, code, told) in cases {
        let finished = program().run(line).expect_code(code);
        assert!(finished.stderr.contains(told), "{line:?}: {}", finished.stderr);
    }
}
