//! Who it is, over which time, and the few things that matter.

use investigate::Kind;
use investigate::model::{Counted, Investigation};

use super::{moment, short};
use crate::figures;
use crate::output::{Screen, clean};
use crate::verbs::coverage;

/// Names that a line holds.
const NAMES_MAX: usize = 3;

/// The head of the page.
pub fn lines(found: &Investigation, screen: Screen) -> Vec<String> {
    let mut lines = vec![title(found, screen)];
    lines.extend(card(found).into_iter().map(|line| clean(&line)));
    lines.push(String::new());
    lines.extend(verdict(found, screen));
    lines
}

fn title(found: &Investigation, screen: Screen) -> String {
    let card = &found.card;
    let whose = match (found.kind, card.names.first()) {
        (Kind::AccessKey, Some(name)) => format!(" of {name}"),
        (Kind::AccessKey, None) => " that was never used".to_owned(),
        _ => String::new(),
    };
    let others: Vec<String> =
        found.other_meanings.iter().map(|m| format!("{} ({})", m.kind.words(), figures::counted(m.events, "event"))).collect();
    let others = if others.is_empty() { String::new() } else { format!("; also a {}: --as", others.join(", a ")) };
    format!("{}  {}", screen.bold(&clean(&found.asked)), clean(&format!("{}{whose}{others}", found.kind.words())))
}

fn card(found: &Investigation) -> Vec<String> {
    let card = &found.card;
    let mut lines = Vec::new();
    let mut field = |word: &str, text: String| {
        if !text.is_empty() {
            lines.push(format!("{word:<9} {text}"));
        }
    };
    field("identity", listed(&card.arns, card.identities));
    field("type", format!("{}, account {}", card.types.join(", "), listed(&card.accounts, card.accounts.len() as u64)));
    field("on behalf", listed(&card.source_identities, card.source_identities.len() as u64));
    if let Some(issued) = &card.issued {
        let target = issued.target.as_deref().unwrap_or_default();
        let when = moment(Some(issued.time_us));
        field("issued", format!("{when} by {} from {} ({} {target})", issued.actor, issued.address, issued.event));
    }
    if found.kind != Kind::AccessKey && card.keys_total > 0 {
        let keys: Vec<String> = card.keys.iter().map(|key| key.value.clone()).collect();
        field("keys", listed(&keys, card.keys_total));
    }
    let events = figures::counted(card.events, "event");
    field("seen", format!("{} to {}, {events}", moment(card.times.first_us), moment(card.times.last_us)));
    field("scope", scope(found));
    lines
}

fn scope(found: &Investigation) -> String {
    let scope = &found.scope;
    let end = scope.until_us.map_or_else(|| "the end".to_owned(), |until| moment(Some(until)));
    let chosen = if scope.is_chosen { " (its last 7 days; --since)" } else { "" };
    let past = &found.baseline;
    let compared = match past.events {
        0 if past.span_s == 0 => String::new(),
        0 => "; nothing of it before, to compare with".to_owned(),
        events => format!(
            "; new means: not in its {} on {} of the {} before",
            figures::counted(events, "event"),
            figures::counted(past.days, "day"),
            figures::span(past.span_s as f64)
        ),
    };
    format!("{} to {end}{chosen}{compared}", moment(scope.since_us))
}

fn listed(names: &[String], total: u64) -> String {
    let shown: Vec<String> = names.iter().take(NAMES_MAX).map(|name| short(name, 100)).collect();
    let hidden = total.saturating_sub(shown.len() as u64);
    let more = if hidden > 0 { format!(" and {} more", figures::count(hidden)) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// The strip of numbers.
fn verdict(found: &Investigation, screen: Screen) -> Vec<String> {
    let summary = &found.summary;
    let mut lines = Vec::new();
    let access = match (summary.access, summary.access_new) {
        (access, new) if new > 0 && new < access => format!("ways back in ({} new to it)", figures::count(new)),
        _ => "ways back in".to_owned(),
    };
    let alarming: Vec<String> = [
        (summary.access, "way back in", access.as_str()),
        (summary.hiding, "track covered", "tracks covered"),
        (summary.objects_read, "object or secret read", "objects and secrets read"),
        (summary.effect, "other lasting effect", "other lasting effects"),
    ]
    .iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, one, many)| figures::counted_as(*count, one, many))
    .collect();
    if !alarming.is_empty() {
        lines.push(screen.bad(&format!("!  {}", alarming.join(" · "))));
    }
    if let Some(new) = new(found) {
        lines.push(screen.bad(&clean(&format!("!  new: {new}"))));
    }
    let led = (found.followed.len() as u64).saturating_sub(1);
    let led = match led {
        0 if found.followed_omitted == 0 => String::new(),
        0 => format!("; {} that it led to were not followed", figures::count(found.followed_omitted)),
        led => format!(
            ", {} of them by the {} that it led to",
            figures::count(summary.followed_events),
            if led == 1 { "one".to_owned() } else { figures::count(led) }
        ),
    };
    lines.push(format!(
        "   {} ({}, {} refused, {} failed otherwise){led}",
        figures::counted(summary.events, "event"),
        figures::counted(summary.writes, "write"),
        figures::count(summary.denied),
        figures::count(summary.failed)
    ));
    let signs = &found.card.sign_ins;
    if signs.succeeded + signs.failed > 0 {
        let text = format!(
            "   {}, {} without a second factor; {} failed",
            figures::counted(signs.succeeded, "console sign-in"),
            figures::count(signs.without_mfa),
            figures::count(signs.failed)
        );
        lines.push(if signs.without_mfa > 0 { screen.bad(&text) } else { text });
    }
    lines.extend(coverage::warnings(&found.coverage).into_iter().map(|warning| screen.bad(&format!("?  {}", clean(&warning)))));
    lines
}

fn new(found: &Investigation) -> Option<String> {
    let named = |word: &str, words: &str, values: &[Counted]| {
        let new: Vec<&Counted> = values.iter().filter(|value| value.is_new).collect();
        let first = new.first()?;
        Some(match new.len() {
            1 => format!("{word} {}", short(&first.value, 60)),
            many => format!("{} {words}", figures::count(many as u64)),
        })
    };
    let origins = &found.origins;
    let parts = [
        named("address", "addresses", &origins.addresses),
        named("Region", "Regions", &origins.regions),
        named("account", "accounts", &origins.accounts),
        named("API", "APIs", &origins.apis),
        named("agent", "agents", &origins.agents),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}
