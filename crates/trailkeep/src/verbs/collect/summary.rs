//! What a collection did, for people and for programs.

use collect::queue::Counts;
use collect::summary::{Refusal, Summary};
use serde::Serialize;
use serde_json::{Value, json};

use super::Kept;
use crate::exit::Failure;
use crate::figures;
use crate::output::{Screen, clean};
use crate::standing::log_files::LogFiles;

/// Refusals that are shown to people.
const REFUSALS_SHOWN_MAX: usize = 10;

/// The summary as JSON: objects, records, refusals, ...
pub fn json(summary: &Summary, kept: &Kept, elapsed_s: f64) -> Result<String, Failure> {
    let mut value = serde_json::to_value(summary).map_err(unserializable)?;
    if let Some(records) = value.get_mut("records").and_then(Value::as_object_mut)
        && let Some(read) = records.remove("records")
    {
        records.insert("read".to_owned(), read);
    }
    if let Some(summary_map) = value.as_object_mut() {
        let latest = summary.latest_us.iter().map(|(region, us)| (region.clone(), Value::from(figures::iso(*us))));
        summary_map.insert("latest".to_owned(), Value::Object(latest.collect()));
        summary_map.remove("latest_us");
        summary_map.insert("elapsed_s".to_owned(), Value::from((elapsed_s * 1000.0).round() / 1000.0));
        summary_map.insert("vouched".to_owned(), vouched_json(kept));
        let sealed = kept.sealed.map(|head| json!({ "statement": head.number, "sha256": head.sha256.to_string() }));
        summary_map.insert("sealed".to_owned(), sealed.unwrap_or(Value::Null));
        summary_map.insert("partial".to_owned(), Value::from(summary.is_partial()));
    }
    to_json(&value)
}

fn vouched_json(kept: &Kept) -> Value {
    let (vouched, standing) = (&kept.vouched, &kept.standing);
    json!({
        "digests": vouched.digests,
        "invalid": vouched.invalid,
        "verified": vouched.verified,
        "altered": vouched.altered,
        "missing": vouched.missing,
        "pending": standing.pending,
        "in_home": { "altered": standing.altered, "missing": standing.missing },
    })
}

/// Anything as JSON.
pub fn to_json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map_err(unserializable)
}

fn unserializable(error: serde_json::Error) -> Failure {
    Failure::failed(format!("the summary could not be written as JSON: {error}"), "")
}

