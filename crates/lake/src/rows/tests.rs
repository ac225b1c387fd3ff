use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use record::{Content, Inflater, Parsed, Parser, Row as _};

use super::*;
use crate::batch::{Incoming, Share};
use crate::parquets::{self, Effort};

/// Odd records among ordinary ones: raw, with unknown keys, escaped, of another kind, and without anything.
const ODD: &str = r#"{"Records":[{"eventID":"1","new":{"a":[1]},"userAgent":"a\"b\u00e9\n"},{"eventTime":7,"readOnly":"true"},[1],{},
{ "eventID" : "2" , "requestParameters":{"bucketName":"b","x":"\ud800"}},{"timeWindow":{"windowStart":"2026-10-03T00:00:00Z"},"eventName":""}]}"#;

fn deliveries() -> Vec<Incoming> {
    let end = chrono::NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
    let plan = sample::Plan { events: 4_000, ..sample::Plan::demo(end) };
    let mut inflater = Inflater::default();
    let mut contents: Vec<Vec<u8>> = Vec::new();
    for delivery in plan.deliveries().filter(|delivery| delivery.records > 0) {
        contents.push(inflater.content(&delivery.body, 1 << 30).unwrap());
    }
    contents.push(ODD.as_bytes().to_vec());
    let mut parser = Parser::default();
    contents.into_iter().enumerate().map(|(at, content)| incoming(at, content.into(), &mut parser)).collect()
}

fn incoming(at: usize, content: Content, parser: &mut Parser) -> Incoming {
    let mut parsed = Parsed::default();
    let (frame, sha256) = parser.delivery_and_sha256(&content, &mut parsed).unwrap();
    Incoming {
        origin: "o".to_owned(),
        key: at.to_string(),
        etag: String::new(),
        day: "unknown".to_owned(),
        family: None,
        account: None,
        region: None,
        delivered_us: None,
        stored_bytes: 0,
        stored_sha256: None,
        body: Body::Read { content, sha256, parsed, frame },
    }
}

/// All records of a batch as rows, by time.
fn rows_of(batch: &Batch) -> Vec<Row> {
    let mut rows = Vec::new();
    for (at, incoming) in batch.deliveries().iter().enumerate() {
        let Body::Read { parsed, .. } = &incoming.body else { continue };
        rows.extend(parsed.records.iter().enumerate().map(|(index, record)| {
            let (index, flaws) = (index as u32, record.flaws);
            Row { time: record.time, at, delivery: at as i64 - 5, index, flaws, membership: 1 + i64::from(index % 3) }
        }));
    }
    rows.sort_by_key(|row| row.time);
    rows
}

fn same_text(batch: &RecordBatch, name: &str, row: usize, expected: Option<&str>) {
    let array = batch.column_by_name(name).unwrap().as_string::<i32>();
    let found = (!array.is_null(row)).then(|| array.value(row));
    assert_eq!(found, expected, "{name} of row {row}");
}

fn same(batch: &RecordBatch, row: usize, expected: &Row, view: &RecordView) {
    for (at, spec) in COLUMNS.iter().enumerate() {
        let column = Column(at as u8);
        match spec.kind {
            Kind::Text | Kind::Doc | Kind::Hot => same_text(batch, spec.name, row, view.text(column)),
            Kind::Bool => {
                let array = batch.column(at).as_boolean();
                assert_eq!((!array.is_null(row)).then(|| array.value(row)), view.boolean(column));
            }
            Kind::Time => {
                let array = batch.column(at).as_primitive::<TimestampMicrosecondType>();
                let expected = view.time(column).or(view.entry().time.filter(|_| column == known::EVENT_TIME));
                assert_eq!((!array.is_null(row)).then(|| array.value(row)), expected);
            }
        }
    }
    let column = |name: &str| batch.column_by_name(name).unwrap();
    assert_eq!(column("delivery").as_primitive::<Int64Type>().value(row), expected.delivery);
    assert_eq!(column("recordindex").as_primitive::<Int32Type>().value(row), expected.index as i32);
    assert_eq!(column("membership").as_primitive::<Int64Type>().value(row), expected.membership);
    assert_eq!(column("flaws").as_primitive::<Int32Type>().value(row), i32::from(expected.flaws.bits()));
    assert_eq!(column("recordhash").as_binary::<i32>().value(row), view.entry().hash);
    same_text(batch, "shape", row, Some(view.shape()).filter(|_| !view.is_raw()));
    same_text(batch, "otherfields", row, Some(view.other()).filter(|text| !view.is_raw() && !text.is_empty()));
    let raw = column("raw").as_binary::<i32>();
    assert_eq!((!raw.is_null(row)).then(|| raw.value(row)), view.is_raw().then(|| view.bytes()));
}

#[test]
fn every_value_of_every_record_reads_back() {
    for threads in [1, 3] {
        let mut shares: Vec<Share> = (0..threads).map(|_| Share::default()).collect();
        for (place, incoming) in deliveries().into_iter().enumerate() {
            shares[place % threads].add(place, incoming);
        }
        let batch = Batch::of(shares);
        let rows = rows_of(&batch);
        let properties = parquets::archive_properties(Effort::Ingest, rows.len(), Vec::new()).unwrap();
        let body = encode(&batch, &rows, properties, threads).unwrap();
        let read = parquets::decode(body.into()).unwrap();
        let read = arrow::compute::concat_batches(&read[0].schema(), &read).unwrap();
        assert_eq!((read.num_rows(), read.num_columns()), (rows.len(), schema::archive().fields().len()));
        for (at, row) in rows.iter().enumerate() {
            same(&read, at, row, &batch.view(row.at, row.index).unwrap());
        }
    }
}

#[test]
fn the_same_records_make_the_same_file() {
    let file = || {
        let batch = Batch::from(deliveries());
        let properties = parquets::archive_properties(Effort::Ingest, 9, Vec::new()).unwrap();
        encode(&batch, &rows_of(&batch), properties, 2).unwrap()
    };
    assert!(file() == file());
}
