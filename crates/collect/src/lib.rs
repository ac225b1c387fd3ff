//! Carries every delivery once through the house.
//!
//! Sources come first (a bucket, a folder, an archive, standard input), then what their keys say ([`layout`]), the walk
//! that finds what is worth listing ([`walk`]), what it will cost ([`plan`]) and how to keep up afterwards ([`poll`], or a [`queue`]).

pub mod collector;
pub mod source;
pub mod summary;

pub mod beside;
mod digest;
mod read;

pub mod archive;
pub mod folder;
pub mod plan;
pub mod poll;
pub mod queue;
pub mod walk;

mod names;

#[cfg(test)]
mod memory;

pub use collector::{CollectError, Input, Options, Progress, Stop, Watch, collect};
pub use summary::Summary;
