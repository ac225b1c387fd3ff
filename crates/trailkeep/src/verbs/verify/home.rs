//! Verifying a home: its seal, its files, its rows, and AWS's digests over them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use custody::{HomeChecked, HomeReport, Trust};
use prove::report::{Finding, Kind, Level};

use super::given::Given;
use super::writing::Format;
use super::{Verify, exit, junit, machine, table, writing};
use crate::exit::{Exit, Failure};
use crate::figures::{counted, counted_as, size};
use crate::output::{Screen, clean};
use crate::progress::Reporter;
use crate::sealing::Anchored;
use crate::settings::Context;
use crate::{lakes, outside, sealing};

impl Verify {
    /// Proves the home.
    pub(super) async fn home(&self, given: &Given, now: DateTime<Utc>, context: &Context) -> Result<Exit, Failure> {
        if self.metadata.is_some() || self.resume.is_some() || !self.map.is_empty() {
            let what = "--metadata, --resume and --map are for a SOURCE";
            return Err(Failure::usage(what, "give the metadata of a copy to `trailkeep collect --metadata`"));
        }
        let reporter = Arc::new(Reporter::new(self.progress, &format!("Verifying {}", clean(context.home_name()))));
        let options = self.options(None, now, context);
        let lake = match lakes::open_watched(context, outside::unwatched(context.threads)).await {
            Ok(lake) => Arc::new(lake),
            Err(Failure::Lake(error)) if sealing::remembered(None, context)?.is_some() => {
                reporter.finish();
                let found = custody::unopened(context.home_name(), &error, &options, now);
                return exit(&found.report).after(self.write_home(&found, context));
            }
            Err(failure) => return Err(failure),
        };
        let name = custody::home_name(&lake).await?.map_or_else(|| sealing::place_name(context), |name| Ok(Some(name)))?;
        let here = sealing::remembered(name.as_deref(), context)?;
        let anchored = sealing::anchors(name.as_deref(), context).await.inspect_err(|_| reporter.finish())?;
        let elsewhere = anchored.iter().flat_map(|anchored| anchored.anchors.iter().copied());
        let anchors = here.into_iter().chain(elsewhere).collect();
        let trust = Trust {
            pins: self.trust_key.clone(),
            own: sealing::keys::own(context),
            anchors,
            sealed_elsewhere: sealing::sealed_elsewhere(name.as_deref(), context)?,
        };
        let found = custody::verify(lake, given.listed(), &trust, &options, now, &context.temporary, Arc::new(())).await;
        reporter.finish();
        let mut found = found?;
        found.home.anchors = anchored.iter().flat_map(told).collect();
        if let Some(missing) = anchored.as_ref().filter(|anchored| anchored.anchors.is_empty()) {
            custody::add_finding(&mut found.report, no_copy(missing));
        }
        found.home.is_kept_here = here.is_some();
        exit(&found.report).after(self.write_home(&found, context))
    }

    fn write_home(&self, found: &HomeReport, context: &Context) -> Result<(), Failure> {
        writing::write_all(&self.output, context.screen, |format, screen| {
            Ok(match format {
                Format::Table => format!("{}\n\n{}", table::text(&found.report, 0, screen), seal_text(&found.home, screen)),
                Format::Json => super::super::collect::summary::to_json(found)?,
                Format::Ndjson => machine::ndjson(&found.report)?,
                Format::Junit => junit::xml(&found.report),
            })
        })
    }
}

/// What the home's own seal covers, and what it can and cannot show.
fn seal_text(home: &HomeChecked, screen: Screen) -> String {
    let keys = if home.keys.is_empty() { "no key".to_owned() } else { format!("key {}", clean(&home.keys.join(", "))) };
    let mut lines = vec![format!("  {:<28}{}, {keys}", "seal", counted(home.statements, "statement"))];
    if let (Some(head), Some(sha256)) = (home.head, &home.head_sha256) {
        lines.push(format!("  {:<28}statement {head}, SHA-256 {sha256}", "its head"));
    }
    lines.push(format!("  {:<28}{}, {}", "files of the home", counted(home.objects, "file"), size(home.object_bytes)));
    lines.push(format!("  {:<28}{}, {}", "rebuilt from rows", counted(home.rebuilt, "log file"), size(home.rebuilt_bytes)));
    if home.retired_days > 0 {
        let days = counted(home.retired_days, "day");
        lines.push(format!(
            "  {:<28}{days} of events, {} told by signed statements",
            "gone by retention",
            counted(home.retired, "log file")
        ));
    }
    lines.extend(home.anchors.iter().map(|anchor| format!("  {:<28}{}", "copies of its head", clean(anchor))));
    lines.push(screen.dim(what_it_shows(home)));
    lines.join("\n")
}

/// What the seal shows, by what there was to compare it with.
fn what_it_shows(home: &HomeChecked) -> &'static str {
    if !home.anchors.is_empty() {
        "  The seal was compared with copies of its head in a bucket: its end was not cut off, and what was sealed by then was not written \
         anew, as long as nobody could delete copies there (see whether they are locked)."
    } else if home.is_kept_here {
        "  The seal was compared with the copy of its head that this machine keeps: its end was not cut off. Against whoever has this machine \
         and its key, only a copy elsewhere helps: --seal-anchor s3://bucket/prefix, with Object Lock."
    } else {
        "  No copy of the seal's head was there to compare: a seal alone cannot show that its end was not cut off, nor that whoever \
         has its key did not write all of it anew. Keep the head elsewhere (--seal-anchor), and pin the key with --trust-key."
    }
}

/// The copies in a bucket, in one line.
fn told(anchored: &Anchored) -> Option<String> {
    let last = anchored.anchors.last()?;
    let lock = anchored.lock.as_ref().map_or_else(
        || "the last one is NOT locked".to_owned(),
        |lock| format!("the last one is locked until {} ({})", lock.until, lock.mode),
    );
    let count = counted_as(anchored.anchors.len() as u64, "copy", "copies");
    Some(format!("{count} in {}, up to statement {}; {lock}", anchored.place, last.number))
}

/// A bucket was named, and knows nothing of this home.
fn no_copy(anchored: &Anchored) -> Finding {
    let message = format!("there is no copy of a head of this home in `{}`", anchored.place);
    let hint = Some("the next `collect` or `compact` with --seal-anchor puts one there; if one was there before, it was removed");
    custody::check::finding(Level::Unproven, Kind::HomeSeal, "seal/", &message, hint)
}
