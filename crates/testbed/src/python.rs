//! A Python that has the packages which the tests need: other readers of Delta tables, and moto.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::skip::skip;

/// The end of a script that has answered. Seen once in 40 runs of deltalake under load: `terminate called without an active exception`, by a
/// thread of it that is still there when the interpreter takes itself down.
const ANSWERED: &str = "\nimport os as _os, sys as _sys\n_sys.stdout.flush()\n_os._exit(0)\n";

/// An interpreter that has been looked at.
#[derive(Clone, Debug)]
pub struct Python {
    exe: PathBuf,
}

impl Python {
    /// `TRAILKEEP_PYTHON`, else `python3`, if it has these modules; else says that the test is skipped.
    pub fn find(test: &str, modules: &[&str]) -> Option<Python> {
        let exe = std::env::var_os("TRAILKEEP_PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from);
        let python = Python { exe };
        let script = concat!(
            "import importlib.util, sys\n",
            "sys.exit(', '.join(name for name in sys.argv[1:] if not importlib.util.find_spec(name.split('.')[0])) or None)",
        );
        let missing = match python.command(script).args(modules).output() {
            Ok(output) if output.status.success() => return Some(python),
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => error.to_string(),
        };
        skip(test, &format!("`{}` lacks: {missing} (`./test` installs them)", python.exe.display()));
        None
    }

    /// A command that runs a script; arguments may follow.
    pub fn command(&self, script: &str) -> Command {
        let mut command = Command::new(&self.exe);
        command.args(["-c", script]).env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::null());
        command
    }

    /// Runs a script and reads its standard output as JSON.
    #[track_caller]
    pub fn json(&self, script: &str, arguments: &[&str]) -> Value {
        parsed(self.command(&[script, ANSWERED].concat()).args(arguments).output().expect("python starts"))
    }

    /// Runs a script on a text as standard input and reads its standard output as JSON.
    #[track_caller]
    pub fn json_of(&self, script: &str, stdin: &str) -> Value {
        let mut command = self.command(&[script, ANSWERED].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("python starts");
        child.stdin.take().expect("a pipe").write_all(stdin.as_bytes()).expect("python reads");
        parsed(child.wait_with_output().expect("python ends"))
    }
}

#[track_caller]
fn parsed(output: Output) -> Value {
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "python failed:\n{stderr}\n{stdout}");
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}\nstdout:\n{stdout}\nstderr:\n{stderr}"))
}
