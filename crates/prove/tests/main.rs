//! The strict judgment over whole buckets: what is benign and what only looks so, whatever is changed, and digests that mean harm.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails loudly")]

mod world;

mod benign;
mod hostile;
mod tampering;
