//! Both programs over one chain, each as its users run it. A verdict that is not "all of it is valid" is an error.

use std::ffi::OsString;
use std::path::Path;

use serde_json::Value;

use super::Tools;
use super::chain::Chain;
use super::measure::{self, Used};
use super::server::Server;
use crate::failure::Failure;

/// One run.
pub struct Run {
    /// What the program used.
    pub used: Used,
    /// What the endpoint used meanwhile, in seconds of processor time.
    pub server_cpu_s: f64,
}

/// `aws cloudtrail validate-logs`.
pub fn aws_cli(tools: &Tools, aws: &Path, chain: &Chain, server: &Server) -> Result<Run, Failure> {
    let [start, end] = chain.range();
    let arn = chain.trail_arn();
    let words = [
        "cloudtrail",
        "validate-logs",
        "--trail-arn",
        &arn,
        "--start-time",
        &start,
        "--end-time",
        &end,
        "--region",
        chain.region(),
    ];
    let command: Vec<OsString> =
        [tools.python.as_os_str(), aws.as_os_str()].into_iter().chain(words.map(AsRef::as_ref)).map(OsString::from).collect();
    let (run, printed) = served(tools, &command, server)?;
    let wanted = format!("{0}/{0} log files valid", chain.files);
    let told = String::from_utf8_lossy(&printed);
    if told.contains(&wanted) && told.contains("24/24 digest files valid") {
        Ok(run)
    } else {
        Err(Failure::Wrong(format!("the AWS CLI says: {told}")))
    }
}

/// `trailkeep verify s3://bucket`.
pub fn trailkeep_of_bucket(tools: &Tools, chain: &Chain, server: &Server) -> Result<Run, Failure> {
    let (run, printed) = served(tools, &verify(tools, &format!("s3://{}", chain.bucket()), chain, &[]), server)?;
    check(chain, &printed).map(|()| run)
}

/// `trailkeep verify FOLDER`.
pub fn trailkeep_of_folder(tools: &Tools, chain: &Chain, threads: usize) -> Result<Run, Failure> {
    let (keys, metadata, threads) = (chain.path("public_keys.json"), chain.path("meta.jsonl"), threads.to_string());
    let more = ["--public-keys", &keys, "--metadata", &metadata, "--threads", &threads];
    let (used, printed) = measure::run(tools, &verify(tools, &chain.path(chain.bucket()), chain, &more))?;
    check(chain, &printed).map(|()| Run { used, server_cpu_s: 0.0 })
}

fn verify(tools: &Tools, source: &str, chain: &Chain, more: &[&str]) -> Vec<OsString> {
    let [since, until] = chain.range();
    let words = ["verify", source, "--since", &since, "--until", &until, "--progress", "none", "-o", "json"];
    let words = words.into_iter().chain(more.iter().copied()).map(OsString::from);
    [tools.binary.clone().into_os_string()].into_iter().chain(words).collect()
}

fn served(tools: &Tools, command: &[OsString], server: &Server) -> Result<(Run, Vec<u8>), Failure> {
    let before = server.cpu_s();
    let (used, printed) = measure::run_with(tools, command, &server.environment())?;
    Ok((Run { used, server_cpu_s: server.cpu_s() - before }, printed))
}

fn check(chain: &Chain, printed: &[u8]) -> Result<(), Failure> {
    let report: Value = serde_json::from_slice(printed).map_err(|error| Failure::Wrong(format!("trailkeep: {error}")))?;
    let verified = report.pointer("/counts/logs_verified").and_then(Value::as_u64);
    match report.pointer("/judgment").and_then(Value::as_str) {
        Some("proven") if verified == Some(chain.files as u64) => Ok(()),
        judgment => Err(Failure::Wrong(format!("trailkeep says {judgment:?}, {verified:?} log files verified"))),
    }
}
