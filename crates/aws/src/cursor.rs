//! Where a listing goes on after a page.

use std::collections::HashMap;
use std::sync::Mutex;

/// Continuation tokens that are remembered.
const TOKENS_MAX: usize = 4_096;

/// Where a listing goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cursor {
    Start,
    After(String),
    Token(String),
}

/// Where S3 goes on after a page, by folder and last entry. A listing that goes on after a *folder* needs it: S3 would begin inside
/// that folder otherwise.
#[derive(Default)]
pub(crate) struct Cursors {
    tokens: Mutex<HashMap<(String, String), String>>,
}

impl Cursors {
    /// Keeps the token under the page's last entry, which is what the caller goes on after.
    pub(crate) fn remember(&self, prefix: &str, last: String, token: String) -> String {
        if let Ok(mut tokens) = self.tokens.lock() {
            if tokens.len() >= TOKENS_MAX {
                tokens.clear(); // Listings that were given up. One that was not goes on after its last entry.
            }
            tokens.insert((prefix.to_owned(), last.clone()), token);
        }
        last
    }

    /// Where to go on after this entry.
    pub(crate) fn after(&self, prefix: &str, after: Option<&str>) -> Cursor {
        let Some(after) = after else { return Cursor::Start };
        let place = (prefix.to_owned(), after.to_owned());
        let token = self.tokens.lock().ok().and_then(|mut tokens| tokens.remove(&place));
        match token {
            Some(token) => Cursor::Token(token),
            None if after == prefix => Cursor::Start,
            None => Cursor::After(past(after)),
        }
    }
}

/// The last possible name under an entry: listing after a folder means after all that is in it.
fn past(entry: &str) -> String {
    if entry.ends_with('/') { format!("{entry}{}", char::MAX) } else { entry.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_used_once() {
        let cursors = Cursors::default();
        let last = cursors.remember("a/", "a/b/".to_owned(), "token".to_owned());
        assert_eq!(cursors.after("a/", Some(&last)), Cursor::Token("token".to_owned()));
        assert_eq!(cursors.after("a/", Some(&last)), Cursor::After("a/b/\u{10FFFF}".to_owned()));
        assert_eq!(cursors.after("a/", Some("a/c")), Cursor::After("a/c".to_owned()));
        assert_eq!(cursors.after("a/", Some("a/")), Cursor::Start);
        assert_eq!(cursors.after("a/", None), Cursor::Start);
    }
}
