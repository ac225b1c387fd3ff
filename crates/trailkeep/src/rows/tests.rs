use std::io::Write;
use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::Schema;

use super::*;
use crate::settings::Environment;

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn rows() -> RecordBatch {
    let time = TimestampMicrosecondArray::from(vec![1_674_406_433_000_000, 1_674_406_433_250_000]).with_timezone("UTC");
    let name = StringArray::from(vec![Some("=cmd|'/c'!A1, \"x\""), None]);
    RecordBatch::try_from_iter([
        ("eventtime", Arc::new(time) as ArrayRef),
        ("name", Arc::new(name)),
        ("count", Arc::new(Int64Array::from(vec![7, 1200]))),
    ])
    .unwrap()
}

fn written(format: Format, formulas: Formulas, batches: &[RecordBatch]) -> String {
    let page = Page::default();
    let headers = ["eventTime", "name", "n"].map(str::to_owned).to_vec();
    let schema = rows().schema();
    let screen = Screen::of_process(&Environment::default()).without_terminal();
    let mut writer = writer(Box::new(page.clone()), headers, &schema, format, formulas, screen).unwrap();
    batches.iter().for_each(|batch| writer.batch(batch).unwrap());
    writer.end().unwrap();
    let bytes = page.0.lock().unwrap().clone();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn csv() {
    let text = written(Format::Csv, Formulas::Kept, &[rows()]);
    assert_eq!(text, "eventTime,name,n\n2023-01-22 16:53:53.000,\"=cmd|'/c'!A1, \"\"x\"\"\",7\n2023-01-22 16:53:53.250,,1200\n");
    assert!(written(Format::Csv, Formulas::Guarded, &[rows()]).contains("\"'=cmd"));
    assert_eq!(written(Format::Csv, Formulas::Kept, &[]), "eventTime,name,n\n");
}

#[test]
fn what_is_nothing_in_a_list_is_seen() {
    let mut lists = arrow::array::ListBuilder::new(arrow::array::StringBuilder::new());
    lists.append_value([Some("a"), None, Some("")]);
    lists.append_null();
    let batch = RecordBatch::try_from_iter([("list", Arc::new(lists.finish()) as ArrayRef)]).unwrap();
    let cells = cell::Cells::of(&batch).unwrap();
    assert_eq!(cells.row(0).collect::<Vec<_>>(), [Some("[a, null, ]".to_owned())]);
    assert_eq!(cells.row(1).collect::<Vec<_>>(), [None]);
}

#[test]
fn json() {
    let text = written(Format::Ndjson, Formulas::Kept, &[rows()]);
    let second = "{\"eventTime\":\"2023-01-22T16:53:53.250Z\",\"name\":null,\"n\":1200}";
    assert_eq!(text.lines().nth(1), Some(second));
    assert!(text.starts_with("{\"eventTime\":\"2023-01-22T16:53:53Z\","), "{text}");
    let all = written(Format::Json, Formulas::Kept, &[rows(), rows()]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&all).unwrap().as_array().unwrap().len(), 4);
    assert_eq!(written(Format::Json, Formulas::Kept, &[]), "[\n]\n");
}

#[test]
fn tables() {
    let text = written(Format::Table, Formulas::Kept, &[rows()]);
    assert!(text.contains("2023-01-22 16:53:53.000"), "{text}");
    let markdown = written(Format::Markdown, Formulas::Kept, &[rows()]);
    assert!(markdown.starts_with("| eventTime | name | n |\n| --- | --- | --- |\n"), "{markdown}");
    assert!(markdown.contains(r"=cmd\|'/c'!A1"));
}

#[test]
fn parquet_is_parquet() {
    let text = written(Format::Parquet, Formulas::Kept, &[rows()]);
    assert!(text.starts_with("PAR1") && text.ends_with("PAR1"));
}

#[test]
fn names_that_come_twice_get_a_number() {
    let schema: SchemaRef = Arc::new(Schema::new(rows().schema().fields().to_vec()));
    let named = headed(&schema, &["a", "a", "a"].map(str::to_owned));
    let names: Vec<&str> = named.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["a", "a_2", "a_3"]);
}

#[test]
fn sinks() {
    assert_eq!("csv".parse(), Ok(Sink { format: Format::Csv, file: None }));
    assert_eq!("parquet=a=b".parse(), Ok(Sink { format: Format::Parquet, file: Some("a=b".to_owned()) }));
    assert!("xml".parse::<Sink>().unwrap_err().contains("take table, json"));
    assert!("csv=".parse::<Sink>().is_err());
}
