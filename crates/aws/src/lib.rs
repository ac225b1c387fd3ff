//! Every call that we make to AWS, and nothing else that does.
//!
//! A bucket is a [`collect::source::Source`] ([`s3`]); a home can stand in a bucket ([`home`]); [`doctor`] says in words
//! and policies what is missing. The environment is read by the SDK's own credential chain alone.

pub mod access;
pub mod doctor;
pub mod home;
pub mod partition;
pub mod policy;
pub mod s3;

mod credentials;
mod cursor;
mod refusal;
