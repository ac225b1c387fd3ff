//! `trailkeep collect`

pub mod summary;

use std::path::PathBuf;
use std::sync::Arc;

use aws::sqs::address::is_queue;
use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, ValueEnum};
use collect::beside::{self, Beside};
use collect::collector::{Follow, Input, Options, Stop};
use collect::plan::Plan;
use collect::summary::Summary;
use collect::walk::Wanted;
use custody::vouch::{KeyAsker, Vouched};
use lake::Lake;
use seal::chain::Anchor;

use crate::collecting::noted::Noted;
use crate::collecting::public_keys::{self, Answer, Asker};
use crate::exit::{Exit, Failure};
use crate::live::{self, End, Watching};
use crate::progress::{Manner, Reporter};
use crate::settings::Context;
use crate::standing::log_files;
use crate::when::{self, When};
use crate::{collecting, figures, lakes, output, outside, sealing};

/// Time between two seals when following.
const SEAL_EVERY: std::time::Duration = std::time::Duration::from_secs(15 * 60);
/// Shortest time between two looks at a busy account and Region when following.
const FOLLOW_INTERVAL: TimeDelta = TimeDelta::seconds(60);
/// Time between two compactions when following.
const COMPACT_EVERY: TimeDelta = TimeDelta::hours(6);

/// Collect CloudTrail logs into the lake, each record exactly once.
///
/// SOURCE is a folder, a file, an archive (.tar, .tar.gz, .tgz, .zip), - (standard input), s3://bucket/prefix or sqs://queue. AWS's
/// layout is found without configuration, organization trails and Control Tower's included; other files are counted as
/// ignored. The newest day comes first. Run the same command again at any time: what is in the lake already is not read
/// again, and what was interrupted is taken up where it stopped. Two collectors may share a lake.
///
/// Digests are kept as evidence, with the metadata that holds their signatures. A copy has no metadata: --metadata brings it, also
/// for digests that were collected without. The public keys are asked of CloudTrail (ListPublicKeys, Region by Region) when digests come
/// from S3, and kept; for a copy, --public-keys brings them.
///
/// Digests vouch for log files: what is verified, altered, not here or pending (no valid digest names it, or none yet) is told, also by later
/// runs and by `trailkeep status`; if this run finds something altered or a digest invalid, the exit code is 4.
///
/// A queue (SQS) brings deliveries minutes earlier than a listing finds them: name it as sqs://name, as its URL or as its ARN. Its messages may
/// be notifications of S3, CloudTrail or EventBridge about objects, also wrapped by SNS; EventBridge events of CloudTrail; and log events of a
/// CloudWatch Logs subscription; all in any mixture. A message is deleted only after what it brings or names is committed to the lake. What
/// cannot be read now (a missing right, a failing service) stays in the queue; what never can is kept as evidence, with its reason. A later
/// collect of the same bucket knows the objects that came by the queue. Give --bucket if others may send to the queue.
///
/// With --follow (or --detect) what is new is put to the rules, and findings are kept in the home: `trailkeep findings` lists them. --tell
/// tells them outside, each at least once and always with the same id; a target that is down is told later. Events that are more than
/// 24 hours old when they are collected are left to `trailkeep detect --since`, so that a backlog raises no alarm.
///
/// Nothing is dropped: what cannot be understood is kept as evidence and listed with its reason, and the exit code is 5.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep collect s3://my-trail-bucket            everything, newest day first
  trailkeep collect s3://my-trail-bucket --plan     what it would take and cost
  trailkeep collect s3://my-trail-bucket --since 7d --region eu-west-1
  trailkeep collect s3://my-trail-bucket --follow   go on until Ctrl-C, and keep what the rules find
  trailkeep collect s3://my-trail-bucket --follow --tell webhook=https://soc.example.com/hook --tell slack
  trailkeep collect sqs://trail-events --follow     as soon as AWS tells of it: S3 notifications, EventBridge, Logs
  trailkeep collect ./evidence logs.tar.gz          folders and archives
  trailkeep collect ./copy --metadata meta.jsonl --public-keys keys.json    a copy, with what proves it
  zcat logs.json.gz | trailkeep collect -           standard input")]
pub struct Collect {
    /// Folders, files, archives, -, s3://bucket/prefix or sqs://queue
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<String>,

    /// Only deliveries from this time on: 24h, 7d, 2026-11-01, 2026-11-01T10:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<When>,

    /// Only deliveries before this time
    #[arg(long, value_name = "TIME")]
    until: Option<When>,

    /// Only these accounts
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    account: Vec<String>,

    /// Only these Regions
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    region: Vec<String>,

    /// Go on collecting what is delivered, until Ctrl-C
    #[arg(long, conflicts_with = "plan")]
    follow: bool,

