//! One event as it is folded: names for the columns of a row.

use serde_json::Value;

use crate::source::Row;

/// Flat columns that every fold needs, in the order of [`Event::of`].
const FLAT: [&str; 32] = [
    "eventtime",
    "eventsource",
    "eventname",
    "awsregion",
    "recipientaccountid",
    "sourceipaddress",
    "useragent",
    "errorcode",
    "errormessage",
    "readonly",
    "managementevent",
    "eventcategory",
    "eventid",
    "sharedeventid",
    "useridentity_type",
    "useridentity_principalid",
    "useridentity_arn",
    "useridentity_accountid",
    "useridentity_accesskeyid",
    "useridentity_username",
    "useridentity_invokedby",
    "useridentity_sessioncontext_sessionissuer_arn",
    "useridentity_sessioncontext_sourceidentity",
    "sessioncredentialfromconsole",
    "responseelements_credentials_accesskeyid",
    "responseelements_accesskey_accesskeyid",
    "responseelements_consolelogin",
    "additionaleventdata_mfaused",
    "requestparameters_rolearn",
    "requestparameters_username",
    "requestparameters_rolename",
    "requestparameters_bucketname",
];

/// Documents of an event, behind the flat columns.
const DOCUMENTS: [&str; 4] = ["requestparameters", "responseelements", "additionaleventdata", "resources"];

/// The select list for [`Event::of`].
pub fn columns() -> String {
    [&FLAT[..], &DOCUMENTS[..]].concat().join(", ")
}

/// An event; empty text where nothing is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Event<'r> {
    /// `eventTime` in microseconds; 0 where it is missing.
    pub time_us: i64,
    /// `eventSource`.
    pub source: &'r str,
    /// `eventName`.
    pub name: &'r str,
    /// `awsRegion`.
    pub region: &'r str,
    /// `recipientAccountId`.
    pub account: &'r str,
    /// `sourceIPAddress`.
    pub address: &'r str,
    /// `userAgent`.
    pub agent: &'r str,
    /// `errorCode`.
    pub error: &'r str,
    /// `errorMessage`.
    pub message: &'r str,
    /// `readOnly`, where it is said.
    pub read_only: Option<bool>,
    /// `managementEvent`, where it is said.
    pub management: Option<bool>,
    /// `eventCategory`.
    pub category: &'r str,
    /// `eventID`.
    pub id: &'r str,
    /// `sharedEventID`.
    pub shared_id: &'r str,
    /// `userIdentity.type`.
    pub identity_type: &'r str,
    /// `userIdentity.principalId`.
    pub principal: &'r str,
    /// `userIdentity.arn`.
    pub arn: &'r str,
    /// `userIdentity.accountId`.
    pub identity_account: &'r str,
    /// `userIdentity.accessKeyId`.
    pub key: &'r str,
    /// `userIdentity.userName`.
    pub user: &'r str,
    /// `userIdentity.invokedBy`.
    pub invoked_by: &'r str,
    /// `userIdentity.sessionContext.sessionIssuer.arn`.
    pub issuer_arn: &'r str,
    /// `userIdentity.sessionContext.sourceIdentity`.
    pub source_identity: &'r str,
    /// `sessionCredentialFromConsole`.
    pub from_console: bool,
    /// `responseElements.credentials.accessKeyId`: the key of a session that began with this event.
    pub issued_key: &'r str,
    /// `responseElements.accessKey.accessKeyId`: a long-term key that was made.
    pub made_key: &'r str,
    /// `responseElements.ConsoleLogin`.
    pub login: &'r str,
    /// `additionalEventData.MFAUsed`.
    pub login_mfa: &'r str,
    /// `requestParameters.roleArn`.
    pub role_arn: &'r str,
    /// `requestParameters.userName`.
    pub user_name: &'r str,
    /// `requestParameters.roleName`.
    pub role_name: &'r str,
    /// `requestParameters.bucketName`.
    pub bucket: &'r str,
    /// `requestParameters` as JSON text.
    pub request: &'r str,
    /// `responseElements` as JSON text.
    pub response: &'r str,
    /// `additionalEventData` as JSON text.
    pub additional: &'r str,
    /// `resources` as JSON text.
    pub resources: &'r str,
}

