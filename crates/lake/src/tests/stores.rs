//! Event data stores: what they hold, what they refuse, and that no record changes by them.

use serde_json::{Value, json};

use super::*;
use crate::LakeError;
use crate::stores::{BillingMode, Changes, NewStore, Period, Store, StoreStatus};

fn new_store(name: &str, selectors: Option<Value>) -> NewStore {
    NewStore {
        name: name.to_owned(),
        retention_days: Some(10),
        advanced_event_selectors: selectors,
        billing_mode: BillingMode::ExtendableRetention,
        termination_protection: false,
        start_ingestion: true,
    }
}

/// Management events with this name.
fn named(name: &str) -> Option<Value> {
    Some(json!([{ "FieldSelectors": [
        { "Field": "eventCategory", "Equals": ["Management"] },
        { "Field": "eventName", "Equals": [name] },
    ] }]))
}

async fn refusal(refused: impl Future<Output = Result<Store, LakeError>>) -> String {
    match refused.await {
        Err(LakeError::EventDataStore(error)) => error.code().to_owned(),
        other => panic!("{other:?}"),
    }
}

async fn members(lake: &Lake, store: &Store) -> i64 {
    count(lake, &format!("(membership & {}) <> 0", store.mask())).await
}

#[tokio::test]
async fn a_store_takes_in_what_its_selectors_choose_from_then_on() {
    let store = Arc::new(InMemory::new());
    let lake = lake_on(&store).await;
    append(&lake, vec![delivery("before", &[event(1, "CreateUser", 20)])]).await;
    let users = lake.create_store(&new_store("users", named("CreateUser"))).await.unwrap();
    append(&lake, vec![delivery("after", &[event(2, "CreateUser", 20), event(3, "GetUser", 20), event(4, "CreateUser", 2)])]).await;
    assert_eq!(members(&lake, &users).await, 1, "not what came before, not another name, not what is past its ten days");
    lake.stop_ingestion("users").await.unwrap();
    append(&lake, vec![delivery("stopped", &[event(5, "CreateUser", 20)])]).await;
    assert_eq!(members(&lake, &users).await, 1);
    lake.start_ingestion("USERS").await.unwrap();
    append(&lake, vec![delivery("started", &[event(6, "CreateUser", 21)])]).await;
    assert_eq!(members(&lake_on(&store).await, &users).await, 2);
    assert_eq!(count(&lake, "(membership & 1) <> 0").await, 6, "the default store has all of them");
}

#[tokio::test]
async fn an_import_changes_no_record_and_can_be_repeated() {
    let store = Arc::new(InMemory::new());
    let lake = lake_on(&store).await;
    let events = [event(1, "CreateUser", 20), event(2, "GetUser", 20), event(3, "CreateUser", 21), event(4, "CreateUser", 2)];
    append(&lake, vec![delivery("one", &events[..2]), delivery("two", &events[2..])]).await;
    let before = rebuilt(&lake).await;
    let users = lake.create_store(&new_store("users", named("CreateUser"))).await.unwrap();
    let until = Period { since_us: None, until_us: Some(NOW_US - 86_400_000_000) };
    let first = lake.import("users", until).await.unwrap();
    assert_eq!((first.records, first.imported, first.unwanted, first.expired), (3, 1, 1, 1));
    let all = lake.import(&users.id, Period::default()).await.unwrap();
    assert_eq!((all.records, all.imported, all.members, all.unwanted, all.expired), (4, 1, 1, 1, 1));
    let again = lake.import("users", Period::default()).await.unwrap();
    assert_eq!((again.imported, again.members, again.files), (0, 2, 0));
    assert_eq!(members(&lake, &users).await, 2);
    lake.compact().await.unwrap();
    assert_eq!(members(&lake_on(&store).await, &users).await, 2);
    assert_eq!(rebuilt(&lake).await, before);
}

