//! `investigate`: everything about one identity, address, agent, endpoint or bucket.
//!
//! A few passes over the lake: who it is (all time), what it did (the scope), what it did before (the baseline), those it
//! led to (one pass a step), who else came from its new addresses, and what the lake holds of the period at all.

use crate::baseline::{self, Past};
use crate::coverage;
use crate::event::{Event, columns};
use crate::follow::Follower;
use crate::gather::Gathered;
use crate::lasting;
use crate::limits::{ASKED_BYTES_MAX, NEIGHBOURS_MAX, NEW_ADDRESSES_MAX};
use crate::model::{Card, Counted, How, Investigation, Kind, Lasting, Neighbour, New, Origins, Scope, Times, Unseen};
use crate::nearest;
use crate::source::Source;
use crate::sql::{self, Period};
use crate::subject::{self, Subject};

/// A scope that nobody gave: so long before its last event, in microseconds.
const SCOPE_US: i64 = 7 * 86_400 * 1_000_000;
/// Names, ARNs on a card.
const CARD_NAMES_MAX: usize = 10;
/// Keys on a card.
const CARD_KEYS_MAX: usize = 20;
/// Identities that a card counts one by one.
const CARD_IDENTITIES_MAX: usize = 100_000;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// The key, name, address, ...
    pub asked: String,
    /// What it is to be taken for, if that is said.
    pub kind: Option<Kind>,
    /// The scope, where it is given.
    pub since_us: Option<i64>,
    /// Its end, where it is given.
    pub until_us: Option<i64>,
    /// How far before the scope to compare with, in seconds.
    pub baseline_s: u64,
    /// Whether those it led to are looked at as well.
    pub follow: Follow,
}

/// Whether to follow on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Follow {
    /// Sessions, keys, users and roles that it led to belong to the story.
    #[default]
    On,
    /// Its own events only.
    Off,
}

/// Investigates. An `Err` inside is about something that was never seen.
pub async fn investigate<S: Source>(source: &S, question: &Question) -> Result<Result<Investigation, Unseen>, S::Error> {
    let asked = question.asked.get(..ASKED_BYTES_MAX).unwrap_or(&question.asked);
    let subject = subject::settle(source, asked, question.kind).await?;
    let mut card = card(source, &subject).await?;
    card.issued = issued(source, &subject).await?;
    if card.events == 0 && card.issued.is_none() {
        return Ok(Err(unseen(source, &subject).await?));
    }
    let scope = scope(question, &card);
    let (mut follower, mut gathered) = (Follower::new(&subject), Gathered::default());
    own_events(source, &subject, scope, &mut follower, &mut gathered).await?;
    let own = follower.followed.first().map_or(0, |own| own.events);
    match question.follow {
        Follow::On if subject.kind.acts() => follower.follow(source, &subject, scope.until_us, &mut gathered).await?,
        _ => follower.leave(),
    }
    let past = match scope.since_us {
        Some(since_us) => baseline::past(source, &subject, since_us, question.baseline_s).await?,
        None => Past::default(),
    };
    let mut origins = origins(&gathered, &past);
    let is_account = subject.kind == Kind::Account;
    if let Some(since_us) = scope.since_us.filter(|_| past.is_there() && !is_account) {
        baseline::remark(source, "sourceipaddress", &mut origins.addresses, since_us, question.baseline_s).await?;
        baseline::remark(source, "awsregion", &mut origins.regions, since_us, question.baseline_s).await?;
    }
    let neighbours = match subject.kind {
        Kind::Address | Kind::Account => Vec::new(),
        _ => neighbours(source, &subject, scope, &follower, &origins).await?,
    };
    card.sign_ins = gathered.sign_ins;
    card.keys = gathered.keys.counted(&|_| None);
    card.keys_total = card.keys.len() as u64;
    card.keys.truncate(CARD_KEYS_MAX);
    card.source_identities = gathered.source_identities.counted(&|_| None).into_iter().map(|counted| counted.value).collect();
    card.source_identities.truncate(CARD_NAMES_MAX);
    let period = Period { since_us: scope.since_us, until_us: scope.until_us };
    let coverage = coverage::coverage(source, period).await?;
    let found = (subject, card, scope, past, origins, neighbours, coverage);
    Ok(Ok(assembled(found, follower, gathered, own)))
}

type Found = (Subject, Card, Scope, Past, Origins, Vec<Neighbour>, crate::model::Coverage);

