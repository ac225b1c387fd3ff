//! Runs a collection: opens what the user named, shows progress, stops when asked to.

pub mod noted;
pub mod public_keys;

use std::path::Path;
use std::sync::Arc;

use aws::sqs::address::is_queue;
use collect::archive::{self, Opened};
use collect::collector::{Input, Options, Stop, Watch};
use collect::plan::{self, Plan, Where};
use collect::source::{Listed, Source, SourceError};
use collect::summary::{REFUSALS_LISTED_MAX, Summary};
use collect::walk::{Walk, Wanted};
use lake::ledger::{self, Known};
use lake::{Lake, Observer};
use layout::{self, Kind};

use crate::exit::Failure;
use crate::progress::Reporter;
use crate::settings::Context;
use crate::{figures, lakes, outside};

/// Opens a folder, a file, an archive, standard input (`-`) or `s3://bucket/prefix`.
pub async fn open(name: &str, context: &Context) -> Result<Input, Failure> {
    if name == "-" {
        return Ok(Input::Stream(archive::stdin(Box::new(std::io::stdin()))?));
    }
    if name.starts_with("s3://") {
        let source = aws::s3::S3Source::open(name, &lakes::access(context)).await?;
        return Ok(Input::Tree(Arc::new(source)));
    }
    if is_queue(name) {
        return Err(Failure::usage(
            format!("`{name}` is a queue: what is read from it is deleted there"),
            "only `collect` reads queues; ask the lake afterwards (--home)",
        ));
    }
    if let Some((scheme, _)) = name.split_once("://") {
        return Err(Failure::usage(
            format!("`{scheme}://` is no place that trailkeep can read"),
            "name a folder, a file, an archive (.tar, .tar.gz, .zip), -, s3://bucket/prefix or sqs://queue",
        ));
    }
    match archive::open(Path::new(name))? {
        Opened::Tree(source) => Ok(Input::Tree(Arc::from(source))),
        Opened::Stream(stream) => Ok(Input::Stream(stream)),
    }
}

/// What to say of a source in which no log file was found.
pub fn nothing_found(ignored: u64) -> String {
    let others = match ignored {
        0 => String::new(),
        ignored => format!(" but {}", figures::counted_as(ignored, "other file", "other files")),
    };
    format!("hint: nothing was found here{others}: is the prefix right?")
}

/// Whether a source has nothing at all, at first sight. What can only be read once is not looked at.
pub async fn is_empty(input: &Input) -> Result<bool, Failure> {
    let Input::Tree(source) = input else { return Ok(false) };
    let root = source.root();
    let page = source.list(root, None).await?;
    let is_root = |name: &str| name.strip_suffix('/').unwrap_or(name) == root;
    let names = || page.folders.iter().chain(page.objects.iter().map(|object| &object.key));
    if !root.is_empty() && !root.ends_with('/') && !names().any(|name| is_root(name)) {
        return Err(SourceError::NotFound(format!("{}/{root}", source.origin())).into());
    }
    Ok(names().next().is_none() && page.next.is_none())
}

/// Opens what can be collected: all of that, or a queue, whose messages may name these buckets (or any).
pub async fn open_to_collect(name: &str, buckets: &[String], context: &Context) -> Result<Input, Failure> {
    if !is_queue(name) {
        return open(name, context).await;
    }
    let queue = aws::sqs::SqsQueue::open(name, buckets.to_vec(), &lakes::access(context)).await?;
    Ok(Input::Queue(Arc::new(queue)))
}

/// Collects from one source, watched by a reporter.
pub async fn collect(
    lake: &Arc<Lake>,
    input: Input,
    options: &Options,
    reporter: &Arc<Reporter>,
    stop: &Stop,
) -> Result<Summary, Failure> {
    let watch: Arc<dyn Watch> = Arc::clone(reporter) as Arc<dyn Watch>;
    let observer: Arc<dyn Observer> = Arc::clone(reporter) as Arc<dyn Observer>;
    Ok(collect::collector::collect(Arc::clone(lake), input, options, watch, observer, stop).await?)
}

/// The first Ctrl-C (or SIGTERM) ends the collection after its commit, the second one ends the process.
pub fn stop_on_signal(reporter: &Arc<Reporter>) -> Stop {
    let stop = Stop::default();
    let (flag, reporter) = (stop.clone(), Arc::clone(reporter));
    tokio::spawn(async move {
        outside::interruption().await;
        flag.stop();
        reporter.note("stopping after the current commit; press Ctrl-C again to stop at once (nothing is lost either way)");
        outside::interruption().await;
        reporter.finish();
        outside::exit_at_once(130);
    });
    stop
}

