//! Percent encoding as SigV4 wants it: what is signed and what is sent are the same text.

/// A key as a path: slashes stay.
pub(crate) fn encode_key(key: &str) -> String {
    encode(key, |byte| is_unreserved(byte) || byte == b'/')
}

/// A value in a query.
pub(crate) fn encode_value(value: &str) -> String {
    encode(value, is_unreserved)
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn encode(text: &str, is_plain: impl Fn(u8) -> bool) -> String {
    // CloudTrail's own keys are plain.
    if text.bytes().all(&is_plain) {
        return text.to_owned();
    }
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelled_as_it_is_signed() {
        let cases = [
            ("AWSLogs/1/a_b-c.json.gz", "AWSLogs/1/a_b-c.json.gz", "AWSLogs%2F1%2Fa_b-c.json.gz"),
            ("a b+c=%41~", "a%20b%2Bc%3D%2541~", "a%20b%2Bc%3D%2541~"),
            ("//../é\u{1}", "//../%C3%A9%01", "%2F%2F..%2F%C3%A9%01"),
        ];
        for (text, key, value) in cases {
            assert_eq!((encode_key(text).as_str(), encode_value(text).as_str()), (key, value));
        }
    }
}
