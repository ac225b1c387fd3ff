//! `trailkeep investigate`

mod page;

pub use page::unseen;

use clap::Args;
use investigate::{Follow, Kind, Question};

use crate::ask::Asked;
use crate::exit::{Exit, Failure};
use crate::settings::Context;
use crate::verbs::collect::{SummaryFormat, summary};
use crate::when::{Span, When};
use crate::{figures, lakes, output, outside};

/// Tell everything about a key, a person, a role, an address, a bucket.
///
/// Says who it is, what it did and in which order, from where, what lasts of it (ways back in, tracks covered), which data it
/// touched, which roles, keys and users it led to - and what those did, on by default -, what was refused to it, what is new against
/// its own past, and what the lake holds of the period at all.
///
/// ID is an access key, a session's, user's or role's name or ARN, `root`, an account, an e-mail address or source identity, an
/// address (IPv4, IPv6, a network as 203.0.113.0/24, or a service's DNS name), a user agent or a part of one, s3://bucket/prefix, a
/// VPC endpoint, or the ID or ARN of any other resource.
///
/// The scope is the last 7 days of its activity, unless --since says otherwise. In the JSON, the first of `followed` is what was asked
/// about, and the others are where it led; `by` elsewhere is a place in that list.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep investigate AKIAIOSFODNN7EXAMPLE
  trailkeep investigate alice --since 2026-11-01 --baseline 90d
  trailkeep investigate 203.0.113.0/24 --no-follow
  trailkeep investigate s3://payroll/2026/ --since 30d
  trailkeep investigate Deploy --as role -o json | jq '.lasting[]'")]
pub struct Investigate {
    /// What to look into
    #[arg(value_name = "ID")]
    id: String,

    /// What ID is, if it can be taken for several things: access-key, session, user, role, root, account, source-identity,
    /// unique-id, address, agent, bucket, vpc-endpoint or resource
    #[arg(long = "as", value_name = "KIND")]
    kind: Option<Kind>,

    /// Begin of the scope: 24h, 7d (ago), 2026-11-01, 2026-11-01T10:00Z
    #[arg(long, value_name = "WHEN")]
    since: Option<When>,

    /// End of the scope
    #[arg(long, value_name = "WHEN")]
    until: Option<When>,

    /// How far before the scope to compare with
    #[arg(long, value_name = "SPAN", default_value = "30d")]
    baseline: Span,

    /// Its own events only, not those of sessions, keys, users and roles that it led to
    #[arg(long)]
    no_follow: bool,

    /// Every line of every section
    #[arg(long)]
    full: bool,

    /// table or json
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: SummaryFormat,
}

impl Investigate {
    /// Investigates and prints.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let watch = outside::stopwatch();
        let now = outside::now();
        let moment = |when: Option<When>| when.map(|when| when.resolve(now).timestamp_micros());
        if self.id.trim().is_empty() {
            return Err(Failure::usage("there is nothing to look into", "for example: trailkeep investigate AKIAIOSFODNN7EXAMPLE"));
        }
        let question = Question {
            asked: self.id.trim().to_owned(),
            kind: self.kind,
            since_us: moment(self.since),
            until_us: moment(self.until),
            baseline_s: self.baseline.s,
            follow: if self.no_follow { Follow::Off } else { Follow::On },
        };
        if let (Some(since), Some(until)) = (question.since_us, question.until_us)
            && since >= until
        {
            return Err(Failure::usage("the scope ends before it begins", "give --since an earlier time than --until"));
        }
        let lake = lakes::open(context).await?;
        let found = investigate::investigate(&Asked(&lake), &question).await?;
        let length = if self.full { page::Length::Full } else { page::Length::Short };
        match (self.output, &found) {
            (SummaryFormat::Json, Ok(found)) => output::line(summary::to_json(found)?)?,
            (SummaryFormat::Json, Err(unseen)) => output::line(summary::to_json(unseen)?)?,
            (SummaryFormat::Table, Ok(found)) => output::line(context.screen.page(&page::text(found, length, context.screen)))?,
            (SummaryFormat::Table, Err(unseen)) => output::line(page::unseen(unseen, "; --as says otherwise", context.screen))?,
        }
        if context.screen.is_terminal {
            output::note(context.screen.dim(&format!("in {}", figures::span(watch.elapsed().as_secs_f64()))));
        }
        Ok(Exit::Fine)
    }
}
