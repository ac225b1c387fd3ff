//! Every limit of telling, by name.

use std::time::Duration;

/// Most targets of one process.
pub const TARGETS_MAX: usize = 32;
/// Findings that are held in memory for one target; more wait in the home until these are told.
pub const QUEUE_MAX: usize = 1_000;
/// Longest that a target may take to answer.
pub const ANSWER_TIME_MAX: Duration = Duration::from_secs(15);
/// Longest that a connection may take.
pub const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read: they only serve to say what went wrong.
pub const ANSWER_BYTES_MAX: usize = 2_048;
/// Wait after the first failure; doubled with each further one.
pub const BACKOFF_FIRST: Duration = Duration::from_secs(1);
/// Longest wait between two attempts that the target did not ask for.
pub const BACKOFF_MAX: Duration = Duration::from_secs(15 * 60);
/// Longest wait that a target may ask for with `Retry-After`.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);
/// How long telling may go on after the work is done; what is left then waits in the home.
pub const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);
/// How often the home is asked for findings that others have kept, or that did not fit into the queue.
pub const RESCAN_EVERY: Duration = Duration::from_secs(10 * 60);
/// Shortest time between two notes of the same trouble.
pub const TROUBLE_EVERY: Duration = Duration::from_secs(3_600);
/// Largest configuration file, in bytes.
pub const CONFIG_BYTES_MAX: u64 = 64 << 10;
/// Largest file with a secret, in bytes.
pub const SECRET_BYTES_MAX: u64 = 4 << 10;
/// Longest name of a target, in characters.
pub const NAME_CHARACTERS_MAX: usize = 64;
/// Longest text of one field of a Slack message, in characters; Slack takes 2,000.
pub const SLACK_FIELD_CHARACTERS_MAX: usize = 500;
/// Longest headline of a Slack message, in characters; Slack takes 150.
pub const SLACK_HEADLINE_CHARACTERS_MAX: usize = 140;
/// Events that a Slack message shows.
pub const SLACK_EVENTS_MAX: usize = 3;
/// Clauses that a Slack message shows.
pub const SLACK_CLAUSES_MAX: usize = 5;
