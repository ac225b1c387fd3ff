//! Follows on: credentials that were issued, keys that were made, passwords that were set, roles that were opened lead to others,
//! whose events belong to the same story.

use std::collections::{HashMap, HashSet};

use crate::event::{Event, columns};
use crate::gather::Gathered;
use crate::json;
use crate::limits::{CONDITIONS_PER_QUERY_MAX, FOLLOW_STEPS_MAX, FOLLOWED_MAX, KEYS_PER_QUERY_MAX};
use crate::model::{Followed, How, Kind};
use crate::resource::Arn;
use crate::source::Source;
use crate::sql::{self, Period};
use crate::subject::Subject;

/// A user or role by account and name.
type Named = (String, String);

/// Where something leads.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Lead {
    /// To whoever uses this access key.
    Key(String),
    /// To everything that this user does.
    User(Named),
    /// To what this user does in the console.
    Console(Named),
    /// To whoever assumes this role; if its trust was only changed, to callers that the new policy names.
    Role(Named, Option<String>),
}

/// What is followed, and who that is.
pub struct Follower {
    /// Everybody; the first is what was asked about.
    pub followed: Vec<Followed>,
    /// Leads that were too many.
    pub omitted: u64,
    keys: HashMap<String, usize>,
    users: HashMap<Named, usize>,
    consoles: HashMap<Named, usize>,
    roles: HashMap<Named, (usize, Option<String>)>,
    waiting: Vec<(usize, Lead)>,
    seen: HashSet<String>,
}

impl Follower {
    /// Begins with what was asked about.
    pub fn new(subject: &Subject) -> Follower {
        let mut keys = HashMap::new();
        if subject.kind == Kind::AccessKey {
            keys.insert(subject.asked.clone(), 0);
        }
        let asked = Followed { id: subject.asked.clone(), name: subject.asked.clone(), ..Follower::blank() };
        Follower {
            followed: vec![asked],
            omitted: 0,
            keys,
            users: HashMap::new(),
            consoles: HashMap::new(),
            roles: HashMap::new(),
            waiting: Vec::new(),
            seen: HashSet::new(),
        }
    }

    /// Takes an event of `followed[by]` in: counts it, and notes where it leads.
    pub fn take(&mut self, event: &Event<'_>, by: usize) {
        if let Some(followed) = self.followed.get_mut(by) {
            followed.events += 1;
            followed.writes += u64::from(event.writes());
            followed.denied += u64::from(event.denied());
            followed.times.add(event.time_us);
        }
        if event.failed() {
            return;
        }
        for (how, lead, name) in leads(event) {
            self.note(how, lead, name, event, by);
        }
    }

    fn note(&mut self, how: How, lead: Lead, name: String, event: &Event<'_>, by: usize) {
        let next = self.followed.len();
        if next > FOLLOWED_MAX {
            self.omitted += 1;
            return;
        }
        let id = match &lead {
            Lead::Key(key) => key.clone(),
            Lead::User((_, name)) | Lead::Console((_, name)) | Lead::Role((_, name), _) => name.clone(),
        };
        let is_known = match &lead {
            Lead::Key(key) => self.keys.contains_key(key),
            Lead::User(user) => self.users.contains_key(user),
            Lead::Console(user) => self.users.contains_key(user) || self.consoles.contains_key(user),
            Lead::Role(role, _) => self.roles.get(role).is_some_and(|(_, policy)| policy.is_none()),
        };
        if is_known {
            return;
        }
        // A role whose trust is changed twice is one entry with both policies.
        if let Lead::Role(role, Some(policy)) = &lead
            && let Some((_, Some(known))) = self.roles.get_mut(role)
        {
            known.push_str(policy);
            return;
        }
        match lead.clone() {
            Lead::Key(key) => drop(self.keys.insert(key, next)),
            Lead::User(user) => drop(self.users.insert(user, next)),
            Lead::Console(user) => drop(self.consoles.insert(user, next)),
            Lead::Role(role, policy) => drop(self.roles.insert(role, (next, policy))),
        }
        self.waiting.push((next, lead));
        self.followed.push(Followed {
            from: Some(by),
            how,
            id,
            name,
            account: role_account(how, event).unwrap_or(event.account).to_owned(),
            since_us: (event.time_us != 0).then_some(event.time_us),
            event_id: Some(event.id.to_owned()).filter(|id| !id.is_empty()),
            ..Follower::blank()
        });
    }

