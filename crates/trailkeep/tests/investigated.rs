//! `trailkeep investigate`: the planted attack from nothing but the key that leaked, and real events about which was written down
//! beforehand what must be found.

use sample::{Attack, Plan};
use serde_json::{Value, json};
use testbed::TestHome;

use crate::asked::{Asked, number};
use crate::organization::{Organization, small_plan};
use crate::written::{self, Written};

fn investigate(asked: &Asked, arguments: &[&str]) -> Value {
    serde_json::from_str(&asked.verb(&[&["investigate"], arguments, &["-o", "json"]].concat())).unwrap()
}

/// Entries of a list whose fields are these.
fn having<'v>(list: &'v Value, fields: &[(&str, &str)]) -> Vec<&'v Value> {
    let has = |entry: &&Value| fields.iter().all(|(name, value)| entry[*name] == json!(value));
    list.as_array().unwrap().iter().filter(has).collect()
}

#[test]
fn the_leaked_key_tells_the_whole_attack() {
    let plan = Plan { attack: true, ..small_plan(20, 8_000) };
    let (organization, home) = (Organization::write(&plan, 1), TestHome::folder());
    let attack = organization.totals.attack.clone().unwrap();
    let asked = Asked::of(&home);
    asked.collect(&organization.parts()[0], 0);
    let found = investigate(&asked, &[&attack.access_key_leaked]);

    assert_eq!(found["kind"], "access_key");
    assert!(found["card"]["arns"][0].as_str().unwrap().ends_with(&format!(":user/{}", attack.user)), "{}", found["card"]);
    assert_followed(&found, &attack);
    assert_lasting(&found, &attack);
    assert_data(&found, &attack);
    let new = |list: &str, value: &str| found["new"][list].as_array().unwrap().contains(&json!(value));
    assert!(new("addresses", &attack.source_ip) && new("regions", &attack.region_pivot), "{}", found["new"]);
    assert!(new("accounts", &attack.target_account), "{}", found["new"]);

    // Nothing of it is missing. Of the one step that two accounts recorded, the caller's side is told.
    let sides = attack.steps.iter().filter(|step| step.event_name == "AssumeRole").count() as u64
        - attack.access_keys_temporary.len() as u64;
    let address = having(&found["origins"]["addresses"], &[("value", &attack.source_ip)]);
    assert_eq!(number(&address[0]["events"]), attack.steps.len() as u64 - sides);
    assert_eq!(address[0]["remark"], "nobody used it before");
    let refused =
        attack.steps.iter().filter(|step| ["AccessDenied", "Client.UnauthorizedOperation"].contains(&step.error_code.as_str()));
    assert!(number(&found["summary"]["denied"]) >= refused.count() as u64);
    assert!(found["neighbours"].as_array().unwrap().is_empty(), "{}", found["neighbours"]);

    let coverage = &found["coverage"];
    assert!(
        number(&coverage["events"]) > 0 && number(&coverage["data_events"]) > 0 && number(&coverage["accounts"]) == 3,
        "{coverage}"
    );
    let files: u64 = coverage["vouched"].as_array().unwrap().iter().map(|vouched| number(&vouched["files"])).sum();
    assert!(files > 0, "{coverage}");
    assert_page(&asked, &attack);
}

/// Key after key, as the attacker went.
fn assert_followed(found: &Value, attack: &Attack) {
    let at = |id: &str, how: &str| {
        let list = found["followed"].as_array().unwrap();
        list.iter().position(|led| led["id"] == id && led["how"] == how).unwrap_or_else(|| panic!("no {how} `{id}` in {list:#?}"))
    };
    let from = |at: usize| found["followed"][at]["from"].as_u64().unwrap() as usize;
    let password = at(&attack.user, "password_set");
    let key = at(&attack.access_key_new, "key_made");
    let role = at(&attack.role_backdoor, "role_opened");
    let sessions: Vec<usize> = attack.access_keys_temporary.iter().map(|key| at(key, "assumed")).collect();
    assert_eq!((from(password), from(key), from(role)), (0, password, key));
    assert_eq!(from(sessions[0]), role);
    for pair in sessions.windows(2) {
        assert_eq!(from(pair[1]), pair[0]);
    }
    assert_eq!(found["followed"][*sessions.last().unwrap()]["account"], json!(attack.target_account));
}

