//! Encodings that a value can be turned into before it is looked for.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The text in Base64, with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = (bits >> (18 - 6 * place)) as usize & 63;
            let is_padding = place > chunk.len();
            out.push(if is_padding { '=' } else { ALPHABET.get(digit).map_or('=', |byte| *byte as char) });
        }
    }
    out
}

/// What Base64 shows of the bytes wherever they stand in a longer text: one form for each of the three offsets, without the digits that
/// also depend on what is before or after.
pub(crate) fn base64_offsets(bytes: &[u8]) -> [String; 3] {
    const FIRST: [usize; 3] = [0, 2, 3];
    const CUT: [usize; 3] = [0, 3, 2];
    [0, 1, 2].map(|offset: usize| {
        let shifted: Vec<u8> = std::iter::repeat_n(b' ', offset).chain(bytes.iter().copied()).collect();
        let cut = CUT.get(shifted.len() % 3).copied().unwrap_or(0);
        let whole = base64(&shifted);
        let first = FIRST.get(offset).copied().unwrap_or(0);
        whole.get(first..whole.len().saturating_sub(cut)).unwrap_or_default().to_owned()
    })
}

/// The text as UTF-16, little end first.
pub(crate) fn utf16le(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The text as UTF-16, big end first.
pub(crate) fn utf16be(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_everyone_writes_it() {
        for (plain, encoded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn offsets_are_found_wherever_the_text_stands() {
        let wanted = "http://";
        assert_eq!(base64_offsets(wanted.as_bytes()), ["aHR0cDovL", "h0dHA6Ly", "odHRwOi8v"]);
        for before in ["", "a", "ab", "abc", "abcd"] {
            for after in ["", "x", "xy", "xyz"] {
                let encoded = base64(format!("{before}{wanted}{after}").as_bytes());
                assert!(base64_offsets(wanted.as_bytes()).iter().any(|form| encoded.contains(form)), "{before}|{after}");
            }
        }
    }
}
