//! `trailkeep sample`

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;
use sample::{FileSizes, Plan, Totals};

use super::collect::SummaryFormat;
use crate::exit::{Exit, Failure};
use crate::output::{Align, Table};
use crate::sampling::{self, Places};
use crate::settings::{Context, quoted};
use crate::{figures, output, outside};

/// Event names that are shown to people.
const NAMES_SHOWN_MAX: usize = 8;

/// Write the logs of an invented organization, with an attack in them.
///
/// The files stand in AWS's layout (AWSLogs/o-id/account/CloudTrail/Region/Y/M/D/...json.gz), sized as real ones are; a
/// second trail delivers some records again. The same seed and end give the same bytes. The totals that are printed are
/// the truth about the files, so that any reader of them can be checked (-o json has them all).
///
/// With --digests the files go to a folder that is called like the bucket, every hour of every account and Region has its digest, and
/// `public-keys.json` and `metadata.jsonl` beside it prove them. The digests are signed with a key that is made for it and then
/// forgotten, so they differ each time. AWS has nothing to do with it.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep sample --out logs               6 accounts, 30 days, 400,000 events
  trailkeep sample --out logs --events 20000 --days 7 --end 2026-11-01 --seed 7
  trailkeep sample --out logs -o json > totals.json
  trailkeep sample --out logs --accounts 40 --events 2000000 --without-attack
  trailkeep sample --out logs --digests     with signed digests, for `collect` and `verify`
  trailkeep collect logs --home lake")]
pub struct Sample {
    /// Folder to write into: a new or empty one
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Records of ordinary life; the attack adds about 1,200, the second trail repeats some
    #[arg(long, value_name = "N")]
    events: Option<u64>,

    /// Where all randomness comes from
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Days of history
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3653))]
    days: Option<u32>,

    /// Accounts
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    accounts: Option<u32>,

    /// The day after the last one [default: today]
    #[arg(long, value_name = "DATE")]
    end: Option<NaiveDate>,

    /// Always so many records in a file, instead of as few as real files have
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    events_per_file: Option<u32>,

    /// Ordinary life only: what a detection must keep quiet about
    #[arg(long)]
    without_attack: bool,

    /// Make signed digests as well
    #[arg(long)]
    digests: bool,

    /// Format of the totals
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: SummaryFormat,
}

impl Sample {
    /// Writes the files and prints their totals.
    pub fn run(self, context: &Context) -> Result<Exit, Failure> {
        let plan = self.plan();
        sampling::new_folder(&self.out, "--out")?;
        let totals = if self.digests {
            let key = seal::RsaKey::generate().map_err(|error| Failure::failed(error.to_string(), ""))?;
            sampling::write_with_digests(&plan, &key, &Places::under(&self.out, &plan), |_| {})?
        } else {
            sampling::write(&plan, &self.out, |_| {})?
        };
        match self.output {
            SummaryFormat::Json => output::line(totals.to_json())?,
            SummaryFormat::Table => output::line(self.text(&totals, context))?,
        }
        Ok(Exit::Fine)
    }

    fn plan(&self) -> Plan {
        let mut plan = Plan::demo(self.end.unwrap_or_else(|| outside::now().date_naive()));
        plan.events = self.events.unwrap_or(plan.events);
        plan.seed = self.seed.unwrap_or(plan.seed);
        plan.days = self.days.unwrap_or(plan.days);
        plan.accounts = self.accounts.unwrap_or(plan.accounts);
        plan.attack &= !self.without_attack;
        plan.events_per_file = self.events_per_file.map_or(plan.events_per_file, FileSizes::Fixed);
        plan
    }

    fn text(&self, totals: &Totals, context: &Context) -> String {
        let folder = self.out.display().to_string();
        let mut names: Vec<(&String, &u64)> = totals.by_event_name.iter().collect();
        names.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let mut table = Table::new(&[("what", Align::Left), ("truth", Align::Right)]);
        table.row(["log files".to_owned(), figures::count(totals.deliveries)]);
        table.row(["records in them".to_owned(), figures::count(totals.records)]);
        table.row(["  distinct".to_owned(), figures::count(totals.distinct)]);
        table.row(["  delivered twice".to_owned(), figures::count(totals.duplicates)]);
        table.row(["with an error code".to_owned(), figures::count(totals.errors)]);
        for (name, count) in names.iter().take(NAMES_SHOWN_MAX) {
            table.row([format!("  {name}"), figures::count(**count)]);
        }
        if self.digests {
            table.row(["digests".to_owned(), figures::count(totals.digests)]);
            table.row(["  of hours without a log file".to_owned(), figures::count(totals.digests_empty)]);
        }
        table.row(["bytes, packed".to_owned(), figures::size(totals.stored_bytes)]);
        table.row(["bytes, unpacked".to_owned(), figures::size(totals.content_bytes)]);
        let attack = totals.attack.as_ref().map(|attack| {
            format!(
                "\nAn attack of {} is hidden in it; `-o json` tells it step by step.",
                figures::counted(attack.steps.len() as u64, "step")
            )
        });
        format!(
            "{}\n\n{}\n{}\n{}",
            context.screen.bold(&format!("Sample organization in {}", output::clean(&folder))),
            table.draw(context.screen, 2),
            attack.unwrap_or_default(),
            self.next()
        )
    }

    fn next(&self) -> String {
        if !self.digests {
            return format!("Next: trailkeep collect {} --home lake", quoted(&self.out.display().to_string()));
        }
        let places = Places::under(&self.out, &self.plan());
        let shell = |path: &std::path::Path| quoted(&path.display().to_string());
        let given = format!("--public-keys {} --metadata {}", shell(&places.public_keys), shell(&places.metadata));
        let bucket = shell(&places.bucket);
        format!("Next: trailkeep verify {bucket} {given}\n      trailkeep collect {bucket} {given} --home lake")
    }
}
