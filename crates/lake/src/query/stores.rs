//! Which table a name in FROM stands for. The one place that knows.
//!
//! A store is known by its name, its ID and its ARN. A query that names another ID is most likely one that was written for CloudTrail Lake
//! itself, or one of AWS's samples with its placeholder still in it: where there is only one store, it answers, and a note says so. Where
//! there are several, an unknown ID is an error that names them.

use std::collections::BTreeMap;

use super::errors::{SqlError, nearest};
use super::{DELIVERIES, EVENTS, VERDICTS};
use crate::stores::{Store, StoreStatus};

/// The tables of a query by the names that they have: name and ID of a store in lower case, to the table's name.
#[derive(Clone, Debug)]
pub struct Stores {
    tables: BTreeMap<String, String>,
    /// Stores that wait for their deletion, by name and ID.
    pending: Vec<String>,
    names: Vec<String>,
}

/// A name that was understood.
#[derive(Debug, PartialEq)]
pub struct Named {
    /// The table.
    pub table: String,
    /// What the reader should know.
    pub note: Option<String>,
}

/// What the tables of stores other than the default one begin with.
const STORE_TABLE: &str = "lake_store_";

/// The table of a store.
pub fn table_of(store: &Store) -> String {
    if store.is_events() { EVENTS.to_owned() } else { format!("{STORE_TABLE}{}", store.bit) }
}

/// Whether a table holds events.
pub fn is_of_events(table: &str) -> bool {
    table == EVENTS || table.starts_with(STORE_TABLE)
}

impl Stores {
    /// The tables over these stores.
    pub fn of(stores: &[Store]) -> Stores {
        let mut tables: BTreeMap<String, String> =
            [EVENTS, DELIVERIES, VERDICTS].map(|name| (name.to_owned(), name.to_owned())).into();
        let mut pending = Vec::new();
        let mut names = Vec::new();
        for store in stores {
            let own = [&store.name, &store.id].into_iter().filter(|name| !name.is_empty()).map(|name| name.to_lowercase());
            if store.status == StoreStatus::PendingDeletion {
                pending.extend(own);
                continue;
            }
            names.push(store.name.clone());
            tables.extend(own.map(|name| (name, table_of(store))));
        }
        if names.is_empty() {
            names.push(EVENTS.to_owned());
        }
        Stores { tables, pending, names }
    }

    /// The table that a name stands for.
    pub fn table(&self, name: &str) -> Result<Named, SqlError> {
        let wanted = name.to_lowercase();
        let id = id_of(&wanted);
        if let Some(table) = self.tables.get(id) {
            return Ok(Named { table: table.clone(), note: None });
        }
        // `"aws:cloudtrail"."<ID>"`, as Athena knows the stores of Lake, and `default.events`.
        if let Some((_, behind)) = wanted.rsplit_once('.')
            && let Some(table) = self.tables.get(behind)
        {
            return Ok(Named { table: table.clone(), note: None });
        }
        if self.pending.iter().any(|pending| pending == id) {
            let hint = "bring it back with `trailkeep stores restore`";
            return Err(SqlError::new(format!("the store `{name}` waits for its deletion and cannot be asked"))
                .named(name)
                .hint(hint));
        }
        match self.names.as_slice() {
            [only] if is_store_id(&wanted) => {
                let note = format!("`{name}` is answered by the store `{only}`, the only one here");
                Ok(Named { table: EVENTS.to_owned(), note: Some(note) })
            }
            names if is_store_id(&wanted) => {
                let hint = format!("the stores are {}", names.join(", "));
                Err(SqlError::new(format!("there is no store `{name}`")).named(name).hint(hint))
            }
            _ => Err(self.unknown(name)),
        }
    }

    fn unknown(&self, name: &str) -> SqlError {
        let names: Vec<&str> = self.tables.keys().map(String::as_str).collect();
        let hint = match nearest(name, names.iter().copied()).first() {
            Some(near) => format!("did you mean `{near}`?"),
            None if name.to_lowercase().contains("trail") => "events are in the table `events`: write FROM events".to_owned(),
            None => {
                "the tables are `events` (one row a record), `deliveries` (one row a log file or digest), `verdicts` and the stores"
                    .to_owned()
            }
        };
        SqlError::new(format!("there is no table `{name}`")).named(name).hint(hint)
    }
}

