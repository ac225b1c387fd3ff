//! Verifies sources and homes, keeps our seal, writes evidence.

pub mod evidence;
pub mod like_aws;
pub mod report;
pub mod store;
pub mod strict;
