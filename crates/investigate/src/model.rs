//! What an investigation found, for whoever draws it. Everything here is data: no text is laid out, nothing is cut to a width.

mod chain;
mod coverage;
mod found;
mod times;
mod writer;

pub use chain::{Chains, Issue, Session, SessionRole};
pub use coverage::{Area, Coverage, Gap, Vouched};
pub use found::{
    Baseline, Card, Class, Container, Counted, Denial, Followed, How, Investigation, Kind, Lasting, Meaning, Nearest, Neighbour,
    New, Origins, Run, Scope, SignIns, Summary, Unseen,
};
pub use times::Times;
pub use writer::{Change, Difference, Mention, Who, Write};
