//! AWS's nested paths and the flat columns behind them.
//!
//! `userIdentity.sessionContext.sessionIssuer.arn` is one flat column; `userIdentity` alone is a struct put together from its columns;
//! `requestParameters` is a document whose keys are looked up in its text, but for the hot keys, which are columns too.

use datafusion::sql::sqlparser::ast::{Expr, Ident};
use record::columns::{COLUMNS, Kind, Spec};

use super::insights;
use crate::query::build;
use crate::query::errors::SqlError;
use crate::query::event_json;
use crate::rebuild::needed_columns;
use crate::schema;

/// Fields of `eventData` that only a store of AWS Config's items has.
const CONFIGURATION_ITEM: [&str; 8] = [
    "configurationitemversion",
    "configurationitemcapturetime",
    "configurationitemstatus",
    "configurationitemmd5hash",
    "resourcetype",
    "resourceid",
    "configuration",
    "supplementaryconfiguration",
];

/// Each top-level field of an event once, as AWS spells it.
pub fn top_level_fields() -> Vec<&'static str> {
    let mut seen: Vec<&str> = Vec::new();
    for spec in COLUMNS.iter().filter(|spec| spec.kind != Kind::Hot) {
        let top = spec.path.split('.').next().unwrap_or(spec.path);
        if !seen.contains(&top) {
            seen.push(top);
        }
    }
    seen
}

/// All paths as AWS spells them.
pub fn all() -> Vec<&'static str> {
    COLUMNS.iter().map(|spec| spec.path).chain(top_level_fields()).chain(["eventJson"]).chain(insights::names()).collect()
}

/// Whether a name begins a path of an event.
pub fn is_top_level(name: &str) -> bool {
    name == "eventjson" || insights::names().chain(top_level_fields()).any(|field| field.eq_ignore_ascii_case(name))
}

/// A column by its physical name.
pub fn column(name: &str) -> Option<&'static Spec> {
    COLUMNS.iter().find(|spec| spec.name == name)
}

/// The expression for a path (in lower case, with the written case beside it), behind a relation's name or none.
pub fn expression(relation: Option<&str>, parts: &[Ident]) -> Result<Option<Expr>, SqlError> {
    let lower: Vec<String> = parts.iter().map(|part| part.value.to_lowercase()).collect();
    for length in (1..=lower.len()).rev() {
        let (known, rest) = (lower.get(..length).unwrap_or_default(), parts.get(length..).unwrap_or_default());
        let name = known.join("_");
        let found = column(&name).map(|spec| (spec, reference(relation, spec.name)));
        match found {
            Some((_, found)) if rest.is_empty() => return Ok(Some(found)),
            Some((spec, found)) if matches!(spec.kind, Kind::Doc | Kind::Hot) => {
                refuse_configuration_items(spec, rest)?;
                refuse_fields_of_a_list(spec, rest)?;
                return Ok(Some(rest.iter().fold(found, |from, part| field(from, &part.value))));
            }
            _ => {}
        }
    }
    let name = lower.join("_");
    if name == "eventjson" {
        let columns = needed_columns().into_iter().map(|name| reference(relation, name)).collect();
        return Ok(Some(build::call(event_json::NAME, columns)));
    }
    if lower.len() == 1 && schema::is_placement(&name) {
        return Ok(Some(reference(relation, &name)));
    }
    match insights::expression(relation, parts)? {
        Some(found) => Ok(Some(found)),
        None => Ok(structure(relation, &name)),
    }
}

/// A column of a relation.
pub fn reference(relation: Option<&str>, name: &str) -> Expr {
    match relation {
        Some(relation) => Expr::CompoundIdentifier(vec![build::name(relation), build::name(name)]),
        None => Expr::Identifier(build::name(name)),
    }
}

/// A field of whatever an expression is.
pub fn field(from: Expr, name: &str) -> Expr {
    build::call(crate::query::functions::FIELD, vec![from, build::text(name)])
}

