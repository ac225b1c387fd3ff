//! The questions: statements of the kinds that people ask, named queries, and needles.

use std::ffi::OsString;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use serde::Deserialize;
use serde_json::{Value, json};

use super::engine::{Cells, Engine};
use super::home::END;
use crate::bench::{Tools, measure};
use crate::failure::Failure;

/// What kind a question is of: each has a goal of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A statement as people write it.
    Statement,
    /// A query of `query --list`, over its default range.
    Named,
    /// Few events out of all, or none.
    Needle,
}

/// A question.
#[derive(Clone, Debug)]
pub struct Question {
    /// What it is called in tables.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// For trailkeep: CloudTrail Lake's SQL.
    pub sql: String,
    /// For DuckDB, where it is not the same over flat columns.
    pub theirs: Option<String>,
}

/// Statements: name, ours, DuckDB's where the flat one does not suit it. `{week}` stands for the last seven days.
const STATEMENTS: [(&str, &str, Option<&str>); 8] = [
    ("count by eventName", "SELECT eventName, count(*) AS n FROM events GROUP BY eventName ORDER BY n DESC LIMIT 20", None),
    (
        "IAM policy changes of a week",
        "SELECT eventTime, eventName, userIdentity.arn, sourceIPAddress, requestParameters FROM events
         WHERE {week} AND eventSource = 'iam.amazonaws.com' AND eventName LIKE '%Policy%' AND errorCode IS NULL ORDER BY eventTime",
        None,
    ),
    (
        "console logins without MFA",
        "SELECT eventTime, userIdentity.arn, sourceIPAddress, recipientAccountId FROM events
         WHERE eventName = 'ConsoleLogin' AND additionalEventData.MFAUsed = 'No' ORDER BY eventTime",
        None,
    ),
    (
        "callers with most refusals",
        "SELECT userIdentity.arn, count(*) AS n, count(DISTINCT eventName) AS apis FROM events
         WHERE errorCode IN ('AccessDenied', 'Client.UnauthorizedOperation', 'AccessDeniedException') GROUP BY 1 ORDER BY n DESC LIMIT 20",
        None,
    ),
    (
        "text anywhere",
        "SELECT eventTime, eventName, eventID FROM events WHERE requestParameters LIKE '%0000deadbeef0000%'
         OR responseElements LIKE '%0000deadbeef0000%' OR additionalEventData LIKE '%0000deadbeef0000%' OR resources LIKE '%0000deadbeef0000%'",
        None,
    ),
    (
        "first seen, as a window",
        "SELECT arn, first_time FROM (SELECT userIdentity.arn AS arn, eventTime AS first_time,
         row_number() OVER (PARTITION BY userIdentity.arn ORDER BY eventTime) AS n FROM events) WHERE n = 1 ORDER BY first_time DESC LIMIT 100",
        None,
    ),
    (
        "first seen, as a group",
        "SELECT userIdentity.arn AS arn, min(eventTime) AS first_time FROM events GROUP BY 1 ORDER BY first_time DESC LIMIT 100",
        None,
    ),
    (
        "errors and callers by day",
        "SELECT eventday, count(*) AS n, count(errorCode) AS errors, count(DISTINCT userIdentity.arn) AS callers
         FROM events GROUP BY eventday ORDER BY eventday",
        None,
    ),
];

/// What a needle is looked for by: name, column of ours, flat column, a value that no event has.
const NEEDLES: [(&str, &str, &str, &str); 5] = [
    ("eventID", "eventID", "eventid", "00000000-dead-4bee-8f00-000000000000"),
    ("accessKeyId", "userIdentity.accessKeyId", "useridentity_accesskeyid", "AKIAZZZZDEADBEEFZZZZ"),
    ("sourceIPAddress", "sourceIPAddress", "sourceipaddress", "192.0.2.254"),
    ("ARN", "userIdentity.arn", "useridentity_arn", "arn:aws:iam::000000000000:user/dead.beef"),
    ("bucket", "requestParameters.bucketName", "requestparameters_bucketname", "m-dead-beef-bucket"),
];

/// What a needle's answer shows.
const SHOWN: &str = "eventTime, eventSource, eventName, userIdentity.arn, sourceIPAddress, errorCode, requestParameters, eventID";

/// A named query as `query --list -o json` tells it.
#[derive(Deserialize)]
struct Named {
    name: String,
    range: String,
    sql: String,
}

/// Values in the events that questions are about.
pub struct Values {
    /// The busiest long-term key.
    pub busy_key: String,
    /// An ARN of a session with few events.
    pub session: String,
    needles: Vec<String>,
}

