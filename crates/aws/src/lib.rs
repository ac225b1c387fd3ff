//! Every call that we make to AWS, and nothing else that does.
//!
//! A bucket is a [`collect::source::Source`] ([`s3`]) and a [`prove::store::Store`] ([`store`]); a home can stand in a bucket ([`home`]); a queue is a [`collect::queue::Queue`]
//! ([`sqs`]);
//! [`anchor`] keeps copies of a seal's head where nobody can delete them;
//! [`public_keys`] asks CloudTrail for the keys that sign digests; [`doctor`] says in words and policies what is missing. The
//! environment is read by the SDK's own credential chain, and by the HTTP clients for a proxy, and by nothing else.

pub mod access;
pub mod anchor;
pub mod doctor;
pub mod home;
pub mod partition;
pub mod policy;
pub mod public_keys;
pub mod s3;
pub mod sqs;
pub mod store;

mod bucket;
mod credentials;
mod cursor;
mod refusal;
mod service;
