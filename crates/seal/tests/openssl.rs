//! What this crate writes is checked by openssl, which knows nothing of it.

use std::path::Path;
use std::process::Command;

use trailkeep_seal::{KeyReason, NewKey, RsaKey, Says, Seal, Statement, StatementKey};

/// Whether openssl was content, and what it said; an error when there is no such program.
fn openssl(folder: &Path, arguments: &[&str]) -> std::io::Result<(bool, String)> {
    let output = Command::new("openssl").current_dir(folder).args(arguments).output()?;
    Ok((output.status.success(), String::from_utf8_lossy(&output.stdout).trim().to_owned()))
}

#[test]
fn openssl_verifies_an_rsa_signature_with_our_pem() {
    let folder = tempfile::tempdir().unwrap();
    let key = RsaKey::generate().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("key.pem", key.public().unwrap().to_pem().as_bytes());
    write("signed", b"four lines");
    write("altered", b"four line5");
    write("signature", &key.sign(b"four lines").unwrap());
    let verify =
        |file| openssl(folder.path(), &["dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", file]).unwrap();
    assert_eq!(verify("signed"), (true, "Verified OK".to_owned()));
    assert!(!verify("altered").0);
}

#[test]
fn openssl_verifies_a_statement_with_our_pem_and_reads_the_key_that_signed_it() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    let key = StatementKey::generate().unwrap();
    let says = Says::Key(NewKey::new(&key.public().unwrap(), KeyReason::First));
    let (time, home) = ("2026-11-22T07:00:00Z".to_owned(), "h-1".to_owned());
    let file = Statement { format: 1, number: 0, previous: None, time, home, says }.sign(&key).unwrap();
    let text = String::from_utf8(file).unwrap();
    let (line, seal) = text.trim_end().split_once('\n').unwrap();
    let seal: Seal = serde_json::from_str(seal).unwrap();
    write("public.pem", key.public().unwrap().to_pem().as_bytes());
    write("private.pem", key.to_pem().unwrap().as_bytes());
    write("line", line.as_bytes());
    write("altered", line.replace("h-1", "h-2").as_bytes());
    write("signature", &hex::decode(seal.signature).unwrap());
    let verify = |file| {
        let arguments = ["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "public.pem", "-sigfile", "signature", "-in", file];
        openssl(folder.path(), &arguments).unwrap()
    };
    assert_eq!(verify("line"), (true, "Signature Verified Successfully".to_owned()));
    assert!(!verify("altered").0);
    let public = openssl(folder.path(), &["pkey", "-in", "private.pem", "-pubout"]).unwrap();
    assert_eq!(public, (true, key.public().unwrap().to_pem().trim_end().to_owned()));
    assert!(openssl(folder.path(), &["genpkey", "-algorithm", "ed25519", "-out", "theirs.pem"]).unwrap().0);
    let theirs = std::fs::read_to_string(folder.path().join("theirs.pem")).unwrap();
    assert!(StatementKey::from_pem(&theirs).is_ok());
}
