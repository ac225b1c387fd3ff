//! Where every setting comes from: flag, then `TRAILKEEP_*`, then the configuration file, then the AWS tools' own variables, then a default.
//! The only reader of the environment and of the home directory.

mod file;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use clap::Args;

use crate::exit::Failure;
use crate::output::Screen;
use file::ConfigFile;

/// Flags that every verb has.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Where things are")]
pub struct Place {
    /// The lake: a folder or s3://bucket/prefix [env: TRAILKEEP_HOME; default: ~/.local/share/trailkeep]
    #[arg(long, global = true, value_name = "HOME")]
    pub home: Option<String>,

    /// AWS profile [env: TRAILKEEP_PROFILE, AWS_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,

    /// Region of the buckets, if AWS's own settings do not say [env: TRAILKEEP_AWS_REGION, AWS_REGION]
    #[arg(long, global = true, value_name = "REGION")]
    pub aws_region: Option<String>,

    /// Another endpoint of S3, CloudTrail and SQS, such as http://127.0.0.1:5000 [env: TRAILKEEP_ENDPOINT_URL, AWS_ENDPOINT_URL; of one
    /// service: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL_CLOUDTRAIL, AWS_ENDPOINT_URL_SQS]
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,

    /// The key that seals homes; made on first use [env: TRAILKEEP_SEAL_KEY; default: ~/.config/trailkeep/seal-key.pem]
    #[arg(long, global = true, value_name = "FILE")]
    pub seal_key: Option<String>,

    /// Bucket with Object Lock for copies of the seal's head: s3://bucket/prefix [env: TRAILKEEP_SEAL_ANCHOR]
    #[arg(long, global = true, value_name = "S3-URI")]
    pub seal_anchor: Option<String>,

    /// File with any of these settings, such as home = "s3://my-lake/trailkeep" [env: TRAILKEEP_CONFIG; default:
    /// ~/.config/trailkeep/trailkeep.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<String>,
}

/// The environment, read once.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

/// A value, and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// What it is called, as `doctor` prints it.
    pub name: &'static str,
    /// The value; none where nothing says and there is no default.
    pub value: Option<String>,
    /// A flag, a variable, or `default`.
    pub origin: String,
}

/// Everything that a verb is handed.
#[derive(Clone, Debug)]
pub struct Context {
    /// The home: a folder or `s3://bucket/prefix`.
    pub home: Setting,
    /// The AWS profile.
    pub profile: Setting,
    /// The AWS Region of the buckets.
    pub aws_region: Setting,
    /// Another S3 endpoint.
    pub endpoint_url: Setting,
    /// The file of the key that seals homes.
    pub seal_key: Setting,
    /// Where copies of the seal's head go.
    pub seal_anchor: Setting,
    /// Another CloudTrail endpoint.
    pub cloudtrail_endpoint_url: Setting,
    /// Another SQS endpoint.
    pub sqs_endpoint_url: Setting,
    /// Threads that encode and decode.
    pub threads: usize,
    /// Standard output.
    pub screen: Screen,
    /// Where temporary folders are made.
    pub temporary: PathBuf,
    /// The environment, for secrets that a user keeps under names of their own.
    pub environment: Environment,
}

// What it holds may be secret.
impl fmt::Debug for Environment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} variables", self.0.len())
    }
}

impl Environment {
    /// The environment of this process; what is no text is left out.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn of_process() -> Environment {
        let text =
            |(name, value): (std::ffi::OsString, std::ffi::OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        Environment(std::env::vars_os().filter_map(text).collect())
    }

    /// The value of a variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The first of these variables that is set.
    fn first(&self, names: &[&str]) -> Option<(String, String)> {
        names.iter().find_map(|name| Some((self.get(name)?.to_owned(), (*name).to_owned())))
    }

    /// Where data of this user goes: `$XDG_DATA_HOME/trailkeep`, else `~/.local/share/trailkeep`.
    fn data_folder(&self) -> Option<(String, String)> {
        if let Some(folder) = self.get("XDG_DATA_HOME") {
            return Some((format!("{folder}/trailkeep"), "default ($XDG_DATA_HOME)".to_owned()));
        }
        let folder = format!("{}/.local/share/trailkeep", self.get("HOME")?);
        Some((folder, "default".to_owned()))
    }

    /// Where a file with settings of this user is: `$XDG_CONFIG_HOME/trailkeep/NAME`, else `~/.config/trailkeep/NAME`. The seal key lies
    /// there and not in the home, so that who can write to the home cannot sign for it as well.
    fn config_path(&self, name: &str) -> Option<(String, String)> {
        if let Some(folder) = self.get("XDG_CONFIG_HOME") {
            return Some((format!("{folder}/trailkeep/{name}"), "default ($XDG_CONFIG_HOME)".to_owned()));
        }
        Some((format!("{}/.config/trailkeep/{name}", self.get("HOME")?), "default".to_owned()))
    }
}

