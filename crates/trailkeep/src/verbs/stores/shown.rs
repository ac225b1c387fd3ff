//! Stores as they are shown: in AWS's words, with AWS's states.

use chrono::{DateTime, SecondsFormat};
use lake::stores::{BillingMode, Store};
use serde::Serialize;
use serde_json::Value;

use crate::exit::Failure;
use crate::output::{Align, Screen, Table};
use crate::verbs::collect::{SummaryFormat, summary};
use crate::{figures, output};

/// A store in the words of GetEventDataStore.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Described<'a> {
    name: &'a str,
    id: &'a str,
    status: String,
    kind: String,
    retention_period: Option<u32>,
    billing_mode: BillingMode,
    termination_protection_enabled: bool,
    advanced_event_selectors: Option<&'a Value>,
    created_timestamp: Option<String>,
    updated_timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion_timestamp: Option<String>,
}

impl<'a> Described<'a> {
    /// What there is to say of a store.
    pub fn of(store: &'a Store) -> Described<'a> {
        Described {
            name: &store.name,
            id: &store.id,
            status: store.status.to_string(),
            kind: store.kind.to_string(),
            retention_period: store.retention_days,
            billing_mode: store.billing_mode,
            termination_protection_enabled: store.termination_protection,
            advanced_event_selectors: store.advanced_event_selectors.as_ref(),
            created_timestamp: moment(store.created_us),
            updated_timestamp: moment(store.updated_us),
            deletion_timestamp: store.gone_us.and_then(moment),
        }
    }
}

fn moment(us: i64) -> Option<String> {
    let time = DateTime::from_timestamp_micros(us).filter(|_| us > 0)?;
    Some(time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// All stores.
pub fn list(stores: &[Store], format: SummaryFormat, screen: Screen) -> Result<(), Failure> {
    match format {
        SummaryFormat::Json => output::line(summary::to_json(&stores.iter().map(Described::of).collect::<Vec<_>>())?),
        SummaryFormat::Table => output::line(table(stores).draw(screen, 0)),
    }
}

fn table(stores: &[Store]) -> Table {
    let columns = [("name", Align::Left), ("id", Align::Left), ("kind", Align::Left), ("status", Align::Left)];
    let mut table = Table::new(
        &[&columns[..], &[("retention", Align::Right), ("protected", Align::Left), ("selectors", Align::Right)]].concat(),
    );
    for store in stores {
        let selectors = store.advanced_event_selectors.as_ref().and_then(Value::as_array).map_or(0, Vec::len);
        table.row([
            store.name.clone(),
            store.id.clone(),
            store.kind.to_string(),
            store.status.to_string(),
            retention(store),
            if store.termination_protection { "yes" } else { "no" }.to_owned(),
            if store.is_events() { "everything".to_owned() } else { selectors.to_string() },
        ]);
    }
    table
}

fn retention(store: &Store) -> String {
    store.retention_days.map_or_else(|| "for ever".to_owned(), |days| figures::counted(u64::from(days), "day"))
}

/// One store.
pub fn text(store: &Store, screen: Screen) -> String {
    let mut lines = vec![screen.bold(&format!("Event data store {}", output::clean(&store.name)))];
    let gone = store.gone_us.and_then(moment).map(|at| format!(", gone at {at}")).unwrap_or_default();
    lines.push(format!("  id          {}", output::clean(&store.id)));
    lines.push(format!("  status      {}{gone}", store.status));
    lines.push(format!("  kind        {}", store.kind));
    lines.push(format!("  retention   {}, from the time of the event", retention(store)));
    lines.push(format!("  protected   {}", if store.termination_protection { "yes" } else { "no" }));
    match &store.advanced_event_selectors {
        None => lines.push("  selectors   none: it holds every record".to_owned()),
        Some(selectors) => {
            let read = predicate::selector::read_value(selectors);
            let pretty = read.map_or_else(|_| selectors.to_string(), |document| predicate::selector::to_json(&document.selectors));
            lines.push("  selectors".to_owned());
            lines.extend(pretty.lines().map(|line| format!("    {}", output::clean(line))));
        }
    }
    lines.join("\n")
}