fn assembled(found: Found, follower: Follower, mut gathered: Gathered, own: u64) -> Investigation {
    let (subject, card, scope, past, origins, neighbours, coverage) = found;
    let is_place = |address: &str| address.parse::<std::net::IpAddr>().is_ok();
    let is_new = |api: &str, address: &str| {
        past.count(&past.apis, api) == Some(0) || (is_place(address) && past.count(&past.addresses, address) == Some(0))
    };
    let (lasting, lasting_omitted) = gathered.lasting(&is_new);
    let data = gathered.data();
    let (timeline, timeline_omitted) = gathered.timeline(&is_new);
    let summary = gathered.summary(&lasting, &data, own);
    let new_of = |counted: &[Counted]| counted.iter().filter(|value| value.is_new).map(|value| value.value.clone()).collect();
    let new = New {
        addresses: new_of(&origins.addresses),
        agents: new_of(&origins.agents),
        regions: new_of(&origins.regions),
        apis: new_of(&origins.apis),
        accounts: new_of(&origins.accounts),
    };
    let mut followed = follower.followed;
    // Keys that came and went within the asked thing's own events are told with them.
    for led in followed.iter_mut().skip(1).filter(|led| led.events == 0) {
        if let Some((_, count)) = gathered.keys.values().find(|(key, _)| *key == led.id) {
            (led.events, led.writes, led.denied, led.times) = (count.events, count.writes, count.denied, count.times);
        }
    }
    Investigation {
        asked: subject.asked,
        kind: subject.kind,
        other_meanings: subject.others,
        card,
        scope,
        baseline: past.told,
        summary,
        new,
        timeline,
        timeline_omitted,
        origins,
        lasting,
        lasting_omitted,
        data,
        followed,
        followed_omitted: follower.omitted,
        denied: gathered.denied(),
        neighbours,
        coverage,
    }
}

async fn own_events<S: Source>(
    source: &S,
    subject: &Subject,
    scope: Scope,
    follower: &mut Follower,
    gathered: &mut Gathered,
) -> Result<(), S::Error> {
    let period = Period { since_us: scope.since_us, until_us: scope.until_us };
    let sql = format!("SELECT {} FROM events {}", columns(), period.and(&subject.condition));
    source
        .each(&sql, &mut |row| {
            let event = Event::of(row);
            gathered.take(&event, 0);
            follower.take(&event, 0);
        })
        .await
}

/// Who it is, over all time.
async fn card<S: Source>(source: &S, subject: &Subject) -> Result<Card, S::Error> {
    let identity = "useridentity_type, useridentity_arn, useridentity_accountid, useridentity_username, useridentity_invokedby";
    let sql = format!(
        "SELECT {identity}, count(*), min(eventtime), max(eventtime) FROM events WHERE {} GROUP BY {identity}",
        subject.condition
    );
    let mut found: Vec<(u64, [String; 5])> = Vec::new();
    let mut card = Card::default();
    source
        .each(&sql, &mut |row| {
            let events = row.number(5).unwrap_or(0).unsigned_abs();
            card.events += events;
            card.times.add(row.number(6).unwrap_or(0));
            card.times.add(row.number(7).unwrap_or(0));
            if found.len() < CARD_IDENTITIES_MAX {
                found.push((events, [0, 1, 2, 3, 4].map(|at| row.text(at).unwrap_or_default().to_owned())));
            }
        })
        .await?;
    found.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
    let arns = found.iter().map(|(_, [_, arn, ..])| arn.as_str()).filter(|arn| !arn.is_empty());
    card.identities = arns.collect::<std::collections::HashSet<_>>().len() as u64;
    for (_, [identity_type, arn, account, user, invoked_by]) in found {
        let event = Event {
            identity_type: &identity_type,
            arn: &arn,
            identity_account: &account,
            user: &user,
            invoked_by: &invoked_by,
            ..Event::default()
        };
        let name = event.actor();
        note(&mut card.types, &identity_type, usize::MAX);
        note(&mut card.names, &name, CARD_NAMES_MAX);
        note(&mut card.arns, &arn, CARD_NAMES_MAX);
        note(&mut card.accounts, &account, CARD_NAMES_MAX);
    }
    Ok(card)
}

fn note(list: &mut Vec<String>, text: &str, most: usize) {
    if !text.is_empty() && list.len() < most && !list.iter().any(|known| known == text) {
        list.push(text.to_owned());
    }
}

/// The event that a key came into being with.
async fn issued<S: Source>(source: &S, subject: &Subject) -> Result<Option<Lasting>, S::Error> {
    if subject.kind != Kind::AccessKey {
        return Ok(None);
    }
    let column = if subject.asked.starts_with("ASIA") {
        "responseelements_credentials_accesskeyid"
    } else {
        "responseelements_accesskey_accesskeyid"
    };
    let sql = format!("SELECT {} FROM events WHERE {}", columns(), sql::equals(column, &subject.asked));
    let mut found: Option<Lasting> = None;
    source
        .each(&sql, &mut |row| {
            let event = Event::of(row);
            let told = lasting::lasting(&event, Event::parsed(event.request).as_ref()).unwrap_or_else(|| Lasting {
                time_us: event.time_us,
                what: "credentials issued".to_owned(),
                service: event.service().to_owned(),
                event: event.name.to_owned(),
                target: Some(crate::follow::session_name(&event)),
                actor: event.actor(),
                account: event.account.to_owned(),
                region: event.region.to_owned(),
                address: event.address.to_owned(),
                event_id: event.id.to_owned(),
                ..Lasting::default()
            });
            // The caller's own side knows more than the other account's.
            if found.is_none() || event.identity_type != "AWSAccount" {
                found = Some(told);
            }
        })
        .await?;
    Ok(found)
}

