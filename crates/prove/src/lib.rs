//! Verifies sources and homes, keeps our seal, writes evidence.

pub mod evidence;
pub mod store;