fn assert_lasting(found: &Value, attack: &Attack) {
    let lasting = |event: &str, target: &str| having(&found["lasting"], &[("event", event), ("target", target)]);
    let role = attack.role_backdoor.as_str();
    assert_eq!(lasting("CreateLoginProfile", &attack.user)[0]["is_new"], true);
    assert_eq!(lasting("CreateAccessKey", &attack.user)[0]["detail"], json!(attack.access_key_new));
    assert_eq!(lasting("CreateRole", role)[0]["class"], "access");
    assert_eq!(lasting("AttachRolePolicy", role)[0]["detail"], "arn:aws:iam::aws:policy/AdministratorAccess");
    let trust = lasting("UpdateAssumeRolePolicy", role)[0]["detail"].as_str().unwrap();
    assert!(trust.contains(&attack.foreign_account), "{trust}");
    let stopped = having(&found["lasting"], &[("event", "StopLogging"), ("class", "hiding")]);
    assert_eq!((stopped.len(), &stopped[0]["time"]), (1, &json!(attack.logging_stopped)));
    assert_eq!(having(&found["lasting"], &[("event", "DeleteTrail")])[0]["error"], "AccessDenied");
    let machines = having(&found["lasting"], &[("event", "RunInstances"), ("region", &attack.region_pivot)]);
    assert_eq!(machines.iter().filter(|run| run["error"].is_null()).count(), 2);
}

fn assert_data(found: &Value, attack: &Attack) {
    let bucket = having(&found["data"], &[("name", &attack.bucket), ("action", "read")]);
    assert_eq!(number(&bucket[0]["objects"]), u64::from(attack.objects_read));
    assert!(number(&bucket[0]["bytes_out"]) > 200_000 * u64::from(attack.objects_read));
    let secrets = having(&found["data"], &[("name", "secrets"), ("action", "read")]);
    assert!(number(&secrets[0]["objects"]) >= u64::from(attack.secrets_read));
}

fn assert_page(asked: &Asked, attack: &Attack) {
    let page = asked.verb(&["investigate", &attack.access_key_leaked]);
    for words in
        [&attack.user, &attack.access_key_new, &attack.role_backdoor, &attack.bucket, &attack.source_ip, &attack.region_pivot]
    {
        assert!(page.contains(words.as_str()), "no {words} in\n{page}");
    }
    for words in [
        "WAYS BACK IN",
        "TRACKS COVERED",
        "trail stopped",
        "DATA TOUCHED",
        "COVERAGE OF THE PERIOD",
        "without a second factor",
        "NEW",
    ] {
        assert!(page.contains(words), "no {words} in\n{page}");
    }
    let alone = investigate(asked, &[&attack.access_key_leaked, "--no-follow"]);
    assert_eq!(alone["followed"].as_array().unwrap().len(), 1);
}

