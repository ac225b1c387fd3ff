//! Verifies sources and homes, keeps our seal, writes evidence.

pub mod report;
pub mod evidence;
pub mod store;
pub mod strict;
