//! The built program: started, waited for, and what it said.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// An executable and the environment that it gets.
#[derive(Clone, Debug)]
pub struct Program {
    exe: PathBuf,
    environment: Vec<(String, OsString)>,
}

/// What a program left behind.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Settings of the tester's shell that must not reach the program under test.
const STRANGERS: [&str; 9] = [
    "AWS_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
    "TRAILKEEP_HOME",
    "TRAILKEEP_CONFIG",
];

impl Program {
    /// A program with nothing special in its environment.
    pub fn new(exe: impl Into<PathBuf>) -> Program {
        Program { exe: exe.into(), environment: Vec::new() }
    }

    /// The same with a variable set.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Program {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// The same with several variables set.
    #[must_use]
    pub fn with_all(self, variables: Vec<(&'static str, String)>) -> Program {
        variables.into_iter().fold(self, |program, (name, value)| program.with(name, value))
    }

    /// A command that has not been started.
    pub fn command<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(&self.exe);
        for name in STRANGERS {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs to the end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        Finished::of(self.command(arguments).output().expect("the program under test starts"), arguments)
    }

    /// Runs to the end with a file as standard input.
    pub fn run_with_stdin(&self, arguments: &[&str], stdin: &Path) -> Finished {
        let stdin = std::fs::File::open(stdin).expect("the file for stdin opens");
        Finished::of(self.command(arguments).stdin(stdin).output().expect("the program under test starts"), arguments)
    }
}

impl Finished {
    fn of(output: std::process::Output, arguments: &[&str]) -> Finished {
        let finished = Finished {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        assert!(!finished.stderr.contains("panicked at"), "`{}` panicked:\n{}", arguments.join(" "), finished.stderr);
        finished
    }

    /// The same, having checked the exit code.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Finished {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr))
    }

    /// Standard output as newline-delimited JSON.
    #[track_caller]
    pub fn rows(&self) -> Vec<Value> {
        let row = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in `{line}`"));
        self.stdout.lines().filter(|line| !line.trim().is_empty()).map(row).collect()
    }
}
