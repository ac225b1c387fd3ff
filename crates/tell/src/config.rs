//! Which targets the user wants: `--tell` on the command line, or a file. Secrets are never written there: both name the variable or
//! the file that holds them.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use finding::Severity;
use serde::Deserialize;

use crate::error::TellError;
use crate::limits::{CONFIG_BYTES_MAX, SECRET_BYTES_MAX, TARGETS_MAX};
use crate::target::{Kind, Target, Url, is_name};

/// Looks a variable of the environment up.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Holds the secret of a webhook that `--tell` names.
const SECRET_VARIABLE: &str = "TRAILKEEP_TELL_SECRET";
/// Holds the URL of `--tell slack`.
const SLACK_VARIABLE: &str = "TRAILKEEP_SLACK_URL";

const KINDS: &str = "write webhook=URL, slack, slack=@FILE, file=PATH or stdout";

/// A file of targets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    target: Vec<Described>,
}

/// A target in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    level: Option<Severity>,
    url: Option<String>,
    url_env: Option<String>,
    url_file: Option<PathBuf>,
    secret_env: Option<String>,
    secret_file: Option<PathBuf>,
    path: Option<PathBuf>,
}

/// Reads what stands after `--tell`.
pub fn from_flag(text: &str, level: Severity, variable: Lookup<'_>) -> Result<Target, TellError> {
    let (word, place) = text.split_once('=').map_or((text, None), |(word, place)| (word, Some(place)));
    let kind = match (word, place.filter(|place| !place.is_empty())) {
        ("webhook", Some(url)) => {
            let secret = variable(SECRET_VARIABLE).map(String::into_bytes);
            Kind::Webhook { url: Url::read(url, &format!("`{url}`"))?, secret }
        }
        ("slack", None) => {
            let missing = || {
                let hint = format!("put the URL of the incoming webhook into {SLACK_VARIABLE}, or write slack=@FILE");
                TellError::target("`slack` needs a URL", hint)
            };
            Kind::Slack(slack_url(&variable(SLACK_VARIABLE).ok_or_else(missing)?, SLACK_VARIABLE)?)
        }
        ("slack", Some(place)) => match place.strip_prefix('@') {
            Some(file) => Kind::Slack(slack_url(&secret_of(Path::new(file))?, &format!("the URL in `{file}`"))?),
            None => {
                let hint = format!("put it into {SLACK_VARIABLE}, or into a file and write slack=@FILE");
                return Err(TellError::target("the URL of a Slack webhook is a secret, and arguments are seen by everybody", hint));
            }
        },
        ("file", Some(path)) => Kind::File(PathBuf::from(path)),
        ("stdout", None) => Kind::Stdout,
        _ => return Err(TellError::target(format!("`{text}` is no target"), KINDS)),
    };
    Ok(Target::unnamed(kind, level))
}

/// Reads a file of targets.
pub fn from_file(file: &Path, variable: Lookup<'_>) -> Result<Vec<Target>, TellError> {
    let text = text_of(file, CONFIG_BYTES_MAX)?;
    from_text(&text, &file.display().to_string(), variable)
}

/// Reads targets from the text of a file.
pub fn from_text(text: &str, file: &str, variable: Lookup<'_>) -> Result<Vec<Target>, TellError> {
    let hint = "each target is a table: [[target]], with name, type and what the type needs";
    let document: Document = toml::from_str(text).map_err(|error| {
        let place = error.to_string().lines().next().unwrap_or_default().to_owned();
        TellError::target(format!("`{file}`: {place}: {}", error.message()), hint)
    })?;
    if document.target.is_empty() {
        return Err(TellError::target(format!("`{file}` names no target"), hint));
    }
    if document.target.len() > TARGETS_MAX {
        return Err(TellError::target(format!("`{file}` names more than {TARGETS_MAX} targets"), "leave some out"));
    }
    let mut targets: Vec<Target> = Vec::new();
    for described in document.target {
        let target = described.target(file, variable)?;
        if targets.iter().any(|other| other.name == target.name) {
            let what = format!("`{file}` names two targets `{}`", target.name);
            return Err(TellError::target(what, "the name is how the home remembers what a target was told; give each its own"));
        }
        targets.push(target);
    }
    Ok(targets)
}

