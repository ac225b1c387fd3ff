//! `cargo xtask bench verify-server`

use std::io::{self, Read};
use std::path::PathBuf;

use clap::Args;
use testbed::Endpoint;

use crate::failure::Failure;

/// Serve a set of `bench verify` from memory, until standard input ends
///
/// Prints the port. A process of its own, so that its share of the processors can be told from that of whoever asks it.
#[derive(Args, Debug)]
pub struct VerifyServer {
    /// The set: a folder with manifest.json, meta.jsonl, public_keys.json and the bucket
    #[arg(value_name = "DIR")]
    set: PathBuf,
}

impl VerifyServer {
    /// Serves.
    pub fn run(self) -> Result<(), Failure> {
        let serving = Endpoint::load(&self.set).and_then(Endpoint::serve).map_err(Failure::io(&self.set))?;
        println!("{}", serving.port());
        io::stdin().read_to_end(&mut Vec::new()).map(drop).map_err(Failure::io(&self.set))
    }
}
