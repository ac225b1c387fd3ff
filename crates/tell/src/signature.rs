//! The signature of a webhook: HMAC-SHA256 over `<seconds>.<body>`, as Stripe signs its own.
//!
//! The header is `Trailkeep-Signature: t=<seconds since 1970>,v1=<hexadecimal>`. The time is part of what is signed, so that a
//! receiver can refuse what is old. With openssl alone:
//! `printf '%s.%s' "$t" "$body" | openssl dgst -sha256 -hmac "$secret"`.

use aws_lc_rs::hmac;

/// Name of the header.
pub const HEADER: &str = "trailkeep-signature";

/// The header's value.
pub fn sign(secret: &[u8], at_s: i64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let mut signing = hmac::Context::with_key(&key);
    signing.update(format!("{at_s}.").as_bytes());
    signing.update(body);
    format!("t={at_s},v1={}", hex::encode(signing.sign()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn as_openssl_says() {
        // printf '1700000000.{"id":"a"}' | openssl dgst -sha256 -hmac key
        let expected = "t=1700000000,v1=fad30145c01573f08f1afb0c980e06ad3ec016de1aec117fea804b6e6b4eed38";
        assert_eq!(super::sign(b"key", 1_700_000_000, br#"{"id":"a"}"#), expected);
    }
}
