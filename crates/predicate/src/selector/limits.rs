//! Every limit of event selectors, by name. Sources: botocore 1.44.5, cloudtrail/2013-11-01; user guide, "Quotas in AWS CloudTrail".

/// Basic selectors of a trail.
pub const BASIC_SELECTORS_MAX: usize = 5;
/// Data resources in all basic selectors of a trail together; those that stand for all resources do not count.
pub const DATA_RESOURCES_MAX: usize = 250;
/// Advanced selectors of an event data store.
pub const STORE_SELECTORS_MAX: usize = 5;
/// Values in all advanced selectors of a trail or store together.
pub const VALUES_MAX: usize = 500;
/// Characters in a value.
pub const VALUE_CHARS_MAX: usize = 2_048;
/// Characters in a selector's name.
pub const NAME_CHARS_MAX: usize = 1_000;
/// Characters in a field's name.
pub const FIELD_CHARS_MAX: usize = 1_000;
/// Bytes of a document; ours. AWS's own limits allow about 1 MB.
pub const DOCUMENT_BYTES_MAX: usize = 2 << 20;
/// Strings without an end that are mended in one document; ours.
pub const MENDED_MAX: usize = 16;
