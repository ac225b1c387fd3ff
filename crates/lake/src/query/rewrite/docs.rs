//! Documents of events (`requestParameters`, `resources`, ...) where a function takes them for the map or list that they are in Lake.
//!
//! A hot key is read from its own column; other keys are looked up in the text. `resources` is a list of rows to every function of lists.

use datafusion::sql::sqlparser::ast::{Expr, Function};

use super::paths;
use crate::query::build;
use crate::query::dialect::{CAST, TRY_CAST};

/// Name of the function that makes `resources` a list of rows.
pub const RESOURCES: &str = "lake_resources";

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

/// Wraps a first argument that is `resources`.
pub fn resources_as_list(function: &mut Function) {
    if let Some(first) = build::args_mut(function).into_iter().next() {
        as_list(first);
    }
}

/// Wraps an expression that is `resources`.
pub fn as_list(expr: &mut Expr) {
    if paths::document(expr) == Some("resources") {
        let inner = std::mem::replace(expr, build::nothing());
        *expr = build::call(RESOURCES, vec![inner]);
    }
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
