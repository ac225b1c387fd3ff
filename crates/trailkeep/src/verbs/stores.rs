//! `trailkeep stores`

mod import;
mod shown;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use lake::Lake;
use lake::stores::{BillingMode, Changes, NewStore, Store};
use serde_json::Value;

use super::collect::{SummaryFormat, summary};
use super::compact::told;
use crate::exit::{Exit, Failure};
use crate::settings::Context;
use crate::{lakes, output, sealing};

/// Largest document of selectors that is read, in bytes.
const SELECTORS_SIZE_BYTES_MAX: u64 = 1 << 20;

/// Event data stores: which records of the lake a store holds, and for how long.
///
/// Every home has the store `events`, which holds every record: log files are rebuilt and proven from it. Another store holds what its
/// advanced event selectors choose (management events, if none are given), for its own retention, counted from the time of the
/// event. A store costs no copy: it is one bit in every row. It takes in what is collected from now on; `import` brings in what is
/// in the lake already. In SQL a store is a table, by its name, its id or its ARN. The rules are those of CloudTrail Lake.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep stores                                          what there is
  trailkeep stores create s3-writes --selectors s3.json --retention-days 90
  trailkeep stores import s3-writes --since 30d             what is in the lake already
  trailkeep query \"SELECT eventName, count(*) FROM \\\"s3-writes\\\" GROUP BY 1\"
  trailkeep stores update s3-writes --no-termination-protection
  trailkeep stores delete s3-writes                         gone in 7 days; `restore` takes it back")]
pub struct Stores {
    #[command(subcommand)]
    action: Option<Action>,

    /// Format
    #[arg(short, long, global = true, value_name = "FORMAT", default_value = "table")]
    output: SummaryFormat,
}

/// What to do with stores.
#[derive(Debug, Subcommand)]
enum Action {
    /// List the stores
    List,
    /// Show one store, with its selectors
    Get {
        /// Its name, id or ARN
        store: String,
    },
    /// Make a store
    Create(Create),
    /// Change a store
    Update(Update),
    /// Delete a store in 7 days
    Delete {
        /// Its name, id or ARN
        store: String,
    },
    /// Take a deletion back
    Restore {
        /// Its name, id or ARN
        store: String,
    },
    /// Let a store take records in again
    Start {
        /// Its name, id or ARN
        store: String,
    },
    /// Let a store take no more records in
    Stop {
        /// Its name, id or ARN
        store: String,
    },
    /// Bring records into a store that are in the lake already
    Import(import::Import),
}

/// A new store.
#[derive(Args, Debug)]
struct Create {
    /// Its name: 3 to 128 letters, digits, `.`, `_`, `-`
    name: String,
    /// Days that it keeps an event, from the time of the event [default: 366, or 2557 with fixed pricing]
    #[arg(long, value_name = "DAYS")]
    retention_days: Option<u32>,
    /// Advanced event selectors, as `aws cloudtrail create-event-data-store --advanced-event-selectors` takes them
    #[arg(long, value_name = "FILE")]
    selectors: Option<PathBuf>,
    /// Bounds of the retention: 7 to 3653 days, or 7 to 2557
    #[arg(long, value_name = "MODE", default_value = "extendable")]
    billing_mode: Mode,
    /// Let it be deleted without further ado
    #[arg(long)]
    no_termination_protection: bool,
    /// Take nothing in until `stores start`
    #[arg(long)]
    no_start_ingestion: bool,
}

/// Changes to a store.
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
struct Update {
    /// Its name, id or ARN
    #[arg(group = "which")]
    store: String,
    /// Another name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Another retention, in days: 7 to 3653, or 7 to 2557 with fixed pricing
    #[arg(long, value_name = "DAYS")]
    retention_days: Option<u32>,
    /// Other selectors; they choose among what comes from now on
    #[arg(long, value_name = "FILE")]
    selectors: Option<PathBuf>,
    /// Bounds of the retention
    #[arg(long, value_name = "MODE")]
    billing_mode: Option<Mode>,
    /// Protect it from deletion
    #[arg(long, conflicts_with = "no_termination_protection")]
    termination_protection: bool,
    /// Let it be deleted
    #[arg(long)]
    no_termination_protection: bool,
}

