//! The statements that make the archive a table of other engines, and the view that shows it nested, as CloudTrail Lake does.

use record::columns::{COLUMNS, Kind};

use crate::schema;

/// An engine that reads the archive by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Amazon Athena (engine v3), which reads Delta tables from Glue's catalog.
    Athena,
    /// DuckDB with its `delta` extension.
    DuckDb,
    /// Apache Spark with Delta.
    Spark,
}

/// The statements for an engine; `location` is the archive's place as the engine sees it.
pub fn ddl(engine: Engine, location: &str) -> String {
    let table = match engine {
        Engine::Athena => {
            format!(
                "CREATE EXTERNAL TABLE trailkeep_archive\nLOCATION '{}/'\nTBLPROPERTIES ('table_type' = 'DELTA');\n",
                quoted(location)
            )
        }
        Engine::DuckDb => {
            format!(
                "INSTALL delta;\nLOAD delta;\nCREATE OR REPLACE VIEW trailkeep_archive AS SELECT * FROM delta_scan('{}');\n",
                quoted(location)
            )
        }
        Engine::Spark => format!("CREATE TABLE IF NOT EXISTS trailkeep_archive\nUSING DELTA\nLOCATION '{}';\n", quoted(location)),
    };
    format!("{table}\n{}", view(engine))
}

/// A location inside single quotes.
fn quoted(text: &str) -> String {
    text.trim_end_matches('/').replace('\'', "''")
}

/// The nested view: one column a top-level field, structs put together from flat columns.
fn view(engine: Engine) -> String {
    let mut columns: Vec<String> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for spec in COLUMNS.iter().filter(|spec| spec.kind != Kind::Hot) {
        let top = spec.path.split('.').next().unwrap_or(spec.path);
        if seen.iter().any(|name| name == top) {
            continue;
        }
        seen.push(top.to_owned());
        columns.push(match structure(engine, &format!("{}_", top.to_lowercase())) {
            Some(structure) => format!("  {structure} AS {top}"),
            None => format!("  {} AS {top}", top.to_lowercase()),
        });
    }
    columns.push(format!("  {}", schema::EVENT_DAY));
    format!(
        "CREATE OR REPLACE VIEW trailkeep_events AS\nSELECT\n{}\nFROM trailkeep_archive\nWHERE membership % 2 <> 0;\n",
        columns.join(",\n")
    )
}

fn structure(engine: Engine, prefix: &str) -> Option<String> {
    let below: Vec<_> = COLUMNS.iter().filter(|spec| spec.kind != Kind::Hot && spec.name.starts_with(prefix)).collect();
    if below.is_empty() {
        return None;
    }
    let depth = prefix.matches('_').count();
    let mut fields: Vec<(String, String, String)> = Vec::new();
    for spec in below {
        let name = spec.path.split('.').nth(depth)?.to_owned();
        if fields.iter().any(|(known, ..)| *known == name) {
            continue;
        }
        let inner_prefix = format!("{prefix}{}_", name.to_lowercase());
        match structure(engine, &inner_prefix) {
            Some(inner) => fields.push((name, inner, athena_type(&inner_prefix))),
            None => fields.push((name, spec.name.to_owned(), sql_type(spec.kind).to_owned())),
        }
    }
    Some(written(engine, &fields))
}

fn written(engine: Engine, fields: &[(String, String, String)]) -> String {
    let each = |one: &dyn Fn(&(String, String, String)) -> String| fields.iter().map(one).collect::<Vec<_>>().join(", ");
    match engine {
        Engine::DuckDb => format!("struct_pack({})", each(&|(name, value, _)| format!("{name} := {value}"))),
        Engine::Spark => format!("named_struct({})", each(&|(name, value, _)| format!("'{name}', {value}"))),
        Engine::Athena => {
            let values = each(&|(_, value, _)| value.clone());
            let types = each(&|(name, _, kind)| format!("{name} {kind}"));
            format!("CAST(ROW({values}) AS ROW({types}))")
        }
    }
}

fn athena_type(prefix: &str) -> String {
    let depth = prefix.matches('_').count();
    let mut fields: Vec<String> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for spec in COLUMNS.iter().filter(|spec| spec.kind != Kind::Hot && spec.name.starts_with(prefix)) {
        let Some(name) = spec.path.split('.').nth(depth) else { continue };
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let inner = format!("{prefix}{}_", name.to_lowercase());
        let is_struct = COLUMNS.iter().any(|other| other.name.starts_with(&inner));
        fields.push(format!("{name} {}", if is_struct { athena_type(&inner) } else { sql_type(spec.kind).to_owned() }));
    }
    format!("ROW({})", fields.join(", "))
}

fn sql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "boolean",
        Kind::Time => "timestamp",
        Kind::Text | Kind::Doc | Kind::Hot => "varchar",
    }
}
