//! The call as it should be: what was meant, written right, together with what was there.

use predicate::selector::{AdvancedEventSelector, FieldSelector, Owner, Selectors, network_source_of, to_json};

use super::one::keeps_log_deliveries;
use super::{Put, converted};
use crate::witness;
use crate::world;

/// A name for the trail's bucket where the file names none.
pub const SOME_LOG_BUCKET: &str = "YOUR-LOG-BUCKET";

/// The whole command.
pub fn call(put: &Put<'_>) -> String {
    let (json, option) = match complete(put) {
        Selectors::Basic(list) => (to_json(&Selectors::Basic(list)), "--event-selectors"),
        other => (to_json(&other), "--advanced-event-selectors"),
    };
    let json = json.replace('\'', "'\\''");
    let name = if put.name.is_empty() { "NAME" } else { put.name };
    match put.owner {
        Owner::Trail => format!("aws cloudtrail put-event-selectors --trail-name {name} {option} '{json}'"),
        Owner::EventDataStore => format!("aws cloudtrail update-event-data-store --event-data-store {name} {option} '{json}'"),
    }
}

fn complete(put: &Put<'_>) -> Selectors {
    match repaired(put.selectors) {
        Selectors::Basic(mut list) => {
            if put.owner == Owner::Trail && !list.iter().any(|selector| selector.include_management_events) {
                list.iter_mut().take(1).for_each(|selector| selector.include_management_events = true);
            }
            let basic = Selectors::Basic(list.clone());
            let bucket = put.before.and_then(|trail| trail.bucket.as_deref()).unwrap_or(SOME_LOG_BUCKET);
            if world::running(&basic).is_some_and(|running| running.holds(&witness::log_delivery(bucket))) {
                // Basic selectors cannot leave a bucket out.
                return Selectors::Advanced(with_the_rest(put, list.iter().flat_map(converted::advanced).collect()));
            }
            basic
        }
        Selectors::Advanced(list) => Selectors::Advanced(with_the_rest(put, list)),
        insight => insight,
    }
}

/// Adds what was kept before, and leaves the deliveries of log files out.
fn with_the_rest(put: &Put<'_>, list: Vec<AdvancedEventSelector>) -> Vec<AdvancedEventSelector> {
    let mut all = Vec::new();
    if put.owner == Owner::Trail && !list.iter().any(keeps_all_management) {
        all.push(AdvancedEventSelector {
            name: Some("Management events".to_owned()),
            field_selectors: vec![FieldSelector::equals("eventCategory", &["Management"])],
        });
    }
    if let Some(Selectors::Advanced(before)) = put.before.map(|trail| &trail.selectors) {
        let of_trail = put.owner == Owner::Trail;
        let is_known = |selector: &AdvancedEventSelector| list.contains(selector) || of_trail && is_management(selector);
        all.extend(before.iter().filter(|selector| !is_known(selector)).cloned());
    }
    all.extend(
        list.into_iter()
            .filter(|selector| !(put.owner == Owner::Trail && is_management(selector)) || keeps_all_management(selector)),
    );
    let bucket = put.before.and_then(|trail| trail.bucket.as_deref()).unwrap_or(SOME_LOG_BUCKET);
    all.into_iter().map(|selector| without_loop(selector, bucket)).collect()
}

fn is_management(selector: &AdvancedEventSelector) -> bool {
    selector.only_value("eventCategory") == Some("Management")
}

/// Whether a selector keeps every management event.
fn keeps_all_management(selector: &AdvancedEventSelector) -> bool {
    is_management(selector) && selector.field("readOnly").is_none() && selector.field("eventSource").is_none()
}

fn without_loop(mut selector: AdvancedEventSelector, bucket: &str) -> AdvancedEventSelector {
    let running = world::running(&Selectors::Advanced(vec![selector.clone()]));
    if running.is_some_and(|running| running.holds(&witness::log_delivery(bucket))) && keeps_log_deliveries(&selector) {
        let prefix = format!("arn:aws:s3:::{bucket}/");
        match selector.field_selectors.iter_mut().find(|field| field.field == "resources.ARN") {
            Some(field) => field.not_starts_with.push(prefix),
            None => selector.field_selectors.push(FieldSelector {
                field: "resources.ARN".to_owned(),
                not_starts_with: vec![prefix],
                ..FieldSelector::default()
            }),
        }
    }
    selector
}

/// The same selectors in a form that AWS takes, as far as it can be told what was meant: network activity events are selected by
/// `eventSource`, not by the type of a resource.
pub fn repaired(selectors: &Selectors) -> Selectors {
    match selectors {
        Selectors::Advanced(list) => Selectors::Advanced(list.iter().map(repaired_one).collect()),
        other => other.clone(),
    }
}

fn repaired_one(selector: &AdvancedEventSelector) -> AdvancedEventSelector {
    let mut repaired = selector.clone();
    if selector.only_value("eventCategory") != Some("NetworkActivity") || selector.field("eventSource").is_some() {
        return repaired;
    }
    for field in &mut repaired.field_selectors {
        let source = field.equals.first().and_then(|value| network_source_of(value));
        if let (true, Some(source)) = (field.field == "resources.type", source) {
            *field = FieldSelector::equals("eventSource", &[source]);
        }
    }
    repaired
}
