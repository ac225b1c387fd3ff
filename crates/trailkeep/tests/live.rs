//! Findings while collecting: kept, told, and the same as those of a run over the home.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tempfile::TempDir;
use testbed::{Dice, Program, TestHome};

use crate::asked::EXE;
use crate::organization::now_s;
use crate::receiver::{Do, Receiver};

/// SIGKILLs of the live process.
const KILLS: usize = 100;
/// How late events arrive, and how long correlations wait.
const LATE_S_MAX: u64 = 5;
const LATENESS: &str = "45s";
const ACCOUNT: &str = "111122223333";

/// Rules whose matches are frequent, and correlations over them.
const RULES: &str = "
title: Role read
name: role_read
id: 00000000-0000-4000-8000-0000000000a1
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: GetRole}, condition: selection}
level: low
---
title: Role changed
name: role_changed
id: 00000000-0000-4000-8000-0000000000a2
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: UpdateRole}, condition: selection}
level: medium
---
title: Roles read in numbers
id: 00000000-0000-4000-8000-0000000000a3
correlation: {type: event_count, rules: [role_read], group-by: [sourceIPAddress], timespan: 2s, condition: {gte: 2}, generate: true}
level: high
---
title: Role read and changed
id: 00000000-0000-4000-8000-0000000000a4
correlation: {type: temporal_ordered, rules: [role_read, role_changed], group-by: [sourceIPAddress], timespan: 3s, generate: true}
level: high
";

/// A folder that is collected from, a home beside it, and rules.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("rules.yml"), RULES).unwrap();
        std::fs::create_dir_all(folder.path().join("logs")).unwrap();
        Scene { folder }
    }

    fn at(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn program(&self) -> Program {
        Program::new(EXE)
            .with("XDG_CONFIG_HOME", self.at("config"))
            .with("TRAILKEEP_TELL_SECRET", "s3cret of the test")
            .with("TRAILKEEP_HOME", self.at("home"))
    }

    /// `collect`, with rules of its own and everything judged.
    fn collect(&self, more: &[&str]) -> Vec<String> {
        let (logs, rules) = (self.at("logs"), self.at("rules.yml"));
        let own = ["collect", &logs, "--rules", &rules, "--only-given-rules", "--detect-since", "10d", "--progress", "none"];
        own.iter().chain(more).map(|text| (*text).to_owned()).collect()
    }

    fn run(&self, more: &[&str]) -> testbed::Finished {
        let arguments = self.collect(more);
        self.program().run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Ids that a run over the home finds.
    fn at_once(&self) -> BTreeSet<String> {
        let rules = self.at("rules.yml");
        let found = self.program().run(&["detect", "--rules", &rules, "--only-given-rules", "-o", "ndjson"]).expect_code(0);
        found.rows().iter().map(|finding| finding["id"].as_str().unwrap().to_owned()).collect()
    }

    fn events(&self) -> u64 {
        let rows = self.program().run(&["query", "SELECT count(*) AS n FROM events", "-o", "ndjson"]).expect_code(0).rows();
        rows[0]["n"].as_u64().unwrap()
    }

    /// Findings of correlations that the home holds.
    fn correlated(&self) -> usize {
        let found = self.program().run(&["findings", "--level", "high", "-o", "ndjson"]).expect_code(0);
        found.rows().len()
    }

    /// A log file with these records appears in the folder, whole.
    fn deliver(&self, number: usize, records: &[Value]) {
        let day = time(now_s())[..10].replace('-', "/");
        let folder = self.folder.path().join(format!("logs/AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/{day}"));
        std::fs::create_dir_all(&folder).unwrap();
        let stamp = time(now_s())[..16].replace(['-', ':'], "");
        let name = format!("{ACCOUNT}_CloudTrail_eu-west-1_{stamp}Z_{number:016}.json.gz");
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(json!({ "Records": records }).to_string().as_bytes()).unwrap();
        let aside = folder.join(format!(".{name}"));
        std::fs::write(&aside, packed.finish().unwrap()).unwrap();
        std::fs::rename(aside, folder.join(name)).unwrap();
    }
}

fn time(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0).unwrap().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn event(id: usize, at_s: i64, name: &str, address: &str, who: &str) -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": { "type": "IAMUser", "arn": format!("arn:aws:iam::{ACCOUNT}:user/{who}"), "accountId": ACCOUNT },
        "eventTime": time(at_s), "eventSource": "iam.amazonaws.com", "eventName": name, "awsRegion": "eu-west-1",
        "sourceIPAddress": address, "eventID": format!("{id:08}-0000-4000-8000-000000000000"),
        "recipientAccountId": ACCOUNT, "eventType": "AwsApiCall", "managementEvent": true,
    })
}