    /// Only follow messages of a queue that name these buckets; others are set aside
    #[arg(long, value_name = "BUCKET", value_delimiter = ',')]
    bucket: Vec<String>,

    /// Say what it would take, and stop
    #[arg(long)]
    plan: bool,

    /// Object metadata of a copy, for its digests' signatures: lines of ["bucket/key", {"signature": "..."}]
    #[arg(long, value_name = "FILE")]
    metadata: Option<PathBuf>,

    /// Public keys to keep with the digests: an answer of CloudTrail's ListPublicKeys
    #[arg(long, value_name = "FILE", conflicts_with = "plan")]
    public_keys: Vec<PathBuf>,

    /// Threads that read and encode [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,

    /// Refuse objects that are larger than this, packed or unpacked
    #[arg(long, value_name = "BYTES", value_parser = when::bytes)]
    max_object_size: Option<u64>,

    /// Format of the summary
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: SummaryFormat,

    /// How progress is shown on standard error
    #[arg(long, value_name = "MANNER", default_value = "auto")]
    progress: Manner,

    // Last, for what follows a heading stands below it.
    #[command(flatten)]
    watching: Watching,
}

/// What vouches for a home after collecting.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept {
    /// By AWS's digests.
    pub vouched: Vouched,
    /// By our own seal: its last statement.
    pub sealed: Option<Anchor>,
    /// What stands open, or wrong, in the home.
    pub standing: Standing,
}

/// What no digest vouches for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing {
    /// Log files that were ingested by this run, and that no digest has named.
    pub pending: u64,
    /// Log files of the home that are altered, whichever run found it.
    pub altered: u64,
    /// Log files that a digest names and that the home does not have.
    pub missing: u64,
}

/// A statement that says something about every lake.
pub const SQL_TO_BEGIN_WITH: &str = "SELECT eventName, count(*) FROM events GROUP BY 1 ORDER BY 2 DESC LIMIT 20";

/// Format of a summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SummaryFormat {
    /// For people.
    Table,
    /// For programs.
    Json,
}

