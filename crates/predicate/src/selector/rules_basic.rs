//! AWS's rules for basic selectors. Sources: API reference, "EventSelector" and "DataResource".

use super::basic::{DataResource, EventSelector};
use super::fields::EXCLUDABLE;
use super::limits::{BASIC_SELECTORS_MAX, DATA_RESOURCES_MAX};
use super::refusal::{Code, Refusal};

/// Every reason why AWS would not take these selectors.
pub fn check(list: &[EventSelector]) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if list.is_empty() || list.len() > BASIC_SELECTORS_MAX {
        refusals.push(invalid(0, format!("a trail takes 1 to {BASIC_SELECTORS_MAX} event selectors, these are {}", list.len())));
    }
    let counted = list.iter().flat_map(|selector| &selector.data_resources).map(resources_that_count).sum::<usize>();
    if counted > DATA_RESOURCES_MAX {
        let what = format!("all selectors of a trail may name {DATA_RESOURCES_MAX} data resources, these name {counted}");
        refusals.push(invalid(0, what).with_hint("advanced selectors take prefixes and 500 values"));
    }
    for (at, selector) in list.iter().enumerate() {
        one(at + 1, selector, &mut refusals);
    }
    refusals
}

fn invalid(selector: usize, what: impl Into<String>) -> Refusal {
    Refusal::new(Code::InvalidEventSelectors, selector, what)
}

fn resources_that_count(resource: &DataResource) -> usize {
    resource.values.iter().filter(|value| !resource.stands_for_all(value)).count()
}

fn one(index: usize, selector: &EventSelector, refusals: &mut Vec<Refusal>) {
    for source in &selector.exclude_management_event_sources {
        if !EXCLUDABLE.contains(&source.as_str()) {
            let what = format!("management events of `{source}` cannot be left out");
            let refusal = invalid(index, what).of_field("ExcludeManagementEventSources");
            refusals.push(refusal.with_hint(format!("only those of {} can", EXCLUDABLE.join(" and "))));
        }
    }
    for resource in &selector.data_resources {
        one_resource(index, resource, refusals);
    }
}

fn one_resource(index: usize, resource: &DataResource, refusals: &mut Vec<Refusal>) {
    let refuse = |what: String| invalid(index, what).of_field("DataResources");
    let Some(service) = resource.service() else {
        let what = format!("basic selectors have no data events of type `{}`", resource.kind);
        refusals.push(
            refuse(what)
                .with_hint("they know AWS::S3::Object, AWS::Lambda::Function and AWS::DynamoDB::Table; advanced ones know more"),
        );
        return;
    };
    if resource.values.is_empty() {
        refusals.push(
            refuse(format!("`{}` has no values", resource.kind)).with_hint(format!("for all of them write arn:aws:{service}")),
        );
    }
    for value in &resource.values {
        if !resource.stands_for_all(value) && !is_value(service, value) {
            let what = format!("Value {value} for DataResources.Values is invalid");
            refusals.push(refuse(what).with_hint(example(service)));
        }
    }
}

/// Whether a value has the form that its type takes; wildcards have no place in it.
fn is_value(service: &str, value: &str) -> bool {
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    let ["arn", partition, named, region, account, resource] = parts.as_slice() else { return false };
    if !partition.starts_with("aws") || *named != service || resource.is_empty() || value.contains('*') && service != "s3" {
        return false;
    }
    match service {
        "s3" => region.is_empty() && account.is_empty() && resource.split_once('/').is_some_and(|(bucket, _)| is_bucket(bucket)),
        "lambda" => !region.is_empty() && is_account(account) && resource.starts_with("function:"),
        _ => !region.is_empty() && is_account(account) && resource.starts_with("table/"),
    }
}

fn is_bucket(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
}

fn is_account(id: &str) -> bool {
    id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit())
}

fn example(service: &str) -> &'static str {
    match service {
        "s3" => "write arn:aws:s3:::BUCKET/ or arn:aws:s3:::BUCKET/PREFIX; arn:aws:s3 stands for all buckets",
        "lambda" => "write arn:aws:lambda:REGION:ACCOUNT:function:NAME; arn:aws:lambda stands for all functions",
        _ => "write arn:aws:dynamodb:REGION:ACCOUNT:table/NAME; arn:aws:dynamodb stands for all tables",
    }
}
