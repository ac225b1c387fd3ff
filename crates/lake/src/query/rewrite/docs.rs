//! Documents of events (`requestParameters`, `resources`, ...) where a function takes them for the map or list that they are in Lake.
//!
//! A hot key is read from its own column; other keys are looked up in the text. `resources` and `eventContext.tagContext.resourceTags` are lists
//! of rows to every function of lists.

use datafusion::sql::sqlparser::ast::{Expr, Function};

use super::paths;
use crate::query::build;
use crate::query::dialect::{CAST, TRY_CAST};

/// Name of the function that makes `resources` a list of rows.
pub const RESOURCES: &str = "lake_resources";
/// Name of the function that makes `eventContext.tagContext.resourceTags` a list of rows.
pub const RESOURCE_TAGS: &str = "lake_resource_tags";

/// `element_at(requestParameters, 'bucketName')` is a column.
pub fn hot_key(function: &Function) -> Option<Expr> {
    let args = build::args_of(function)?;
    let [doc, key] = args.as_slice() else { return None };
    let column = paths::hot(paths::document(doc)?, build::text_of(key)?)?;
    Some(match doc {
        Expr::CompoundIdentifier(parts) => {
            let relation = parts.first().map(|part| part.value.clone());
            paths::reference(relation.as_deref(), column)
        }
        _ => paths::reference(None, column),
    })
}

/// Wraps a first argument that is a list of rows.
pub fn first_as_rows(function: &mut Function) {
    if let Some(first) = build::args_mut(function).into_iter().next() {
        as_rows(first);
    }
}

/// Wraps an expression that is a list of rows.
pub fn as_rows(expr: &mut Expr) {
    let wrapper = match () {
        () if paths::document(expr) == Some("resources") => RESOURCES,
        () if is_resource_tags(expr) => RESOURCE_TAGS,
        () => return,
    };
    let inner = std::mem::replace(expr, build::nothing());
    *expr = build::call(wrapper, vec![inner]);
}

/// `resources[1]`: the element of a list of rows, where a document's element would be text.
pub fn element_of_rows(function: &mut Function) {
    let is_by_key = build::args_of(function).and_then(|args| args.get(1).map(|key| build::text_of(key).is_some())).unwrap_or(true);
    if !is_by_key {
        first_as_rows(function);
    }
}

fn is_resource_tags(expr: &Expr) -> bool {
    let Expr::Function(function) = expr else { return false };
    let is_field = build::name_of(function).as_deref() == Some(crate::query::functions::FIELD);
    let args = build::args_of(function).unwrap_or_default();
    is_field && args.get(1).and_then(|name| build::text_of(name)).is_some_and(|name| name.eq_ignore_ascii_case("resourceTags"))
}

/// `CAST(requestParameters AS JSON)` is the document, not a JSON string that holds its text.
pub fn cast_as_json(function: &Function) -> Option<Expr> {
    let args = build::args_of(function)?;
    let [value, kind] = args.as_slice() else { return None };
    let name = build::name_of(function)?;
    let is_cast = name == CAST || name == TRY_CAST;
    (is_cast && build::text_of(kind) == Some("json") && paths::document(value).is_some())
        .then(|| build::call("json_parse", vec![(*value).clone()]))
}
