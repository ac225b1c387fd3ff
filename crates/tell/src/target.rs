//! Who is told, and how.

use std::fmt;
use std::path::PathBuf;

use finding::Severity;
use http::Uri;
use sha2::{Digest, Sha256};

use crate::error::TellError;
use crate::limits::NAME_CHARACTERS_MAX;

/// A target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What it is called: by this name the home remembers what it has been told.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The lowest level that it is told.
    pub level: Severity,
}

/// What a target is.
#[derive(Clone, PartialEq, Eq)]
pub enum Kind {
    /// JSON by POST, signed if there is a secret.
    Webhook {
        /// Where.
        url: Url,
        /// The key of the signature.
        secret: Option<Vec<u8>>,
    },
    /// A Slack incoming webhook. Its URL is a secret.
    Slack(Url),
    /// Lines at the end of a file.
    File(PathBuf),
    /// Lines on standard output.
    Stdout,
}

/// An address that has been read.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(Uri);

impl Target {
    /// A target without a name of its own: it is called by its kind and a hash of where it is, which does not give a secret URL away.
    pub(crate) fn unnamed(kind: Kind, level: Severity) -> Target {
        let place = match &kind {
            Kind::Webhook { url, .. } | Kind::Slack(url) => url.0.to_string(),
            Kind::File(path) => path.display().to_string(),
            Kind::Stdout => String::new(),
        };
        let hash = hex::encode(Sha256::digest(place).first_chunk::<4>().copied().unwrap_or_default());
        let name = if kind == Kind::Stdout { kind.word().to_owned() } else { format!("{}-{hash}", kind.word()) };
        Target { name, kind, level }
    }
}

impl Kind {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Kind::Webhook { .. } => "webhook",
            Kind::Slack(_) => "slack",
            Kind::File(_) => "file",
            Kind::Stdout => "stdout",
        }
    }

    /// Where it is, without what is secret about it.
    pub fn place(&self) -> String {
        match self {
            Kind::Webhook { url, .. } | Kind::Slack(url) => url.host().to_owned(),
            Kind::File(path) => path.display().to_string(),
            Kind::Stdout => "standard output".to_owned(),
        }
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Stdout => out.write_str("standard output"),
            _ => write!(out, "{} {}", self.word(), self.place()),
        }
    }
}

impl Url {
    /// Reads `https://host[:port]/path`. `what` is said of it where it is wrong, since the URL itself may be secret.
    pub fn read(text: &str, what: &str) -> Result<Url, TellError> {
        let wrong = |how: &str| TellError::target(format!("{what} {how}"), "write it as https://host/path");
        let uri: Uri = text.trim().parse().map_err(|_| wrong("is no URL"))?;
        match uri.scheme_str() {
            Some("https" | "http") => {}
            _ => return Err(wrong("begins neither with https:// nor with http://")),
        }
        let authority = uri.authority().ok_or_else(|| wrong("names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("holds a user name"));
        }
        Ok(Url(uri))
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.0.scheme_str().unwrap_or_default(), self.host())
    }

    /// Host and port, as they are written.
    pub fn host(&self) -> &str {
        self.0.authority().map_or("", |authority| authority.as_str())
    }

    /// Path and query.
    pub(crate) fn path(&self) -> &str {
        self.0.path_and_query().map_or("/", |path| path.as_str())
    }

    pub(crate) fn is_here(&self) -> bool {
        let host = self.0.host().unwrap_or_default();
        host == "localhost" || host == "[::1]" || host.starts_with("127.")
    }
}

/// Whether a name can be that of a target: it becomes part of paths.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !name.is_empty() && name.chars().count() <= NAME_CHARACTERS_MAX && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (text, host) in [
            ("https://hooks.example.com/a?b=c", Some("hooks.example.com")),
            ("http://127.0.0.1:9/x", Some("127.0.0.1:9")),
            ("https://[::1]:9", Some("[::1]:9")),
            ("ftp://a/b", None),
            ("hooks.example.com", None),
            ("https://user:pass@a/b", None),
            ("https://", None),
            ("", None),
            ("https://a b", None),
        ] {
            assert_eq!(Url::read(text, "it").ok().as_ref().map(Url::host), host, "{text}");
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        let url = Url::read("https://hooks.slack.com/services/T0/B0/secret", "it").unwrap();
        let slack = Target::unnamed(Kind::Slack(url), Severity::Low);
        assert!(!format!("{slack:?}").contains("secret"), "{slack:?}");
        assert!(is_name(&slack.name), "{}", slack.name);
        let url = Url::read("https://a/b", "it").unwrap();
        let webhook = Kind::Webhook { url, secret: Some(b"secret".to_vec()) };
        assert!(!format!("{webhook:?}").contains("secret"));
    }

    #[test]
    fn names() {
        for (name, good) in [("soc", true), ("soc-2_b", true), ("", false), ("a/b", false), ("..", false), ("é", false)] {
            assert_eq!(is_name(name), good, "{name}");
        }
    }
}
