//! The machinery of the attack: who acts, what an act is, and how it becomes a record and a step.

use crate::attack::{Attack, Planted, Step};
use crate::organization::{Account, Organization};
use crate::people::VICTIM;
use crate::record::{self, Event, Part, Quirk};
use crate::rng::Rng;
use crate::template::Scene;
use crate::text;

/// Where most of the story happens, and where global services are recorded.
pub(crate) const HOME: &str = "us-east-1";
/// Where the attacker sits: an address that no principal of the sample uses.
pub(crate) const SOURCE_IP: &str = "198.18.77.23";
pub(crate) const TOOL: &str = "aws-cli/2.15.30 Python/3.11.8 Linux/6.6.15-amd64 exe/x86_64.kali.2024 prompt/off";

/// Who acts in a scene.
pub(crate) struct Actor {
    pub(crate) account: usize,
    pub(crate) identity: String,
    pub(crate) arn: String,
    pub(crate) agent: &'static str,
}

/// One call of a scene.
pub(crate) struct Act<'a> {
    pub(crate) service: &'a str,
    pub(crate) name: &'a str,
    pub(crate) region: &'a str,
    pub(crate) request: String,
    pub(crate) response: String,
    pub(crate) extra: &'a str,
    pub(crate) resources: String,
    pub(crate) error: Option<(&'a str, String)>,
    pub(crate) effect: Effect,
    pub(crate) shared: Option<[u64; 2]>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Reads,
    Writes,
    ReadsData,
}

pub(crate) struct Story<'a> {
    pub(crate) organization: &'a Organization,
    pub(crate) now_s: i64,
    pub(crate) rng: Rng,
    pub(crate) planted: Vec<Planted>,
    pub(crate) attack: Attack,
}

pub(crate) fn user_actor(account: usize, owner: &Account, id: &str, key: &str, agent: &'static str) -> Actor {
    let arn = format!("arn:aws:iam::{}:user/{VICTIM}", owner.id);
    let identity = format!(
        r#"{{"type":"IAMUser","principalId":"{id}","arn":"{arn}","accountId":"{}","accessKeyId":"{key}","userName":"{VICTIM}"}}"#,
        owner.id
    );
    Actor { account, identity, arn, agent }
}

impl<'a> Act<'a> {
    pub(crate) fn new(service: &'a str, name: &'a str, effect: Effect, request: impl Into<String>) -> Act<'a> {
        Act {
            service,
            name,
            region: HOME,
            request: request.into(),
            response: "null".to_owned(),
            extra: "",
            resources: String::new(),
            error: None,
            effect,
            shared: None,
        }
    }

    pub(crate) fn read(service: &'a str, name: &'a str, request: impl Into<String>) -> Act<'a> {
        Act::new(service, name, Effect::Reads, request)
    }

    pub(crate) fn write(service: &'a str, name: &'a str, request: impl Into<String>, response: impl Into<String>) -> Act<'a> {
        Act { response: response.into(), ..Act::new(service, name, Effect::Writes, request) }
    }

    pub(crate) fn in_region(self, region: &'a str) -> Act<'a> {
        Act { region, ..self }
    }

    pub(crate) fn denied(self, actor: &Actor, account: &Account) -> Act<'a> {
        let error = record::denied(&actor.arn, self.service, self.name, &account.id);
        Act { error: Some(error), response: "null".to_owned(), ..self }
    }
}