/// The ID at the end of an ARN.
fn id_of(name: &str) -> &str {
    name.rsplit_once("eventdatastore/").map_or(name, |(_, id)| id)
}

/// Whether a name has the shape of a store's ID or ARN, or is how AWS's samples and pages stand for one.
fn is_store_id(name: &str) -> bool {
    let id = id_of(name);
    let parts: Vec<&str> = id.split('-').collect();
    let uuid_like =
        parts.len() == 5 && parts.iter().all(|part| part.len() >= 4 && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let short_example = parts.len() >= 3 && id.ends_with("example");
    let bare: String = id.chars().filter(|letter| letter.is_ascii_alphanumeric()).collect();
    let stands_for_one = bare.contains("eventdatastore") || (bare.starts_with("eds") && bare.len() <= 6) || bare == "yourdatastore";
    name.starts_with('$') || name.starts_with('<') || uuid_like || short_example || stands_for_one || id.len() < name.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ids() {
        let stores = Stores::of(&[Store::events()]);
        assert_eq!(stores.table("Events").unwrap(), Named { table: EVENTS.to_owned(), note: None });
        assert_eq!(stores.table("deliveries").unwrap().table, DELIVERIES);
        for id in [
            "5e2676f8-9fce-46ef-8142-3e36a94e6691",
            "abcd1234-5678-90ab-cdef-EXAMPLE11111",
            "EXAMPLE-ee54-4813-92d5-999aeEXAMPLE",
            "$EDS_ID",
            "<EDS ID>",
            "<Event data store Id>",
            "event_data_store_ID",
            "eds-ID",
            "EDS1",
            "arn:aws:cloudtrail:us-east-1:111122223333:eventdatastore/EXAMPLE-f852-4e8f-8bd1-bcf6cEXAMPLE",
        ] {
            let named = stores.table(id).unwrap();
            assert!(named.table == EVENTS && named.note.unwrap().contains(id), "{id}");
        }
        for behind in ["default.events", "aws:cloudtrail.events", "awsdatacatalog.default.events"] {
            assert_eq!(stores.table(behind).unwrap().table, EVENTS, "{behind}");
        }
        assert!(stores.table("cloudtrail_logs").unwrap_err().to_string().ends_with("write FROM events"));
        assert_eq!(stores.table("evnts").unwrap_err().to_string(), "there is no table `evnts`; did you mean `events`?");
        for other in ["default.awsconfig", "awsconfig", "a-b", "x"] {
            assert!(stores.table(other).is_err(), "{other}");
        }
    }

    #[test]
    fn of_several_stores_only_a_known_one_answers() {
        let id = "5e2676f8-9fce-46ef-8142-3e36a94e6691".to_owned();
        let other = Store { name: "S3-writes".to_owned(), bit: 3, id, ..Store::events() };
        let stores = Stores::of(&[Store::events(), other.clone()]);
        for name in [
            "s3-writes",
            "5E2676F8-9fce-46ef-8142-3e36a94e6691",
            "arn:aws:cloudtrail:x:1:eventdatastore/5e2676f8-9fce-46ef-8142-3e36a94e6691",
        ] {
            assert_eq!(stores.table(name).unwrap(), Named { table: "lake_store_3".to_owned(), note: None });
        }
        let unknown = stores.table("6e2676f8-9fce-46ef-8142-3e36a94e6691").unwrap_err();
        assert!(unknown.to_string().ends_with("; the stores are events, S3-writes"), "{unknown}");
        let gone = Store { status: StoreStatus::PendingDeletion, ..other };
        assert!(
            Stores::of(&[Store::events(), gone]).table("s3-writes").unwrap_err().to_string().contains("waits for its deletion")
        );
    }
}
