//! Which table a name in FROM stands for. The one place that knows.
//!
//! There is one store yet, `events`. A query that names another ID is most likely one that was written for CloudTrail Lake itself, or one
//! of AWS's samples with its placeholder still in it: the one store answers, and a note says so. When there are several, an
//! unknown ID becomes an error that names them.

use std::collections::BTreeMap;

use super::errors::{SqlError, nearest};
use super::{DELIVERIES, EVENTS, VERDICTS};

/// The tables of a query by the names that they have: name, ID and ARN of a store in lower case, to the table's name.
#[derive(Clone, Debug)]
pub struct Stores {
    tables: BTreeMap<String, String>,
    stores: Vec<String>,
}

/// A name that was understood.
#[derive(Debug, PartialEq)]
pub struct Named {
    /// The table.
    pub table: String,
    /// What the reader should know.
    pub note: Option<String>,
}

impl Default for Stores {
    fn default() -> Stores {
        let tables = [EVENTS, DELIVERIES, VERDICTS].map(|name| (name.to_owned(), name.to_owned())).into();
        Stores { tables, stores: vec![EVENTS.to_owned()] }
    }
}

impl Stores {
    /// The table that a name stands for.
    pub fn table(&self, name: &str) -> Result<Named, SqlError> {
        let wanted = name.to_lowercase();
        let known = self.tables.get(&wanted).or_else(|| self.tables.get(id_of(&wanted)));
        if let Some(table) = known {
            return Ok(Named { table: table.clone(), note: None });
        }
        match self.stores.as_slice() {
            [only] if is_store_id(&wanted) => {
                let note = format!("`{name}` is answered by the store `{only}`, the only one here");
                Ok(Named { table: only.clone(), note: Some(note) })
            }
            _ => Err(self.unknown(name)),
        }
    }

    fn unknown(&self, name: &str) -> SqlError {
        let names: Vec<&str> = self.tables.keys().map(String::as_str).collect();
        let hint = match nearest(name, names.iter().copied()).first() {
            Some(near) => format!("did you mean `{near}`?"),
            None => "the tables are `events` (one row a record), `deliveries` (one row a log file) and `verdicts`".to_owned(),
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
        let stores = Stores::default();
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
        assert_eq!(stores.table("evnts").unwrap_err().to_string(), "there is no table `evnts`; did you mean `events`?");
        for other in ["default.awsconfig", "awsconfig", "a-b", "x"] {
            assert!(stores.table(other).is_err(), "{other}");
        }
    }
}
