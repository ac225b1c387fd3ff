//! `trailkeep who` on made-up histories whose truth is known: every write, newest first, with the exact difference to the one
//! before - of services that the program was never told of, too.

use serde_json::{Value, json};
use testbed::{Dice, TestHome};

use crate::asked::Asked;
use crate::written::{self, Written};

/// Cases.
const CASES: u64 = 20;

/// A kind of resource: how it is written, and how it is asked for.
struct Shape {
    service: &'static str,
    /// APIs and the key (a path of objects and arrays of one) that names the resource.
    apis: &'static [(&'static str, &'static str)],
    /// `{n}` is the number of the case, `{a}` its account.
    name: &'static str,
    asked: &'static str,
}

const SHAPES: [Shape; 10] = [
    Shape {
        service: "s3",
        apis: &[("PutBucketPolicy", "bucketName"), ("PutBucketAcl", "bucketName")],
        name: "bucket-{n}",
        asked: "bucket-{n}",
    },
    Shape {
        service: "ec2",
        apis: &[("AuthorizeSecurityGroupIngress", "groupId"), ("RevokeSecurityGroupIngress", "groupId")],
        name: "sg-0abc00{n}",
        asked: "sg-0abc00{n}",
    },
    Shape {
        service: "ec2",
        apis: &[("StopInstances", "instancesSet.items.instanceId"), ("ModifyInstanceAttribute", "instanceId")],
        name: "i-0abc00{n}",
        asked: "i-0abc00{n}",
    },
    Shape {
        service: "iam",
        apis: &[("UpdateAssumeRolePolicy", "roleName"), ("PutRolePolicy", "roleName")],
        name: "role-{n}",
        asked: "arn:aws:iam::{a}:role/team/role-{n}",
    },
    Shape {
        service: "lambda",
        apis: &[("UpdateFunctionCode20150331v2", "functionName")],
        name: "function-{n}",
        asked: "arn:aws:lambda:us-east-1:{a}:function:function-{n}",
    },
    Shape {
        service: "dynamodb",
        apis: &[("UpdateTable", "tableName"), ("UpdateTimeToLive", "tableName")],
        name: "table-{n}",
        asked: "table-{n}",
    },
    Shape {
        service: "cloudtrail",
        apis: &[("UpdateTrail", "name"), ("StopLogging", "name")],
        name: "arn:aws:cloudtrail:us-east-1:{a}:trail/trail-{n}",
        asked: "trail-{n}",
    },
    Shape { service: "rds", apis: &[("ModifyDBInstance", "dBInstanceIdentifier")], name: "db-{n}", asked: "db-{n}" },
    Shape {
        service: "secretsmanager",
        apis: &[("PutSecretValue", "secretId"), ("UpdateSecret", "secretId")],
        name: "arn:aws:secretsmanager:us-east-1:{a}:secret:s-{n}",
        asked: "arn:aws:secretsmanager:us-east-1:{a}:secret:s-{n}",
    },
    Shape {
        service: "tomorrow",
        apis: &[("ReshapeWidget", "WidgetSpec.WidgetArn"), ("PaintWidget", "widgetName")],
        name: "widget-{n}",
        asked: "widget-{n}",
    },
];

/// A write as it must be told.
struct Truth {
    id: String,
    event: String,
    actor: String,
    failed: bool,
    request: Value,
    /// Which earlier write it is compared with, and the changes.
    before: Option<(String, Vec<Value>)>,
}

#[test]
fn writers_are_told_as_they_were_planted() {
    let (source, home) = (tempfile::tempdir().unwrap(), TestHome::folder());
    let mut written = Written::default();
    let cases: Vec<(String, Vec<Truth>)> = (0..CASES).map(|number| plant(number, &mut written)).collect();
    written.deliver(source.path());
    let asked = Asked::of(&home);
    asked.collect(&source.path().display().to_string(), 0);
    for (number, (id, truth)) in cases.iter().enumerate() {
        let found: Value = serde_json::from_str(&asked.verb(&["who", id, "--limit", "50", "-o", "json"])).unwrap();
        let told: Vec<Value> = found["writes"].as_array().unwrap().iter().map(told).collect();
        let expected: Vec<Value> = truth.iter().rev().map(expected).collect();
        assert_eq!(told, expected, "case {number}: {id}");
        let page = asked.verb(&["who", id]);
        assert!(page.contains(&truth.last().unwrap().event), "{page}");
    }
}

#[test]
fn nobody_wrote_it() {
    let (source, home) = (tempfile::tempdir().unwrap(), TestHome::folder());
    let mut written = Written::default();
    plant(0, &mut written);
    written.deliver(source.path());
    let asked = Asked::of(&home);
    asked.collect(&source.path().display().to_string(), 0);
    let page = asked.verb(&["who", "i-0123456789abcdef0"]);
    assert!(page.contains("nobody wrote it in the"), "{page}");
}

fn plant(number: u64, written: &mut Written) -> (String, Vec<Truth>) {
    let mut dice = Dice::new(number * 104_729 + 11);
    let shape = &SHAPES[(number as usize) % SHAPES.len()];
    let account = format!("{:012}", 200_000_000_000 + number);
    let filled = |text: &str| text.replace("{n}", &format!("{number:03}")).replace("{a}", &account);
    let name = filled(shape.name);
    let mut settings = json!({"size": 1, "owner": "team-a", "rules": [{"port": 22, "from": ["10.0.0.0/8"]}]});
    let mut truth: Vec<Truth> = Vec::new();
    for _ in 0..2 + dice.up_to(4) {
        noise(shape, &name, &account, &mut dice, written);
        change(&mut settings, &mut dice);
        let (event, path) = shape.apis[dice.up_to(shape.apis.len() as u64 - 1) as usize];
        let failed = dice.up_to(4) == 0;
        let actor = format!("user-{}", dice.up_to(2));
        let request = request(path, &name, &settings);
        let mut record = record(shape, event, &account, &actor, request.clone());
        if failed {
            record["errorCode"] = json!("AccessDenied");
        }
        let id = written.add(record);
        truth.push(Truth { id, event: event.to_owned(), actor, failed, request, before: None });
    }
    compare(&mut truth);
    (filled(shape.asked), truth)
}