    fn blank() -> Followed {
        Followed {
            from: None,
            how: How::Asked,
            id: String::new(),
            name: String::new(),
            account: String::new(),
            since_us: None,
            event_id: None,
            events: 0,
            writes: 0,
            denied: 0,
            times: Default::default(),
        }
    }

    /// Whose event it is; `None` if nobody's who is followed.
    pub fn whose(&self, event: &Event<'_>) -> Option<usize> {
        let began = |at: &usize| {
            let since = self.followed.get(*at).and_then(|followed| followed.since_us);
            since.is_none_or(|since| event.time_us >= since)
        };
        let user = || (event.identity_account.to_owned(), event.user.to_owned());
        let role = || {
            let arn = Arn::parse(event.role_arn).filter(|_| event.source == "sts.amazonaws.com")?;
            let (at, policy) = self.roles.get(&(arn.account, arn.name))?;
            let is_named = policy.as_ref().is_none_or(|policy| names_caller(policy, event));
            is_named.then_some(at)
        };
        let is_console = event.from_console || event.name == "ConsoleLogin";
        let by_key = if event.key.is_empty() { None } else { self.keys.get(event.key) };
        let by_user = || if event.user.is_empty() { None } else { self.users.get(&user()) };
        let by_console = || if event.user.is_empty() || !is_console { None } else { self.consoles.get(&user()) };
        by_key.or_else(by_user).or_else(by_console).or_else(role).filter(|at| began(at)).copied()
    }

    /// Leaves it at what was asked about.
    pub fn leave(&mut self) {
        self.omitted += self.waiting.drain(..).count() as u64;
        self.followed.truncate(1);
    }

    /// Follows until nobody is left, or far enough.
    pub async fn follow<S: Source>(
        &mut self,
        source: &S,
        subject: &Subject,
        until_us: Option<i64>,
        gathered: &mut Gathered,
    ) -> Result<(), S::Error> {
        for _ in 0..FOLLOW_STEPS_MAX {
            let waiting = std::mem::take(&mut self.waiting);
            if waiting.is_empty() {
                break;
            }
            let since = waiting.iter().map(|(at, _)| self.followed.get(*at).and_then(|followed| followed.since_us));
            let since_us = since.min().flatten();
            for condition in conditions(&waiting) {
                let outside = format!("({condition}) AND ({}) IS NOT TRUE", subject.condition);
                let sql = format!("SELECT {} FROM events {}", columns(), Period { since_us, until_us }.and(&outside));
                source
                    .each(&sql, &mut |row| {
                        let event = Event::of(row);
                        let Some(by) = self.whose(&event) else { return };
                        // An event may be reached by two ways.
                        if event.id.is_empty() || self.seen.insert(format!("{}{}", event.id, event.account)) {
                            gathered.take(&event, by);
                            self.take(&event, by);
                        }
                    })
                    .await?;
            }
        }
        self.omitted += self.waiting.len() as u64;
        Ok(())
    }
}

/// The account that a session is in: its role's.
fn role_account<'r>(how: How, event: &Event<'r>) -> Option<&'r str> {
    let account = event.role_arn.split(':').nth(4).filter(|account| !account.is_empty());
    account.filter(|_| how == How::Assumed)
}

/// Whether a trust policy names who calls.
fn names_caller(policy: &str, event: &Event<'_>) -> bool {
    [event.identity_account, event.arn, event.issuer_arn, event.invoked_by]
        .iter()
        .any(|text| !text.is_empty() && policy.contains(text))
        || policy.contains("\"*\"")
}

/// The statements' conditions: keys have bloom filters, so that they are asked for alone.
fn conditions(waiting: &[(usize, Lead)]) -> Vec<String> {
    let keys: Vec<&str> =
        waiting.iter().filter_map(|(_, lead)| if let Lead::Key(key) = lead { Some(key.as_str()) } else { None }).collect();
    let mut conditions: Vec<String> = keys
        .chunks(KEYS_PER_QUERY_MAX)
        .map(|keys| format!("useridentity_accesskeyid IN ({})", sql::list(keys.iter().copied())))
        .collect();
    let named = |(account, name): &Named| {
        format!("{} AND {}", sql::equals("useridentity_username", name), sql::equals("useridentity_accountid", account))
    };
    let others = waiting.iter().filter_map(|(_, lead)| match lead {
        Lead::Key(_) => None,
        Lead::User(user) => Some(named(user)),
        Lead::Console(user) => {
            Some(format!("{} AND (eventname = 'ConsoleLogin' OR sessioncredentialfromconsole = 'true')", named(user)))
        }
        Lead::Role((_, name), _) => {
            Some(format!("eventsource = 'sts.amazonaws.com' AND {}", sql::contains("requestparameters_rolearn", name)))
        }
    });
    let others: Vec<String> = others.collect();
    conditions.extend(
        others
            .chunks(CONDITIONS_PER_QUERY_MAX)
            .map(|some| some.iter().map(|one| format!("({one})")).collect::<Vec<_>>().join(" OR ")),
    );
    conditions
}

