//! `trailkeep session` on made-up chains whose truth is known: every session, both sides of every border, in order.

use serde_json::{Value, json};
use testbed::{Dice, TestHome};

use crate::asked::Asked;
use crate::written::{self, Written};

/// Cases.
const CASES: u64 = 20;
/// Sessions in a case.
const SESSIONS_MAX: usize = 9;

/// One session as it is planted.
struct Planted {
    key: String,
    account: String,
    role: String,
    name: String,
    parent: Option<usize>,
    /// What `session` must tell of how it began: event, other side's event, whether it crosses accounts, source identity.
    issue: Option<Value>,
    events: u64,
}

/// A chain and who began it.
struct Case {
    sessions: Vec<Planted>,
    /// The caller above the first session, as `session` must tell it.
    top: Option<(Value, u64)>,
    asked: usize,
}

#[test]
fn chains_are_told_as_they_were_planted() {
    let (source, home) = (tempfile::tempdir().unwrap(), TestHome::folder());
    let mut written = Written::default();
    let cases: Vec<Case> = (0..CASES).map(|number| plant(number, &mut written)).collect();
    written.deliver(source.path());
    let asked = Asked::of(&home);
    asked.collect(&source.path().display().to_string(), 0);
    for (number, case) in cases.iter().enumerate() {
        let planted = &case.sessions[case.asked];
        let id = match number % 3 {
            0 => format!("arn:aws:sts::{}:assumed-role/{}/{}", planted.account, planted.role, planted.name),
            1 => planted.name.clone(),
            _ => planted.key.clone(),
        };
        let found: Value = serde_json::from_str(&asked.verb(&["session", &id, "-o", "json"])).unwrap();
        let chains = found["chains"].as_array().unwrap();
        assert_eq!(chains.len(), 1, "case {number}, {id}");
        assert_eq!(told(&chains[0]), expected(case), "case {number}, {id}");
        let page = asked.verb(&["session", &id]);
        assert!(page.contains(&format!("> {}/{} ({})", planted.role, planted.name, planted.key)), "{page}");
    }
}

#[test]
fn a_session_that_is_not_there() {
    let (source, home) = (tempfile::tempdir().unwrap(), TestHome::folder());
    let mut written = Written::default();
    plant(1, &mut written);
    written.deliver(source.path());
    let asked = Asked::of(&home);
    asked.collect(&source.path().display().to_string(), 0);
    let page = asked.verb(&["session", "ASIA1N0SUCHKEY00000X"]);
    assert!(page.contains("not seen in"), "{page}");
}

/// Plants a tree of sessions, and some noise that must not be taken for it.
fn plant(number: u64, written: &mut Written) -> Case {
    let mut dice = Dice::new(number * 7919 + 5);
    let accounts: Vec<String> = (0..3).map(|at| format!("{:012}", 100_000_000_000 + number * 1_000 + at)).collect();
    let mut sessions: Vec<Planted> = Vec::new();
    let (first, top_identity, mut top_events) = begin(number, &mut dice, &accounts, written);
    sessions.push(first);
    let count = 1 + dice.up_to(SESSIONS_MAX as u64 - 2) as usize;
    for at in 1..=count {
        let parent = dice.up_to(at as u64 - 1) as usize;
        let session = assume(number, at, parent, &sessions, &accounts, &mut dice, written);
        sessions[parent].events += u64::from(session.1);
        sessions.push(session.0);
    }
    for session in &mut sessions {
        for _ in 0..dice.up_to(3) {
            let identity = written::session(&session.account, &session.role, &session.name, &session.key);
            written.add(json!({"eventSource": "s3.amazonaws.com", "eventName": "ListBuckets", "readOnly": true,
                "userIdentity": identity, "recipientAccountId": session.account}));
            session.events += 1;
        }
    }
    if let Some(identity) = top_identity.as_ref().filter(|identity| identity.get("accessKeyId").is_some()) {
        written.add(json!({"eventSource": "sts.amazonaws.com", "eventName": "GetCallerIdentity", "readOnly": true,
            "userIdentity": identity, "recipientAccountId": identity["accountId"]}));
        top_events += 1;
    }
    let asked = dice.up_to(sessions.len() as u64 - 1) as usize;
    Case { sessions, top: top_identity.map(|identity| (identity, top_events)), asked }
}

