//! `trailkeep verify`

mod given;
mod home;
mod key_source;
mod like_aws;
mod places;
mod query_results;

mod checkpoint;
mod watching;

mod junit;
mod machine;
mod matrix;
mod table;
mod writing;

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::Args;
use prove::report::{Judgment, Report};
use prove::strict::{self, Options, Stores};

use checkpoint::{Begun, Checkpoint};
use given::Given;
use places::Mapping;
use watching::Watching;
use writing::{Format, Writing};

use crate::exit::{Exit, Failure};
use crate::output;
use crate::outside;
use crate::progress::{Manner, Reporter};
use crate::settings::Context;
use crate::when::{self, When};

/// Reads at the same time from S3, where most of the time is waiting.
const S3_THREADS: usize = 64;
/// Reads at the same time for each core from an endpoint on this machine, where nearly none is: more only get in each other's way.
const LOOPBACK_THREADS_PER_CORE: usize = 2;

/// Prove that no log file was altered, removed or forged since CloudTrail delivered it.
///
/// SOURCE is a folder, a zip archive or s3://bucket/prefix. All accounts, Regions and trails in it are verified in one run against the
/// digests that CloudTrail signed every hour. Every log file that a digest names must be there and unchanged, every log file
/// that is there must be named, every hour must have its digest, and every digest must be authentic.
///
/// PROVEN (exit code 0): all of it. VIOLATED (4): something was altered, removed or forged, or nothing at all was found. NOT ALL PROVEN (5): nothing speaks
/// against it, but not everything can be proven yet or here - the current hour, files without digests, a copy that lost the signature
/// of its newest digest. Nothing that could not be checked ever counts as proven: a --since that is so late
/// that no digest covers any of it proves nothing. Whoever stops reading (`| head`) changes no exit code.
///
/// Without SOURCE the home is proven: its own seal (signed statements over every commit, document and file), then every log file,
/// rebuilt from rows and held against AWS's digests, which are kept as evidence. A seal shows that nothing was changed by
/// somebody without its key; that its end was not cut off shows only a copy of the head that is kept elsewhere: this machine keeps one
/// beside the key, and --seal-anchor s3://bucket/prefix names a bucket with others (see `trailkeep seal --help`). What the home's own
/// retention removed is told as that.
///
/// A folder of saved query results (result_sign.json) is held against its sign file. A bundle of `trailkeep evidence` brings a check of
/// its own: unzip it and run `sh verify.sh` there.
///
/// Public keys are asked of CloudTrail itself (ListPublicKeys, Region by Region), with your AWS credentials. A copy needs no AWS: give
/// the keys (--public-keys) and, if the copy has it, the metadata of the digests (--metadata). Without metadata a digest is proven by its
/// successor, and only the newest one remains open. Keys from another endpoint than AWS's are used, and every report says whose they are.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep verify s3://my-trail-bucket --since 90d
  trailkeep verify ./my-trail-bucket --public-keys keys.json --metadata metadata.jsonl
  trailkeep verify --home lake                       the lake itself, after the bucket is gone
  trailkeep verify --home lake --seal-anchor s3://my-locked-bucket/seals
  trailkeep verify copy.zip --public-keys keys.json -o table -o junit=verify.xml
  trailkeep verify ./copy --public-keys keys.json --map old-bucket=./archive
  trailkeep verify ./my-trail-bucket --public-keys keys.json --like-aws --start-time 2026-11-01
  trailkeep verify s3://my-trail-bucket --resume verify.state      go on where it was interrupted
  aws cloudtrail list-public-keys --start-time 2026-01-01 > keys.json")]
pub struct Verify {
    /// Folder, zip archive or s3://bucket/prefix; without one, the home itself is proven, from its own rows
    #[arg(value_name = "SOURCE")]
    source: Option<String>,

    /// Fingerprint of a key that is known to seal this home; may be given several times
    #[arg(long, value_name = "FINGERPRINT", conflicts_with = "source")]
    trust_key: Vec<String>,

    /// Only hours from this time on; all of them must be covered: 24h, 7d, 2026-11-01, 2026-11-01T10:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<When>,

