//! The sample organization: invented accounts, people and machines, the CloudTrail log files that AWS would have
//! delivered about them, and one attack hidden inside. Tests, benchmarks and the demonstration all read from it.
//!
//! It is its own oracle: while it writes, it counts, and [`Totals`] says what any reader of the deliveries must find.
//! The same [`Plan`] gives the same bytes on every machine. There is no clock, no environment, no file and no
//! process-wide state in here, and nothing is copied from a real account.

mod plan;

mod deliveries;
mod delivery;
mod digests;
mod totals;

mod attack;
mod attack_stage;
mod attack_story;
mod cell;
mod families;
mod second_trail;

mod record;
mod template;

mod agents;
mod catalogue;
mod catalogue_rare;
mod identity;
mod organization;
mod people;

mod rhythm;
mod rng;
mod text;

#[cfg(test)]
mod tests;

pub use attack::{Attack, Step};
pub use deliveries::Deliveries;
pub use delivery::Delivery;
pub use digests::{DigestFile, Stored, WithDigests, public_keys_json};
pub use plan::{FileSizes, Plan};
pub use totals::Totals;
