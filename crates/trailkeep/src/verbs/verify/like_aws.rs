//! `--like-aws`: the lines and exit codes of `aws cloudtrail validate-logs`, for procedures that read those.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use prove::like_aws::trails::{Trail, in_range};
use prove::like_aws::{LikeAws, Means};
use prove::strict::{KeySource, Stores};

use super::Verify;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::settings::Context;

/// Trails that an error lists.
const TRAILS_LISTED_MAX: usize = 10;

/// The arguments of `aws cloudtrail validate-logs`.
#[derive(Args, Debug)]
#[command(next_help_heading = "As the AWS CLI")]
pub struct Arguments {
    /// Say what `aws cloudtrail validate-logs` says, line for line, with its exit codes; like it, it takes keys from the endpoint that is
    /// set without a word, and passes over what the CLI passes over: the default judgment does neither
    #[arg(long, requires = "source")]
    pub like_aws: bool,

    /// The trail [default: the one that has digests here]
    #[arg(long, value_name = "ARN", requires = "like_aws")]
    trail_arn: Option<String>,

    /// As --since, in the CLI's spelling
    #[arg(long, value_name = "TIME", requires = "like_aws", conflicts_with = "since")]
    start_time: Option<String>,

    /// As --until, in the CLI's spelling
    #[arg(long, value_name = "TIME", requires = "like_aws", conflicts_with = "until")]
    end_time: Option<String>,

    /// The account of an organization trail whose logs are validated
    #[arg(long, value_name = "ID", requires = "like_aws")]
    account_id: Option<String>,

    /// The bucket; nothing is looked up then
    #[arg(long, value_name = "BUCKET", requires = "like_aws")]
    s3_bucket: Option<String>,

    /// The prefix in that bucket
    #[arg(long, value_name = "PREFIX", requires = "s3_bucket")]
    s3_prefix: Option<String>,

    /// A line for each valid file as well
    #[arg(long, requires = "like_aws")]
    verbose: bool,
}

impl Verify {
    /// Judges as the AWS CLI does.
    pub(super) async fn like_aws(
        &self,
        stores: Stores,
        keys: Box<dyn KeySource>,
        now: DateTime<Utc>,
        context: &Context,
    ) -> Result<Exit, Failure> {
        let (arguments, threads) = (&self.like_aws, self.options(None, now, context).threads);
        let spelled = |time: DateTime<Utc>| time.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let start = self.since.map(|when| spelled(when.resolve(now))).or_else(|| arguments.start_time.clone());
        let end = self.until.map(|when| spelled(when.resolve(now))).or_else(|| arguments.end_time.clone());
        let start = start.ok_or_else(|| Failure::usage("--like-aws needs a begin", "give --start-time TIME"))?;
        let mut asked = LikeAws {
            trail_arn: arguments.trail_arn.clone().unwrap_or_default(),
            start_time: start,
            end_time: end,
            account_id: arguments.account_id.clone(),
            bucket: arguments.s3_bucket.clone(),
            prefix: arguments.s3_prefix.clone(),
            organization_id: None,
            region: self.region.first().cloned().unwrap_or_default(),
            verbose: arguments.verbose,
        };
        let (accounts, regions) = (self.account.clone(), self.region.clone());
        let work = tokio::task::spawn_blocking(move || {
            if asked.trail_arn.is_empty() {
                let trail = only_trail(&stores, &accounts, &regions, now)?;
                asked.trail_arn = trail.arn();
                asked.region = trail.region.clone();
                if trail.organization.is_some() && asked.account_id.is_none() {
                    asked.account_id = Some(trail.account);
                }
            }
            if asked.region.is_empty() {
                asked.region = asked.trail_arn.split(':').nth(3).unwrap_or_default().to_owned();
            }
            let (mut out, mut err) = (output::patient(), std::io::stderr());
            let code = asked.run(Means::new(&stores, keys.as_ref(), threads), now, &mut out, &mut err);
            code.map(Exit::LikeAws).map_err(Failure::io("writing"))
        });
        work.await.map_err(|error| Failure::failed(format!("the validation stopped: {error}"), ""))?
    }
}

/// The one trail, account and Region that has digests here.
fn only_trail(stores: &Stores, accounts: &[String], regions: &[String], now: DateTime<Utc>) -> Result<Trail, Failure> {
    let long_ago = now - TimeDelta::days(20 * 365);
    let found = in_range(stores.main.as_ref(), long_ago.date_naive(), now.date_naive());
    let found = found.map_err(|refusal| Failure::failed(format!("digests cannot be listed: {refusal}"), ""))?;
    let wanted = |list: &[String], value: &String| list.is_empty() || list.contains(value);
    let found: BTreeSet<Trail> =
        found.into_iter().filter(|trail| wanted(accounts, &trail.account) && wanted(regions, &trail.region)).collect();
    let mut all = found.iter();
    match (all.next(), all.next()) {
        (Some(one), None) => Ok(one.clone()),
        (None, _) => Err(Failure::failed("there are no digests here", "name the trail: --trail-arn ARN")),
        _ => {
            let listed: Vec<String> = found
                .iter()
                .take(TRAILS_LISTED_MAX)
                .map(|trail| format!("{} in {} ({})", trail.arn(), trail.region, trail.account))
                .collect();
            let what = format!("several trails, accounts or Regions have digests here: {}", output::clean(&listed.join("; ")));
            Err(Failure::usage(what, "name one: --trail-arn ARN --region REGION, and --account-id ID in an organization"))
        }
    }
}
