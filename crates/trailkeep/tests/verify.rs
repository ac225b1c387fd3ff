//! `trailkeep verify SOURCE`, from outside: chains as they are, tampered with, and wherever they are read from.

mod like_aws;
mod reports;
mod sources;
mod tampered;

use serde_json::Value;
use testbed::{Dice, DigestChain, Finished, Program, tampering};

use crate::asked::EXE;

/// Pairs of tamperings that the tests look at; `cargo xtask tamper` looks at all.
const PAIRS: usize = 20;
const SEED: u64 = 3;

/// The program with nothing of AWS in its environment.
pub fn program() -> Program {
    Program::new(EXE)
        .with("AWS_EC2_METADATA_DISABLED", "true")
        .with("AWS_CONFIG_FILE", "/dev/null")
        .with("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
}

/// A pair that was told otherwise than by the AWS CLI once.
const KNOWN: [&str; 2] = ["move-digest", "nometa"];

/// Twenty pairs, the same every time, and those that went wrong before.
pub fn pairs() -> Vec<[&'static str; 2]> {
    let (mut all, mut dice) = (tampering::pairs(), Dice::new(SEED));
    let mut pick = || all.swap_remove(dice.up_to(all.len() as u64 - 1) as usize);
    (0..PAIRS).map(|_| pick()).chain([KNOWN]).collect()
}

/// `verify` of a chain's copy with its keys, its metadata and all of its hours.
pub fn strict(chain: &DigestChain, more: &[&str]) -> Finished {
    let [bucket, keys, metadata] = [chain.bucket(), chain.public_keys(), chain.metadata()].map(|path| path.display().to_string());
    let line =
        ["verify", &bucket, "--public-keys", &keys, "--metadata", &metadata, "--since", chain.start(), "--until", chain.end()];
    program().run(&[&line, more].concat())
}

/// Names of what was found on one level, each once.
pub fn found(report: &Value, level: &str) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter().filter(|finding| finding["level"] == level);
    let mut names: Vec<String> = findings.map(|finding| finding["kind"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names.dedup();
    names
}