impl Described {
    fn target(self, file: &str, variable: Lookup<'_>) -> Result<Target, TellError> {
        let wrong = |what: String, hint: &str| TellError::target(format!("`{file}`: target `{}` {what}", self.name), hint);
        if !is_name(&self.name) {
            return Err(wrong("has a name that cannot be used".to_owned(), "use letters, digits, - and _"));
        }
        let (url, secret) = (self.url(variable), self.secret(variable));
        let needs_url = || wrong("has no URL".to_owned(), "give one of url, url_env and url_file");
        let kind = match self.kind.as_str() {
            "webhook" => {
                let url = Url::read(&url?.ok_or_else(needs_url)?, &format!("the URL of `{}`", self.name))?;
                Kind::Webhook { url, secret: secret? }
            }
            "slack" => Kind::Slack(slack_url(&url?.ok_or_else(needs_url)?, &format!("the URL of `{}`", self.name))?),
            "file" => {
                let path = self.path.clone().ok_or_else(|| wrong("has no path".to_owned(), "give path"))?;
                Kind::File(path)
            }
            "stdout" => Kind::Stdout,
            other => return Err(wrong(format!("is of the type `{other}`"), "there are webhook, slack, file and stdout")),
        };
        Ok(Target { name: self.name, kind, level: self.level.unwrap_or(Severity::Low) })
    }

    fn url(&self, variable: Lookup<'_>) -> Result<Option<String>, TellError> {
        match (&self.url, &self.url_env, &self.url_file) {
            (Some(url), None, None) => Ok(Some(url.clone())),
            (None, Some(name), None) => set(name, variable).map(Some),
            (None, None, Some(file)) => secret_of(file).map(Some),
            (None, None, None) => Ok(None),
            _ => {
                Err(TellError::target(format!("target `{}` has several URLs", self.name), "give one of url, url_env and url_file"))
            }
        }
    }

    fn secret(&self, variable: Lookup<'_>) -> Result<Option<Vec<u8>>, TellError> {
        let secret = match (&self.secret_env, &self.secret_file) {
            (Some(name), None) => Some(set(name, variable)?),
            (None, Some(file)) => Some(secret_of(file)?),
            (None, None) => None,
            _ => {
                let what = format!("target `{}` has two secrets", self.name);
                return Err(TellError::target(what, "give secret_env or secret_file"));
            }
        };
        Ok(secret.map(String::into_bytes))
    }
}

/// A Slack URL: over TLS, unless it is that of a stand-in on this machine.
fn slack_url(text: &str, what: &str) -> Result<Url, TellError> {
    let url = Url::read(text, what)?;
    if url.is_https() || url.is_here() {
        return Ok(url);
    }
    Err(TellError::target(format!("{what} does not begin with https://"), "copy it from Slack's page of the incoming webhook"))
}

fn set(name: &str, variable: Lookup<'_>) -> Result<String, TellError> {
    variable(name)
        .ok_or_else(|| TellError::target(format!("the variable `{name}` is not set"), "export it before trailkeep starts"))
}

/// What a file holds, without the line break at its end.
fn secret_of(file: &Path) -> Result<String, TellError> {
    let text = text_of(file, SECRET_BYTES_MAX)?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(TellError::target(format!("`{}` is empty", file.display()), "write the secret into it"));
    }
    Ok(secret.to_owned())
}

