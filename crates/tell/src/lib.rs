//! The outbox: a finding is kept in the home first and told outside afterwards, as often as it takes.
//!
//! Each finding is one document under `findings/found/`, created and never replaced; its id is its name, so that the same finding
//! found again - after a crash, by a second collector, in a replay - is known to be there. What a target has taken is a document
//! of its own under `findings/told/`, created after the target said so. What is found and not told is the outbox: after a crash it
//! is told again with the same id, and never lost. Each target has its own [`Courier`], so that one that is down holds up no other.
//!
//! Event text is hostile: what is told is JSON, or Slack's plain text, and in neither can it become a link, a mention or a control
//! sequence. Clock, store, variables and standard output are handed in.

mod backoff;
mod config;
mod courier;
mod error;
pub mod limits;
mod message;
mod outbox;
mod send;
mod shelf;
mod signature;
mod target;

pub use config::{Lookup, from_file, from_flag, from_text};
pub use courier::{Couriers, Standing};
pub use error::TellError;
pub use message::{line, slack};
pub use outbox::{Kept, Outbox, Place, Trouble};
pub use send::Print;
pub use shelf::Shelf;
pub use signature::sign;
pub use target::{Kind, Target, Url};
