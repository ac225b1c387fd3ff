//! Every limit on messages, by name.

/// Largest message, in bytes. SQS takes 1 MiB.
pub const BODY_BYTES_MAX: usize = 2 << 20;
/// How often something may be wrapped: EventBridge in SNS is two.
pub const WRAPPINGS_MAX: usize = 4;
/// Objects that one message may name. S3 writes one, CloudTrail a handful.
pub const OBJECTS_MAX: usize = 1_000;
/// Longest key, in bytes. S3's own limit.
pub const KEY_BYTES_MAX: usize = 1_024;
/// Longest name of a bucket; old ones in us-east-1 may have 255 characters.
pub const BUCKET_CHARS_MAX: usize = 255;
/// Longest text of a message that an error repeats, in characters.
pub const TOLD_CHARS_MAX: usize = 60;
/// Members of one JSON object that are looked at.
pub const MEMBERS_MAX: usize = 1_000;
