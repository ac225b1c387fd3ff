//! The lake: one archive of records and its ledger of deliveries, kept as Delta tables under one home.
//!
//! The archive's Delta log is the truth: an append becomes real with one conditional write of its commit, which names the rows
//! and the ledger rows together. Everything before that write is invisible, everything after it is derived.
//! This is the only crate that knows Parquet, Delta and DataFusion.

pub mod append;
pub mod archive;
mod batch;
pub mod changes;
pub mod compact;
mod config;

pub mod ddl;
mod dedupe;
mod delta;
pub mod digests;
mod earlier;
pub mod error;
pub mod evidence;
pub mod home;
pub mod inspect;
pub mod keys;
pub mod ledger;
pub mod limits;
mod local;
pub mod news;
pub mod outside;
mod pages;
mod parquets;

pub mod query;
pub mod rebuild;
mod reconcile;
mod rewritten;
mod rows;
pub mod schema;
pub mod stores;
pub mod verdicts;
mod words;

pub use append::{Counts, Judged, Outcome};
pub use batch::{Batch, Body, Incoming, SPARE_BYTES_MIN, Share, Spare};
pub use error::LakeError;
pub use evidence::Evidence;
pub use home::{Home, Lake};
pub use keys::{KeptKeys, KeysSource};
pub use outside::{Observer, Outside, Phase, Stage};
pub use query::{QueryLimits, Question, SqlError};
pub use verdicts::{Judgement, Verdict};

#[cfg(test)]
mod tests;
