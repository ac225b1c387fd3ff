//! JSON string text: from escapes to characters and back.

use crate::flaw::Flaw;
use crate::scan::plain_end;

/// Decodes the inside of a JSON string (between its quotes) that holds at least one backslash.
pub fn unescape(inner: &str, out: &mut String) -> Result<(), Flaw> {
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (plain, escape) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = escape.chars();
        chars.next();
        let plain = match chars.next().ok_or(Flaw::InvalidJson)? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            same @ ('"' | '\\' | '/') => same,
            'u' => {
                let (decoded, after) = unicode(chars.as_str())?;
                out.push(decoded);
                rest = after;
                continue;
            }
            _ => return Err(Flaw::InvalidJson),
        };
        out.push(plain);
        rest = chars.as_str();
    }
    out.push_str(rest);
    Ok(())
}

/// Decodes what follows `\u`, taking a surrogate pair whole.
fn unicode(text: &str) -> Result<(char, &str), Flaw> {
    let (first, after) = hex4(text)?;
    if !(0xd800..0xe000).contains(&first) {
        return Ok((char::from_u32(first).ok_or(Flaw::InvalidJson)?, after));
    }
    let low = after.strip_prefix("\\u").ok_or(Flaw::LoneSurrogate)?;
    let (second, after) = hex4(low)?;
    if first >= 0xdc00 || !(0xdc00..0xe000).contains(&second) {
        return Err(Flaw::LoneSurrogate);
    }
    let joined = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    Ok((char::from_u32(joined).ok_or(Flaw::LoneSurrogate)?, after))
}

fn hex4(text: &str) -> Result<(u32, &str), Flaw> {
    let digits = text.get(..4).ok_or(Flaw::InvalidJson)?;
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Flaw::InvalidJson);
    }
    let code = u32::from_str_radix(digits, 16).map_err(|_| Flaw::InvalidJson)?;
    Ok((code, text.get(4..).unwrap_or_default()))
}

/// Writes a string as AWS does: quotes, backslashes and control characters escaped, all else as it is.
pub fn write_escaped(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut from = 0;
    loop {
        let at = plain_end(bytes, from);
        out.extend_from_slice(bytes.get(from..at).unwrap_or_default());
        let Some(byte) = bytes.get(at) else { break };
        from = at + 1;
        match *byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x09 => out.extend_from_slice(b"\\t"),
            0x0a => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            0x0d => out.extend_from_slice(b"\\r"),
            other => out.extend_from_slice(format!("\\u{other:04x}").as_bytes()),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unescape_agrees_with_serde_json() {
        let cases = [
            r"a\nb",
            r#"\"quoted\""#,
            r"\u00e9\u4e2d",
            r"\ud83d\ude00",
            r"\/",
            r"\\",
            r"\b\f\r\t",
            r"\ud800",
            r"\ud800\u0041",
            r"\udc00\ud800",
            r"\u12",
            r"\x",
            r"tail\",
            r"\u00zz",
        ];
        for inner in cases {
            let mut ours = String::new();
            let ours = unescape(inner, &mut ours).map(|()| ours).ok();
            let theirs = serde_json::from_str::<String>(&format!("\"{inner}\"")).ok();
            assert_eq!(ours, theirs, "{inner}");
        }
    }

    #[test]
    fn written_text_is_read_back() {
        for text in ["", "plain", "q\"b\\s\u{1}\n\t\r\u{8}\u{c}", "\u{7f}\u{2028}é😀"] {
            let mut out = Vec::new();
            write_escaped(text, &mut out);
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }
}
