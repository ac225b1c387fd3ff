//! Every limit of an investigation, by name: memory does not grow with the amount of data.

/// Distinct values that are counted one by one (addresses, agents, ...); more are counted together.
pub const VALUES_MAX: usize = 10_000;
/// Steps of the timeline that are kept apart before runs are made of them.
pub const STEPS_MAX: usize = 1_000_000;
/// Distinct kinds of step (who, what, from where).
pub const ACTS_MAX: usize = 50_000;
/// Runs in the model's timeline.
pub const RUNS_MAX: usize = 2_000;
/// Different targets that a run remembers by name.
pub const RUN_TARGETS_MAX: usize = 3;
/// Different targets that a run counts.
pub const RUN_TARGETS_COUNTED_MAX: usize = 10_000;
/// Lasting changes that are listed.
pub const LASTING_MAX: usize = 1_000;
/// Containers of data (buckets, tables, ...) that are listed.
pub const CONTAINERS_MAX: usize = 1_000;
/// Different objects that are counted in all containers together.
pub const OBJECTS_MAX: usize = 2_000_000;
/// Kinds of refusal that are listed.
pub const DENIALS_MAX: usize = 1_000;
/// Sessions, keys, users and roles that are followed on.
pub const FOLLOWED_MAX: usize = 500;
/// Times that following goes one step further.
pub const FOLLOW_STEPS_MAX: usize = 8;
/// Keys in one IN list: a list of so many 36-byte IDs stays below the longest statement.
pub const KEYS_PER_QUERY_MAX: usize = 2_000;
/// Conditions of several columns in one statement.
pub const CONDITIONS_PER_QUERY_MAX: usize = 200;
/// Others who came from the same new addresses.
pub const NEIGHBOURS_MAX: usize = 50;
/// New addresses whose other users are looked for.
pub const NEW_ADDRESSES_MAX: usize = 20;
/// Addresses that a network may stand for.
pub const NETWORK_ADDRESSES_MAX: usize = 1_000;
/// Suggestions for something that was never seen.
pub const NEAREST_MAX: usize = 5;
/// Longest thing that may be asked about, in bytes.
pub const ASKED_BYTES_MAX: usize = 2_048;
/// Gaps of the coverage that are listed.
pub const GAPS_MAX: usize = 100;
/// Writes of a resource that are looked at, newest first.
pub const WRITES_MAX: usize = 20_000;
/// Sessions in one chain.
pub const CHAIN_SESSIONS_MAX: usize = 2_000;
/// Sessions from one end of a chain to the other.
pub const CHAIN_STEPS_MAX: usize = 32;
/// Chains for one name.
pub const CHAINS_MAX: usize = 50;
/// Changes of one request that are listed.
pub const CHANGES_MAX: usize = 200;
/// Deepest nesting that is looked into.
pub const DEPTH_MAX: usize = 64;
