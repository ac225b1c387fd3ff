//! Event data stores and saved results, through the program's own command line.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testbed::{Finished, TestHome};

use crate::asked::EXE;

/// A home with a few events of two names in files of their own.
struct Stores<'a> {
    home: TestHome<'a>,
    folder: tempfile::TempDir,
}

impl Stores<'_> {
    fn new() -> Self {
        let stores = Stores { home: TestHome::folder(), folder: tempfile::tempdir().unwrap() };
        let logs = stores.folder.path().join("logs");
        std::fs::create_dir(&logs).unwrap();
        for (file, names) in [("one", ["CreateUser", "GetUser"]), ("two", ["DeleteUser", "GetUser"])] {
            let events = names.iter().enumerate().map(|(at, name)| event(&format!("{file}-{at}"), name));
            let records = json!({ "Records": events.collect::<Vec<_>>() });
            std::fs::write(logs.join(format!("{file}.json")), records.to_string()).unwrap();
        }
        stores.run(&["collect", logs.to_str().unwrap()]).expect_code(0);
        stores
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        let key = self.folder.path().join("config/seal-key.pem");
        let more = ["--home", &self.home.name(), "--seal-key", key.to_str().unwrap()];
        self.home.program(EXE).run(&[arguments, &more].concat())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        self.run(&[arguments, &["-o", "json"]].concat()).expect_code(0).json()
    }

    /// A document in a file.
    fn document(&self, document: &Value) -> String {
        let path = self.folder.path().join("selectors.json");
        std::fs::write(&path, document.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Saves an answer; the folder of its results.
    fn save(&self, sql: &str) -> PathBuf {
        let place = self.folder.path().join("results");
        let saved = self.run(&["query", sql, "--save", place.to_str().unwrap(), "--save-account", "111122223333"]).expect_code(0);
        let folder = PathBuf::from(saved.stdout.trim());
        assert!(folder.starts_with(place.join("AWSLogs/111122223333/CloudTrail-Lake/Query")), "{folder:?}");
        folder
    }
}

fn event(id: &str, name: &str) -> Value {
    let read_only = name.starts_with("Get");
    json!({
        "eventVersion": "1.11", "eventTime": "2026-11-20T10:00:00Z", "eventSource": "iam.amazonaws.com", "eventName": name,
        "awsRegion": "us-east-1", "eventID": id, "readOnly": read_only, "managementEvent": true, "eventCategory": "Management",
        "recipientAccountId": "111122223333",
    })
}

fn writes() -> Value {
    json!([{ "Name": "writes", "FieldSelectors": [
        { "Field": "eventCategory", "Equals": ["Management"] },
        { "Field": "readOnly", "Equals": ["false"] },
    ] }])
}

fn count(rows: &[Value]) -> u64 {
    rows[0].as_object().unwrap().values().next().unwrap().as_u64().unwrap()
}

#[test]
fn a_store_is_made_filled_asked_and_deleted() {
    let stores = Stores::new();
    let made = stores.json(&["stores", "create", "writes", "--selectors", &stores.document(&writes()), "--retention-days", "3653"]);
    let id = made["Id"].as_str().unwrap();
    assert_eq!((made["Status"].as_str(), made["RetentionPeriod"].as_u64()), (Some("ENABLED"), Some(3653)));
    assert_eq!(made["AdvancedEventSelectors"], writes());
    let imported = stores.json(&["stores", "import", id]);
    assert_eq!(
        (imported["records"].as_u64(), imported["imported"].as_u64(), imported["unwanted"].as_u64()),
        (Some(4), Some(2), Some(2))
    );
    let arn = format!("arn:aws:cloudtrail:us-east-1:111122223333:eventdatastore/{id}");
    for table in ["writes", id, &arn] {
        let rows = stores.run(&["query", &format!("SELECT count(*) FROM {table} WHERE eventTime > '2026-01-01 00:00:00'")]);
        assert_eq!(count(&rows.expect_code(0).rows()), 2, "{table}");
    }
    assert_eq!(count(&stores.run(&["query", "SELECT count(*) FROM events"]).expect_code(0).rows()), 4);
    let refused = stores.run(&["stores", "delete", "writes"]).expect_code(1);
    assert!(refused.stderr.contains("protected from termination"), "{}", refused.stderr);
    stores.json(&["stores", "update", "writes", "--no-termination-protection"]);
    assert_eq!(stores.json(&["stores", "delete", "writes"])["Status"], "PENDING_DELETION");
    let pending = stores.run(&["query", "SELECT count(*) FROM writes"]).expect_code(1);
    assert!(pending.stderr.contains("waits for its deletion"), "{}", pending.stderr);
    assert_eq!(stores.json(&["stores", "restore", "writes"])["Status"], "ENABLED");
    assert_eq!(stores.json(&["stores"]).as_array().unwrap().len(), 2);
}

#[test]
fn saved_results_are_signed_and_any_change_is_found() {
    let stores = Stores::new();
    let folder = stores.save("SELECT eventName, eventID FROM events ORDER BY eventID");
    let verify = |folder: &Path| stores.run(&["verify", folder.to_str().unwrap()]);
    assert!(verify(&folder).expect_code(0).stdout.contains("PROVEN"));
    let unpacked = unpack(&folder.join("result_1.csv.gz"));
    assert_eq!(unpacked.lines().next(), Some("eventName,eventID"));
    assert_eq!(unpacked.lines().count(), 5);
    // A byte of the results, the list of results, and the results themselves.
    let sign_file = folder.join("result_sign.json");
    let signed = std::fs::read_to_string(&sign_file).unwrap();
    let result = folder.join("result_1.csv.gz");
    let mut bytes = std::fs::read(&result).unwrap();
    bytes.push(0);
    std::fs::write(&result, &bytes).unwrap();
    verify(&folder).expect_code(4);
    bytes.pop();
    std::fs::write(&result, &bytes).unwrap();
    std::fs::write(&sign_file, signed.replace("\"files\": [", "\"files\": [ ")).unwrap();
    verify(&folder).expect_code(0);
    std::fs::write(&sign_file, signed.replace("result_1.csv.gz", "../result_1.csv.gz")).unwrap();
    verify(&folder).expect_code(4);
    std::fs::write(&sign_file, &signed).unwrap();
    std::fs::remove_file(&result).unwrap();
    verify(&folder).expect_code(4);
}

fn unpack(file: &Path) -> String {
    use std::io::Read;
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(file).unwrap()).read_to_string(&mut text).unwrap();
    text
}
