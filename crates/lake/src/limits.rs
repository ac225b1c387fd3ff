//! Every limit of the lake, by name.

/// Most content that one append takes, in bytes: bounds the memory of a batch.
pub const BATCH_CONTENT_BYTES_MAX: u64 = 48 << 20;
/// Most deliveries in one append.
pub const BATCH_DELIVERIES_MAX: usize = 16_384;
/// Rows in a row group.
pub const ROW_GROUP_ROWS: usize = 65_536;
/// Rows of a page, a multiple of 64.
pub const PAGE_ROWS_MAX: usize = 20_480;
/// Bytes of a page of text; the last 64 rows may go beyond.
pub const PAGE_BYTES: usize = 1 << 20;
/// Bytes of the longest extreme that a file's statistics tell.
pub const STATISTICS_BYTES_MAX: usize = 64;
/// Bytes of a column's different values in a batch; with more of them it is written without a dictionary.
pub const DICTIONARY_BYTES_MAX: usize = 1 << 20;
/// Values after which a column is given a dictionary only if a quarter of them came before.
pub const DICTIONARY_TRIAL_VALUES: u32 = 1024;
/// Memory for the keys of recently probed files, in bytes.
pub const KEY_CACHE_BYTES_MAX: usize = 24 << 20;
/// Times that an append goes back to the start because another collector was faster.
pub const APPEND_ATTEMPTS_MAX: usize = 200;
/// Commits between two checkpoints of a table's log.
pub const CHECKPOINT_EVERY: u64 = 20;
/// Rows that one compaction sorts in memory.
pub const COMPACT_ROWS_MAX: usize = 100_000;
/// Bytes (on disk) that one compaction sorts in memory.
pub const COMPACT_BYTES_MAX: u64 = 16 << 20;
/// Memory that one query may use before it spills, in bytes.
pub const QUERY_MEMORY_BYTES_MAX: usize = 2 << 30;
/// Deliveries that are rebuilt together.
pub const REBUILD_DELIVERIES_MAX: usize = 2_000;
/// Content that is rebuilt together, in bytes.
pub const REBUILD_CONTENT_BYTES_MAX: u64 = 64 << 20;
/// Longest SQL statement, in bytes.
pub const SQL_SIZE_BYTES_MAX: usize = 100_000;
/// Deepest nesting of an SQL statement.
pub const SQL_DEPTH_MAX: usize = 100;
/// Deepest nesting of lambdas in an SQL statement: planning one takes twice as long for each level.
pub const SQL_LAMBDA_DEPTH_MAX: usize = 8;
/// Most operators (AND, OR, +, =, ...) in an SQL statement: a chain of them nests as deep as it is long.
pub const SQL_OPERATORS_MAX: usize = 5_000;
/// Most SELECTs in an SQL statement, those of subqueries and of WITH counted: planning a long chain of them takes minutes.
pub const SQL_SELECTS_MAX: usize = 300;
/// Largest compiled regular expression of a query, in bytes.
pub const REGEX_SIZE_BYTES_MAX: usize = 1 << 20;
/// Steps that a regular expression with look-around or back references may take on one text.
pub const REGEX_STEPS_MAX: usize = 100_000;
/// Deepest nesting of a JSON document that a query's functions take apart.
pub const JSON_DEPTH_MAX: usize = 100;
/// Longest text that one call of a function may make, in bytes.
pub const TEXT_BYTES_MAX: usize = 1 << 20;
/// Most elements of a list that one call of a function may make.
pub const LIST_ELEMENTS_MAX: usize = 1 << 20;
/// Time that one query may take unless it is told otherwise, in seconds. CloudTrail Lake's own limit.
pub const QUERY_TIME_S_MAX: u64 = 3_600;
/// Objects of evidence that are written or read at the same time.
pub const EVIDENCE_AT_ONCE_MAX: usize = 32;
/// Days of the ledger whose deliveries are remembered.
pub const KNOWN_DAYS_MAX: usize = 3;
/// Bytes that a query may put aside on disk when its memory is used up.
pub const QUERY_SPILL_BYTES_MAX: u64 = 4 << 30;
/// Memory for the footers of files that questions have read, in bytes.
pub const FOOTER_CACHE_BYTES_MAX: usize = 192 << 20;
/// Memory for the bloom filters that questions have read, in bytes.
pub const BLOOM_CACHE_BYTES_MAX: usize = 64 << 20;
/// Files whose footers and bloom filters one question reads at the same time.
pub const PRUNE_AT_ONCE_MAX: usize = 16;