/// The summary for people.
pub fn text(summary: &Summary, kept: &Kept, elapsed_s: f64, screen: Screen) -> String {
    let pace = figures::size((summary.content_bytes as f64 / elapsed_s.max(0.001)) as u64);
    let size = figures::size(summary.content_bytes);
    let work = if summary.content_bytes == 0 { "nothing to read".to_owned() } else { format!("{size} of logs, {pace}/s") };
    let mut lines = vec![
        screen.bold(&format!("Collected {}", clean(&summary.source))),
        format!("in {}, {work}", figures::span(elapsed_s)),
        String::new(),
    ];
    lines.extend(sums(summary));
    lines.extend(summary.messages.map(|messages| messages_text(&messages)));
    lines.extend(vouched_text(summary, kept, screen));
    lines.extend(wrong_text(kept, screen));
    if let Some(head) = kept.sealed {
        lines.push(format!("  sealed    statement {}, {}", head.number, screen.dim(&head.sha256.to_string())));
    }
    for (reason, count) in &summary.ignored {
        lines.push(format!("  ignored   {} · {}", figures::count(*count), clean(reason)));
    }
    lines.extend(listed("refused", &summary.refusals, summary.objects.refused + summary.objects.archived, screen));
    // A changed object says so in words of its own below.
    let flawed: Vec<Refusal> = summary.flawed.iter().filter(|flawed| !summary.overwritten.contains(&flawed.key)).cloned().collect();
    lines.extend(listed("flawed", &flawed, flawed.len() as u64, screen));
    lines.extend(listed("left", &summary.left, summary.left.len() as u64, screen));
    lines.extend(listed("unlisted", &summary.unlisted, summary.unlisted.len() as u64, screen));
    for key in summary.overwritten.iter().take(REFUSALS_SHOWN_MAX) {
        lines.push(format!(
            "  {}  {} · its content has changed since it was collected; both are kept",
            screen.bad("changed "),
            clean(key)
        ));
    }
    if summary.overwritten.len() > REFUSALS_SHOWN_MAX {
        lines.push(format!("            … and {} more", summary.overwritten.len() - REFUSALS_SHOWN_MAX));
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.join("\n")
}

/// What became of a queue's messages.
fn messages_text(messages: &Counts) -> String {
    let mut text =
        format!("  messages  {} received, {} deleted", figures::count(messages.received), figures::count(messages.deleted));
    let others = [(messages.left, "left in the queue"), (messages.released, "to come again")];
    for (count, word) in others.into_iter().filter(|(count, _)| *count > 0) {
        text.push_str(&format!(", {} {word}", figures::count(count)));
    }
    text
}

/// What AWS's digests say of the log files.
fn vouched_text(summary: &Summary, kept: &Kept, screen: Screen) -> Option<String> {
    let (vouched, pending) = (&kept.vouched, kept.standing.pending);
    if vouched.digests == 0 && (summary.objects.digests == 0 || pending == 0) {
        return None;
    }
    let (digests, verified) = (figures::counted(vouched.digests, "digest"), figures::counted(vouched.verified, "log file"));
    let mut text = format!("  vouched   {digests}: {verified} verified");
    let wrong = [(vouched.altered, "altered"), (vouched.missing, "not here"), (vouched.invalid, "digests invalid")];
    for (count, word) in wrong.into_iter().filter(|(count, _)| *count > 0) {
        text.push_str(&format!(", {}", screen.bad(&format!("{} {word}", figures::count(count)))));
    }
    if pending > 0 {
        let one = "ingested one pending: no valid digest names it (yet)";
        let many = "ingested ones pending: no valid digest names them (yet)";
        text.push_str(&format!("; {}", figures::counted_as(pending, one, many)));
    }
    Some(text)
}

/// What earlier runs found wrong stays wrong, and is told until it is mended.
fn wrong_text(kept: &Kept, screen: Screen) -> Option<String> {
    let (vouched, standing) = (&kept.vouched, &kept.standing);
    let wrong = LogFiles { altered: standing.altered, missing: standing.missing, ..LogFiles::default() }.wrongs();
    let is_told = (vouched.altered, vouched.missing) == (standing.altered, standing.missing);
    (!wrong.is_empty() && !is_told)
        .then(|| format!("  {}     log files in the whole home: {wrong}; `trailkeep status` says where", screen.bad("wrong")))
}

/// Objects on the left, records on the right.
fn sums(summary: &Summary) -> Vec<String> {
    let (o, r) = (&summary.objects, &summary.records);
    let objects = [
        (o.found, "found"),
        (o.ingested, "ingested"),
        (o.digests, "digests"),
        (o.known, "known"),
        (o.ignored, "ignored"),
        (o.refused, "refused"),
        (o.archived, "archived"),
    ];
    let records =
        [(r.records, "read"), (r.stored, "stored"), (r.duplicate, "duplicate"), (r.filtered, "filtered"), (r.expired, "expired")];
    let aside = [("conflicting", r.conflicting), ("flawed", r.flawed)];
    let aside: Vec<String> = aside.iter().map(|(name, count)| format!("{} {name}", figures::count(*count))).collect();
    let aside = format!("of these {}", aside.join(", "));
    let mut lines = vec![format!("  {:>12}  {:<12}{:>12}", "objects", "", "records")];
    for (at, (count, name)) in objects.into_iter().enumerate() {
        let left = format!("  {:>12}  {name:<12}", figures::count(count));
        let right = records.get(at).map(|(count, name)| format!("{:>12}  {name:<10}", figures::count(*count)));
        let note = if at == 1 { aside.as_str() } else { "" };
        lines.push(format!("{left}{}{note}", right.unwrap_or_default()).trim_end().to_owned());
    }
    lines.push(String::new());
    lines
}

fn listed(word: &str, refusals: &[Refusal], count: u64, screen: Screen) -> Vec<String> {
    let shown = refusals.iter().take(REFUSALS_SHOWN_MAX);
    let word = screen.bad(&format!("{word:<8}"));
    let mut lines: Vec<String> =
        shown.map(|refusal| format!("  {word}  {} · {}", clean(&refusal.key), clean(&refusal.reason))).collect();
    let hidden = count.saturating_sub(lines.len() as u64);
    if hidden > 0 && !lines.is_empty() {
        lines.push(format!(
            "            … and {} more: SELECT key, reason FROM deliveries WHERE status = 'refused'",
            figures::count(hidden)
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Environment;

    fn summary() -> Summary {
        let mut summary = Summary { source: "file:///x/".to_owned(), content_bytes: 4_800_000, ..Summary::default() };
        summary.objects.found = 82;
        summary.objects.ingested = 55;
        summary.objects.digests = 24;
        summary.objects.ignored = 2;
        summary.objects.refused = 1;
        summary.records.records = 2_900;
        summary.records.stored = 2_900;
        summary.ignored.insert("not a log file".to_owned(), 2);
        summary.refusals.push(Refusal { key: "a\u{1b}[2J".to_owned(), reason: "the gzip stream ends early".to_owned() });
        summary.latest_us.insert("us-east-1".to_owned(), 1_674_406_433_000_000);
        summary
    }

    #[test]
    fn people_see_all_sums() {
        let screen = Screen::of_process(&Environment::default()).without_terminal();
        let text = text(&summary(), &Kept::default(), 0.5, screen);
        assert_eq!(
            text,
            "Collected file:///x/
in 0.5 s, 4.8 MB of logs, 9.6 MB/s

       objects                   records
            82  found              2,900  read
            55  ingested           2,900  stored    of these 0 conflicting, 0 flawed
            24  digests                0  duplicate
             0  known                  0  filtered
             2  ignored                0  expired
             1  refused
             0  archived

  ignored   2 · not a log file
  refused   a\u{fffd}[2J · the gzip stream ends early"
        );
    }

    #[test]
    fn programs_read_the_same() {
        let value: Value = serde_json::from_str(&json(&summary(), &Kept::default(), 0.5).unwrap()).unwrap();
        assert_eq!(value["objects"]["found"], 82);
        assert_eq!(value["objects"]["digests"], 24);
        assert_eq!(value["records"]["read"], 2_900);
        assert_eq!(value["records"].get("records"), None);
        assert_eq!(value["latest"]["us-east-1"], "2023-01-22T16:53:53Z");
        assert_eq!(value["partial"], true);
        assert_eq!(value["refusals"][0]["reason"], "the gzip stream ends early");
    }
}
