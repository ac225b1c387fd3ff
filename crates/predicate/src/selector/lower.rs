//! Selectors in the common form. One selector is enough; all of its fields must hold; `resources.type` and `resources.ARN` speak of the
//! same entry of `resources`. AWS does not say what holds of a field that an event lacks: here it passes what must not be and fails the rest.

use crate::{Case, Check, Expr, Glob, Missing, Path};

use super::advanced::{AdvancedEventSelector, FieldSelector, Operator};
use super::basic::{DataResource, EventSelector};
use super::document::Selectors;
use super::fields::Category;

/// The events that are kept; `None` for Insights selectors, which keep none.
pub fn lower(selectors: &Selectors) -> Option<Expr> {
    match selectors {
        Selectors::Basic(list) => Some(Expr::Any(list.iter().flat_map(basic).collect())),
        Selectors::Advanced(list) => Some(Expr::Any(list.iter().map(advanced).collect())),
        Selectors::Insight(_) => None,
    }
}

fn advanced(selector: &AdvancedEventSelector) -> Expr {
    let is_of_resource = |field: &&FieldSelector| field.field.starts_with("resources.");
    let mut all: Vec<Expr> = selector.field_selectors.iter().filter(|field| !is_of_resource(field)).map(one_field).collect();
    let of_resource: Vec<Expr> = selector.field_selectors.iter().filter(is_of_resource).map(one_of_resource).collect();
    if !of_resource.is_empty() {
        all.push(Expr::Element(Path::strict("resources"), Box::new(Expr::All(of_resource))));
    }
    Expr::All(all)
}

fn one_field(selector: &FieldSelector) -> Expr {
    if selector.field == "eventCategory" {
        return Expr::Any(selector.equals.iter().map(|name| category(name)).collect());
    }
    conditions(selector, &[&selector.field])
}

/// A record says for some calls only how the ARNs begin that it was about (`ARNPrefix`).
fn one_of_resource(selector: &FieldSelector) -> Expr {
    let key = selector.field.trim_start_matches("resources.");
    if key == "ARN" { conditions(selector, &["ARN", "ARNPrefix"]) } else { conditions(selector, &[key]) }
}

/// One of the positive values must hold at one of the paths, and no negative one at any.
fn conditions(selector: &FieldSelector, paths: &[&str]) -> Expr {
    let (mut positive, mut all) = (Vec::new(), Vec::new());
    for (operator, values) in selector.conditions() {
        for value in values {
            for path in paths.iter().map(|path| Path::strict(path)) {
                let check = Check::Text(glob(operator, value), Case::Exact);
                if operator.is_negative() {
                    all.push(Expr::fails(path, check, Missing::Passes));
                } else {
                    positive.push(Expr::Test(path, check));
                }
            }
        }
    }
    if !positive.is_empty() {
        all.push(Expr::Any(positive));
    }
    Expr::All(all)
}

fn glob(operator: Operator, value: &str) -> Glob {
    match operator {
        Operator::Equals | Operator::NotEquals => Glob::exact(value),
        Operator::StartsWith | Operator::NotStartsWith => Glob::prefix(value),
        Operator::EndsWith | Operator::NotEndsWith => Glob::suffix(value),
    }
}

/// Records before version 1.07 have no category; `managementEvent` came with 1.06, and before that there were no data events to tell.
fn category(name: &str) -> Expr {
    let named = text("eventCategory", name);
    let unnamed = Expr::not(Expr::Test(Path::strict("eventCategory"), Check::Exists));
    let is_data = Expr::Test(Path::strict("managementEvent"), Check::Is(false));
    match Category::of(name) {
        Some(Category::Management) => {
            let others = ["AwsCloudTrailInsight", "AwsVpceEvent", "AwsVpceEvents"].map(|kind| text("eventType", kind));
            Expr::Any(vec![named, Expr::All(vec![unnamed, Expr::not(is_data), Expr::not(Expr::Any(others.to_vec()))])])
        }
        Some(Category::Data) => Expr::Any(vec![named, Expr::All(vec![unnamed, is_data])]),
        Some(Category::Insight) => Expr::Any(vec![named, Expr::All(vec![unnamed, text("eventType", "AwsCloudTrailInsight")])]),
        _ => named,
    }
}

fn text(path: &str, value: &str) -> Expr {
    Expr::Test(Path::strict(path), Check::Text(Glob::exact(value), Case::Exact))
}

/// A basic selector: management events if it includes them, and data events of its resources.
fn basic(selector: &EventSelector) -> Vec<Expr> {
    let read_only = selector.read_write_type.read_only().map(|wanted| text("readOnly", if wanted { "true" } else { "false" }));
    let mut kept = Vec::new();
    if selector.include_management_events {
        let mut all = vec![category("Management")];
        all.extend(read_only.clone());
        all.extend(selector.exclude_management_event_sources.iter().map(|source| Expr::not(text("eventSource", source))));
        kept.push(Expr::All(all));
    }
    for resource in &selector.data_resources {
        let mut all = vec![category("Data")];
        all.extend(read_only.clone());
        let entry =
            Expr::All(vec![text("type", &resource.kind), Expr::Any(resource.values.iter().map(|v| arn(resource, v)).collect())]);
        all.push(Expr::Element(Path::strict("resources"), Box::new(entry)));
        kept.push(Expr::All(all));
    }
    kept
}

/// Values of S3 are prefixes; those of Lambda and DynamoDB are whole ARNs, behind which a version or an index may follow.
fn arn(resource: &DataResource, value: &str) -> Expr {
    if resource.stands_for_all(value) {
        return Expr::always();
    }
    let at = |key: &str, glob: Glob| Expr::Test(Path::strict(key), Check::Text(glob, Case::Exact));
    match resource.service() {
        Some("s3") => Expr::Any(vec![at("ARN", Glob::prefix(value)), at("ARNPrefix", Glob::prefix(value))]),
        Some("lambda") => Expr::Any(vec![at("ARN", Glob::exact(value)), at("ARN", Glob::prefix(&format!("{value}:")))]),
        _ => Expr::Any(vec![at("ARN", Glob::exact(value)), at("ARN", Glob::prefix(&format!("{value}/")))]),
    }
}
