//! What this crate writes is checked by openssl, which knows nothing of it.

use std::path::Path;
use std::process::Command;

use trailkeep_seal::RsaKey;

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
