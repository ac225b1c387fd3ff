//! `trailkeep rules`

mod explain;
mod list;
mod test;
mod why;

use clap::{Args, Subcommand};

use crate::exit::{Exit, Failure};
use crate::settings::Context;

/// See, test and explain detection rules.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep rules list                               the rules that come along
  trailkeep rules explain cloudtrail-trail-stopped   what one looks for, and why
  trailkeep rules test ./my-rules                    fires, stays quiet, and has no part that no case needs
  trailkeep rules why cloudtrail-trail-stopped --event event.json   which clauses an event meets")]
pub struct Rules {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    List(list::List),
    Test(test::Test),
    Explain(explain::Explain),
    Why(why::Why),
}

impl Rules {
    /// Does what was asked for.
    pub fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.what {
            What::List(list) => list.run(context),
            What::Test(test) => test.run(context),
            What::Explain(explain) => explain.run(context),
            What::Why(why) => why.run(context),
        }
    }
}