/// What reading these files by eye had shown.
#[test]
fn real_events_tell_what_was_expected_of_them() {
    let Some(corpora) = testbed::corpora("real_events_tell_what_was_expected_of_them") else { return };
    let home = TestHome::folder();
    let asked = Asked::of(&home);
    asked.collect_with_any_code(&corpora.join("invictus").display().to_string());
    let found = investigate(&asked, &["bert-jan"]);
    assert_eq!((&found["kind"], number(&found["card"]["events"])), (&json!("user"), 2_642));
    assert_eq!(number(&found["card"]["keys_total"]), 108);
    let addresses: Vec<(&str, u64)> = found["origins"]["addresses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| (a["value"].as_str().unwrap(), number(&a["events"])))
        .collect();
    assert!(addresses.contains(&("10.8.8.10", 281)) && addresses.contains(&("10.107.159.90", 1)), "{addresses:?}");
    let worked = |event: &str| having(&found["lasting"], &[("event", event)]).iter().filter(|one| one["error"].is_null()).count();
    let expected = [
        ("CreateUser", 4),
        ("CreateAccessKey", 2),
        ("CreateLoginProfile", 2),
        ("CreateRole", 13),
        ("UpdateAssumeRolePolicy", 2),
        ("AttachUserPolicy", 1),
        ("AttachRolePolicy", 6),
        ("PutRolePolicy", 5),
        ("CreateInstanceProfile", 3),
        ("AddPermission20150331v2", 1),
        ("CreateFunction20150331", 2),
        ("UpdateFunctionCode20150331v2", 2),
        ("ModifyImageAttribute", 1),
        ("ModifySnapshotAttribute", 1),
        ("ModifyDBSnapshotAttribute", 1),
        ("CreateTrustAnchor", 1),
        ("CreateProfile", 1),
        ("PutBucketPolicy", 3),
        ("AuthorizeSecurityGroupIngress", 2),
        ("RunInstances", 2),
        ("DeleteTrail", 2),
        ("PutEventSelectors", 2),
        ("DeleteFlowLogs", 1),
        ("PutBucketLifecycle", 1),
        ("StopLogging", 0),
        ("LeaveOrganization", 0),
    ];
    let told: Vec<(&str, usize)> = expected.iter().map(|(event, _)| (*event, worked(event))).collect();
    assert_eq!(told, expected);
    assert_eq!(having(&found["lasting"], &[("event", "StopLogging")]).len(), 3, "attempts are told too");
    let secrets = having(&found["data"], &[("name", "secrets")]);
    let parameters = having(&found["data"], &[("name", "parameters")]);
    assert_eq!((number(&secrets[0]["objects"]), number(&parameters[0]["objects"])), (20, 42));
    assert_eq!(number(&found["card"]["sign_ins"]["without_mfa"]), 1, "a user that was made signed in");
    assert_eq!(having(&found["followed"], &[("how", "user_made")]).len(), 4);
    assert_eq!(number(&found["coverage"]["data_events"]), 0);

    let quiet = investigate(&asked, &["benjamin"]);
    assert_eq!((number(&quiet["card"]["events"]), quiet["lasting"].as_array().unwrap().len()), (105, 0));
    let keys: Vec<&str> = quiet["card"]["keys"].as_array().unwrap().iter().filter_map(|key| key["value"].as_str()).collect();
    assert_eq!(keys.iter().filter(|key| key.starts_with("AKIA")).count(), 2, "{keys:?}");
    let from = having(&quiet["origins"]["addresses"], &[("value", "10.248.16.43")]);
    assert_eq!(number(&from[0]["events"]), 89);
}

/// One home with a bit of everything: (what is asked, kind, events).
#[test]
fn every_kind_of_thing_is_recognised() {
    let (source, home) = (tempfile::tempdir().unwrap(), TestHome::folder());
    plant().deliver(source.path());
    let asked = Asked::of(&home);
    asked.collect(&source.path().display().to_string(), 0);
    let cases = [
        ("AKIAALICE00000000001", "access_key", 2),
        ("alice", "user", 3),
        ("arn:aws:iam::111122223333:user/alice", "user", 3),
        ("Deploy", "role", 2),
        ("arn:aws:iam::111122223333:role/Deploy", "role", 2),
        ("ci-42", "session", 1),
        ("arn:aws:sts::111122223333:assumed-role/Deploy/ci-42", "session", 1),
        ("AROADeploy", "user", 0),
        ("root", "root", 1),
        ("111122223333", "account", 6),
        ("carol@example.com", "source_identity", 1),
        ("198.51.100.7", "address", 1),
        ("198.51.100.0/24", "address", 2),
        ("2001:0db8::0:1", "address", 1),
        ("Boto3/1.26", "agent", 1),
        ("s3://payroll", "bucket", 2),
        ("s3://payroll/2026/", "bucket", 1),
        ("arn:aws:s3:::payroll", "bucket", 2),
        ("vpce-0123456789abcdef0", "vpc_endpoint", 1),
        ("i-0123456789abcdef0", "resource", 1),
    ];
    for (text, kind, events) in cases {
        let found = investigate(&asked, &[text]);
        if events == 0 {
            assert!(number(&found["searched_events"]) > 0, "{text}: {found}");
            continue;
        }
        assert_eq!((&found["kind"], number(&found["card"]["events"])), (&json!(kind), events), "{text}");
        assert!(asked.verb(&["investigate", text]).contains("COVERAGE OF THE PERIOD"), "{text}");
    }
    let unseen = investigate(&asked, &["AKIAALICE00000000002"]);
    assert_eq!(unseen["nearest"][0]["value"], "AKIAALICE00000000001");
    assert!(asked.fails(&["investigate", "alice", "--as", "ghost"], 2).contains("is no kind of thing"));
    assert!(asked.fails(&["investigate", " "], 2).contains("nothing to look into"));
    assert!(asked.fails(&["investigate", "alice", "--since", "1d", "--until", "2d"], 2).contains("ends before it begins"));
}

#[test]
fn hostile_texts_are_washed() {
    let (source, home) = (tempfile::tempdir().unwrap(), TestHome::folder());
    let evil = "x\u{1b}[31m\u{202e}\u{7}' OR 1=1 --";
    let mut written = Written::default();
    let mut event = event("iam", "CreateUser", written::user("111122223333", evil, "AKIAEVIL000000000001"));
    event["userAgent"] = json!(evil);
    event["sourceIPAddress"] = json!(evil);
    event["errorMessage"] = json!(evil);
    event["errorCode"] = json!(evil);
    event["requestParameters"] = json!({"userName": evil, evil: evil});
    written.add(event.clone());
    written.add(event);
    written.deliver(source.path());
    let asked = Asked::of(&home);
    asked.collect(&source.path().display().to_string(), 0);
    for arguments in [
        &["investigate", "AKIAEVIL000000000001"][..],
        &["investigate", evil],
        &["who", evil],
        &["session", "AKIAEVIL000000000001"],
        &["session", evil],
    ] {
        let page = asked.verb(arguments);
        let bad: Vec<char> = page.chars().filter(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}').collect();
        assert!(bad.is_empty(), "{arguments:?} {bad:?}\n{page}");
    }
    let found = investigate(&asked, &[evil]);
    assert_eq!(number(&found["card"]["events"]), 2, "SQL stays text");
}

fn event(service: &str, name: &str, identity: Value) -> Value {
    let account = identity.get("accountId").cloned().unwrap_or(Value::Null);
    json!({"eventSource": format!("{service}.amazonaws.com"), "eventName": name, "userIdentity": identity, "recipientAccountId": account})
}

fn plant() -> Written {
    let mut written = Written::default();
    let alice = |key: &str| written::user("111122223333", "alice", key);
    let mut add = |event: Value, more: Value| {
        let mut event = event;
        for (key, value) in more.as_object().unwrap() {
            event[key] = value.clone();
        }
        written.add(event);
    };
    let reads = json!({"readOnly": true});
    add(event("iam", "GetUser", alice("AKIAALICE00000000001")), reads.clone());
    add(
        event("ec2", "StopInstances", alice("AKIAALICE00000000001")),
        json!({"requestParameters": {"instancesSet": {"items": [{"instanceId": "i-0123456789abcdef0"}]}}}),
    );
    add(event("iam", "ListUsers", alice("AKIAALICE00000000009")), json!({"readOnly": true, "sourceIPAddress": "198.51.100.7"}));
    let object = |key: &str| json!({"readOnly": true, "managementEvent": false, "eventCategory": "Data", "requestParameters": {"bucketName": "payroll", "key": key}});
    let mut first = object("2026/jan.csv");
    first["sourceIPAddress"] = json!("198.51.100.9");
    add(event("s3", "GetObject", written::session("111122223333", "Deploy", "ci-42", "ASIADEPLOY0000000001")), first);
    let mut second = object("2025/dec.csv");
    second["vpcEndpointId"] = json!("vpce-0123456789abcdef0");
    second["userAgent"] = json!("[Boto3/1.26.165 Python/3.10]");
    second["sourceIPAddress"] = json!("2001:db8::1");
    let mut carol = written::session("111122223333", "Deploy", "ci-43", "ASIADEPLOY0000000002");
    carol["sessionContext"]["sourceIdentity"] = json!("carol@example.com");
    add(event("s3", "GetObject", carol), second);
    let root = json!({"type": "Root", "principalId": "111122223333", "accountId": "111122223333", "arn": "arn:aws:iam::111122223333:root"});
    add(
        event("signin", "ConsoleLogin", root),
        json!({"responseElements": {"ConsoleLogin": "Success"}, "additionalEventData": {"MFAUsed": "No"}}),
    );
    written
}
