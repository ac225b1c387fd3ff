//! A string that is not closed on its line is the commonest break in copied JSON (even in AWS's own guide). The AWS CLI refuses it; we do
//! too, but read on as if it had been closed, so that one missing quote does not hide everything else that is wrong.

use super::limits::MENDED_MAX;

/// JSON whose open strings were closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    /// The text.
    pub text: String,
    /// Lines whose string was closed, from 1.
    pub lines: Vec<usize>,
}

/// Closes strings at the end of their line; `None` if there is nothing to close or too much.
pub fn mend(text: &str) -> Option<Mended> {
    let mut mended = Mended { text: String::with_capacity(text.len() + MENDED_MAX), lines: Vec::new() };
    for (at, line) in text.split_inclusive('\n').enumerate() {
        if is_left_open(line) {
            mended.lines.push(at + 1);
            close(line, &mut mended.text);
        } else {
            mended.text.push_str(line);
        }
    }
    (!mended.lines.is_empty() && mended.lines.len() <= MENDED_MAX).then_some(mended)
}

/// Whether a string begins on this line and does not end on it.
fn is_left_open(line: &str) -> bool {
    let (mut open, mut escaped) = (false, false);
    for character in line.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' if open => escaped = true,
            '"' => open = !open,
            _ => {}
        }
    }
    open
}

/// The comma that stood at the end belongs to the document, not to the text.
fn close(line: &str, into: &mut String) {
    let content = line.trim_end();
    let (body, comma) = content.strip_suffix(',').map_or((content, ""), |body| (body, ","));
    into.push_str(body);
    into.push('"');
    into.push_str(comma);
    into.push_str(line.get(content.len()..).unwrap_or_default());
}
