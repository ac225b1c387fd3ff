//! `trailkeep evidence`

mod chains;
mod found;
mod logs;

use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind};
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use custody::keys;
use lake::{KeysSource, Lake};
use prove::evidence::{Bundle, EvidenceError, KeyOrigin, KeyRing, LATER_DIGESTS, Made, Proof};
use serde::Serialize;

use super::collect::{SummaryFormat, summary};
use crate::collecting::public_keys::Answer;
use crate::exit::{Exit, Failure};
use crate::output::clean;
use crate::settings::{Context, quoted};
use crate::{figures, lakes, output, outside};
use chains::Chains;
use logs::Cases;

/// Reasons that are printed one by one.
const REASONS_LISTED_MAX: usize = 20;

/// Write events, and everything that proves them, into a zip that anybody can check.
///
/// The bundle holds the records, the log files in which CloudTrail delivered them, the digests that vouch for those, up the chain, with their
/// signatures, and the public keys; a README that explains every step, and `verify.sh`, which takes them. Nothing but sha256sum, openssl
/// and a POSIX shell is needed for it: no trailkeep, no AWS account, no network.
///
/// It needs the digests in the lake (`collect` keeps them) and the public keys (`collect` asks AWS, or --public-keys FILE). What
/// cannot be proven does not keep the bundle from being written; it says so, and the exit code is 5. Exit code 4: something contradicts.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("which").required(true).args(["event", "sql"])), before_help = "Examples:
  trailkeep evidence --event 1f3ac1ba-8b3a-4c1f-9d0f-2f4a55a1c001 --out bundle.zip
  trailkeep evidence --sql \"SELECT eventID FROM events WHERE eventName = 'StopLogging'\" --out bundle.zip
  unzip bundle.zip -d bundle && sh bundle/verify.sh        whoever gets it, anywhere")]
pub struct Evidence {
    /// Event IDs
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    event: Vec<String>,

    /// A SELECT whose column eventID says which events
    #[arg(long, value_name = "SELECT")]
    sql: Option<String>,

    /// The zip to write; there must be none of that name
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Public keys beside those that the home keeps: an answer of CloudTrail's ListPublicKeys
    #[arg(long, value_name = "FILE")]
    public_keys: Vec<PathBuf>,

    /// Digests after the one that names a log file, each of which holds the hash of the one before
    #[arg(long, value_name = "N", default_value_t = LATER_DIGESTS)]
    later: usize,

    /// Format of the summary
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: SummaryFormat,
}

/// What was written.
#[derive(Serialize)]
struct Written {
    out: String,
    #[serde(flatten)]
    proof: Proof,
}

