//! File and archive entry names are bytes; keys are text. The way there loses nothing, so the way back is exact.
//!
//! Bytes that are no UTF-8 become `%FF`, and `%` itself becomes `%25`. Everything else stays as it is.

/// A key for a name: lossless, and unchanged for every name that is UTF-8 and holds no `%`.
pub(crate) fn key_of(name: &[u8]) -> String {
    let mut key = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '%' => key.push_str("%25"),
                other => key.push(other),
            }
        }
        for byte in chunk.invalid() {
            key.push_str(&format!("%{byte:02X}"));
        }
    }
    key
}

/// The name that [`key_of`] turned into this key; `None` if it never could have.
pub(crate) fn name_of(key: &str) -> Option<Vec<u8>> {
    let mut name = Vec::with_capacity(key.len());
    let mut parts = key.split('%');
    name.extend_from_slice(parts.next()?.as_bytes());
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        name.push(u8::from_str_radix(digits, 16).ok()?);
        name.extend_from_slice(rest.as_bytes());
    }
    Some(name)
}

/// A key for an archive entry: as [`key_of`], without the leading `./` and `/` that keys never have. `../` stays: text.
pub(crate) fn key_of_entry(name: &[u8]) -> String {
    let mut rest = name;
    while let Some(shorter) = rest.strip_prefix(b"./").or_else(|| rest.strip_prefix(b"/")) {
        rest = shorter;
    }
    key_of(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back() {
        let names: [&[u8]; 5] = [b"plain.json", b"50%.json", b"\xff\xfe.gz", b"a%41\x80", "ü\u{0}".as_bytes()];
        for name in names {
            assert_eq!(name_of(&key_of(name)).as_deref(), Some(name), "{name:?}");
        }
        assert_eq!(key_of(b"caf\xe9"), "caf%E9");
        assert_eq!(name_of("%+1"), None);
        assert_eq!(name_of("%4"), None);
    }

    #[test]
    fn entries_lose_only_their_leading_slashes() {
        assert_eq!(key_of_entry(b"./a/b"), "a/b");
        assert_eq!(key_of_entry(b"//./a"), "a");
        assert_eq!(key_of_entry(b"../../etc/passwd"), "../../etc/passwd");
    }
}