/// Finds such values.
pub fn values(theirs: &mut Engine) -> Result<Values, Failure> {
    let mut one = |sql: &str| -> Result<String, Failure> {
        let cells: Cells = theirs.cells(sql)?;
        let found = cells.into_iter().flatten().flatten().next();
        found.ok_or_else(|| Failure::Wrong(format!("nothing is found by {sql}")))
    };
    let busy_key = one("SELECT max_by(k, n) FROM (SELECT useridentity_accesskeyid AS k, count(*) AS n FROM events
                        WHERE useridentity_accesskeyid LIKE 'AKIA%' GROUP BY 1)")?;
    let session = one("SELECT min_by(k, n) FROM (SELECT useridentity_arn AS k, count(*) AS n FROM events
                       WHERE useridentity_type = 'AssumedRole' GROUP BY 1 HAVING count(*) > 10)")?;
    let mut needles = Vec::new();
    for (_, _, column, _) in NEEDLES {
        let few = if column == "eventid" { 1 } else { 5 };
        needles.push(one(&format!(
            "SELECT min_by(k, (n, hash(k))) FROM (SELECT {column} AS k, count(*) AS n FROM events WHERE {column} IS NOT NULL
             AND (eventday = '2026-10-13' OR {few} > 1) GROUP BY 1 HAVING count(*) >= {few})"
        ))?);
    }
    Ok(Values { busy_key, session, needles })
}

/// All questions.
pub fn all(tools: &Tools, values: &Values) -> Result<Vec<Question>, Failure> {
    let mut questions: Vec<Question> = STATEMENTS.iter().map(statement).collect();
    questions.extend(named(tools, &values.busy_key)?);
    for ((name, path, _, absent), present) in NEEDLES.iter().zip(&values.needles) {
        for (which, value) in [("present", present.as_str()), ("absent", absent)] {
            let value = value.replace('\'', "''");
            questions.push(Question {
                name: format!("{name}, {which}"),
                kind: Kind::Needle,
                sql: format!("SELECT {SHOWN} FROM events WHERE {path} = '{value}'"),
                theirs: None,
            });
        }
    }
    Ok(questions)
}

fn statement((name, sql, theirs): &(&str, &str, Option<&str>)) -> Question {
    let week = "eventTime >= '2026-10-25 00:00:00' AND eventTime < '2026-11-01 00:00:00'";
    let filled = |sql: &str| sql.replace("{week}", week);
    Question { name: (*name).to_owned(), kind: Kind::Statement, sql: filled(sql), theirs: theirs.map(filled) }
}

fn named(tools: &Tools, id: &str) -> Result<Vec<Question>, Failure> {
    let command = ["query", "--list", "-o", "json"].map(OsString::from);
    let (_, printed) = measure::run(tools, &[&[tools.binary.clone().into_os_string()], &command[..]].concat())?;
    let all: Vec<Named> = serde_json::from_slice(&printed).map_err(|error| Failure::Wrong(error.to_string()))?;
    all.into_iter().map(|query| named_question(query, id)).collect()
}

fn named_question(query: Named, id: &str) -> Result<Question, Failure> {
    let wrong = || Failure::Wrong(format!("the range `{}` of {}", query.range, query.name));
    let days = query.range.strip_suffix('d').and_then(|days| days.parse::<i64>().ok()).ok_or_else(wrong)?;
    let end = NaiveDate::parse_from_str(END, "%Y-%m-%d").map(NaiveDateTime::from).map_err(|_| wrong())?;
    let moment = |time: NaiveDateTime| time.format("%Y-%m-%d %H:%M:%S").to_string();
    let begin = end - TimeDelta::days(days);
    let sql = query.sql.replace("$StartTime$", &moment(begin)).replace("$EndTime$", &moment(end)).replace("$id$", id);
    Ok(Question { name: query.name, kind: Kind::Named, sql, theirs: None })
}

/// The same statement without its last LIMIT: of rows that rank equally, engines may leave out different ones.
pub fn unlimited(sql: &str) -> String {
    match sql.trim_end().rsplit_once("LIMIT ") {
        Some((before, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => before.to_owned(),
        _ => sql.to_owned(),
    }
}

/// The verbs of an investigator, as questions to `trailkeep measured`.
pub fn verbs(values: &Values) -> Vec<(String, Value)> {
    vec![
        ("investigate, busiest AKIA key".to_owned(), json!({ "investigate": values.busy_key })),
        ("investigate, a session's ARN".to_owned(), json!({ "investigate": values.session })),
        ("investigate, an address".to_owned(), json!({ "investigate": values.needles.get(2) })),
        ("session, busiest AKIA key".to_owned(), json!({ "session": values.busy_key })),
        ("session, a session's ARN".to_owned(), json!({ "session": values.session })),
        ("who, a bucket".to_owned(), json!({ "who": values.needles.get(4).map(|bucket| format!("arn:aws:s3:::{bucket}")) })),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_at_the_end_go() {
        assert_eq!(unlimited("SELECT a FROM t ORDER BY 1\nLIMIT 50\n"), "SELECT a FROM t ORDER BY 1\n");
        assert_eq!(unlimited("SELECT a FROM (SELECT 1 LIMIT 5) t"), "SELECT a FROM (SELECT 1 LIMIT 5) t");
    }
}