impl Collect {
    /// Collects, or plans.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        self.check()?;
        let prepared = self.watching.prepare(
            self.follow,
            self.sources.iter().any(|source| is_queue(source) || source.contains("://")),
            context,
        )?;
        let threads = self.threads.map_or(context.threads, usize::from);
        let noted = self.metadata.as_deref().map(Noted::read).transpose()?;
        let answers = self.public_keys.iter().map(|file| Answer::read(file)).collect::<Result<Vec<_>, _>>()?;
        let inputs = self.open(noted.as_ref(), context).await?;
        if self.plan {
            return self.plan(inputs, context).await;
        }
        if !self.follow && is_nothing_new(&inputs, context).await? {
            let summary = Summary { source: self.sources.join(", "), ..Summary::default() };
            self.print(&summary, &Kept::default(), 0.0, context)?;
            return Ok(Exit::Fine);
        }
        let title = format!("Collecting {} into {}", output::clean(&self.sources.join(", ")), output::clean(context.home_name()));
        let reporter = Arc::new(Reporter::new(self.progress, &title));
        let stop = collecting::stop_on_signal(&reporter);
        let lake = lakes::open_or_create(context, outside::outside(threads, Arc::clone(&reporter) as Arc<_>)).await;
        let lake = lake.inspect_err(|_| reporter.finish())?;
        let (watch, started) = (outside::stopwatch(), outside::now());
        public_keys::keep(&lake, &answers).await.inspect_err(|_| reporter.finish())?;
        let lake = Arc::new(lake);
        let asker = self.asker(context).await;
        let judging = match prepared {
            Some(prepared) => Some(live::start(prepared, &lake, &reporter, context).await.inspect_err(|_| reporter.finish())?),
            None => None,
        };
        let summary = self.collect_under_seal(&lake, inputs, asker.as_ref(), &reporter, &stop, context).await;
        let is_whole = !self.follow && summary.as_ref().is_ok_and(|summary| !summary.interrupted);
        let judged = match judging {
            Some(judging) => Some(judging.finish(if is_whole { End::Whole } else { End::Stopped }).await),
            None => None,
        };
        let kept = kept(&lake, asker.as_ref(), context).await;
        let standing = standing(&lake, started).await;
        reporter.finish();
        let (summary, judged) = (summary?, judged.transpose()?);
        let kept = Kept { standing: standing?, ..kept? };
        asker.iter().for_each(|asker| asker.tell());
        if let Some(unused) = noted.and_then(|noted| noted.unused()) {
            output::note(unused);
        }
        let printed = self.print(&summary, &kept, watch.elapsed().as_secs_f64(), context);
        judged.iter().flat_map(live::Outcome::lines).for_each(output::note);
        let exit = match &summary {
            _ if kept.vouched.altered + kept.vouched.invalid > 0 => Exit::Integrity,
            stopped if stopped.interrupted => Exit::Interrupted,
            partial if partial.is_partial() => Exit::Partial,
            _ => Exit::Fine,
        };
        exit.after(printed)
    }

    /// Opens the sources, with metadata laid over them.
    async fn open(&self, noted: Option<&Arc<Noted>>, context: &Context) -> Result<Vec<Input>, Failure> {
        let mut inputs = Vec::with_capacity(self.sources.len());
        for source in &self.sources {
            let input = collecting::open_to_collect(source, &self.bucket, context).await?;
            inputs.push(match noted {
                Some(noted) => beside::lay_over(input, &(Arc::clone(noted) as Arc<dyn Beside>)),
                None => input,
            });
        }
        Ok(inputs)
    }

    fn check(&self) -> Result<(), Failure> {
        if self.follow && self.sources.len() > 1 {
            return Err(Failure::usage("--follow takes one source", "start one trailkeep for each source; they may share a home"));
        }
        if self.sources.iter().filter(|source| *source == "-").count() > 1 {
            return Err(Failure::usage("standard input can be read once", "name - once"));
        }
        if (self.follow || self.plan) && self.sources.iter().any(|source| source == "-") {
            return Err(Failure::usage("standard input cannot be listed", "leave out --follow and --plan"));
        }
        self.check_queues()?;
        let now = outside::now();
        match (self.since, self.until) {
            (Some(since), Some(until)) if since.resolve(now) >= until.resolve(now) => {
                Err(Failure::usage("--since is not before --until", "times are UTC; --since comes first"))
            }
            _ => Ok(()),
        }
    }

    /// A queue is emptied by reading it, so it cannot be looked at, and nothing in it can be left out.
    fn check_queues(&self) -> Result<(), Failure> {
        let queue = self.sources.iter().find(|source| is_queue(source));
        let Some(queue) = queue else {
            return match self.bucket.is_empty() {
                true => Ok(()),
                false => Err(Failure::usage("--bucket is for queues", "name the bucket as a source: s3://bucket")),
            };
        };
        let flags = [
            (self.plan, "--plan"),
            (self.since.is_some(), "--since"),
            (self.until.is_some(), "--until"),
            (!self.account.is_empty(), "--account"),
            (!self.region.is_empty(), "--region"),
        ];
        match flags.iter().find(|(is_given, _)| *is_given) {
            Some((_, "--plan")) => Err(Failure::usage(
                format!("--plan does not apply to the queue `{queue}`: what its messages say is only known after taking them"),
                "`trailkeep doctor` says how many messages wait and which rights are missing",
            )),
            Some((_, flag)) => Err(Failure::usage(
                format!("{flag} does not apply to the queue `{queue}`: messages that are not asked for would be deleted"),
                "leave it out, and choose when you query; --bucket limits what messages may name",
            )),
            None => Ok(()),
        }
    }

    fn options(&self, threads: usize) -> Options {
        let defaults = Options::default();
        let follow = Follow { interval: FOLLOW_INTERVAL, compact_every: COMPACT_EVERY, now: outside::now };
        Options {
            wanted: self.wanted(),
            object_bytes_max: self.max_object_size.unwrap_or(defaults.object_bytes_max),
            threads,
            follow: self.follow.then_some(follow),
        }
    }

    fn wanted(&self) -> Wanted {
        let now = outside::now();
        Wanted {
            since: self.since.map(|when| when.resolve(now)),
            until: self.until.map(|when| when.resolve(now)),
            accounts: self.account.clone(),
            regions: self.region.clone(),
        }
    }

    /// Collects; who follows is sealed now and then, and does not wait for the end.
    async fn collect_under_seal(
        &self,
        lake: &Arc<Lake>,
        inputs: Vec<Input>,
        asker: Option<&Arc<Asker>>,
        reporter: &Arc<Reporter>,
        stop: &Stop,
        context: &Context,
    ) -> Result<Summary, Failure> {
        let options = self.options(self.threads.map_or(context.threads, usize::from));
        let mut collecting = std::pin::pin!(self.collect(lake, inputs, &options, reporter, stop));
        loop {
            tokio::select! {
                summary = &mut collecting => return summary,
                () = tokio::time::sleep(SEAL_EVERY) => {
                    kept(lake, asker, context).await?;
                }
            }
        }
    }

    /// Who is asked for public keys: CloudTrail, where digests come from S3.
    async fn asker(&self, context: &Context) -> Option<Arc<Asker>> {
        if self.sources.iter().any(|source| source.starts_with("s3://") || is_queue(source)) {
            Some(Arc::new(Asker::open(context).await))
        } else {
            None
        }
    }

    async fn collect(
        &self,
        lake: &Arc<Lake>,
        inputs: Vec<Input>,
        options: &Options,
        reporter: &Arc<Reporter>,
        stop: &Stop,
    ) -> Result<Summary, Failure> {
        let mut total = Summary::default();
        for input in inputs {
            collecting::add(&mut total, &collecting::collect(lake, input, options, reporter, stop).await?);
            if stop.is_stopped() {
                break;
            }
        }
        Ok(total)
    }

    fn print(&self, summary: &Summary, kept: &Kept, elapsed_s: f64, context: &Context) -> Result<(), Failure> {
        match self.output {
            SummaryFormat::Json => output::line(summary::json(summary, kept, elapsed_s)?)?,
            SummaryFormat::Table => output::line(summary::text(summary, kept, elapsed_s, context.screen))?,
        }
        if summary.objects.found == summary.objects.ignored && summary.messages.is_none() && !self.follow && !summary.is_partial() {
            output::note(collecting::nothing_found(summary.objects.ignored));
        } else if summary.interrupted && !self.follow {
            output::note("Stopped before the end. Run the same command again to go on where it stopped.");
        } else if self.output == SummaryFormat::Table && context.screen.is_terminal {
            let home = context.home_flag();
            output::note(format!("\nNext: trailkeep status{home}"));
            output::note(format!("      trailkeep query \"{SQL_TO_BEGIN_WITH}\"{home}"));
        }
        Ok(())
    }

    async fn plan(&self, inputs: Vec<Input>, context: &Context) -> Result<Exit, Failure> {
        let lake = match lakes::open(context).await {
            Ok(lake) => Some(lake),
            Err(Failure::Lake(lake::LakeError::NoHome(_))) => None,
            Err(other) => return Err(other),
        };
        let wanted = self.wanted();
        for (name, input) in self.sources.iter().zip(inputs) {
            let Input::Tree(source) = input else {
                return Err(Failure::usage(
                    format!("`{name}` is an archive; what is in it is only known after reading it"),
                    "leave out --plan: reading local files costs nothing",
                ));
            };
            let plan = collecting::plan(lake.as_ref(), source.as_ref(), &wanted).await?;
            match self.output {
                SummaryFormat::Json => output::line(summary::to_json(&plan)?)?,
                SummaryFormat::Table => output::line(plan_text(name, &plan, context))?,
            }
        }
        Ok(Exit::Fine)
    }
}