impl Context {
    /// Settles every setting.
    #[expect(clippy::disallowed_methods, reason = "the one place that knows the temporary folder")]
    pub fn new(place: &Place, environment: Environment) -> Result<Context, Failure> {
        let file = ConfigFile::find(place.config.as_deref(), &environment)?;
        let settle = |name, flag: &Option<String>, flag_name: &str, of_aws: &[&str]| {
            let plain = flag_name.trim_start_matches('-').replace('-', "_");
            let given = flag.clone().map(|value| (value, flag_name.to_owned()));
            let of_ours = || environment.first(&[&format!("TRAILKEEP_{}", plain.to_uppercase())]);
            setting(name, given.or_else(of_ours).or_else(|| file.get(&plain)).or_else(|| environment.first(of_aws)))
        };
        let mut home = settle("home", &place.home, "--home", &[]);
        if home.value.is_none() {
            home = setting("home", environment.data_folder());
        }
        if home.value.is_none() {
            return Err(Failure::usage("no home is given and there is no home directory", "say where the lake is: --home DIR"));
        }
        let mut seal_key = settle("seal key", &place.seal_key, "--seal-key", &[]);
        if seal_key.value.is_none() {
            seal_key = setting("seal key", environment.config_path("seal-key.pem"));
        }
        let endpoints = |of_service| [of_service, "AWS_ENDPOINT_URL"];
        let regions = ["AWS_REGION", "AWS_DEFAULT_REGION"];
        Ok(Context {
            home,
            profile: settle("profile", &place.profile, "--profile", &["AWS_PROFILE"]),
            aws_region: settle("aws region", &place.aws_region, "--aws-region", &regions),
            seal_key,
            seal_anchor: settle("seal anchor", &place.seal_anchor, "--seal-anchor", &[]),
            endpoint_url: settle("endpoint", &place.endpoint_url, "--endpoint-url", &endpoints("AWS_ENDPOINT_URL_S3")),
            cloudtrail_endpoint_url: settle(
                "cloudtrail endpoint",
                &place.endpoint_url,
                "--endpoint-url",
                &endpoints("AWS_ENDPOINT_URL_CLOUDTRAIL"),
            ),
            sqs_endpoint_url: settle("sqs endpoint", &place.endpoint_url, "--endpoint-url", &endpoints("AWS_ENDPOINT_URL_SQS")),
            threads: std::thread::available_parallelism().map_or(2, usize::from),
            screen: Screen::of_process(&environment),
            temporary: std::env::temp_dir(),
            environment,
        })
    }

    /// The home as the user calls it.
    pub fn home_name(&self) -> &str {
        self.home.value.as_deref().unwrap_or_default()
    }

    /// Whether S3 is an endpoint on this machine.
    pub fn is_endpoint_here(&self) -> bool {
        let host = self.endpoint_url.value.as_deref().and_then(|url| url.split_once("://")).map_or("", |(_, rest)| rest);
        ["127.", "localhost", "[::1]"].iter().any(|here| host.starts_with(here))
    }

    /// `--home HOME` as it has to be typed in the next command; nothing where it is the default.
    pub fn home_flag(&self) -> String {
        match self.home.origin.as_str() {
            "--home" => format!(" --home {}", quoted(self.home_name())),
            _ => String::new(),
        }
    }
}

/// A word as a shell wants it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=@%+,~".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

fn setting(name: &'static str, found: Option<(String, String)>) -> Setting {
    let (value, origin) = found.map_or((None, "not set".to_owned()), |(value, origin)| (Some(value), origin));
    Setting { name, value, origin }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn home(flag: Option<&str>, pairs: &[(&str, &str)]) -> (String, String) {
        let place = Place { home: flag.map(str::to_owned), ..Place::default() };
        let context = Context::new(&place, environment(pairs)).unwrap();
        (context.home_name().to_owned(), context.home.origin)
    }

    #[test]
    fn flag_before_variable_before_default() {
        let all = [("TRAILKEEP_HOME", "/v"), ("XDG_DATA_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(home(Some("/f"), &all), ("/f".to_owned(), "--home".to_owned()));
        assert_eq!(home(None, &all), ("/v".to_owned(), "TRAILKEEP_HOME".to_owned()));
        assert_eq!(home(None, &all[1..]), ("/x/trailkeep".to_owned(), "default ($XDG_DATA_HOME)".to_owned()));
        assert_eq!(home(None, &all[2..]), ("/h/.local/share/trailkeep".to_owned(), "default".to_owned()));
        assert!(matches!(Context::new(&Place::default(), environment(&[])), Err(Failure::Usage { .. })));
    }

    #[test]
    fn file_after_our_variables_and_before_those_of_aws() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("t.toml").display().to_string();
        std::fs::write(&config, "home = \"/file\"\nprofile = \"of-file\"\naws_region = \"eu-west-1\"\n").unwrap();
        let pairs = [("TRAILKEEP_CONFIG", config.as_str()), ("TRAILKEEP_HOME", "/v"), ("AWS_PROFILE", "of-aws"), ("HOME", "/h")];
        let context = Context::new(&Place::default(), environment(&pairs)).unwrap();
        assert_eq!(context.home.origin, "TRAILKEEP_HOME");
        assert_eq!((context.profile.value.as_deref(), context.profile.origin.as_str()), (Some("of-file"), config.as_str()));
        assert_eq!(context.aws_region.value.as_deref(), Some("eu-west-1"));
        assert_eq!(context.seal_key.origin, "default");
    }

    #[test]
    fn endpoint_of_the_service_before_the_general_one() {
        let pairs = [("HOME", "/h"), ("AWS_ENDPOINT_URL", "http://a"), ("AWS_ENDPOINT_URL_S3", "http://b")];
        let context = Context::new(&Place::default(), environment(&pairs)).unwrap();
        assert_eq!(context.endpoint_url.value.as_deref(), Some("http://b"));
        assert_eq!(context.endpoint_url.origin, "AWS_ENDPOINT_URL_S3");
        assert_eq!(context.cloudtrail_endpoint_url.value.as_deref(), Some("http://a"));
        assert_eq!(context.profile.value, None);
    }

    #[test]
    fn words_for_the_shell() {
        assert_eq!(quoted("/a/b-c"), "/a/b-c");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
