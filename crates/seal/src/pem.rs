//! PEM: the text form of keys that openssl reads.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Label of a `SubjectPublicKeyInfo`.
pub(crate) const PUBLIC_KEY: &str = "PUBLIC KEY";
/// Label of a private key in PKCS #8 form.
pub(crate) const PRIVATE_KEY: &str = "PRIVATE KEY";

/// Characters in a line of base64 (RFC 7468).
const LINE_LEN: usize = 64;
/// Largest text that is read; an RSA key of 8,192 bits takes 6,400.
const PEM_BYTES_MAX: usize = 64 * 1024;

/// Writes DER as PEM, with a line feed at the end.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for (place, letter) in STANDARD.encode(der).chars().enumerate() {
        if place > 0 && place.is_multiple_of(LINE_LEN) {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}

/// The DER in a PEM text that holds one block with this label, and nothing else.
pub(crate) fn decode(label: &str, text: &str) -> Option<Vec<u8>> {
    if text.len() > PEM_BYTES_MAX {
        return None;
    }
    let inner = text.trim().strip_prefix(&format!("-----BEGIN {label}-----"))?;
    let inner = inner.strip_suffix(&format!("-----END {label}-----"))?;
    let base64: String = inner.split_ascii_whitespace().collect();
    STANDARD.decode(base64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for size in [0, 1, 47, 48, 49, 96, 300] {
            let der = vec![7; size];
            let text = encode(PUBLIC_KEY, &der);
            assert!(text.lines().all(|line| line.len() <= LINE_LEN), "{text}");
            assert_eq!(decode(PUBLIC_KEY, &text), Some(der.clone()));
            assert_eq!(decode(PUBLIC_KEY, &text.replace('\n', "\r\n")), Some(der));
            assert_eq!(decode(PRIVATE_KEY, &text), None);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let text = encode(PUBLIC_KEY, b"key");
        for other in [
            String::new(),
            "-----BEGIN PUBLIC KEY-----".to_owned(),
            format!("{text}{text}"),
            text.replace("a2V5", "a2V"),
            " ".repeat(PEM_BYTES_MAX) + &text,
        ] {
            assert_eq!(decode(PUBLIC_KEY, &other), None, "{other}");
        }
    }
}
