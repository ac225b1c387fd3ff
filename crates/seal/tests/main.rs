//! What this crate makes and checks, as others see it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails loudly")]

mod openssl;
mod tampering;
