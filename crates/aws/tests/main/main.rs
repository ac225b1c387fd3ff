//! The bucket source against a mock of S3, if one is installed (`moto_server`, from PyPI `moto[server]`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod mock;
mod s3;
