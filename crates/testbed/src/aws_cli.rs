//! The unmodified AWS CLI, run many times: what it prints and how it ends is what `--like-aws` is held against.
//!
//! Starting its Python takes longer than what is asked of it, so one Python imports it once and is forked for every run: each has a process,
//! an environment, pipes and an exit code of its own, as if it had been started from a shell.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::program::Finished;
use crate::python::Python;

const FORKING_PY: &str = include_str!("aws_cli.py");

/// The AWS CLI of the Python environment of the tests.
#[derive(Clone, Debug)]
pub struct AwsCli {
    python: Python,
}

/// One command line, after `aws`, against one endpoint.
#[derive(Clone, Debug)]
pub struct AwsCommand {
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Endpoint of all services.
    pub endpoint: String,
}

impl AwsCli {
    /// The CLI, or a word that the test is skipped.
    pub fn find(test: &str) -> Option<AwsCli> {
        Python::find(test, &["awscli"]).map(|python| AwsCli { python })
    }

    /// Runs all of them, some at a time; what each left behind, in their order.
    #[track_caller]
    pub fn run(&self, commands: &[AwsCommand]) -> Vec<Finished> {
        let told = |command: &AwsCommand| json!({ "arguments": command.arguments, "endpoint": command.endpoint });
        let asked = Value::Array(commands.iter().map(told).collect()).to_string();
        let mut python = self.python.command(FORKING_PY);
        let started = python.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn();
        let mut child = started.expect("python starts");
        child.stdin.take().expect("a pipe").write_all(asked.as_bytes()).expect("python reads");
        let output = child.wait_with_output().expect("python ends");
        assert!(output.status.success(), "the AWS CLI could not be run");
        let finished: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(finished.len(), commands.len());
        finished.iter().map(read).collect()
    }
}

fn read(finished: &Value) -> Finished {
    let text = |name: &str| finished[name].as_str().expect("a text").to_owned();
    let code = finished["code"].as_i64().and_then(|code| i32::try_from(code).ok());
    Finished { code, stdout: text("stdout"), stderr: text("stderr") }
}