/// Whether there is no home yet, and nothing that one should be made for.
async fn is_nothing_new(inputs: &[Input], context: &Context) -> Result<bool, Failure> {
    for input in inputs {
        if !collecting::is_empty(input).await? {
            return Ok(false);
        }
    }
    match lakes::open(context).await {
        Ok(_) => Ok(false),
        Err(Failure::Lake(lake::LakeError::NoHome(_))) => Ok(true),
        Err(other) => Err(other),
    }
}

/// Lets AWS's digests vouch for what is there, and seals the home.
async fn kept(lake: &Lake, asker: Option<&Arc<Asker>>, context: &Context) -> Result<Kept, Failure> {
    let asked = asker.map(|asker| Arc::clone(asker) as Arc<dyn KeyAsker>);
    let vouched = custody::vouch::vouch(lake, asked).await?;
    let sealed = sealing::seal(lake, context).await;
    Ok(Kept { vouched, sealed: sealed.and_then(|sealed| sealed.head), standing: Standing::default() })
}

/// What stands open or wrong after a run that began then.
async fn standing(lake: &Lake, started: DateTime<Utc>) -> Result<Standing, Failure> {
    let wrong = log_files::wrong(lake).await?;
    let pending = log_files::pending_since(lake, started.timestamp_micros()).await?;
    Ok(Standing { pending, altered: wrong.altered, missing: wrong.missing })
}

fn plan_text(name: &str, plan: &Plan, context: &Context) -> String {
    let dollars = |amount: f64| if amount > 0.0 && amount < 0.1 { format!("${amount:.4}") } else { format!("${amount:.2}") };
    let mut lines = vec![
        context.screen.bold(&format!("Plan for {}", output::clean(name))),
        format!("  to read      {}, {}", figures::counted(plan.objects, "object"), figures::size(plan.size_bytes)),
        format!("  known        {}", figures::count(plan.known)),
        format!("  ignored      {}", figures::count(plan.ignored)),
        format!("  requests     {} list, {} read", figures::count(plan.list_requests), figures::count(plan.read_requests)),
    ];
    if plan.dollars_max > 0.0 {
        lines.push(format!(
            "  costs        at most {} (list {}, read {}, KMS {} if encrypted without bucket keys)",
            dollars(plan.dollars_max),
            dollars(plan.list_dollars),
            dollars(plan.read_dollars),
            dollars(plan.kms_dollars_max)
        ));
    }
    lines.push(format!("  takes        about {}", figures::span(plan.expected_s as f64)));
    lines.push(format!("  {}", context.screen.dim(plan.note)));
    lines.join("\n")
}
