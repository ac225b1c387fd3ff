//! Five questions that an investigator would ask. Each one stands on the answers before it; none knows what the generator
//! planted.

use lake::Lake;
use sample::Attack;

use crate::ask::{ask_small, literal, text};
use crate::exit::Failure;
use crate::figures;
use crate::output::{self, Align, Screen, Table};
use crate::outside;
use crate::settings::Context;

/// Rows of an answer that are shown.
const ROWS_MAX: usize = 24;

/// A question in plain words, as SQL, and its columns.
struct Question {
    words: &'static str,
    sql: String,
    columns: &'static [(&'static str, Align)],
}

/// What the first answers tell.
#[derive(Default)]
struct Clues {
    user: String,
    address: String,
}

/// Asks all five.
pub async fn ask_all(lake: &Lake, context: &Context) -> Result<(), Failure> {
    let signed_in = ask_one(lake, 1, &logins(), context).await?;
    let success = signed_in.iter().find(|row| text(row, 3) == "Success").or(signed_in.first());
    let clues = success.map(|row| Clues { user: text(row, 1).to_owned(), address: text(row, 2).to_owned() }).unwrap_or_default();
    let questions = [new_keys(&clues), persistence(&clues), first_regions(), data_read(&clues)];
    for (number, question) in (2..).zip(&questions) {
        ask_one(lake, number, question, context).await?;
    }
    Ok(())
}

async fn ask_one(lake: &Lake, number: usize, question: &Question, context: &Context) -> Result<Vec<Vec<String>>, Failure> {
    let screen = context.screen;
    let watch = outside::stopwatch();
    let rows = ask_small(lake, &question.sql).await?;
    let took = figures::span(watch.elapsed().as_secs_f64());
    output::line(format!("\n{}  {}", screen.bold(&format!("{number}. {}", question.words)), screen.dim(&format!("({took})"))))?;
    output::line(screen.dim(&indented(&question.sql)))?;
    let mut table = Table::new(question.columns);
    for row in rows.iter().take(ROWS_MAX) {
        table.row(row.iter().cloned());
    }
    output::line(format!("\n{}", table.draw(screen, 4)))?;
    if rows.len() > ROWS_MAX {
        output::line(format!("    … and {} more", rows.len() - ROWS_MAX))?;
    }
    Ok(rows)
}

fn indented(sql: &str) -> String {
    sql.lines().map(|line| format!("    {}", line.trim_end())).collect::<Vec<_>>().join("\n")
}

fn logins() -> Question {
    Question {
        words: "Who signed in to the console without a second factor?",
        sql: "SELECT eventTime, userIdentity.userName, sourceIPAddress, responseElements.ConsoleLogin
FROM events
WHERE eventName = 'ConsoleLogin' AND additionalEventData.MFAUsed = 'No'
ORDER BY eventTime"
            .to_owned(),
        columns: &[("time (UTC)", Align::Left), ("user", Align::Left), ("from", Align::Left), ("result", Align::Left)],
    }
}

fn new_keys(clues: &Clues) -> Question {
    Question {
        words: "That user made an access key. What did it do, step by step?",
        sql: format!(
            "SELECT min(e.eventTime), e.eventName, count(*), e.sourceIPAddress, e.errorCode
FROM events e JOIN events made ON e.userIdentity.accessKeyId = made.responseElements.accessKey.accessKeyId
WHERE made.eventName = 'CreateAccessKey' AND made.userIdentity.userName = {} AND made.sourceIPAddress = {}
GROUP BY e.eventName, e.sourceIPAddress, e.errorCode ORDER BY 1",
            literal(&clues.user),
            literal(&clues.address)
        ),
        columns: &[
            ("first (UTC)", Align::Left),
            ("event", Align::Left),
            ("times", Align::Right),
            ("from", Align::Left),
            ("error", Align::Left),
        ],
    }
}

fn persistence(clues: &Clues) -> Question {
    Question {
        words: "What was made from that address that would let them come back?",
        sql: format!(
            "SELECT eventTime, eventName, coalesce(requestParameters.roleName, requestParameters.userName),
       coalesce(requestParameters.policyArn, responseElements.accessKey.accessKeyId)
FROM events
WHERE sourceIPAddress = {} AND errorCode IS NULL AND eventName IN ('CreateUser', 'CreateAccessKey', 'CreateLoginProfile',
      'CreateRole', 'AttachRolePolicy', 'AttachUserPolicy', 'PutUserPolicy', 'PutRolePolicy', 'UpdateAssumeRolePolicy')
ORDER BY eventTime",
            literal(&clues.address)
        ),
        columns: &[
            ("time (UTC)", Align::Left),
            ("event", Align::Left),
            ("user or role", Align::Left),
            ("policy or key", Align::Left),
        ],
    }
}

fn first_regions() -> Question {
    Question {
        words: "Which Regions did an account use for the first time in the last three days?",
        sql: "SELECT awsRegion, recipientAccountId, min(eventTime), count(*),
       sum(CASE WHEN eventName = 'RunInstances' AND errorCode IS NULL THEN 1 ELSE 0 END)
FROM events
GROUP BY awsRegion, recipientAccountId
HAVING min(eventTime) > (SELECT max(eventTime) FROM events) - INTERVAL '3 days'
ORDER BY 3"
            .to_owned(),
        columns: &[
            ("region", Align::Left),
            ("account", Align::Left),
            ("first event (UTC)", Align::Left),
            ("events", Align::Right),
            ("machines started", Align::Right),
        ],
    }
}

fn data_read(clues: &Clues) -> Question {
    Question {
        words: "Which data was read from that address - and when was logging stopped?",
        sql: format!(
            "SELECT min(eventTime), max(eventTime), eventName, requestParameters.bucketName, count(*)
FROM events
WHERE sourceIPAddress = {} AND errorCode IS NULL
  AND eventName IN ('GetObject', 'GetSecretValue', 'GetParameter', 'StopLogging', 'DeleteTrail')
GROUP BY eventName, requestParameters.bucketName ORDER BY 1",
            literal(&clues.address)
        ),
        columns: &[
            ("first (UTC)", Align::Left),
            ("last (UTC)", Align::Left),
            ("event", Align::Left),
            ("bucket", Align::Left),
            ("times", Align::Right),
        ],
    }
}

/// What the generator planted, to compare with.
pub fn truth(attack: &Attack, screen: Screen) -> String {
    let objects = figures::count(u64::from(attack.objects_read));
    let lines = [
        ("who", format!("somebody at {} with the leaked key {} of {}", attack.source_ip, attack.access_key_leaked, attack.user)),
        ("in", "the console, without a second factor".to_owned()),
        ("to come back", format!("the key {} and the role {}", attack.access_key_new, attack.role_backdoor)),
        ("went on to", format!("account {}, and to {}, where nobody was before", attack.target_account, attack.region_pivot)),
        ("took", format!("{} secrets, and {objects} objects of {}", attack.secrets_read, attack.bucket)),
        ("hid", format!("StopLogging at {}", attack.logging_stopped.replace('T', " ").trim_end_matches('Z'))),
    ];
    let lines = lines.iter().map(|(word, text)| format!("    {word:<13} {text}"));
    format!("\n{}\n{}", screen.bold("The truth, as the generator planted it:"), lines.collect::<Vec<_>>().join("\n"))
}
