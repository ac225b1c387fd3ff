//! What was asked about: recognised by its shape, or - a bare name could be a user, a role, a session - by asking the lake.

use std::net::IpAddr;
use std::str::FromStr;

use crate::limits::NETWORK_ADDRESSES_MAX;
use crate::model::{Kind, Meaning};
use crate::resource::{Arn, is_id};
use crate::source::Source;
use crate::sql;

/// The part of `principalId` behind the colon: a session's name.
const SESSION_NAME: &str = "split_part(useridentity_principalid, ':', 2)";
const ISSUER: &str = "useridentity_sessioncontext_sessionissuer";

/// What was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// As it was asked for.
    pub asked: String,
    /// What it was taken for.
    pub kind: Kind,
    /// Which events are its own, as SQL.
    pub condition: String,
    /// What else it could mean.
    pub others: Vec<Meaning>,
}

impl Kind {
    /// Every kind, and what it is called on a command line.
    pub const ALL: [(Kind, &'static str); 13] = [
        (Kind::AccessKey, "access-key"),
        (Kind::Session, "session"),
        (Kind::User, "user"),
        (Kind::Role, "role"),
        (Kind::Root, "root"),
        (Kind::Account, "account"),
        (Kind::SourceIdentity, "source-identity"),
        (Kind::UniqueId, "unique-id"),
        (Kind::Address, "address"),
        (Kind::Agent, "agent"),
        (Kind::Bucket, "bucket"),
        (Kind::VpcEndpoint, "vpc-endpoint"),
        (Kind::Resource, "resource"),
    ];

    /// The kind in words.
    pub fn words(self) -> &'static str {
        match self {
            Kind::AccessKey => "access key",
            Kind::Session => "role session",
            Kind::User => "IAM user",
            Kind::Role => "role",
            Kind::Root => "root user",
            Kind::Account => "account",
            Kind::SourceIdentity => "source identity",
            Kind::UniqueId => "unique ID",
            Kind::Address => "source address",
            Kind::Agent => "user agent",
            Kind::Bucket => "bucket",
            Kind::VpcEndpoint => "VPC endpoint",
            Kind::Resource => "resource",
        }
    }

    /// Whether it acts by itself: then sessions and keys that it came by are followed.
    pub fn acts(self) -> bool {
        !matches!(self, Kind::Bucket | Kind::VpcEndpoint | Kind::Resource)
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Kind, String> {
        let asked = text.to_ascii_lowercase().replace('_', "-");
        let asked = match asked.as_str() {
            "key" => "access-key",
            "ip" | "cidr" => "address",
            "email" | "e-mail" => "source-identity",
            "user-agent" => "agent",
            "vpce" => "vpc-endpoint",
            other => other,
        };
        Kind::ALL.iter().find(|(_, name)| *name == asked).map(|(kind, _)| *kind).ok_or_else(|| {
            let names = Kind::ALL.map(|(_, name)| name).join(", ");
            format!("`{text}` is no kind of thing; take {names}")
        })
    }
}

/// What a text is by its shape; `None` for a bare name.
pub fn recognise(text: &str) -> Option<Kind> {
    let prefixed = |prefixes: &[&str]| {
        let code = |text: &str| text.len() >= 16 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        prefixes.iter().any(|prefix| text.starts_with(prefix)) && code(text.split(':').next().unwrap_or(text))
    };
    match () {
        () if prefixed(&["AKIA", "ASIA", "ABIA", "ACCA"]) => Some(Kind::AccessKey),
        () if prefixed(&["AIDA", "AROA", "AGPA", "AIPA", "ANPA", "APKA", "ASCA"]) => Some(Kind::UniqueId),
        () if text.starts_with("arn:") => Some(of_arn(text)),
        () if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) => Some(Kind::Account),
        () if text.eq_ignore_ascii_case("root") => Some(Kind::Root),
        () if Network::parse(text).is_some() || text.ends_with(".amazonaws.com") || text == "AWS Internal" => Some(Kind::Address),
        () if text.starts_with("s3://") => Some(Kind::Bucket),
        () if text.starts_with("vpce-") => Some(Kind::VpcEndpoint),
        () if is_id(text) => Some(Kind::Resource),
        () if is_agent(text) => Some(Kind::Agent),
        () if text.contains('@') => Some(Kind::SourceIdentity),
        () => None,
    }
}

fn of_arn(text: &str) -> Kind {
    let Some(arn) = Arn::parse(text) else { return Kind::Resource };
    match (arn.service.as_str(), arn.kind.as_str()) {
        ("iam", "user") => Kind::User,
        ("iam", "role") => Kind::Role,
        ("iam", _) if arn.rest == "root" => Kind::Root,
        ("sts", "assumed-role" | "federated-user") => Kind::Session,
        ("s3", _) => Kind::Bucket,
        _ => Kind::Resource,
    }
}