fn text_of(file: &Path, bytes_max: u64) -> Result<String, TellError> {
    let wrong = |what: String| TellError::target(format!("`{}`: {what}", file.display()), "check the path");
    let opened = std::fs::File::open(file).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            TellError::target(format!("`{}` was not found", file.display()), "check the spelling and that it still exists")
        }
        _ => wrong(error.to_string()),
    })?;
    let mut text = String::new();
    opened.take(bytes_max + 1).read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
    if text.len() as u64 > bytes_max {
        return Err(wrong(format!("it holds more than {bytes_max} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(name: &str) -> Option<String> {
        match name {
            SECRET_VARIABLE | "SOC" => Some("s3cret".to_owned()),
            SLACK_VARIABLE => Some("https://hooks.slack.com/services/x".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn flags() {
        let kind = |text: &str| from_flag(text, Severity::Low, &variables).map(|target| target.kind);
        let Ok(Kind::Webhook { url, secret }) = kind("webhook=https://a/b?c=d") else { panic!() };
        assert_eq!((url.path(), secret.as_deref()), ("/b?c=d", Some(&b"s3cret"[..])));
        assert!(matches!(kind("slack"), Ok(Kind::Slack(_))));
        assert_eq!(kind("file=/x/y.ndjson"), Ok(Kind::File(PathBuf::from("/x/y.ndjson"))));
        assert_eq!(kind("stdout"), Ok(Kind::Stdout));
        for wrong in ["", "mail=a@b", "webhook", "webhook=", "webhook=a", "file", "stdout=x", "slack=https://hooks.slack.com/x"] {
            assert!(kind(wrong).is_err(), "{wrong}");
        }
        assert!(from_flag("slack", Severity::Low, &|_| None).is_err());
    }

    #[test]
    fn files() {
        let text = r#"
[[target]]
name = "soc"
type = "webhook"
url = "https://soc.example.com/hook"
secret_env = "SOC"
level = "high"

[[target]]
name = "archive"
type = "file"
path = "/var/log/findings.ndjson"
"#;
        let targets = from_text(text, "t.toml", &variables).unwrap();
        assert_eq!(targets.iter().map(|target| target.name.as_str()).collect::<Vec<_>>(), ["soc", "archive"]);
        assert_eq!((targets[0].level, targets[1].level), (Severity::High, Severity::Low));
        let target = |body: &str| from_text(&format!("[[target]]\n{body}"), "t.toml", &variables);
        for wrong in [
            "name = \"a\"",
            "name = \"a\"\ntype = \"mail\"",
            "name = \"../a\"\ntype = \"stdout\"",
            "name = \"a\"\ntype = \"webhook\"",
            "name = \"a\"\ntype = \"webhook\"\nurl = \"https://a\"\nurl_env = \"SOC\"",
            "name = \"a\"\ntype = \"webhook\"\nurl = \"https://a\"\nsecret_env = \"UNSET\"",
            "name = \"a\"\ntype = \"webhook\"\nurl = \"https://a\"\nsecret = \"in the file\"",
            "name = \"a\"\ntype = \"slack\"\nurl = \"http://hooks.slack.com/x\"",
            "name = \"a\"\ntype = \"stdout\"\nlevel = \"worst\"",
            "name = \"a\"\ntype = \"stdout\"\n[[target]]\nname = \"a\"\ntype = \"stdout\"",
        ] {
            assert!(target(wrong).is_err(), "{wrong}");
        }
        assert!(from_text("", "t.toml", &variables).is_err());
        assert!(from_text("[[target", "t.toml", &variables).is_err());
        assert!(target(&format!("name = {}", "[".repeat(60_000))).is_err());
    }

    #[test]
    fn secrets_in_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        for (text, expected) in [("abc\n", Some("abc")), ("a c", Some("a c")), ("\n", None), ("", None)] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(secret_of(&file).ok().as_deref(), expected);
        }
        std::fs::write(&file, "x".repeat(5_000)).unwrap();
        assert!(secret_of(&file).is_err());
        assert!(secret_of(&folder.path().join("missing")).is_err());
    }
}
