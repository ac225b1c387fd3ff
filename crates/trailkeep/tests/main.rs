//! The built program, from outside: one binary for all integration tests.
//!
//! Every test starts what it needs on loopback and stops it again. A test that lacks something (Python packages, real events)
//! says so on a line that begins with `SKIPPED`; `./test` counts those lines.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails loudly, and looks at the real clock"
)]

mod asked;
mod organization;
mod receiver;
mod written;

mod bad_input;
mod chains;
mod collect;
mod crash;
mod custody;
mod demo;
mod detect;
mod digests;
mod evidence;
mod floors;
mod investigated;
mod lake_sql;
mod live;
mod metadata;
mod named;
mod pack;
mod predicates;
mod queue;
mod readers;
mod sealing;
mod silence;
mod stores;
mod supply;
mod typed;
mod verify;
mod watch;
mod writers;