/// `aws-cli/2.15.30 ...`, `Mozilla/5.0 (...)`, `[S3Console/0.4, ...]`
fn is_agent(text: &str) -> bool {
    let bare = text.trim_start_matches('[');
    bare.split_once('/').is_some_and(|(program, version)| {
        program.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
            && program.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_. ".contains(&b))
            && version.bytes().next().is_some_and(|b| b.is_ascii_digit())
    })
}

/// Settles what is meant. Asks the lake where the shape does not say.
pub async fn settle<S: Source>(source: &S, asked: &str, given: Option<Kind>) -> Result<Subject, S::Error> {
    let (kind, others) = match given.or_else(|| recognise(asked)) {
        Some(kind) => (kind, Vec::new()),
        None => survey(source, asked).await?,
    };
    let condition = match Network::parse(asked).filter(|_| kind == Kind::Address) {
        Some(network) => addresses(source, asked, network).await?,
        None => condition(asked, kind),
    };
    Ok(Subject { asked: asked.to_owned(), kind, condition, others })
}

/// What a bare name stands for most often.
async fn survey<S: Source>(source: &S, asked: &str) -> Result<(Kind, Vec<Meaning>), S::Error> {
    const KINDS: [Kind; 5] = [Kind::User, Kind::Role, Kind::Session, Kind::SourceIdentity, Kind::Bucket];
    let one = |kind: Kind| format!("sum(CASE WHEN {} THEN 1 ELSE 0 END)", narrow(asked, kind));
    let counts = KINDS.map(one).join(", ");
    let mut found: Vec<Meaning> = Vec::new();
    source
        .each(&format!("SELECT {counts} FROM events"), &mut |row| {
            let counted = KINDS.iter().enumerate();
            found.extend(counted.map(|(at, kind)| Meaning { kind: *kind, events: row.number(at).unwrap_or(0).unsigned_abs() }));
        })
        .await?;
    found.retain(|meaning| meaning.events > 0);
    found.sort_by_key(|meaning| (std::cmp::Reverse(meaning.events), meaning.kind));
    let kind = if found.is_empty() { Kind::User } else { found.remove(0).kind };
    Ok((kind, found))
}

/// A kind without what other kinds cover.
fn narrow(asked: &str, kind: Kind) -> String {
    match kind {
        Kind::SourceIdentity => sql::equals("useridentity_sessioncontext_sourceidentity", asked),
        kind => condition(asked, kind),
    }
}

/// Which events are of a thing.
fn condition(asked: &str, kind: Kind) -> String {
    let arn = Arn::parse(asked);
    match (kind, &arn) {
        (Kind::AccessKey, _) => sql::equals("useridentity_accesskeyid", asked),
        (Kind::Session | Kind::User, Some(_)) => sql::equals("useridentity_arn", asked),
        (Kind::Session, None) => format!(
            "({} AND useridentity_type IN ('AssumedRole', 'FederatedUser', 'WebIdentityUser', 'SAMLUser'))",
            sql::equals(SESSION_NAME, asked)
        ),
        (Kind::User, None) => sql::equals("useridentity_username", asked),
        (Kind::Role, Some(arn)) => format!(
            "({} AND {})",
            sql::equals(&format!("{ISSUER}_username"), &arn.name),
            sql::equals(&format!("{ISSUER}_accountid"), &arn.account)
        ),
        (Kind::Role, None) => {
            format!("({} AND {ISSUER}_type = 'Role')", sql::equals(&format!("{ISSUER}_username"), asked))
        }
        (Kind::Root, Some(arn)) => {
            format!("(useridentity_type = 'Root' AND {})", sql::equals("useridentity_accountid", &arn.account))
        }
        (Kind::Root, None) => "useridentity_type = 'Root'".to_owned(),
        (Kind::Account, _) => sql::equals("useridentity_accountid", asked),
        (Kind::SourceIdentity, _) => format!(
            "({} OR {} OR {})",
            sql::equals("useridentity_sessioncontext_sourceidentity", asked),
            sql::equals(SESSION_NAME, asked),
            sql::equals("useridentity_username", asked)
        ),
        (Kind::UniqueId, _) if asked.contains(':') => sql::equals("useridentity_principalid", asked),
        (Kind::UniqueId, _) => sql::equals("split_part(useridentity_principalid, ':', 1)", asked),
        (Kind::Address, _) => sql::equals("sourceipaddress", asked),
        (Kind::Agent, _) => sql::contains("useragent", asked),
        (Kind::Bucket, _) => bucket(asked, arn.as_ref()),
        (Kind::VpcEndpoint, _) => sql::equals("vpcendpointid", asked),
        (Kind::Resource, _) => {
            let columns = ["requestparameters", "responseelements", "resources"].map(|column| sql::contains(column, asked));
            format!("({})", columns.join(" OR "))
        }
    }
}

