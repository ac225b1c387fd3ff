//! Statements: any file is read or refused; any chain is judged, and nothing in it that is not signed counts.
//!
//! A fuzzer cannot sign, so the input is either one file as it is, or (when it begins with `!`) the first lines of several files,
//! each after a letter that chooses the key which signs it.
#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use seal::statement::FORMAT;
use seal::{Chain, Seal, Sealed, StatementKey};

/// Begin of an Ed25519 key in PKCS #8 form; 32 bytes of the fuzzer's choice follow.
const PKCS8: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

static KEYS: LazyLock<Vec<StatementKey>> = LazyLock::new(|| (0_u8..3).map(key).collect());

fn key(number: u8) -> StatementKey {
    let der = [PKCS8.as_slice(), &[number; 32]].concat();
    StatementKey::from_pem(&format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))).unwrap()
}

fuzz_target!(|input: &[u8]| match input.strip_prefix(b"!") {
    Some(lines) => chain(lines),
    None => file(input),
});

fn file(bytes: &[u8]) {
    let (_, findings) = Chain::new().check([(0, bytes)]);
    let Ok(sealed) = Sealed::read(bytes) else {
        assert!(!findings.is_empty());
        return;
    };
    let written = sealed.statement.sign(&KEYS[0]).unwrap();
    let again = Sealed::read(&written).unwrap();
    assert_eq!(again.statement, sealed.statement);
    assert_eq!(again.statement.format, FORMAT);
    assert!(again.verify(&KEYS[0].public().unwrap()) && !again.verify(&KEYS[1].public().unwrap()));
}

fn chain(lines: &[u8]) {
    let files: Vec<Vec<u8>> = lines.split(|byte| *byte == b'\n').map(signed).collect();
    let mut chain = Chain::pinned([KEYS[0].fingerprint()]);
    let mut told = 0;
    for (number, file) in (0..).zip(&files) {
        let checked = chain.add(number, file);
        assert!(checked.statement.is_some() || !checked.findings.is_empty(), "neither taken in nor found wrong");
        if let Some(statement) = checked.statement {
            assert_eq!(statement.number, number);
            told += statement.says.added().len() + statement.says.removed().len();
        }
        for finding in &checked.findings {
            assert!(finding.number <= number && !finding.to_string().is_empty());
        }
    }
    assert!(chain.live().iter().count() <= told);
    assert_eq!(chain.head().map(|head| head.number), files.len().checked_sub(1).map(|last| last as u64));
    let (again, findings) = Chain::new().check((0..).zip(&files));
    assert_eq!(again.head(), chain.head());
    // Whatever holds together must not hold together any more when its first file is gone.
    if findings.is_empty() && files.len() > 1 {
        assert!(!Chain::new().check((1..).zip(&files[1..])).1.is_empty());
    }
}

fn signed(line: &[u8]) -> Vec<u8> {
    let (choice, line) = line.split_first().unwrap_or((&0, &[]));
    let key = &KEYS[usize::from(*choice) % KEYS.len()];
    let signature = KEYS[usize::from(*choice) % KEYS.len()].sign(line).unwrap();
    let signature = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    let seal = Seal { algorithm: "Ed25519".to_owned(), key: key.fingerprint(), signature };
    [line, b"\n", serde_json::to_string(&seal).unwrap().as_bytes(), b"\n"].concat()
}