/// Billing modes as the command line spells them.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    /// EXTENDABLE_RETENTION_PRICING
    Extendable,
    /// FIXED_RETENTION_PRICING
    Fixed,
}

impl Stores {
    /// Does what was asked for, and shows what came of it.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let lake = lakes::open(context).await?;
        let store = match self.action.unwrap_or(Action::List) {
            Action::List => return shown::list(&lake.stores().await?, self.output, context.screen).map(|()| Exit::Fine),
            Action::Import(import) => return import.run(&lake, self.output, context).await,
            Action::Get { store } => return show(&lake.store(&store).await?, self.output, context),
            Action::Create(create) => lake.create_store(&create.wanted()?).await?,
            Action::Update(update) => update.run(&lake).await?,
            Action::Delete { store } => lake.delete_store(&store).await?,
            Action::Restore { store } => lake.restore_store(&store).await?,
            Action::Start { store } => lake.start_ingestion(&store).await?,
            Action::Stop { store } => lake.stop_ingestion(&store).await?,
        };
        sealing::seal(&lake, context).await;
        show(&store, self.output, context)
    }
}

fn show(store: &Store, format: SummaryFormat, context: &Context) -> Result<Exit, Failure> {
    match format {
        SummaryFormat::Json => output::line(summary::to_json(&shown::Described::of(store))?)?,
        SummaryFormat::Table => output::line(shown::text(store, context.screen))?,
    }
    Ok(Exit::Fine)
}

impl From<Mode> for BillingMode {
    fn from(mode: Mode) -> BillingMode {
        match mode {
            Mode::Extendable => BillingMode::ExtendableRetention,
            Mode::Fixed => BillingMode::FixedRetention,
        }
    }
}

impl Create {
    fn wanted(&self) -> Result<NewStore, Failure> {
        Ok(NewStore {
            name: self.name.clone(),
            retention_days: self.retention_days,
            advanced_event_selectors: self.selectors.as_deref().map(document).transpose()?,
            billing_mode: self.billing_mode.into(),
            termination_protection: !self.no_termination_protection,
            start_ingestion: !self.no_start_ingestion,
        })
    }
}

impl Update {
    /// Changes the store, and says what a shorter retention will remove.
    async fn run(&self, lake: &Lake) -> Result<Store, Failure> {
        let before = lake.expiring(None).await?;
        let store = lake.update_store(&self.store, &self.wanted()?).await?;
        let after = lake.expiring(None).await?;
        if after.days > before.days {
            output::note(format!(
                "queries leave out {} now, and the next `trailkeep compact` removes them for good; a longer retention takes that back",
                told(&after)
            ));
        }
        Ok(store)
    }

    fn wanted(&self) -> Result<Changes, Failure> {
        let protection = match (self.termination_protection, self.no_termination_protection) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        };
        Ok(Changes {
            name: self.name.clone(),
            retention_days: self.retention_days,
            advanced_event_selectors: self.selectors.as_deref().map(document).transpose()?,
            billing_mode: self.billing_mode.map(BillingMode::from),
            termination_protection: protection,
        })
    }
}

/// A JSON document from a file.
fn document(path: &Path) -> Result<Value, Failure> {
    let name = path.display();
    let size = std::fs::metadata(path).map_err(Failure::reading(&name))?.len();
    if size > SELECTORS_SIZE_BYTES_MAX {
        return Err(Failure::usage(
            format!("`{name}` is longer than {SELECTORS_SIZE_BYTES_MAX} bytes"),
            "give a document of selectors",
        ));
    }
    let text = std::fs::read(path).map_err(Failure::reading(&name))?;
    serde_json::from_slice(&text).map_err(|error| {
        Failure::usage(
            format!("`{name}` is no JSON: {error}"),
            "give advanced event selectors, as `aws cloudtrail get-event-data-store` prints them",
        )
    })
}
