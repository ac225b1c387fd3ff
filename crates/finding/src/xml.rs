//! The little XML that JUnit reports need.

/// Text inside an element or attribute. Characters that XML cannot hold at all become U+FFFD.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\t' | '\n' | '\r' => safe.push_str(&format!("&#{};", u32::from(character))),
            other if is_character(other) => safe.push(other),
            _ => safe.push('\u{fffd}'),
        }
    }
    safe
}

/// What XML 1.0 calls a character, without the control characters that it only discourages.
fn is_character(character: char) -> bool {
    !character.is_control() && !matches!(character, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        assert_eq!(escaped("a<b attr=\"x\">&'"), "a&lt;b attr=&quot;x&quot;&gt;&amp;'");
        assert_eq!(escaped("]]>\u{0}\u{1b}[2J\u{fffe}\n"), "]]&gt;\u{fffd}\u{fffd}[2J\u{fffd}&#10;");
    }
}