/// What must not be told: reads, a longer name, a name in another account's resource, and what happens to others.
fn noise(shape: &Shape, name: &str, account: &str, dice: &mut Dice, written: &mut Written) {
    let (event, path) = shape.apis[0];
    let read = record(shape, "DescribeThings", account, "reader", request(path, name, &json!({})));
    written
        .add(Value::Object(read.as_object().unwrap().clone().into_iter().chain([("readOnly".to_owned(), json!(true))]).collect()));
    let longer = format!("{name}7");
    written.add(record(shape, event, account, "other", request(path, &longer, &json!({"n": dice.up_to(9)}))));
    written.add(record(
        shape,
        event,
        account,
        "other",
        request(path, &format!("not-{}", dice.up_to(9)), &json!({"note": format!("x{name}")})),
    ));
    if shape.asked.starts_with("arn:") && !shape.name.starts_with("arn:") {
        written.add(record(shape, event, "777766665555", "stranger", request(path, name, &json!({}))));
    }
}

fn record(shape: &Shape, event: &str, account: &str, actor: &str, request: Value) -> Value {
    json!({
        "eventSource": format!("{}.amazonaws.com", shape.service), "eventName": event, "recipientAccountId": account,
        "userIdentity": written::user(account, actor, "AKIA1111111111111111"), "requestParameters": request,
    })
}

/// A request that names the resource at the end of a path, beside settings.
fn request(path: &str, name: &str, settings: &Value) -> Value {
    let mut named = json!(name);
    for key in path.split('.').rev() {
        named = json!({ key: named });
    }
    if let Some(items) = named.get_mut("instancesSet").and_then(|set| set.get_mut("items")) {
        *items = json!([items.clone()]);
    }
    named["settings"] = settings.clone();
    named["clientToken"] = json!(format!("token-{}", settings["size"]));
    named
}

fn change(settings: &mut Value, dice: &mut Dice) {
    match dice.up_to(4) {
        0 => settings["size"] = json!(settings["size"].as_u64().unwrap() + 1),
        1 => settings["owner"] = json!(format!("team-{}", dice.up_to(5))),
        2 => settings["rules"][0]["port"] = json!(1 + dice.up_to(60_000)),
        3 => settings["rules"][0]["from"].as_array_mut().unwrap().push(json!(format!("192.0.2.{}", dice.up_to(250)))),
        _ => {
            let object = settings.as_object_mut().unwrap();
            if object.remove("extra").is_none() {
                object.insert("extra".to_owned(), json!({"on": true}));
            }
        }
    }
}

/// The truth about differences, by another way than the program's: requests are made of few known places.
fn compare(truth: &mut [Truth]) {
    for at in 0..truth.len() {
        let worked = |earlier: &&Truth| !earlier.failed;
        let same = truth[..at].iter().rev().filter(worked).find(|earlier| earlier.event == truth[at].event);
        let any = || truth[..at].iter().rev().find(worked);
        let before = same.or_else(any).map(|earlier| (earlier.id.clone(), changes(&earlier.request, &truth[at].request)));
        truth[at].before = before;
    }
}

fn changes(before: &Value, after: &Value) -> Vec<Value> {
    let mut found: Vec<(String, Value, Value)> = Vec::new();
    let mut note = |path: &str, before: &Value, after: &Value| {
        if before != after {
            found.push((path.to_owned(), before.clone(), after.clone()));
        }
    };
    for key in [
        "bucketName",
        "groupId",
        "instanceId",
        "instancesSet",
        "roleName",
        "widgetName",
        "WidgetSpec",
        "tableName",
        "name",
        "secretId",
    ] {
        note(key, &before[key], &after[key]);
    }
    let (old, new) = (&before["settings"], &after["settings"]);
    for key in ["size", "owner", "extra"] {
        note(&format!("settings.{key}"), &old[key], &new[key]);
    }
    let (old, new) = (&old["rules"][0], &new["rules"][0]);
    note("settings.rules[0].port", &old["port"], &new["port"]);
    let (old, new) = (old["from"].as_array().unwrap(), new["from"].as_array().unwrap());
    // Addresses are only ever added at the end.
    for (at, address) in new.iter().enumerate().skip(old.len()) {
        note(&format!("settings.rules[0].from[{at}]"), &Value::Null, address);
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found.into_iter().map(|(path, before, after)| json!({"path": path, "before": before, "after": after})).collect()
}

fn expected(truth: &Truth) -> Value {
    let before = truth.before.as_ref();
    json!({
        "event_id": truth.id, "event": truth.event, "actor": truth.actor, "failed": truth.failed,
        "to": before.map(|(id, _)| id), "changes": before.map(|(_, changes)| changes),
    })
}

fn told(write: &Value) -> Value {
    let difference = &write["difference"];
    json!({
        "event_id": write["event_id"], "event": write["event"], "actor": write["actor"], "failed": !write["error"].is_null(),
        "to": difference["to_event_id"], "changes": difference["changes"],
    })
}