/// Where an event leads, and to whom, for people.
fn leads(event: &Event<'_>) -> Vec<(How, Lead, String)> {
    let mut found = Vec::new();
    if !event.issued_key.is_empty() {
        found.push((How::Assumed, Lead::Key(event.issued_key.to_owned()), session_name(event)));
    }
    let user = if event.user_name.is_empty() { event.user } else { event.user_name };
    let named = |name: &str| (event.account.to_owned(), name.to_owned());
    if !event.made_key.is_empty() {
        found.push((How::KeyMade, Lead::Key(event.made_key.to_owned()), user.to_owned()));
    }
    if event.source != "iam.amazonaws.com" {
        return found;
    }
    match event.name {
        "CreateUser" => found.push((How::UserMade, Lead::User(named(user)), user.to_owned())),
        "CreateLoginProfile" | "UpdateLoginProfile" => {
            found.push((How::PasswordSet, Lead::Console(named(user)), format!("{user} in the console")));
        }
        "CreateRole" => found.push((How::RoleOpened, Lead::Role(named(event.role_name), None), event.role_name.to_owned())),
        "UpdateAssumeRolePolicy" => {
            let policy = Event::parsed(event.request).and_then(|request| json::text_at(&request, "policyDocument"));
            let lead = Lead::Role(named(event.role_name), Some(policy.unwrap_or_default()));
            found.push((How::RoleOpened, lead, event.role_name.to_owned()));
        }
        _ => {}
    }
    found
}

/// `role/session` of a session that begins.
pub fn session_name(event: &Event<'_>) -> String {
    let response = Event::parsed(event.response);
    let text =
        |document: &Option<serde_json::Value>, path: &str| document.as_ref().and_then(|document| json::text_at(document, path));
    if let Some(arn) = text(&response, "assumedRoleUser.arn").or_else(|| text(&response, "federatedUser.arn")) {
        return arn
            .split_once(":assumed-role/")
            .or_else(|| arn.split_once(":federated-user/"))
            .map_or(arn.clone(), |(_, n)| n.to_owned());
    }
    let request = Event::parsed(event.request);
    let role = Arn::parse(event.role_arn).map(|arn| arn.name);
    let session = text(&request, "roleSessionName").or_else(|| text(&request, "name"));
    match (role, session) {
        (Some(role), Some(session)) => format!("{role}/{session}"),
        (Some(name), None) | (None, Some(name)) => name,
        (None, None) => format!("{} of {}", event.name, event.actor()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_where() {
        let event = Event {
            source: "sts.amazonaws.com",
            name: "AssumeRole",
            issued_key: "ASIA2",
            role_arn: "arn:aws:iam::111122223333:role/p/Deploy",
            request: r#"{"roleSessionName":"ci"}"#,
            ..Event::default()
        };
        assert_eq!(leads(&event), [(How::Assumed, Lead::Key("ASIA2".to_owned()), "Deploy/ci".to_owned())]);
        let event = Event { source: "iam.amazonaws.com", name: "CreateUser", user_name: "u", account: "1", ..Event::default() };
        assert_eq!(leads(&event), [(How::UserMade, Lead::User(("1".to_owned(), "u".to_owned())), "u".to_owned())]);
    }

    #[test]
    fn a_changed_trust_leads_to_those_it_names() {
        let policy = r#"{"Statement":[{"Principal":{"AWS":"arn:aws:iam::777788889999:root"}}]}"#;
        assert!(names_caller(policy, &Event { identity_account: "777788889999", ..Event::default() }));
        assert!(!names_caller(policy, &Event { identity_account: "111122223333", ..Event::default() }));
    }
}
