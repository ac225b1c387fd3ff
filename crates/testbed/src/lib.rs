//! What the tests need from outside the house: the built program as a child process, a way to kill it in the middle of a
//! stage, AWS stand-ins on loopback, and a Python with the other readers of Delta tables and the AWS CLI.
//!
//! Only ever a dev-dependency. A harness that cannot do its work must fail the test loudly, so it panics where the rest of
//! the house returns errors, and it is the one library that looks at the clock and the environment.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test harness fails loudly, waits for real processes and reads the tester's environment"
)]

mod aws_cli;
mod chain;
mod crash;
mod dice;
mod endpoint;
mod home;
mod http;
mod moto;
mod program;
mod python;
mod queue;
mod skip;
mod stage;
pub mod tampering;

pub use aws_cli::{AwsCli, AwsCommand};
pub use chain::DigestChain;
pub use crash::{Kill, Killer, Outcome};
pub use dice::Dice;
pub use endpoint::{Endpoint, Serving};
pub use home::TestHome;
pub use moto::Moto;
pub use program::{Finished, Program};
pub use python::Python;
pub use queue::TestQueue;
pub use skip::{corpora, shared, skip};
pub use stage::{STAGES, Stage, StageLine};
