//! Verifies sources and homes, keeps our seal, writes evidence.

pub mod store;
