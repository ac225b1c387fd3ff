//! The archive is an open table: engines that know nothing of us read the same events from it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testbed::{Python, TestHome};

use crate::asked::{Asked, number};
use crate::organization::{Organization, small_plan};

/// What every reader is asked. The names are also the keys of the answers.
const SUMS: [(&str, &str); 4] = [
    ("events", "count(*)"),
    ("ids", "count(DISTINCT eventid)"),
    ("errors", "count(errorcode)"),
    ("sourcelength", "sum(length(eventsource))"),
];

#[test]
fn duckdb_deltalake_and_chdb_agree_with_us() {
    const TEST: &str = "readers::duckdb_deltalake_and_chdb_agree_with_us";
    let Some(python) = Python::find(TEST, &["duckdb", "duckdb_extension_delta", "deltalake", "pyarrow", "chdb"]) else { return };
    let (organization, home) = (Organization::write(&small_plan(4, 3_000), 2), TestHome::folder());
    let asked = Asked::of(&home);
    organization.parts().iter().for_each(|part| drop(asked.collect(part, 0)));
    let archive = home.path().unwrap().join("archive").display().to_string();
    for when in ["before compaction", "after compaction"] {
        let expected = ours(&asked);
        assert_eq!(number(&expected["events"]), organization.totals.distinct);
        for (engine, script) in [("duckdb", DUCKDB), ("deltalake", DELTALAKE), ("chdb", CHDB)] {
            let mut answer = python.json(&[DELTA_EXTENSION, script].concat(), &[&archive, &sql("table")]);
            normalize(&mut answer);
            assert_eq!(answer, expected, "{engine} {when}");
        }
        asked.verb(&["compact", "--grace", "0s"]);
    }
}

#[test]
fn the_printed_ddl_runs_in_duckdb() {
    const TEST: &str = "readers::the_printed_ddl_runs_in_duckdb";
    const ARN: &str = "userIdentity.sessionContext.sessionIssuer.arn";
    let Some(python) = Python::find(TEST, &["duckdb", "duckdb_extension_delta"]) else { return };
    let (organization, home, folder) =
        (Organization::write(&small_plan(2, 1_000), 1), TestHome::folder(), tempfile::tempdir().unwrap());
    let asked = Asked::of(&home);
    organization.parts().iter().for_each(|part| drop(asked.collect(part, 0)));
    let ddl = folder.path().join("ddl.sql");
    std::fs::write(&ddl, asked.verb(&["export", "ddl", "--for", "duckdb"])).unwrap();
    let answer = python.json(&[DELTA_EXTENSION, DDL].concat(), &[&ddl.display().to_string(), ARN]);
    let theirs: BTreeMap<String, u64> = answer.as_object().unwrap().iter().map(|(arn, n)| (arn.clone(), number(n))).collect();
    let rows = asked.query(&format!("SELECT {ARN} AS arn, count(*) AS n FROM events WHERE {ARN} IS NOT NULL GROUP BY 1"));
    let ours: BTreeMap<String, u64> = rows.iter().map(|row| (row["arn"].as_str().unwrap().to_owned(), number(&row["n"]))).collect();
    assert!(!ours.is_empty(), "the sample has assumed roles");
    assert_eq!(theirs, ours);
}

#[test]
fn ddl_is_printed_for_other_engines_too() {
    let home = TestHome::folder();
    let asked = Asked::of(&home);
    asked.collect(&Organization::write(&small_plan(1, 50), 1).parts()[0], 0);
    for engine in ["athena", "spark", "duckdb"] {
        let ddl = asked.verb(&["export", "ddl", "--for", engine]);
        let text = ddl.to_lowercase();
        assert!(text.contains("create ") && text.contains("sessioncontext"), "{engine}: {ddl}");
    }
}

fn sql(table: &str) -> String {
    let sums: Vec<String> = SUMS.iter().map(|(name, expression)| format!("{expression} AS {name}")).collect();
    format!("SELECT {} FROM {table}", sums.join(", "))
}

/// Our own answers, in the form of the others'.
fn ours(asked: &Asked) -> Value {
    let mut answer = asked.query(&sql("events")).remove(0);
    let times = asked.query("SELECT min(eventTime) AS first, max(eventTime) AS last FROM events").remove(0);
    answer["first"] = json!(time_us(&times["first"]));
    answer["last"] = json!(time_us(&times["last"]));
    answer["names"] = json!(asked.by_event_name());
    normalize(&mut answer);
    answer
}

