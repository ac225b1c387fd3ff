//! What this crate makes and checks, as others see it.

mod openssl;