async fn unseen<S: Source>(source: &S, subject: &Subject) -> Result<Unseen, S::Error> {
    let coverage = coverage::coverage(source, Period::default()).await?;
    Ok(Unseen {
        asked: subject.asked.clone(),
        kind: subject.kind,
        searched_events: coverage.events,
        nearest: nearest::nearest(source, &subject.asked, subject.kind).await?,
        coverage,
    })
}

/// The period: as given, or the last days of its activity.
fn scope(question: &Question, card: &Card) -> Scope {
    let is_chosen = question.since_us.is_none() && question.until_us.is_none();
    let end_us = question.until_us.or(card.times.last_us);
    let issued_us = card.issued.as_ref().map(|issued| issued.time_us);
    let since_us = question.since_us.or_else(|| {
        let chosen = end_us.or(issued_us).map(|end| end.saturating_sub(SCOPE_US))?;
        // All of it, if that is hardly more.
        card.times.first_us.or(issued_us).map(|first| chosen.max(first))
    });
    Scope { since_us, until_us: question.until_us, is_chosen }
}

fn origins(gathered: &Gathered, past: &Past) -> Origins {
    Origins {
        addresses: gathered.addresses.counted(&|value| past.count(&past.addresses, value)),
        agents: gathered.agents.counted(&|value| past.count(&past.agents, value)),
        regions: gathered.regions.counted(&|value| past.count(&past.regions, value)),
        apis: gathered.apis.counted(&|value| past.count(&past.apis, value)),
        accounts: gathered.accounts.counted(&|value| past.count(&past.accounts, value)),
    }
}

/// Who else came from its new addresses (from all of them, where there is no past to compare with).
async fn neighbours<S: Source>(
    source: &S,
    subject: &Subject,
    scope: Scope,
    follower: &Follower,
    origins: &Origins,
) -> Result<Vec<Neighbour>, S::Error> {
    let is_place = |value: &str| value.parse::<std::net::IpAddr>().is_ok();
    let new = origins.addresses.iter().filter(|counted| counted.earlier_events.is_none_or(|events| events == 0));
    let new: Vec<&str> =
        new.map(|counted| counted.value.as_str()).filter(|value| is_place(value)).take(NEW_ADDRESSES_MAX).collect();
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let identity = "sourceipaddress, useridentity_type, useridentity_arn, useridentity_accountid, useridentity_username, \
                    useridentity_invokedby, useridentity_accesskeyid";
    let condition = format!("sourceipaddress IN ({}) AND ({}) IS NOT TRUE", sql::list(new), subject.condition);
    let sql = format!(
        "SELECT {identity}, count(*), min(eventtime), max(eventtime) FROM events {} GROUP BY {identity}",
        Period { since_us: scope.since_us, until_us: scope.until_us }.and(&condition)
    );
    let mut found: Vec<Neighbour> = Vec::new();
    source
        .each(&sql, &mut |row| {
            let text = |at| row.text(at).unwrap_or_default();
            let event = Event {
                time_us: i64::MAX,
                address: text(0),
                identity_type: text(1),
                arn: text(2),
                identity_account: text(3),
                user: text(4),
                invoked_by: text(5),
                key: text(6),
                from_console: true,
                ..Event::default()
            };
            let is_followed = follower.whose(&event).is_some();
            let told = Neighbour {
                address: event.address.to_owned(),
                name: event.actor(),
                key: event.key.to_owned(),
                events: row.number(7).unwrap_or(0).unsigned_abs(),
                times: Times { first_us: row.number(8), last_us: row.number(9) },
            };
            if !is_followed && !led_in(follower, &event) {
                found.push(told);
                found.sort_by(|a, b| (b.events, &a.name, &a.key).cmp(&(a.events, &b.name, &b.key)));
                found.truncate(NEIGHBOURS_MAX);
            }
        })
        .await?;
    Ok(found)
}

/// An account that came in by a role that was opened for it.
fn led_in(follower: &Follower, event: &Event<'_>) -> bool {
    event.identity_type == "AWSAccount" && follower.followed.iter().any(|led| led.how == How::RoleOpened && led.events > 0)
}