/// An event that happened a little while ago, so that events arrive late and shuffled.
fn random_event(id: usize, dice: &mut Dice) -> Value {
    let at = now_s() - i64::try_from(dice.up_to(LATE_S_MAX)).unwrap();
    let name = ["GetRole", "GetRole", "UpdateRole", "ListRoles"][dice.up_to(3) as usize];
    event(id, at, name, &format!("192.0.2.{}", dice.up_to(2)), &format!("u{id}"))
}

fn command(scene: &Scene, more: &[&str]) -> Command {
    let arguments = scene.collect(more);
    let mut command = scene.program().command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Waits until something holds; the test fails if it does not for long.
fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(240), "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Fails now and then: refused, busy, gone, and taken without an answer.
fn moody(number: usize) -> Do {
    match number % 12 {
        1 => Do::Refuse(503, ""),
        4 => Do::Refuse(429, "retry-after: 0\r\n"),
        7 => Do::HangUp,
        10 => Do::TakeSilently,
        _ => Do::Take,
    }
}

#[test]
fn killed_a_hundred_times_and_every_finding_is_told() {
    let (scene, receiver, mut dice) = (Scene::new(), Receiver::start(moody), Dice::new(7));
    let hook = format!("webhook={}", receiver.url());
    let live = ["--follow", "--tell", hook.as_str(), "--detect-lateness", LATENESS];
    let mut struck = 0;
    for number in 0..KILLS {
        scene.deliver(2 * number, &[random_event(2 * number, &mut dice)]);
        let mut child = command(&scene, &live).spawn().unwrap();
        // From before its first look to well into telling.
        std::thread::sleep(Duration::from_millis(dice.up_to(1_000)));
        scene.deliver(2 * number + 1, &[random_event(2 * number + 1, &mut dice)]);
        std::thread::sleep(Duration::from_millis(dice.up_to(1_000)));
        struck += usize::from(child.try_wait().unwrap().is_none());
        kill(&mut child);
    }
    assert_eq!(struck, KILLS, "it runs until it is killed");
    let told_so_far = receiver.taken().len();
    let mut child = command(&scene, &live).spawn().unwrap();
    wait_for("all is collected", || scene.at_once().len() > told_so_far && scene.events() == 2 * KILLS as u64);
    let expected = scene.at_once();
    let missing = || expected.difference(&receiver.taken().into_keys().collect()).count();
    wait_for("all is told", || missing() == 0);
    kill(&mut child);
    let taken = receiver.taken();
    let told: BTreeSet<String> = taken.keys().cloned().collect();
    let unknown: Vec<_> = told.difference(&expected).collect();
    let missing: Vec<_> = expected.difference(&told).collect();
    assert!(unknown.is_empty() && missing.is_empty(), "unknown {unknown:?} missing {missing:?}");
    let correlated = scene.correlated();
    assert!(correlated > 3 && told_so_far > KILLS / 4, "{correlated} correlations, {told_so_far} told between kills");
    println!(
        "{struck} kills, {} findings, {} messages, {} taken",
        expected.len(),
        receiver.messages().len(),
        taken.values().sum::<usize>()
    );
}

#[test]
fn openssl_verifies_what_a_webhook_gets() {
    let (scene, receiver) = (Scene::new(), Receiver::start(|_| Do::Take));
    scene.deliver(1, &[event(1, now_s() - 60, "GetRole", "192.0.2.1", "<!channel>\u{1b}[31m")]);
    let hook = format!("webhook={}", receiver.url());
    scene.run(&["--tell", &hook]).expect_code(0);
    let message = receiver.messages().remove(0);
    let signature = message.signature.unwrap();
    let (seconds, mac) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    assert!((now_s() - seconds.parse::<i64>().unwrap()).abs() < 300);
    let signed = scene.folder.path().join("signed");
    std::fs::write(&signed, [format!("{seconds}.").as_bytes(), &message.body].concat()).unwrap();
    let openssl = Command::new("openssl").args(["dgst", "-sha256", "-hmac", "s3cret of the test"]).arg(&signed).output().unwrap();
    let said = String::from_utf8_lossy(&openssl.stdout).into_owned();
    assert!(said.trim().ends_with(mac), "{said} {mac}");
    assert!(!String::from_utf8_lossy(&message.body).contains('\u{1b}'));
}

#[test]
fn targets_of_every_kind_and_what_status_and_findings_say() {
    let (scene, slack) = (Scene::new(), Receiver::start(|_| Do::Take));
    let path = scene.at("findings.ndjson");
    std::fs::write(scene.at("slack-url"), format!("{}\n", slack.url())).unwrap();
    let config = format!(
        "[[target]]\nname = \"channel\"\ntype = \"slack\"\nurl_file = \"{}\"\nlevel = \"medium\"\n\n\
         [[target]]\nname = \"down\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\n\n\
         [[target]]\nname = \"lines\"\ntype = \"file\"\npath = \"{path}\"\n",
        scene.at("slack-url")
    );
    std::fs::write(scene.at("tell.toml"), config).unwrap();
    let begin = now_s() - 300;
    let who = "<https://evil.example|click>";
    scene.deliver(1, &[event(1, begin, "GetRole", "192.0.2.1", who), event(2, begin + 2, "UpdateRole", "192.0.2.1", who)]);
    let toml = scene.at("tell.toml");
    let done = scene.run(&["--tell-config", &toml, "--tell", "stdout", "-o", "json"]).expect_code(0);
    let on_stdout = done.stdout.lines().filter(|line| line.starts_with("{\"id\":")).count();
    let lines = std::fs::read_to_string(&path).unwrap();
    let expected = scene.at_once();
    assert_eq!((on_stdout, lines.lines().count(), expected.len()), (3, 3, 3));
    let ids: BTreeSet<String> =
        lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, expected);
    let texts: Vec<String> = slack.messages().iter().map(|message| String::from_utf8_lossy(&message.body).into_owned()).collect();
    assert_eq!(texts.len(), 2, "from medium on");
    assert!(texts.iter().all(|text| !text.contains("mrkdwn\":true") && text.contains("plain_text")));

    let status = scene.program().run(&["status", "-o", "json"]).expect_code(0).json();
    let target =
        |name: &str| status["telling"]["targets"].as_array().unwrap().iter().find(|t| t["target"] == name).unwrap().clone();
    assert_eq!((&target("down")["waiting"], &target("down")["told"]), (&json!(3), &json!(0)));
    assert!(target("down")["trouble"]["reason"].as_str().unwrap().contains("127.0.0.1:1"));
    assert_eq!((&target("channel")["waiting"], &target("channel")["told"]), (&json!(0), &json!(2)));
    let text = scene.program().run(&["status"]).expect_code(0).stdout;
    assert!(text.contains("3 findings in the home") && text.contains("3 waiting since"), "{text}");

    let listed = scene.program().run(&["findings", "-o", "ndjson"]).expect_code(0).rows();
    assert_eq!(listed.len(), 3);
    for finding in &listed {
        assert!(finding["told"].as_array().unwrap().contains(&json!("lines")), "{finding}");
        let event = &finding["events"][0];
        assert!(event["delivery"].as_str().unwrap().starts_with("AWSLogs/"), "every finding points to a delivery: {event}");
    }
    let high = scene.program().run(&["findings", "--level", "high", "--fail-on", "high", "-o", "json"]).expect_code(3).json();
    assert_eq!(high["findings"].as_array().unwrap().len(), 1);
    assert!(scene.program().run(&["findings"]).expect_code(0).stdout.starts_with("3 findings"));
    scene.program().run(&["verify", "--home", &scene.at("home")]);
}

