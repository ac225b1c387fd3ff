//! What is not read: row groups that a bloom filter or a statistic rules out, files of other days, and windows that are aggregations.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::physical_plan::parquet::ParquetAccessPlan;
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::{ExecutionPlan, collect, displayable};
use datafusion::sql::parser::Statement as DfStatement;
use datafusion::sql::sqlparser::ast::Statement;
use object_store::memory::InMemory;

use crate::Lake;
use crate::query::{QueryLimits, rewrite, statement, stores};
use crate::tests::{delivery, lake_on};

fn event(id: u32, day: u32) -> String {
    // Ids in no order, so that each file's smallest and largest enclose nearly all of them.
    let spread = id.wrapping_mul(2_654_435_761);
    let who = (id % 5 + day * 10).wrapping_mul(2_654_435_761);
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::1:user/u{who:010}","accessKeyId":"AKIA{who:010}"}},"eventTime":"2023-07-{day:02}T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","sourceIPAddress":"10.{}.{}.{}","requestParameters":{{"bucketName":"b{spread:010}"}},"eventID":"{spread:010}","recipientAccountId":"1"}}"#,
        who >> 24,
        (who >> 16) & 255,
        (who >> 8) & 255,
    )
}

async fn lake() -> Lake {
    let lake = lake_on(&Arc::new(InMemory::new())).await;
    for day in 1..=5 {
        let events: Vec<String> = (0..300).map(|id| event(day * 1_000 + id, day)).collect();
        lake.append(&vec![delivery(&format!("d{day}"), &events)].into()).await.unwrap();
    }
    lake
}

/// The plan of a statement after it has run, with its metrics.
async fn ran(lake: &Lake, sql: &str) -> Arc<dyn ExecutionPlan> {
    let statement::Read { mut query, .. } = statement::read(sql, &[]).unwrap();
    let all = lake.stores().await.unwrap();
    rewrite::rewrite(&mut query, &stores::Stores::of(&all)).unwrap();
    let context = lake.context(false, &all, &QueryLimits::default()).await.unwrap();
    let plan = context.state().statement_to_plan(DfStatement::Statement(Box::new(Statement::Query(query)))).await.unwrap();
    let physical = context.state().create_physical_plan(&plan).await.unwrap();
    collect(Arc::clone(&physical), context.task_ctx()).await.unwrap();
    physical
}

/// All metrics of the files' scan as text.
fn metrics(plan: &Arc<dyn ExecutionPlan>) -> String {
    let own = plan.metrics().map(|metrics| metrics.aggregate_by_name().to_string()).unwrap_or_default();
    plan.children().into_iter().map(metrics).fold(own, |all, more| all + " " + &more)
}

/// The largest number behind a metric's name: `bytes_scanned=7.88 K`.
fn number(metrics: &str, name: &str) -> f64 {
    let start = format!("{name}=");
    let behind = metrics.split(start.as_str()).skip(1).filter_map(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        let (value, rest) = rest.split_at(end);
        let unit = if rest.starts_with(" K") {
            1e3
        } else if rest.starts_with(" M") {
            1e6
        } else {
            1.0
        };
        value.parse::<f64>().ok().map(|value| value * unit)
    });
    behind.fold(0.0, f64::max)
}

#[tokio::test]
async fn a_needle_reads_nothing_where_it_is_not() {
    let lake = lake().await;
    for condition in [
        "eventID = '0000000007'",
        "userIdentity.accessKeyId = 'AKIA2000000007'",
        "userIdentity.arn = 'arn:aws:iam::1:user/u2000000007'",
        "sourceIPAddress = '10.99.0.256'",
    ] {
        let all = metrics(&ran(&lake, &format!("SELECT eventName, eventID FROM events WHERE {condition}")).await);
        let whole = metrics(&ran(&lake, "SELECT eventName, eventID FROM events WHERE length(eventID) = 3").await);
        let (read, full) = (number(&all, "bytes_scanned"), number(&whole, "bytes_scanned"));
        assert!(full > 0.0 && read * 4.0 < full, "{condition}: {read} of {full}\n{all}");
    }
}