/// A bucket, or what begins with a prefix in it: keys are texts in the request.
fn bucket(asked: &str, arn: Option<&Arn>) -> String {
    let path = asked.strip_prefix("s3://").or(arn.map(|arn| arn.rest.as_str())).unwrap_or(asked);
    let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
    let whole = sql::equals("requestparameters_bucketname", bucket);
    match prefix.trim_end_matches('*') {
        "" => whole,
        prefix => format!("({whole} AND {})", sql::contains("requestparameters", &format!("\"{prefix}"))),
    }
}

/// Addresses of a network; text can be written in several ways, so that they are compared as numbers.
async fn addresses<S: Source>(source: &S, asked: &str, network: Network) -> Result<String, S::Error> {
    if network.is_single() && asked.contains('.') {
        return Ok(condition(asked, Kind::Address));
    }
    let mut found: Vec<String> = vec![asked.to_owned()];
    source
        .each("SELECT DISTINCT sourceipaddress FROM events", &mut |row| {
            let text = row.text(0).unwrap_or_default();
            if found.len() < NETWORK_ADDRESSES_MAX && text.parse().is_ok_and(|address| network.has(address)) {
                found.push(text.to_owned());
            }
        })
        .await?;
    Ok(format!("sourceipaddress IN ({})", sql::list(found.iter().map(String::as_str))))
}

/// An address, or a network in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    fn parse(text: &str) -> Option<Network> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
        (bits <= most).then_some(Network { address, bits })
    }

    fn is_single(self) -> bool {
        self.bits == if self.address.is_ipv4() { 32 } else { 128 }
    }

    fn has(self, address: IpAddr) -> bool {
        let number = |address: IpAddr| match address {
            IpAddr::V4(v4) => u128::from(u32::from(v4)) << 96,
            IpAddr::V6(v6) => u128::from(v6),
        };
        let differ = (number(self.address) ^ number(address)).leading_zeros();
        self.address.is_ipv4() == address.is_ipv4() && differ >= u32::from(self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        let cases = [
            ("AKIAIOSFODNN7EXAMPLE", Some(Kind::AccessKey)),
            ("ASIAIOSFODNN7EXAMPLE", Some(Kind::AccessKey)),
            ("AIDAJ45Q7YFFAREXAMPLE", Some(Kind::UniqueId)),
            ("AROAJ45Q7YFFAREXAMPLE:session", Some(Kind::UniqueId)),
            ("arn:aws:iam::111122223333:user/path/alice", Some(Kind::User)),
            ("arn:aws-cn:iam::111122223333:role/Deploy", Some(Kind::Role)),
            ("arn:aws:iam::111122223333:root", Some(Kind::Root)),
            ("arn:aws:sts::111122223333:assumed-role/Deploy/ci", Some(Kind::Session)),
            ("arn:aws:s3:::b/p", Some(Kind::Bucket)),
            ("arn:aws:lambda:us-east-1:111122223333:function:f", Some(Kind::Resource)),
            ("111122223333", Some(Kind::Account)),
            ("203.0.113.7", Some(Kind::Address)),
            ("203.0.113.0/24", Some(Kind::Address)),
            ("2001:db8::1", Some(Kind::Address)),
            ("ec2.amazonaws.com", Some(Kind::Address)),
            ("s3://bucket/prefix", Some(Kind::Bucket)),
            ("vpce-0123456789abcdef0", Some(Kind::VpcEndpoint)),
            ("i-0123456789abcdef0", Some(Kind::Resource)),
            ("aws-cli/2.15.30", Some(Kind::Agent)),
            ("[S3Console/0.4, aws-internal/3]", Some(Kind::Agent)),
            ("alice@example.com", Some(Kind::SourceIdentity)),
            ("root", Some(Kind::Root)),
            ("alice", None),
            ("AKIA", None),
            ("ci/cd", None),
        ];
        for (text, kind) in cases {
            assert_eq!(recognise(text), kind, "{text}");
        }
    }

    #[test]
    fn networks() {
        let has = |network: &str, address: &str| Network::parse(network).unwrap().has(address.parse().unwrap());
        assert!(has("203.0.113.0/24", "203.0.113.255") && !has("203.0.113.0/24", "203.0.114.0"));
        assert!(has("2001:db8::/32", "2001:db8:1::") && !has("2001:db8::/32", "203.0.113.1"));
        assert!(has("0.0.0.0/0", "203.0.113.1") && has("2001:db8::0:1", "2001:0db8::1"));
        assert_eq!(Network::parse("203.0.113.0/33"), None);
    }

    #[test]
    fn hostile_texts_stay_texts() {
        assert_eq!(condition("x' OR 1=1 --", Kind::User), "useridentity_username = 'x'' OR 1=1 --'");
        assert!("nonsense".parse::<Kind>().unwrap_err().contains("access-key"));
        assert_eq!("ip".parse(), Ok(Kind::Address));
    }
}
