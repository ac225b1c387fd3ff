//! Where a line of text may be cut: between words, and between the parts of an ARN or a path. Numbers, IDs and addresses stay whole.

/// Longest word that stays whole, in characters: a SHA-256 does, a document does not.
const WORD_CHARS_MAX: usize = 64;
/// Longest name before the text of a line, in characters.
const NAME_CHARS_MAX: usize = 10;
/// How far what goes on is set in, in characters.
const HANG_CHARS: usize = 2;
/// What a longer word asks for at least, in characters.
const LONG_WORD_CHARS_MIN: usize = 24;

/// The least width at which nothing is cut that should be whole.
pub fn least(text: &str) -> usize {
    let needs = text.split(' ').flat_map(parts).map(|part| match part.chars().count() {
        long if long > WORD_CHARS_MAX => LONG_WORD_CHARS_MIN,
        count => count,
    });
    needs.max().unwrap_or(0)
}

/// Lines of this width. What must stay whole and is wider has a line of its own.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    if seen(text) <= width {
        return vec![text.to_owned()];
    }
    let (mut lines, mut blank) = (vec![String::new()], String::new());
    for (at, word) in text.split(' ').enumerate() {
        blank.push_str(if at > 0 { " " } else { "" });
        for part in parts(word).flat_map(|part| pieces(part, width)) {
            match lines.last_mut() {
                Some(line) if line.is_empty() || seen(line) + blank.len() + seen(&part) <= width => {
                    line.push_str(&blank);
                    line.push_str(&part);
                }
                _ => lines.push(part),
            }
            blank.clear();
        }
    }
    lines
}

/// A line of a page in lines of this width; what goes on stands below where its text began.
pub fn folded(line: &str, width: usize) -> Vec<String> {
    let hang = hang(line).min(width / 2);
    let (first, rest) = (wrapped(line, width), " ".repeat(hang));
    let Some((first, others)) = first.split_first().filter(|(_, others)| !others.is_empty()) else { return vec![line.to_owned()] };
    let others = wrapped(&others.join(" "), width - hang);
    std::iter::once(first.clone()).chain(others.into_iter().map(|line| format!("{rest}{line}"))).collect()
}

/// Where the text of a line begins: behind its indentation, and behind a short name that stands before it.
fn hang(line: &str) -> usize {
    let indent = line.len() - line.trim_start().len();
    let text = line.trim_start();
    match text.find("  ").filter(|at| *at <= NAME_CHARS_MAX) {
        Some(at) => indent + text.len() - text.get(at..).unwrap_or_default().trim_start().len(),
        None => indent + HANG_CHARS,
    }
}

/// Characters of a text that a terminal shows.
fn seen(text: &str) -> usize {
    let mut escaped = false;
    let shown = text.chars().filter(|character| {
        let begins = *character == '\x1b';
        let is_shown = !escaped && !begins;
        escaped = begins || (escaped && *character != 'm');
        is_shown
    });
    shown.count()
}

/// The parts of a word between which it may be cut: those of an ARN or a path, the members of a document, a name and its value, each with the sign that ends it.
fn parts(word: &str) -> impl Iterator<Item = &str> {
    let is_arn = word.contains("arn:");
    let is_path = is_arn || word.matches('/').count() > 1;
    let is_document = word.starts_with(['{', '[']);
    word.split_inclusive(move |sign| match sign {
        ':' => is_arn,
        '/' => is_path,
        ',' => is_document,
        '=' => true,
        _ => false,
    })
}

/// A part that is too long for any line, in pieces.
fn pieces(part: &str, width: usize) -> Vec<String> {
    let characters: Vec<char> = part.chars().collect();
    let size = if characters.len() > WORD_CHARS_MAX { width.max(1) } else { characters.len().max(1) };
    characters.chunks(size).map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_parts_and_documents() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("arn:aws:iam::111122223333:user/alice", 20), ["arn:aws:iam::", "111122223333:user/", "alice"]);
        assert_eq!(
            wrapped("2026-11-19T00:10:01Z 2001:db8::1 203.0.113.0/24", 5),
            ["2026-11-19T00:10:01Z", "2001:db8::1", "203.0.113.0/24"]
        );
        assert_eq!(wrapped(&"x".repeat(100), 60), ["x".repeat(60), "x".repeat(40)]);
        assert_eq!(wrapped("  two", 9), ["  two"]);
        assert_eq!(wrapped("", 0), [""]);
    }

    #[test]
    fn documents_and_lines_of_pages() {
        assert_eq!(wrapped("{\"a\":\"b\",\"c\":\"d\"}", 12), ["{\"a\":\"b\",", "\"c\":\"d\"}"]);
        assert_eq!(
            folded("held      10 events of 6 accounts", 20),
            ["held      10 events", "          of 6", "          accounts"]
        );
        assert_eq!(folded("   by    alice and bob", 14), ["   by    alice", "       and bob"]);
        assert_eq!(folded("\x1b[1mbold\x1b[0m", 4), ["\x1b[1mbold\x1b[0m"]);
        assert_eq!(folded("a b", 3), ["a b"]);
    }

    #[test]
    fn what_stays_whole_says_how_wide_it_is() {
        let texts = ["a trail stopped", "arn:aws:iam::111122223333:user/alice", "203.0.113.0/24", ""];
        assert_eq!(texts.map(least), [7, 13, 14, 0]);
        assert_eq!(least(&"x".repeat(100)), LONG_WORD_CHARS_MIN);
    }
}