#[tokio::test]
async fn times_leave_out_other_days() {
    let lake = lake().await;
    let full =
        number(&metrics(&ran(&lake, "SELECT count(eventID) FROM events WHERE eventTime > '2000-01-01'").await), "bytes_scanned");
    assert!(full > 0.0);
    for condition in [
        "eventTime >= '2023-07-05'",
        "eventTime > from_iso8601_timestamp('2023-07-04T23:00:00Z')",
        "eventTime > date_add('day', -1, timestamp '2023-07-06 00:00:00')",
        "eventTime > timestamp '2023-07-06 00:00:00' - INTERVAL '1' DAY",
    ] {
        let read =
            number(&metrics(&ran(&lake, &format!("SELECT count(eventID) FROM events WHERE {condition}")).await), "bytes_scanned");
        assert!(read * 3.0 < full, "{condition}: {read} of {full} bytes");
    }
    let none = number(
        &metrics(&ran(&lake, "SELECT count(eventID) FROM events WHERE eventTime > date_add('day', -7, now())").await),
        "bytes_scanned",
    );
    assert!(none == 0.0, "{none}");
}

#[tokio::test]
async fn first_seen_is_an_aggregation() {
    let lake = lake().await;
    let sql = "SELECT arn, t FROM (SELECT userIdentity.arn, eventTime AS t, row_number() OVER (PARTITION BY userIdentity.arn ORDER BY eventTime) AS n FROM events) WHERE n = 1";
    let plan = ran(&lake, sql).await;
    let shown = displayable(plan.as_ref()).indent(false).to_string();
    assert!(shown.contains("AggregateExec") && !shown.contains("Window"), "{shown}");
    let other = ran(&lake, &sql.replace("eventTime AS t,", "eventTime AS t, eventID,")).await;
    assert!(displayable(other.as_ref()).indent(false).to_string().contains("Window"));
}

/// The files that a plan's scans name, with the number of row groups that are read of each where that was said.
fn files_named(plan: &Arc<dyn ExecutionPlan>) -> Vec<Option<usize>> {
    let scan = plan.downcast_ref::<DataSourceExec>().and_then(|exec| exec.data_source().downcast_ref::<FileScanConfig>());
    let own = scan.into_iter().flat_map(|scan| &scan.file_groups).flat_map(|group| group.files());
    let groups = own.map(|file| file.extensions.get::<ParquetAccessPlan>().map(|plan| plan.row_group_indexes().len()));
    groups.chain(plan.children().into_iter().flat_map(files_named)).collect()
}

async fn counted(lake: &Lake, sql: &str) -> i64 {
    let batches = lake.query(sql).await.unwrap().all().await.unwrap();
    batches[0].column(0).as_primitive::<Int64Type>().value(0)
}

#[tokio::test]
async fn a_needle_names_only_the_files_that_can_hold_it() {
    let lake = lake().await;
    let spread = |id: u32| format!("{:010}", id.wrapping_mul(2_654_435_761));
    let (id, who) = (spread(3_007), spread(32));
    let needles = [
        (format!("eventID = '{id}'"), 1),
        (format!("eventID IN ('{id}', 'none')"), 1),
        (format!("userIdentity.accessKeyId = 'AKIA{who}' AND eventName = 'GetObject'"), 60),
        (format!("userIdentity.arn = 'arn:aws:iam::1:user/u{who}'"), 60),
        ("eventID = 'none'".to_owned(), 0),
    ];
    for (condition, rows) in &needles {
        let named = files_named(&ran(&lake, &format!("SELECT eventName, eventID FROM events WHERE {condition}")).await);
        assert!(named.len() <= 1 && named.len() as i64 >= (*rows).min(1), "{condition}: {named:?}");
        assert_eq!(counted(&lake, &format!("SELECT count(*) FROM events WHERE {condition}")).await, *rows, "{condition}");
    }
    lake.compact().await.unwrap();
    let bucket = format!("requestParameters.bucketName = 'b{id}'");
    let named = files_named(&ran(&lake, &format!("SELECT eventName, eventID FROM events WHERE {bucket}")).await);
    assert_eq!(named, [Some(1)]);
    assert_eq!(counted(&lake, &format!("SELECT count(*) FROM events WHERE {bucket}")).await, 1);
}