impl Story<'_> {
    /// Writes AssumeRole in the caller's account, and in the role's account when that is another one.
    pub(crate) fn assume(
        &mut self,
        caller: &Actor,
        index: usize,
        account: &Account,
        role: &str,
        id: &str,
        shared: Option<[u64; 2]>,
    ) -> Actor {
        let key = self.key("ASIA");
        let session = "session-01";
        let role_arn = format!("arn:aws:iam::{}:role/{role}", account.id);
        let arn = format!("arn:aws:sts::{}:assumed-role/{role}/{session}", account.id);
        let started_s = self.now_s;
        let request = format!(r#"{{"roleArn":"{role_arn}","roleSessionName":"{session}","durationSeconds":43200}}"#);
        let token = text::written(|out| text::base64(out, &mut self.rng, 356));
        let expires = text::written(|out| text::american(out, started_s + 43_200));
        let response = format!(
            r#"{{"credentials":{{"accessKeyId":"{key}","sessionToken":"{token}","expiration":"{expires}"}},"assumedRoleUser":{{"assumedRoleId":"{id}:{session}","arn":"{arn}"}}}}"#
        );
        let resources = format!(r#"[{{"accountId":"{}","type":"AWS::IAM::Role","ARN":"{role_arn}"}}]"#, account.id);
        let act =
            || Act { resources: resources.clone(), shared, ..Act::write("sts", "AssumeRole", request.clone(), response.clone()) };
        self.act(caller, act());
        if shared.is_some() {
            let identity = caller_as_account(caller, self.organization);
            self.act(&Actor { account: index, identity, arn: String::new(), agent: TOOL }, act());
        }
        self.attack.access_keys_temporary.push(key.clone());
        let created = text::written(|out| text::time(out, started_s));
        let owner = &account.id;
        let identity = format!(
            r#"{{"type":"AssumedRole","principalId":"{id}:{session}","arn":"{arn}","accountId":"{owner}","accessKeyId":"{key}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"{id}","arn":"{role_arn}","accountId":"{owner}","userName":"{role}"}},"webIdFederationData":{{}},"attributes":{{"creationDate":"{created}","mfaAuthenticated":"false"}}}}}}"#
        );
        Actor { account: index, identity, arn, agent: TOOL }
    }

    pub(crate) fn wait(&mut self, least_s: u64, most_s: u64) {
        self.now_s += self.rng.between(least_s, most_s) as i64;
    }

    pub(crate) fn key(&mut self, prefix: &str) -> String {
        text::written(|out| {
            text::push(out, prefix);
            text::base32(out, &mut self.rng, 16);
        })
    }

    pub(crate) fn uuid(&mut self) -> String {
        text::written(|out| text::uuid(out, [self.rng.next(), self.rng.next()]))
    }

    /// Something that the attacker does.
    pub(crate) fn act(&mut self, actor: &Actor, act: Act<'_>) {
        let (name, region) = (act.name.to_owned(), act.region.to_owned());
        let error_code = act.error.as_ref().map(|(code, _)| (*code).to_owned()).unwrap_or_default();
        let event_id = self.plant(actor, act, SOURCE_IP);
        self.attack.steps.push(Step {
            time: text::written(|out| text::time(out, self.now_s)),
            event_name: name,
            event_id,
            account: self.organization.accounts.get(actor.account).map(|account| account.id.clone()).unwrap_or_default(),
            region,
            error_code,
        });
    }

    /// Writes the record and returns its eventID.
    pub(crate) fn plant(&mut self, actor: &Actor, act: Act<'_>, address: &str) -> String {
        let organization = self.organization;
        let event_id = [self.rng.next(), self.rng.next()];
        let id = text::written(|out| text::uuid(out, event_id));
        let Some(account) = organization.accounts.get(actor.account) else {
            return id;
        };
        let scene = Scene { organization, account, region: act.region, at_s: self.now_s, choice: 0 };
        let source = format!("{}.amazonaws.com", act.service);
        let failed = act.error.as_ref().is_some_and(|(code, _)| !code.is_empty());
        let data = act.effect == Effect::ReadsData;
        let event = Event {
            version: "1.11",
            identity: actor.identity.as_bytes(),
            at_s: self.now_s,
            source: &source,
            name: act.name,
            region: act.region,
            address,
            agent: actor.agent,
            error: act.error,
            request: part(&act.request),
            response: part(&act.response),
            extra: (!act.extra.is_empty()).then_some(Part::Text(act.extra)),
            resources: (!act.resources.is_empty()).then_some(Part::Text(&act.resources)),
            event_id,
            event_type: if act.service == "signin" { "AwsConsoleSignIn" } else { "AwsApiCall" },
            read: act.effect != Effect::Writes,
            management: !data,
            account: &account.id,
            shared: act.shared,
            vpc_endpoint: None,
            host: Some(record::host(act.service, act.region, matches!(act.service, "iam" | "organizations" | "signin"))),
            from_console: actor.agent.starts_with("Mozilla") && act.service != "signin",
            quirk: Quirk::None,
        };
        let mut record = Vec::with_capacity(1600);
        record::write(&mut record, &event, &scene, &mut self.rng);
        self.planted.push(Planted {
            at_s: self.now_s,
            account: actor.account,
            region: act.region.to_owned(),
            name: act.name.to_owned(),
            family: if data { "Data" } else { "Management" },
            failed,
            record,
        });
        id
    }
}

fn part(text: &str) -> Part<'_> {
    if text == "null" { Part::Null } else { Part::Text(text) }
}

/// A stable principal id tail made of an account number.
pub(crate) fn tail(account: &str) -> String {
    let digits: u64 = account.bytes().fold(7, |sum, byte| sum * 10 + u64::from(byte % 10));
    text::written(|out| text::base32(out, &mut Rng::new(digits), 17))
}

pub(crate) fn role_id(account: &str) -> String {
    format!("AROA{}", tail(account))
}

/// The role's account sees a caller of another account without its name.
fn caller_as_account(caller: &Actor, organization: &Organization) -> String {
    let owner = organization.accounts.get(caller.account).map(|account| account.id.as_str()).unwrap_or_default();
    let principal = caller.identity.split(r#""principalId":""#).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    format!(r#"{{"type":"AWSAccount","principalId":"{principal}","accountId":"{owner}"}}"#)
}