#[test]
fn a_backlog_raises_no_alarm_unless_asked() {
    let scene = Scene::new();
    let (old, new) = (now_s() - 5 * 86_400, now_s() - 3_600);
    scene.deliver(1, &[event(1, old, "UpdateRole", "192.0.2.1", "a"), event(2, new, "UpdateRole", "192.0.2.1", "a")]);
    let (logs, rules, path) = (scene.at("logs"), scene.at("rules.yml"), scene.at("f"));
    let tell = format!("file={path}");
    let collect = |since: &[&str]| {
        let own = ["collect", &logs, "--rules", &rules, "--only-given-rules", "--tell", &tell, "--progress", "none"];
        scene.program().run(&[&own[..], since].concat()).expect_code(0);
        std::fs::read_to_string(&path).unwrap().lines().count()
    };
    assert_eq!(collect(&[]), 1);
    assert_eq!(collect(&[]), 1, "again: nothing new");
    assert_eq!(collect(&["--detect-since", "10d"]), 2, "asked for");
}

#[test]
fn what_is_no_target_is_told_before_anything_is_collected() {
    let home = TestHome::folder();
    let program = home.program(EXE);
    for (target, says) in [
        ("mail=a@b", "is no target"),
        ("webhook=ftp://x/", "neither with https://"),
        ("slack=https://hooks.slack.com/services/secret", "is a secret"),
        ("slack", "TRAILKEEP_SLACK_URL"),
    ] {
        let failed = program.run(&["collect", ".", "--home", &home.name(), "--tell", target]).expect_code(2);
        assert!(failed.stderr.contains(says), "{target}: {}", failed.stderr);
    }
    assert!(!Path::new(&home.name()).exists() || PathBuf::from(home.name()).read_dir().unwrap().next().is_none());
}
