//! A home: kept under seal, and proven from its own rows when the source is gone.
//!
//! Two proofs meet here. AWS's digests vouch for what was delivered, and a log file that is rebuilt from rows has the same bytes, so
//! they vouch for the lake. Our own statements vouch for the rest: that no file of the home was changed, put in or taken out
//! since it was written.

pub mod check;
pub mod index;
pub mod keys;
pub mod retention;
pub mod rows;
pub mod sealer;
pub mod standing;
mod statements;
pub mod store;
pub mod verify;
pub mod vouch;

pub use check::{HomeChecked, Trust};
pub use statements::home_name;
pub use verify::{HomeReport, add_finding, unopened, verify};