/// The first session, and the caller above it: a user, a service, an unknown account, a federated person - or nobody, where the lake
/// does not hold the event.
fn begin(number: u64, dice: &mut Dice, accounts: &[String], written: &mut Written) -> (Planted, Option<Value>, u64) {
    let account = &accounts[0];
    let planted = blank(number, 0, account, None);
    let identity = match number % 5 {
        0 => Some(written::user(account, &format!("user-{number}"), &format!("AKIA{number:016}"))),
        1 => Some(json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"})),
        2 => Some(json!({"type": "AWSAccount", "principalId": "AIDAFOREIGN", "accountId": "999988887777"})),
        3 => Some(json!({"type": "SAMLUser", "principalId": "idp:alice@example.com", "userName": "alice@example.com",
            "identityProvider": "idp"})),
        _ => None,
    };
    let Some(identity) = identity else { return (planted, None, 0) };
    let event_name = if number % 5 == 3 { "AssumeRoleWithSAML" } else { "AssumeRole" };
    let person = (dice.up_to(1) == 1).then(|| format!("person-{number}@example.com"));
    let event = assumption(event_name, &identity, account, &planted, person.as_deref(), true, None);
    let id = written.add(event);
    let events = u64::from(number.is_multiple_of(5));
    let crosses = number % 5 == 2;
    let issue = json!({"event": event_name, "event_id": id, "other_event_id": null, "crosses_accounts": crosses, "source_identity": person});
    (Planted { issue: Some(issue), ..planted }, Some(identity), events)
}

/// A session that begins with the credentials of another one. Says whether the caller's own account has a record.
fn assume(
    number: u64,
    at: usize,
    parent: usize,
    sessions: &[Planted],
    accounts: &[String],
    dice: &mut Dice,
    written: &mut Written,
) -> (Planted, bool) {
    let caller = &sessions[parent];
    let account = &accounts[dice.up_to(2) as usize];
    let planted = blank(number, at, account, Some(parent));
    let identity = written::session(&caller.account, &caller.role, &caller.name, &caller.key);
    let crosses = *account != caller.account;
    if !crosses {
        let id = written.add(assumption("AssumeRole", &identity, account, &planted, None, true, None));
        let issue = json!({"event": "AssumeRole", "event_id": id, "other_event_id": null, "crosses_accounts": false, "source_identity": null});
        return (Planted { issue: Some(issue), ..planted }, true);
    }
    let shared = format!("{number:08x}-1111-4000-8000-{at:012x}");
    // The caller's own record has the credentials in it, or only the other account's has.
    let has_both = dice.up_to(1) == 1;
    let mine = written.add(assumption("AssumeRole", &identity, &caller.account, &planted, None, has_both, Some(&shared)));
    let stranger =
        json!({"type": "AWSAccount", "principalId": format!("AROA{}:{}", caller.role, caller.name), "accountId": caller.account});
    let theirs = written.add(assumption("AssumeRole", &stranger, account, &planted, None, true, Some(&shared)));
    let issue = json!({"event": "AssumeRole", "event_id": mine, "other_event_id": theirs, "crosses_accounts": true, "source_identity": null});
    (Planted { issue: Some(issue), ..planted }, true)
}

fn blank(number: u64, at: usize, account: &str, parent: Option<usize>) -> Planted {
    Planted {
        key: format!("ASIA{number:08}{at:08}"),
        account: account.to_owned(),
        role: format!("role-{number}-{at}"),
        name: format!("session-{number}-{at}"),
        parent,
        issue: None,
        events: 0,
    }
}

fn assumption(
    name: &str,
    identity: &Value,
    recipient: &str,
    planted: &Planted,
    person: Option<&str>,
    with_credentials: bool,
    shared: Option<&str>,
) -> Value {
    let Planted { account, role, name: session, key, .. } = planted;
    let mut request = json!({"roleArn": format!("arn:aws:iam::{account}:role/{role}"), "roleSessionName": session});
    if let Some(person) = person {
        request["sourceIdentity"] = json!(person);
    }
    let response = json!({
        "credentials": {"accessKeyId": key, "sessionToken": "token", "expiration": "Nov 2, 2026 9:00:00 AM"},
        "assumedRoleUser": {
            "assumedRoleId": format!("AROA{role}:{session}"),
            "arn": format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"),
        },
    });
    let mut event = json!({
        "eventSource": "sts.amazonaws.com", "eventName": name, "readOnly": true, "userIdentity": identity, "recipientAccountId": recipient,
        "requestParameters": request, "responseElements": if with_credentials { response } else { Value::Null },
    });
    if let Some(shared) = shared {
        event["sharedEventID"] = json!(shared);
    }
    event
}

/// The tree that must be told: the way down to what was asked about, and everything below that.
fn expected(case: &Case) -> Value {
    let mut tree = below(case, case.asked, "asked");
    let mut at = case.asked;
    while let Some(parent) = case.sessions[at].parent {
        let planted = &case.sessions[parent];
        tree = json!({"key": planted.key, "place": "before", "events": planted.events, "issue": planted.issue, "children": [tree]});
        at = parent;
    }
    match &case.top {
        Some((identity, events)) => {
            json!({"key": identity.get("accessKeyId"), "place": "before", "events": events, "issue": null, "children": [tree]})
        }
        None => tree,
    }
}

fn below(case: &Case, at: usize, place: &str) -> Value {
    let planted = &case.sessions[at];
    let children: Vec<usize> = (0..case.sessions.len()).filter(|child| case.sessions[*child].parent == Some(at)).collect();
    let children: Vec<Value> = children.into_iter().map(|child| below(case, child, "after")).collect();
    json!({"key": planted.key, "place": place, "events": planted.events, "issue": planted.issue, "children": children})
}

/// What was told, as far as the truth goes.
fn told(session: &Value) -> Value {
    let names = ["event", "event_id", "other_event_id", "crosses_accounts", "source_identity"];
    let issue = &session["issue"];
    let issue = if issue.is_null() {
        Value::Null
    } else {
        names.iter().map(|name| ((*name).to_owned(), issue[*name].clone())).collect::<serde_json::Map<_, _>>().into()
    };
    let children: Vec<Value> = session["children"].as_array().unwrap().iter().map(told).collect();
    json!({"key": session["key"], "place": session["place"], "events": session["events"], "issue": issue, "children": children})
}