impl Evidence {
    /// Writes the bundle.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        if self.out.exists() {
            let what = format!("`{}` is there already", self.out.display());
            return Err(Failure::usage(what, "evidence is never written over: name a new file"));
        }
        let folder = self.out.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        if folder.is_some() {
            return Err(Failure::writing(&self.out)(ErrorKind::NotFound.into()));
        }
        let lake = lakes::open(context).await?;
        let rings = self.rings(&lake).await?;
        let found = match &self.sql {
            Some(sql) => found::by_sql(&lake, sql).await?,
            None => found::by_ids(&lake, &self.event).await?,
        };
        let mut chains = Chains::new(&lake, &rings, self.later);
        let cases = Cases::gather(&lake, found, &mut chains).await?;
        let proof = self.write(&lake, cases, &chains, &rings, context).await?;
        let written = Written { out: self.out.display().to_string(), proof };
        let printed = match self.output {
            SummaryFormat::Json => output::line(summary::to_json(&written)?),
            SummaryFormat::Table => output::line(text(&written, context)),
        };
        let exit = match &written.proof {
            proof if !proof.contradictions.is_empty() => Exit::Integrity,
            proof if proof.is_whole() => Exit::Fine,
            _ => Exit::Partial,
        };
        exit.after(printed)
    }

    /// Keys that the home keeps, AWS's own before others, and those from files.
    async fn rings(&self, lake: &Lake) -> Result<Vec<KeyRing>, Failure> {
        let kept = keys::kept(lake).await?;
        let mut answers = kept.answers;
        answers.sort_by(|one, other| one.source.cmp(&other.source));
        let origin = |source: KeysSource| match source {
            KeysSource::Aws => KeyOrigin::Aws,
            KeysSource::File(name) => KeyOrigin::File(name),
            KeysSource::Endpoint(url) => KeyOrigin::Endpoint(url),
        };
        let mut rings: Vec<KeyRing> =
            answers.into_iter().map(|kept| KeyRing { keys: kept.keys, origin: origin(kept.source) }).collect();
        for file in &self.public_keys {
            let keys = Answer::read(file)?.into_keys();
            rings.push(KeyRing { keys, origin: KeyOrigin::File(file.display().to_string()) });
        }
        Ok(rings)
    }

    /// Writes aside, and gives it its name when it is whole.
    async fn write(
        &self,
        lake: &Lake,
        cases: Cases,
        chains: &Chains<'_>,
        rings: &[KeyRing],
        context: &Context,
    ) -> Result<Proof, Failure> {
        let aside = self.out.with_extension(outside::unique());
        let writing = || Failure::writing(&self.out);
        let file = File::create_new(&aside).map_err(writing())?;
        let written = async {
            let mut bundle = Bundle::new(BufWriter::new(file), self.made(context));
            cases.write(lake, &mut bundle, chains).await?;
            let (out, proof) = bundle.finish(chains.digests(), rings, self.later).map_err(failed)?;
            let file = out.into_inner().map_err(|error| writing()(error.into_error()))?;
            file.sync_all().map_err(writing())?;
            fs::rename(&aside, &self.out).map_err(writing())?;
            Ok(proof)
        };
        written.await.inspect_err(|_| drop(fs::remove_file(&aside)))
    }

    fn made(&self, context: &Context) -> Made {
        Made {
            at: outside::now(),
            program: format!("trailkeep {}", env!("CARGO_PKG_VERSION")),
            home: context.home_name().to_owned(),
            asked: self.sql.clone().unwrap_or_else(|| self.event.join(", ")),
        }
    }
}

/// Why a bundle could not be written, as a failure of ours.
fn failed(error: EvidenceError) -> Failure {
    match error {
        EvidenceError::TooMany => Failure::usage(error.to_string(), "ask for fewer events"),
        other => Failure::failed(other.to_string(), ""),
    }
}

fn text(written: &Written, context: &Context) -> String {
    let (proof, screen) = (&written.proof, context.screen);
    let of = |proven: u64, all: u64| match (proven, all) {
        (proven, all) if proven == all => format!("{}, all proven", figures::count(all)),
        (proven, all) => format!("{}, {} proven", figures::count(all), figures::count(proven)),
    };
    let keys = if proof.keys_are_of_aws {
        "as AWS gave them"
    } else {
        "not asked of AWS by trailkeep: the README says how to compare them"
    };
    let folder = quoted(Path::new(&written.out).with_extension("").display().to_string().as_str());
    let mut lines = vec![
        screen.bold(&format!("Evidence in {}", clean(&written.out))),
        format!("  records      {}", of(proof.records_proven, proof.records)),
        format!("  log files    {}", of(proof.logs_proven, proof.logs)),
        format!(
            "  digests      {}, {} with a signature that was checked",
            figures::count(proof.digests),
            figures::count(proof.digests_signed)
        ),
        format!("  public keys  {}, {keys}", figures::count(proof.keys)),
    ];
    let told = |word: String, all: &[String]| -> Vec<String> {
        let more = all.len().saturating_sub(REASONS_LISTED_MAX);
        let listed = all.iter().take(REASONS_LISTED_MAX).map(|reason| format!("  {word}  {}", clean(reason)));
        listed.chain((more > 0).then(|| format!("  and {more} more; the README lists them"))).collect()
    };
    lines.extend(told(screen.bad("contradiction"), &proof.contradictions));
    lines.extend(told("not proven".to_owned(), &proof.unproven));
    lines.push(format!("\nCheck it: unzip {} -d {folder} && sh {folder}/verify.sh", quoted(&written.out)));
    lines.join("\n")
}