fn time_us(value: &Value) -> i64 {
    let text = value.as_str().unwrap_or_else(|| panic!("`{value}` is no time"));
    let utc = text.trim_end_matches(" UTC").trim_end_matches('Z').replace('T', " ");
    chrono::NaiveDateTime::parse_from_str(&utc, "%Y-%m-%d %H:%M:%S%.f").unwrap().and_utc().timestamp_micros()
}

/// Whole numbers that an engine writes as text, as numbers.
fn normalize(answer: &mut Value) {
    match answer {
        Value::Object(members) => members.values_mut().for_each(normalize),
        Value::String(text) => *answer = text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number)),
        _ => {}
    }
}

/// DuckDB finds the extension where it looks for installed ones, so that a script may say `INSTALL` and `LOAD` without network.
pub const DELTA_EXTENSION: &str = r#"
import glob, json, os, shutil, sys, tempfile

def duckdb_with_delta():
    import duckdb, duckdb_extension_delta
    folder = os.path.join(os.path.dirname(duckdb_extension_delta.__file__), "extensions", "*", "delta.duckdb_extension")
    extensions = tempfile.mkdtemp()
    connection = duckdb.connect(config={"extension_directory": extensions})
    platform = connection.execute("PRAGMA platform").fetchone()[0]
    version = connection.execute("PRAGMA version").fetchone()[0]
    target = os.path.join(extensions, version, platform)
    os.makedirs(target)
    shutil.copy(glob.glob(folder)[0], target)
    connection.execute("LOAD delta")
    connection.execute("SET TimeZone = 'UTC'")
    return connection
"#;

const DUCKDB: &str = r#"
archive, sql = sys.argv[1:]
connection = duckdb_with_delta()
connection.execute(f"CREATE VIEW events AS SELECT * FROM delta_scan('{archive}')")
cursor = connection.execute(sql.replace("FROM table", "FROM events"))
answer = dict(zip([column[0] for column in cursor.description], map(int, cursor.fetchone())))
answer["first"], answer["last"] = connection.execute("SELECT epoch_us(min(eventtime)), epoch_us(max(eventtime)) FROM events").fetchone()
answer["names"] = dict(connection.execute("SELECT eventname, count(*) FROM events WHERE eventname IS NOT NULL GROUP BY 1").fetchall())
print(json.dumps(answer))
"#;

const DELTALAKE: &str = r#"
import pyarrow.compute as compute
from deltalake import DeltaTable
archive, _ = sys.argv[1:]
table = DeltaTable(archive).to_pyarrow_table(columns=["eventid", "errorcode", "eventsource", "eventtime", "eventname"])
names = {row["values"]: row["counts"] for row in compute.value_counts(table["eventname"].drop_null()).to_pylist()}
times = compute.min_max(compute.cast(compute.cast(table["eventtime"], "timestamp[us]"), "int64")).as_py()
print(json.dumps({
    "events": table.num_rows,
    "ids": compute.count_distinct(table["eventid"]).as_py(),
    "errors": compute.count(table["errorcode"]).as_py(),
    "sourcelength": compute.sum(compute.utf8_length(table["eventsource"])).as_py(),
    "first": times["min"], "last": times["max"], "names": names,
}))
"#;

const CHDB: &str = r#"
archive, sql = sys.argv[1:]
os.chdir(archive)  # it reads nothing outside of the working folder
import chdb
table = f"deltaLakeLocal('{archive}')"
rows = lambda sql: json.loads(str(chdb.query(sql, "JSON")))["data"]
answer = rows(sql.replace("FROM table", f"FROM {table}"))[0]
answer.update(rows(f"SELECT toUnixTimestamp64Micro(min(eventtime)) AS first, toUnixTimestamp64Micro(max(eventtime)) AS last FROM {table}")[0])
answer["names"] = {row["eventname"]: row["n"] for row in rows(f"SELECT eventname, count(*) AS n FROM {table} WHERE eventname IS NOT NULL GROUP BY eventname")}
print(json.dumps(answer))
"#;

const DDL: &str = r#"
ddl, arn = sys.argv[1:]
connection = duckdb_with_delta()
connection.execute(open(ddl).read())
views = [row[0] for row in connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()]
columns = lambda view: [row[0].lower() for row in connection.execute(f'DESCRIBE "{view}"').fetchall()]
nested = [view for view in views if "useridentity" in columns(view)]
assert nested, f"no nested view among {views}"
print(json.dumps(dict(connection.execute(f'SELECT {arn}, count(*) FROM "{nested[0]}" WHERE {arn} IS NOT NULL GROUP BY 1').fetchall())))
"#;
