//! Buckets as sources and as stores against a mock of S3, if one is installed (`moto_server`, from PyPI `moto[server]`), and
//! whatever a mock does not do - failing, breaking off, refusing - against a server that follows a script.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod mock;
mod public_keys;
mod s3;
mod scripted;
mod store;
