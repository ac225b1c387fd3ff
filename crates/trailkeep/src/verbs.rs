//! One verb, one file.

pub mod check;
pub mod collect;
pub mod compact;
pub mod completions;
mod coverage;
pub mod demo;
pub mod detect;
pub mod doctor;
pub mod evidence;
pub mod export;
pub mod findings;
pub mod investigate;
pub mod measured;
pub mod metrics;
mod overview;
pub mod query;
pub mod rules;
pub mod sample;
pub mod seal;
pub mod selectors;
pub mod session;
pub mod status;
pub mod stores;
pub mod verify;
pub mod who;

use crate::arguments::Verb;
use crate::exit::{Exit, Failure};
use crate::settings::Context;

/// Does what was asked for.
pub async fn run(verb: Option<Verb>, context: &Context) -> Result<Exit, Failure> {
    match verb {
        None => overview::run(context).await,
        Some(Verb::Demo(demo)) => demo.run(context).await,
        Some(Verb::Collect(collect)) => collect.run(context).await,
        Some(Verb::Verify(verify)) => verify.run(context).await,
        Some(Verb::Evidence(evidence)) => evidence.run(context).await,
        Some(Verb::Seal(seal)) => seal.run(context).await,
        Some(Verb::Query(query)) => query.run(context).await,
        Some(Verb::Detect(detect)) => detect.run(context).await,
        Some(Verb::Findings(findings)) => findings.run(context).await,
        Some(Verb::Rules(rules)) => rules.run(context),
        Some(Verb::Investigate(investigate)) => investigate.run(context).await,
        Some(Verb::Who(who)) => who.run(context).await,
        Some(Verb::Session(session)) => session.run(context).await,
        Some(Verb::Status(status)) => status.run(context).await,
        Some(Verb::Stores(stores)) => stores.run(context).await,
        Some(Verb::Check(check)) => check.run(context),
        Some(Verb::Selectors(selectors)) => selectors.run(context).await,
        Some(Verb::Metrics(metrics)) => metrics.run(context).await,
        Some(Verb::Export(export)) => export.run(context).await,
        Some(Verb::Compact(compact)) => compact.run(context).await,
        Some(Verb::Sample(sample)) => sample.run(context),
        Some(Verb::Doctor(doctor)) => doctor.run(context).await,
        Some(Verb::Completions(completions)) => completions.run(),
        Some(Verb::Measured(measured)) => measured.run(context).await,
    }
}