    /// Only hours before this time; all of them must be covered [default: now, less the two hours a digest may take]
    #[arg(long, value_name = "TIME")]
    until: Option<When>,

    /// Only these accounts
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    account: Vec<String>,

    /// Only these Regions
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    region: Vec<String>,

    /// Public keys: an answer of `aws cloudtrail list-public-keys`; may be given several times [default: CloudTrail is asked]
    #[arg(long, value_name = "FILE")]
    public_keys: Vec<PathBuf>,

    /// Metadata that a copy lost: JSON lines ["bucket/key", {"signature": "..."}]
    #[arg(long, value_name = "FILE")]
    metadata: Option<PathBuf>,

    /// Where the objects of a bucket are now that digests name; may be given several times
    #[arg(long, value_name = "OLD=PLACE")]
    map: Vec<Mapping>,

    /// A lifecycle rule of yours removes objects that are older than this: the oldest that are gone are not missing
    #[arg(long, value_name = "TIME")]
    retained_since: Option<When>,

    /// Reads at the same time [default: all cores; 64 from S3, 2 a core from an endpoint on this machine]
    #[arg(long, visible_alias = "parallel", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,

    /// Refuse objects that are larger than this, packed or unpacked
    #[arg(long, value_name = "BYTES", value_parser = when::bytes)]
    max_object_size: Option<u64>,

    /// Write down what is done, and go on from there when the file is there already
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,

    /// table, json, ndjson or junit; with =FILE into a file; may be given several times
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Vec<Writing>,

    /// How progress is shown on standard error
    #[arg(long, value_name = "MANNER", default_value = "auto")]
    progress: Manner,

    // Last, for what follows a heading stands below it.
    #[command(flatten)]
    like_aws: like_aws::Arguments,
}