impl<'r> Event<'r> {
    /// Reads a row with [`columns`].
    pub fn of(row: &'r dyn Row) -> Event<'r> {
        let text = |at| row.text(at).unwrap_or_default();
        let flag = |at| row.number(at).map(|number| number != 0);
        Event {
            time_us: row.number(0).unwrap_or_default(),
            source: text(1),
            name: text(2),
            region: text(3),
            account: text(4),
            address: text(5),
            agent: text(6),
            error: text(7),
            message: text(8),
            read_only: flag(9),
            management: flag(10),
            category: text(11),
            id: text(12),
            shared_id: text(13),
            identity_type: text(14),
            principal: text(15),
            arn: text(16),
            identity_account: text(17),
            key: text(18),
            user: text(19),
            invoked_by: text(20),
            issuer_arn: text(21),
            source_identity: text(22),
            from_console: text(23) == "true",
            issued_key: text(24),
            made_key: text(25),
            login: text(26),
            login_mfa: text(27),
            role_arn: text(28),
            user_name: text(29),
            role_name: text(30),
            bucket: text(31),
            request: text(32),
            response: text(33),
            additional: text(34),
            resources: text(35),
        }
    }

    /// Whether it did not do what it was to do.
    pub fn failed(&self) -> bool {
        !self.error.is_empty() || self.login == "Failure" || (self.login.is_empty() && !self.message.is_empty())
    }

    /// Whether somebody was refused, as opposed to something having gone wrong.
    pub fn denied(&self) -> bool {
        const CODES: [&str; 6] =
            ["accessdenied", "unauthorized", "notauthorized", "forbidden", "authfailure", "invalidclienttokenid"];
        let code = self.error.to_ascii_lowercase();
        CODES.iter().any(|word| code.contains(word))
            || self.message.contains("not authorized to perform")
            || self.login == "Failure"
    }

    /// Whether it changes something. An event that does not say is judged by its name.
    pub fn writes(&self) -> bool {
        const READERS: [&str; 7] = ["Get", "List", "Describe", "Head", "Lookup", "Search", "BatchGet"];
        self.read_only.map_or_else(|| !READERS.iter().any(|verb| self.name.starts_with(verb)), |read_only| !read_only)
    }

    /// `iam` of `iam.amazonaws.com`.
    pub fn service(&self) -> &'r str {
        service(self.source)
    }

    /// A short name of who acted.
    pub fn actor(&self) -> String {
        let session = self.arn.split_once(":assumed-role/").map(|(_, rest)| rest);
        match self.identity_type {
            "Root" => format!("root of {}", self.identity_account),
            "AWSService" => self.invoked_by.to_owned(),
            "AWSAccount" => format!("account {}", self.identity_account),
            _ if session.is_some() => session.unwrap_or_default().to_owned(),
            _ if !self.user.is_empty() => self.user.to_owned(),
            _ if !self.arn.is_empty() => self.arn.rsplit_once(':').map_or(self.arn, |(_, name)| name).to_owned(),
            _ if !self.principal.is_empty() => self.principal.to_owned(),
            _ => self.identity_type.to_owned(),
        }
    }

    /// A document, parsed; `None` where it is missing or null.
    pub fn parsed(text: &str) -> Option<Value> {
        if text.is_empty() { None } else { serde_json::from_str(text).ok().filter(|value: &Value| !value.is_null()) }
    }
}

/// `iam` of `iam.amazonaws.com`.
pub fn service(source: &str) -> &str {
    source.split('.').next().unwrap_or(source)
}