#[tokio::test]
async fn whole_files_are_not_asked_for_their_times() {
    let lake = lake().await;
    let plan = ran(&lake, "SELECT count(eventID) FROM events WHERE eventTime >= '2023-07-03' AND eventTime < '2023-07-05'").await;
    let shown = displayable(plan.as_ref()).indent(false).to_string();
    assert!(!shown.contains("FilterExec") && !shown.contains("predicate="), "{shown}");
    assert_eq!(files_named(&plan).len(), 2);
    for (condition, rows) in [
        ("eventTime >= '2023-07-03 10:00:00'", 900),
        ("eventTime > '2023-07-03 10:00:00'", 600),
        ("eventTime BETWEEN '2023-07-02 10:00:00' AND '2023-07-03 09:59:59'", 300),
        ("eventTime <= '2023-07-03 10:00:00' AND eventName = 'GetObject'", 900),
        ("eventTime < '2023-07-03 10:00:00' AND eventName = 'PutObject'", 0),
        ("eventTime <> '2023-07-03 10:00:00'", 1_200),
        ("eventTime > '2023-07-04' OR eventID = 'none'", 600),
        ("eventday >= '2023-07-04' AND substr(eventday, 9) <> '05'", 300),
        ("eventday = '2023-07-04' AND eventTime > '2023-07-04 11:00:00'", 0),
    ] {
        assert_eq!(counted(&lake, &format!("SELECT count(*) FROM events WHERE {condition}")).await, rows, "{condition}");
        assert_eq!(counted(&lake, &format!("SELECT count(eventID) FROM events WHERE {condition}")).await, rows, "{condition}");
    }
    for (sql, rows) in [
        ("SELECT count(*) FROM events", 1_500),
        ("SELECT count(*) FROM (SELECT eventID FROM events LIMIT 10)", 10),
        ("SELECT count(*) FROM (SELECT * FROM events WHERE eventTime < '2023-07-03' LIMIT 7)", 7),
        ("SELECT count(*) FROM (SELECT 1 FROM events LIMIT 2000 OFFSET 400)", 1_100),
        ("SELECT count(*) FROM (SELECT eventID FROM events WHERE eventTime > '2023-07-03 10:00:00' LIMIT 10)", 10),
        ("SELECT count(*) FROM events a JOIN events b ON a.eventID = b.eventID WHERE a.eventTime < '2023-07-02'", 300),
        ("SELECT count(*) FROM events WHERE eventID = 'none' OR eventName = 'GetObject'", 1_500),
        ("SELECT count(*) FROM events WHERE NOT eventID = 'none'", 1_500),
    ] {
        assert_eq!(counted(&lake, sql).await, rows, "{sql}");
    }
}

#[tokio::test]
async fn the_default_stores_retention_is_to_the_microsecond() {
    let lake = lake_on(&Arc::new(InMemory::new())).await;
    // Now is 2026-11-22T00:00:00Z.
    let at = |id: u32, time: &str| event(id, 1).replace("2023-07-01T10:00:00Z", time);
    let events = [at(1, "2026-11-14T23:59:59Z"), at(2, "2026-11-15T00:00:00Z"), at(3, "2026-11-15T08:00:00Z"), at(4, "never")];
    lake.append(&vec![delivery("some", &events)].into()).await.unwrap();
    lake.set_retention(7).await.unwrap();
    assert_eq!(counted(&lake, "SELECT count(*) FROM events").await, 3);
    assert_eq!(counted(&lake, "SELECT count(*) FROM events WHERE eventTime < '2026-11-15 01:00:00'").await, 1);
    assert_eq!(counted(&lake, "SELECT count(*) FROM events WHERE eventTime IS NULL").await, 1);
    assert_eq!(counted(&lake, "SELECT count(eventID) FROM events WHERE eventday = '2026-11-15'").await, 2);
}