/// Adds the figures of one source to those of the others.
pub fn add(total: &mut Summary, one: &Summary) {
    let (to, from) = (&mut total.objects, &one.objects);
    to.found += from.found;
    to.ingested += from.ingested;
    to.digests += from.digests;
    to.known += from.known;
    to.ignored += from.ignored;
    to.refused += from.refused;
    to.archived += from.archived;
    total.records += one.records;
    let room = REFUSALS_LISTED_MAX.saturating_sub(total.refusals.len());
    total.refusals.extend(one.refusals.iter().take(room).cloned());
    let room = REFUSALS_LISTED_MAX.saturating_sub(total.flawed.len());
    total.flawed.extend(one.flawed.iter().take(room).cloned());
    total.overwritten.extend(one.overwritten.iter().cloned());
    total.unlisted.extend(one.unlisted.iter().cloned());
    for (reason, count) in &one.ignored {
        *total.ignored.entry(reason.clone()).or_default() += count;
    }
    for (region, latest) in &one.latest_us {
        let known = total.latest_us.entry(region.clone()).or_insert(*latest);
        *known = (*known).max(*latest);
    }
    let room = REFUSALS_LISTED_MAX.saturating_sub(total.left.len());
    total.left.extend(one.left.iter().take(room).cloned());
    if let Some(messages) = one.messages {
        *total.messages.get_or_insert_default() += messages;
    }
    total.stored_bytes += one.stored_bytes;
    total.content_bytes += one.content_bytes;
    total.requests.list += one.requests.list;
    total.requests.read += one.requests.read;
    total.commits += one.commits;
    total.interrupted |= one.interrupted;
    total.source = match total.source.as_str() {
        "" => one.source.clone(),
        others => format!("{others}, {}", one.source),
    };
}

/// Lists a source and says what collecting from it will take. Reads nothing; the lake may not be there yet.
pub async fn plan(lake: Option<&Lake>, source: &dyn Source, wanted: &Wanted) -> Result<Plan, Failure> {
    let walk = Walk::discover(source, wanted).await?;
    let mut survey = Survey { lake, wanted, origin: source.origin().to_owned(), counts: plan::Counts::default(), known: None };
    let mut days = walk.days(source, wanted);
    while let Some(work) = days.next().await {
        let mut listing = work.listing(source);
        while let Some(page) = listing.next().await {
            for listed in page.map_err(|problem| problem.error)? {
                survey.count(&listed).await?;
            }
        }
    }
    let from = if source.origin().starts_with("s3://") { Where::S3 } else { Where::Local };
    Ok(plan::plan(from, survey.counts, source.requests()))
}

/// Counts what a listing brings.
struct Survey<'a> {
    lake: Option<&'a Lake>,
    wanted: &'a Wanted,
    origin: String,
    counts: plan::Counts,
    /// What the ledger knows of the day looked at last.
    known: Option<(String, Arc<Known>)>,
}

impl Survey<'_> {
    async fn count(&mut self, listed: &Listed) -> Result<(), Failure> {
        if matches!(layout::kind(&listed.key), Kind::Other(_)) || !self.is_wanted(&listed.key) {
            self.counts.ignored += 1;
        } else if self.is_known(listed).await? {
            self.counts.known += 1;
        } else {
            self.counts.objects += 1;
            self.counts.size_bytes += listed.size_bytes;
        }
        Ok(())
    }

    fn is_wanted(&self, key: &str) -> bool {
        let Some(place) = layout::place(key) else { return true };
        self.wanted.has_account(&place.account)
            && (place.region.is_empty() || self.wanted.has_region(&place.region))
            && place.day.is_none_or(|day| self.wanted.has_days(day, day))
    }

    async fn is_known(&mut self, listed: &Listed) -> Result<bool, Failure> {
        let Some(lake) = self.lake else { return Ok(false) };
        let day = layout::place(&listed.key).and_then(|place| place.day);
        let day = day.map_or_else(|| "unknown".to_owned(), |day| day.to_string());
        if self.known.as_ref().is_none_or(|(known_day, _)| *known_day != day) {
            self.known = Some((day.clone(), lake.known(&day).await?));
        }
        let delivery = ledger::delivery_hash(&self.origin, &listed.key, &listed.etag);
        Ok(self.known.as_ref().is_some_and(|(_, known)| known.has(delivery)))
    }
}