fn refuse_configuration_items(spec: &Spec, rest: &[Ident]) -> Result<(), SqlError> {
    let field = rest.first().map(|part| part.value.to_lowercase()).unwrap_or_default();
    if spec.name != "eventdata" || !CONFIGURATION_ITEM.contains(&field.as_str()) {
        return Ok(());
    }
    let what = format!("`{}.{field}` is a field of AWS Config's configuration items, and no store here holds those", spec.path);
    let hint = "the stores hold CloudTrail's events; ask AWS Config itself for configuration items";
    Err(SqlError::new(what).named(rest.first().map_or("", |part| &part.value)).hint(hint))
}

fn refuse_fields_of_a_list(spec: &Spec, rest: &[Ident]) -> Result<(), SqlError> {
    let Some(field) = rest.first().filter(|_| spec.name == "resources") else { return Ok(()) };
    let what = format!("`resources` is a list of rows; it has no field `{}` itself", field.value);
    let hint = "ask its elements: any_match(resources, r -> r.arn LIKE 'arn:aws:s3:::%'), or CROSS JOIN UNNEST(resources) AS r";
    Err(SqlError::new(what).named(&field.value).hint(hint))
}

/// The fields of a struct by its path, as AWS spells them; none of what is no struct.
pub fn fields_of(parts: &[Ident]) -> Vec<&'static str> {
    let name = parts.iter().map(|part| part.value.to_lowercase()).collect::<Vec<_>>().join("_");
    if column(&name).is_some() {
        return Vec::new();
    }
    let depth = parts.len();
    let spelled = |spec: &Spec| spec.path.split('.').nth(depth);
    fields_below(&name)
        .into_iter()
        .filter_map(|(_, path)| {
            let within = format!("{path}_");
            COLUMNS.iter().find(|spec| spec.name == path || spec.name.starts_with(&within)).and_then(spelled)
        })
        .collect()
}

/// `named_struct(...)` over the columns below a path.
fn structure(relation: Option<&str>, name: &str) -> Option<Expr> {
    let mut args = Vec::new();
    for (field, inner) in fields_below(name) {
        args.push(build::text(field));
        args.push(structure(relation, &inner).unwrap_or_else(|| reference(relation, &inner)));
    }
    (!args.is_empty()).then(|| build::call("named_struct", args))
}

/// Whether a path is a struct.
pub fn is_structure(parts: &[Ident]) -> bool {
    let name = parts.iter().map(|part| part.value.to_lowercase()).collect::<Vec<_>>().join("_");
    column(&name).is_none() && !fields_below(&name).is_empty()
}

/// All flat columns below a struct's path.
pub fn columns_below(relation: Option<&str>, parts: &[Ident]) -> Vec<Expr> {
    let prefix = format!("{}_", parts.iter().map(|part| part.value.to_lowercase()).collect::<Vec<_>>().join("_"));
    let below = COLUMNS.iter().filter(|spec| spec.kind != Kind::Hot && spec.name.starts_with(&prefix));
    below
        .map(|spec| build::call(crate::query::dialect::CAST, vec![reference(relation, spec.name), build::text("varchar")]))
        .collect()
}

/// The fields directly below a path, each with the path that it stands for.
fn fields_below(name: &str) -> Vec<(&'static str, String)> {
    let prefix = format!("{name}_");
    let mut fields: Vec<(&'static str, String)> = Vec::new();
    for spec in COLUMNS.iter().filter(|spec| spec.kind != Kind::Hot) {
        let Some(field) = spec.name.strip_prefix(&prefix).and_then(|rest| rest.split('_').next()) else { continue };
        if !fields.iter().any(|(known, _)| *known == field) {
            fields.push((field, format!("{prefix}{field}")));
        }
    }
    fields
}

/// The column that holds a key of a document, if the key is a hot one.
pub fn hot(doc: &str, key: &str) -> Option<&'static str> {
    let path = format!("{}.{key}", column(doc)?.path);
    COLUMNS.iter().find(|spec| spec.kind == Kind::Hot && spec.path == path).map(|spec| spec.name)
}

/// The physical name behind an expression that is a document of an event.
pub fn document(expr: &Expr) -> Option<&'static str> {
    let name = match expr {
        Expr::Identifier(name) => &name.value,
        Expr::CompoundIdentifier(parts) => &parts.last()?.value,
        Expr::Nested(inner) => return document(inner),
        _ => return None,
    };
    column(&name.to_lowercase()).filter(|spec| spec.kind == Kind::Doc).map(|spec| spec.name)
}
