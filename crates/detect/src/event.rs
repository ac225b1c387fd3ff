//! What a finding says of a record: its main fields, and whom it is about.

use finding::{Entity, Event};
use record::columns::{Column, column, known};
use record::{RecordView, Row, time};

use crate::limits::TEXT_CHARACTERS_MAX;

const ARN: Column = column("useridentity_arn");
const ISSUER_ARN: Column = column("useridentity_sessioncontext_sessionissuer_arn");
const INVOKED_BY: Column = column("useridentity_invokedby");
const PRINCIPAL: Column = column("useridentity_principalid");
const USER_NAME: Column = column("useridentity_username");
const IDENTITY_TYPE: Column = column("useridentity_type");
const ADDRESS: Column = column("sourceipaddress");
const ERROR_CODE: Column = column("errorcode");

/// The event as a finding shows it.
pub(crate) fn event(record: RecordView<'_>, delivery: &str, index: u64) -> Event {
    let text = |column| short(record.text(column).unwrap_or_default());
    Event {
        event_time: time_text(record.entry().time),
        event_id: text(known::EVENT_ID),
        event_name: text(known::EVENT_NAME),
        event_source: text(known::EVENT_SOURCE),
        aws_region: text(known::REGION),
        recipient_account_id: text(known::ACCOUNT),
        source_ip_address: text(ADDRESS),
        user_identity_arn: text(ARN),
        error_code: text(ERROR_CODE),
        delivery: delivery.to_owned(),
        index,
    }
}

/// Whom it is about: the role behind a session, the user, the service, or whatever else is known.
pub(crate) fn entity(record: RecordView<'_>) -> Entity {
    let text = |column| record.text(column).filter(|text| !text.is_empty());
    let account = short(text(known::ACCOUNT).unwrap_or_default());
    let (kind, value) = [
        ("principal", text(ISSUER_ARN)),
        ("principal", text(ARN)),
        ("service", text(INVOKED_BY)),
        ("principal", text(PRINCIPAL)),
        ("principal", text(USER_NAME)),
        ("address", text(ADDRESS)),
        ("account", text(known::ACCOUNT)),
        ("principal", text(IDENTITY_TYPE)),
    ]
    .into_iter()
    .find_map(|(kind, value)| Some((kind, value?)))
    .unwrap_or(("unknown", ""));
    Entity { kind: kind.to_owned(), value: short(value), account }
}

/// A time as AWS writes it; empty if there is none.
pub(crate) fn time_text(micros: Option<i64>) -> String {
    let mut written = Vec::new();
    match micros {
        // Fractions are of no use to a reader.
        Some(micros) if time::write_canonical(micros - micros.rem_euclid(1_000_000), &mut written) => {
            String::from_utf8(written).unwrap_or_default()
        }
        _ => String::new(),
    }
}

pub(crate) fn short(text: &str) -> String {
    if text.len() <= TEXT_CHARACTERS_MAX { text.to_owned() } else { text.chars().take(TEXT_CHARACTERS_MAX).collect() }
}
