//! One verification, told in every format: the same verdict in each.

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

#[test]
fn what_cannot_be_asked_for_is_refused_with_a_hint() {
    let Some(chain) = DigestChain::make("verify::reports::what_cannot_be_asked_for_is_refused_with_a_hint", &ACCOUNT) else {
        return;
    };
    let (bucket, keys) = (chain.bucket().display().to_string(), chain.public_keys().display().to_string());
    let cases: [(&[&str], i32, &str); 6] = [
        (&["verify", &bucket, "--public-keys", &keys, "--since", "2026-11-23", "--until", "2026-11-22"], 2, "--since comes first"),
        (&["verify", &bucket, "--public-keys", &keys, "-o", "json", "-o", "table"], 2, "write one of them to a file"),
        (&["verify", "/no/such/folder", "--public-keys", &keys], 1, "/no/such/folder"),
        (&["verify", &keys, "--public-keys", &keys], 2, "neither a folder nor a zip"),
        (&["verify", &bucket, "--public-keys", "/no/keys"], 1, "/no/keys"),
        (&["verify", "gs://bucket", "--public-keys", &keys], 2, "s3://bucket/prefix"),
    ];
    for (line, code, told) in cases {
        let finished = program().run(line).expect_code(code);
        assert!(finished.stderr.contains(told), "{line:?}: {}", finished.stderr);
    }
}
