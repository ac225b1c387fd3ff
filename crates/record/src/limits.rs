//! Every limit of the reader, by name.

/// Largest delivery, uncompressed, in bytes. AWS promises at most 50 MB.
pub const DELIVERY_SIZE_BYTES_MAX: u64 = 128 << 20;
/// Largest delivery as stored (compressed), in bytes.
pub const DELIVERY_STORED_BYTES_MAX: u64 = 64 << 20;
/// Largest record, in bytes. AWS writes at most 256 KB (1 MB in Lake stores with large events).
pub const RECORD_SIZE_BYTES_MAX: usize = 16 << 20;
/// Deepest nesting of a record that is still taken apart; real records reach 11.
pub const DEPTH_MAX: usize = 64;
/// Most records in one delivery; the largest real file seen held 622.
pub const RECORDS_PER_DELIVERY_MAX: usize = 4 << 20;
/// Longest text of a shape; a longer one (thousands of odd keys) keeps its record raw.
pub const SHAPE_SIZE_BYTES_MAX: usize = 16 << 10;
/// Steps of all tracks that a reader remembers; past it, it begins anew.
pub const TRACK_STEPS_MAX: usize = 16 << 10;
/// Ways that tracks go on from one place.
pub const TRACK_BRANCHES_MAX: usize = 32;