impl Verify {
    /// Verifies, and writes the report.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let now = outside::now();
        self.check(now)?;
        let given = Given::read(&self.public_keys, self.metadata.as_deref())?;
        let Some(source) = &self.source else { return self.home(&given, now, context).await };
        if query_results::are_in(source) {
            return query_results::verify(source, &given.listed(), context);
        }
        let stores = self.stores(source, &given, context).await?;
        let keys = key_source::key_source(&given, context).await?;
        if self.like_aws.like_aws {
            return self.like_aws(stores, keys, now, context).await;
        }
        let begun = self.begun(&given, now)?;
        let options = self.options(begun.as_ref(), now, context);
        let (now, resumed) = (begun.as_ref().map_or(now, |begun| begun.now), options.finished.len());
        let reporter = Arc::new(Reporter::new(self.progress, &format!("Verifying {}", output::clean(source))));
        self.stop_on_signal(&reporter);
        let watching = Watching::new(Arc::clone(&reporter), begun.map(|begun| begun.checkpoint));
        let work = tokio::task::spawn_blocking(move || {
            let report = strict::verify(&stores, keys.as_ref(), &options, now, &watching);
            (report, watching.into_checkpoint())
        });
        let done = work.await;
        reporter.finish();
        let (report, checkpoint) = done.map_err(|error| Failure::failed(format!("the verification stopped: {error}"), ""))?;
        let exit = exit(&report).after(self.write(&report, resumed, context))?;
        end(checkpoint)?;
        Ok(exit)
    }

    fn check(&self, now: DateTime<Utc>) -> Result<(), Failure> {
        writing::check(&self.output)?;
        match (self.since, self.until) {
            (Some(since), _) if since.resolve(now) >= now => {
                Err(Failure::usage("--since is not in the past: there is nothing to verify", "times are UTC; 24h means a day ago"))
            }
            (Some(since), Some(until)) if since.resolve(now) >= until.resolve(now) => {
                Err(Failure::usage("--since is not before --until", "times are UTC; --since comes first"))
            }
            _ => Ok(()),
        }
    }

    async fn stores(&self, source: &str, given: &Given, context: &Context) -> Result<Stores, Failure> {
        let main = Arc::from(places::open(source, context, given.metadata.as_ref()).await?);
        let mut mapped = std::collections::BTreeMap::new();
        for mapping in &self.map {
            let store = places::open(&mapping.place, context, given.metadata.as_ref()).await?;
            if mapped.insert(mapping.bucket.clone(), Arc::from(store)).is_some() {
                let what = format!("two places for the bucket `{}`", mapping.bucket);
                return Err(Failure::usage(what, "give --map once for each bucket"));
            }
        }
        Ok(Stores { main, mapped })
    }

    /// What an interrupted run has finished, if one is to be gone on with.
    fn begun(&self, given: &Given, now: DateTime<Utc>) -> Result<Option<Begun>, Failure> {
        let Some(path) = &self.resume else { return Ok(None) };
        Checkpoint::open(path, &given.fingerprint(&self.asked()), now).map(Some)
    }

    /// Everything that makes another verification of it, as text.
    fn asked(&self) -> String {
        let places: Vec<_> = self.map.iter().map(|mapping| (&mapping.bucket, places::absolute(&mapping.place))).collect();
        let range = (self.since, self.until, self.retained_since);
        let chosen = (&self.account, &self.region, self.max_object_size);
        format!(
            "{} {:?}",
            env!("CARGO_PKG_VERSION"),
            (places::absolute(self.source.as_deref().unwrap_or_default()), places, range, chosen)
        )
    }

    fn options(&self, begun: Option<&Begun>, now: DateTime<Utc>, context: &Context) -> Options {
        let now = begun.map_or(now, |begun| begun.now);
        let defaults = Options::default();
        let threads = match self.source.as_deref().is_some_and(places::is_s3) {
            true if context.is_endpoint_here() => context.threads * LOOPBACK_THREADS_PER_CORE,
            true => S3_THREADS,
            false => context.threads,
        };
        Options {
            since: self.since.map(|when| when.resolve(now)),
            until: self.until.map(|when| when.resolve(now)),
            accounts: self.account.clone(),
            regions: self.region.clone(),
            retained_since: self.retained_since.map(|when| when.resolve(now)),
            threads: self.threads.map_or(threads, usize::from),
            stored_bytes_max: self.max_object_size.unwrap_or(defaults.stored_bytes_max),
            content_bytes_max: self.max_object_size.unwrap_or(defaults.content_bytes_max),
            finished: begun.map(|begun| begun.finished.clone()).unwrap_or_default(),
            ..defaults
        }
    }

    /// Ctrl-C ends the process at once: what is finished is written down already, and nothing else was changed.
    fn stop_on_signal(&self, reporter: &Arc<Reporter>) {
        let (reporter, resume) = (Arc::clone(reporter), self.resume.clone());
        tokio::spawn(async move {
            outside::interruption().await;
            reporter.finish();
            output::note(match resume {
                Some(file) => {
                    format!("interrupted; the same command goes on from `{}`", output::clean(&file.display().to_string()))
                }
                None => "interrupted; with --resume FILE a verification can go on where it was".to_owned(),
            });
            outside::exit_at_once(130);
        });
    }

    fn write(&self, report: &Report, resumed: usize, context: &Context) -> Result<(), Failure> {
        writing::write_all(&self.output, context.screen, |format, screen| {
            Ok(match format {
                Format::Table => table::text(report, resumed, screen),
                Format::Json => machine::json(report)?,
                Format::Ndjson => machine::ndjson(report)?,
                Format::Junit => junit::xml(report),
            })
        })
    }
}

/// The verdict is out: there is nothing to go on with.
fn end(checkpoint: Option<Checkpoint>) -> Result<(), Failure> {
    let Some(checkpoint) = checkpoint else { return Ok(()) };
    if let Some(trouble) = checkpoint.trouble() {
        output::note(format!("note: {trouble}; an interruption would have lost what was done"));
    }
    checkpoint.end()
}

fn exit(report: &Report) -> Exit {
    match report.judgment {
        Judgment::Proven => Exit::Fine,
        Judgment::Unproven => Exit::Partial,
        Judgment::Violated => Exit::Integrity,
    }
}