#[tokio::test]
async fn deletion_waits_and_can_be_taken_back() {
    let lake = lake_on(&Arc::new(InMemory::new())).await;
    lake.create_store(&NewStore { termination_protection: true, ..new_store("users", None) }).await.unwrap();
    assert_eq!(refusal(lake.delete_store("users")).await, "EventDataStoreTerminationProtectedException");
    lake.update_store("users", &Changes { termination_protection: Some(false), ..Changes::default() }).await.unwrap();
    let deleted = lake.delete_store("users").await.unwrap();
    assert_eq!((deleted.status, deleted.gone_us), (StoreStatus::PendingDeletion, Some(NOW_US + 7 * 86_400_000_000)));
    assert!(deleted.is_gone(NOW_US + 7 * 86_400_000_000) && !deleted.is_gone(NOW_US + 6 * 86_400_000_000));
    assert_eq!(refusal(lake.start_ingestion("users")).await, "InvalidEventDataStoreStatusException");
    assert_eq!(
        refusal(lake.update_store("users", &Changes { name: Some("other".to_owned()), ..Changes::default() })).await,
        "InvalidEventDataStoreStatusException"
    );
    assert_eq!(lake.restore_store("users").await.unwrap().status, StoreStatus::Enabled);
    assert_eq!(refusal(lake.restore_store("users")).await, "InvalidEventDataStoreStatusException");
}

#[tokio::test]
async fn what_aws_refuses_is_refused() {
    let lake = lake_on(&Arc::new(InMemory::new())).await;
    for name in ["ab", "a b c", "Events", "deliveries", "x\"y", &"n".repeat(129)] {
        assert_eq!(refusal(lake.create_store(&new_store(name, None))).await, "InvalidParameterException", "{name}");
    }
    for days in [0, 6, 3654] {
        let new = NewStore { retention_days: Some(days), ..new_store("users", None) };
        assert_eq!(refusal(lake.create_store(&new)).await, "InvalidParameterException", "{days}");
    }
    let fixed = NewStore { retention_days: Some(3000), billing_mode: BillingMode::FixedRetention, ..new_store("users", None) };
    assert_eq!(refusal(lake.create_store(&fixed)).await, "InvalidParameterException");
    for selectors in [
        json!([{ "FieldSelectors": [{ "Field": "eventName", "Equals": ["GetUser"] }] }]),
        json!([{ "FieldSelectors": [{ "Field": "eventCategory", "Equals": ["Everything"] }] }]),
        json!([{ "ReadWriteType": "All" }]),
        json!("eventName = 'GetUser'"),
    ] {
        let text = selectors.to_string();
        assert_eq!(
            refusal(lake.create_store(&new_store("users", Some(selectors)))).await,
            "InvalidEventSelectorsException",
            "{text}"
        );
    }
    for number in 0..10 {
        lake.create_store(&new_store(&format!("store-{number}"), None)).await.unwrap();
    }
    assert_eq!(refusal(lake.create_store(&new_store("store-10", None))).await, "EventDataStoreMaxLimitExceededException");
    assert_eq!(refusal(lake.create_store(&new_store("STORE-3", None))).await, "EventDataStoreAlreadyExistsException");
    assert_eq!(refusal(lake.delete_store("nobody")).await, "EventDataStoreNotFoundException");
    assert_eq!(refusal(lake.delete_store("events")).await, "OperationNotPermittedException");
    assert_eq!(refusal(lake.stop_ingestion("events")).await, "OperationNotPermittedException");
}

#[tokio::test]
async fn a_store_is_known_by_its_name_its_id_and_its_arn() {
    let lake = lake_on(&Arc::new(InMemory::new())).await;
    let users = lake.create_store(&new_store("users", None)).await.unwrap();
    let arn = format!("arn:aws:cloudtrail:eu-west-1:111122223333:eventdatastore/{}", users.id);
    for wanted in ["users", "Users", &users.id, &arn] {
        assert_eq!(lake.store(wanted).await.unwrap().bit, users.bit, "{wanted}");
    }
    let (one, other) = (new_store("left", None), new_store("right", None));
    let (left, right) = tokio::join!(lake.create_store(&one), lake.create_store(&other));
    assert_ne!(left.unwrap().bit, right.unwrap().bit);
}
