//! The configuration file: what a user would otherwise say with each command.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};

use super::Environment;
use crate::exit::Failure;

/// Longest configuration file, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// Names of the settings that a file may give.
const NAMES: [&str; 6] = ["home", "profile", "aws_region", "endpoint_url", "seal_key", "seal_anchor"];

/// What a configuration file says, and what the file is called.
#[derive(Debug, Default)]
pub struct ConfigFile {
    name: String,
    settings: BTreeMap<String, String>,
}

impl ConfigFile {
    /// The file that is named, or the user's own if there is one.
    pub fn find(flag: Option<&str>, environment: &Environment) -> Result<ConfigFile, Failure> {
        let named = flag.or_else(|| environment.get("TRAILKEEP_CONFIG")).map(str::to_owned);
        let Some(name) = named.clone().or_else(|| environment.config_path("trailkeep.toml").map(|(path, _)| path)) else {
            return Ok(ConfigFile::default());
        };
        match std::fs::File::open(&name) {
            Ok(file) => ConfigFile::read(file, name),
            Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => Ok(ConfigFile::default()),
            Err(error) => Err(Failure::reading(&name)(error)),
        }
    }

    fn read(file: impl Read, name: String) -> Result<ConfigFile, Failure> {
        let mut text = String::new();
        let read = file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text);
        read.map_err(|error| Failure::usage(format!("the configuration `{name}` cannot be read: {error}"), HINT))?;
        if text.len() as u64 > FILE_BYTES_MAX {
            return Err(Failure::usage(format!("the configuration `{name}` is longer than {FILE_BYTES_MAX} bytes"), HINT));
        }
        let settings: BTreeMap<String, String> =
            toml::from_str(&text).map_err(|error| Failure::usage(format!("the configuration `{name}`: {}", told(&error)), HINT))?;
        match settings.keys().find(|key| !NAMES.contains(&key.as_str())) {
            Some(key) => {
                let known = NAMES.join(", ");
                Err(Failure::usage(
                    format!("the configuration `{name}` sets `{key}`, which is no setting"),
                    format!("known: {known}"),
                ))
            }
            None => Ok(ConfigFile { name, settings }),
        }
    }

    /// A setting's value, and where it stands.
    pub fn get(&self, setting: &str) -> Option<(String, String)> {
        let value = self.settings.get(setting).filter(|value| !value.is_empty())?;
        Some((value.clone(), self.name.clone()))
    }
}

/// What is wrong with a document, and at which line and column; not the line, which may be long.
fn told(error: &toml::de::Error) -> String {
    format!("{}: {}", error.to_string().lines().next().unwrap_or_default(), error.message())
}

const HINT: &str = "a line each, such as home = \"s3://my-lake/trailkeep\" or profile = \"security\"";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ConfigFile, String> {
        ConfigFile::read(text.as_bytes(), "t.toml".to_owned()).map_err(|failure| failure.text())
    }

    #[test]
    fn settings_by_name() {
        let file = read("# mine\nhome = \"/lake\"\nprofile = ''\n").unwrap();
        assert_eq!(file.get("home"), Some(("/lake".to_owned(), "t.toml".to_owned())));
        assert_eq!((file.get("profile"), file.get("seal_key")), (None, None));
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(read("hom = \"/lake\"").unwrap_err().contains("sets `hom`, which is no setting; known: home, profile"));
        assert!(read("home = 7").unwrap_err().contains("the configuration `t.toml`: "));
        assert!(read("home").unwrap_err().contains("such as home = "));
        assert!(read(&format!("home = {}", "[".repeat(60_000))).unwrap_err().contains("TOML parse error at line 1, column "));
        assert!(read(&"#".repeat(70_000)).unwrap_err().contains("longer than 65536 bytes"));
    }

    #[test]
    fn a_file_that_is_named_has_to_be_there() {
        let none = Environment::default();
        assert!(ConfigFile::find(None, &none).unwrap().settings.is_empty());
        let missing = ConfigFile::find(Some("/nowhere/t.toml"), &none).unwrap_err();
        assert!(missing.text().contains("`/nowhere/t.toml` was not found"), "{}", missing.text());
    }
}
