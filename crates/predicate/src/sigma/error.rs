//! What is wrong with a rule, where, and what to do.

/// Why a document is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}; {hint}")]
pub struct SigmaError {
    /// The line in the file, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

impl SigmaError {
    /// An error at a line.
    pub(crate) fn new(line: usize, what: impl Into<String>, hint: impl Into<String>) -> SigmaError {
        SigmaError { line: line.max(1), what: what.into(), hint: hint.into() }
    }
}

/// The known word that is closest to what was written, for a hint.
pub(crate) fn closest<'w>(written: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    const LONGEST: usize = 40;
    if written.len() > LONGEST {
        return None;
    }
    let written = written.to_lowercase();
    let scored = words.into_iter().map(|word| (distance(&written, &word.to_lowercase()), word));
    scored.min_by_key(|(distance, _)| *distance).filter(|(distance, _)| *distance <= 2).map(|(_, word)| word)
}

/// Edits from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (line, x) in a.chars().enumerate() {
        let mut next = vec![line + 1];
        for ((y, above), before) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or(0);
            next.push((before + usize::from(x != *y)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}
