//! How a queue is named: `sqs://name`, `sqs://region/account/name`, its URL, or its ARN.

use collect::source::SourceError;

use crate::partition::partition;
use crate::refusal::io;

/// Longest name of a queue (SQS quotas).
const NAME_CHARS_MAX: usize = 80;

const FORMS: &str = "write it as `sqs://name`, as the queue's URL (https://sqs.REGION.amazonaws.com/ACCOUNT/NAME) or as its ARN";

/// A queue as the user named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Its Region, if it says it.
    pub region: Option<String>,
    /// Its account, if it says it.
    pub account: Option<String>,
    /// Its name.
    pub name: String,
    /// `https://host[:port]`, if it was named by a URL.
    host: Option<String>,
}

/// Where a queue is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its Region.
    pub region: String,
    /// Its account.
    pub account: String,
    /// Its name.
    pub name: String,
}

/// Whether a source is named as a queue.
pub fn is_queue(name: &str) -> bool {
    name.starts_with("sqs://") || name.starts_with("https://") || name.starts_with("http://") || name.starts_with("arn:")
}

impl Place {
    /// What the ledger calls it.
    pub fn origin(&self) -> String {
        match self.account.is_empty() {
            true => format!("sqs://{}/{}", self.region, self.name),
            false => format!("sqs://{}/{}/{}", self.region, self.account, self.name),
        }
    }

    /// Its ARN.
    pub fn arn(&self) -> String {
        let account = if self.account.is_empty() { "*" } else { &self.account };
        format!("arn:{}:sqs:{}:{account}:{}", partition(&self.region).name, self.region, self.name)
    }
}

impl Address {
    /// Reads any of the forms.
    pub fn parse(text: &str) -> Result<Address, SourceError> {
        let refused = || io(text, &format!("that is no queue; {FORMS}"));
        let address = match text.split_once("://") {
            Some(("sqs", rest)) => of_scheme(rest),
            Some(("http" | "https", _)) => of_url(text),
            _ => of_arn(text),
        };
        address.filter(Address::is_sound).ok_or_else(refused)
    }

    /// Where SQS is asked: the endpoint that was named, the host of the queue's URL, or the Region's own.
    pub(crate) fn endpoint(&self, region: &str, named: Option<&str>) -> String {
        let awss = || format!("https://sqs.{region}.{}", partition(region).dns_suffix);
        named.map(str::to_owned).or_else(|| self.host.clone()).unwrap_or_else(awss)
    }

    /// The queue's URL, where the account is known.
    pub(crate) fn url(&self, endpoint: &str) -> Option<String> {
        Some(format!("{}/{}/{}", endpoint.trim_end_matches('/'), self.account.as_deref()?, self.name))
    }

    fn is_sound(&self) -> bool {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let is_region =
            |region: &String| region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        (1..=NAME_CHARS_MAX).contains(&self.name.len())
            && self.name.bytes().all(is_name)
            && self.account.as_deref().is_none_or(is_account)
            && self.region.as_ref().is_none_or(|region| !region.is_empty() && is_region(region))
    }
}

/// The account in a queue's URL.
pub(crate) fn account_of(url: &str) -> Option<String> {
    of_url(url)?.account
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn of_scheme(rest: &str) -> Option<Address> {
    let mut parts = rest.trim_end_matches('/').split('/').map(str::to_owned);
    let address = match (parts.next()?, parts.next(), parts.next(), parts.next()) {
        (name, None, ..) => Address { region: None, account: None, name, host: None },
        (region, Some(account), Some(name), None) => Address { region: Some(region), account: Some(account), name, host: None },
        _ => return None,
    };
    Some(address)
}

fn of_arn(text: &str) -> Option<Address> {
    let mut parts = text.split(':').map(str::to_owned);
    let is_arn = parts.next().as_deref() == Some("arn") && parts.next().is_some() && parts.next().as_deref() == Some("sqs");
    let (region, account, name) = (parts.next()?, parts.next()?, parts.next()?);
    (is_arn && parts.next().is_none()).then_some(Address { region: Some(region), account: Some(account), name, host: None })
}

fn of_url(text: &str) -> Option<Address> {
    let (scheme, rest) = text.split_once("://")?;
    let mut parts = rest.trim_end_matches('/').split('/');
    let (host, account, name) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || host.is_empty() || host.contains(['@', '?', '#']) {
        return None;
    }
    let address = Address {
        region: region_of(host),
        account: Some(account.to_owned()),
        name: name.to_owned(),
        host: Some(format!("{scheme}://{host}")),
    };
    Some(address)
}

/// `sqs.REGION.amazonaws.com`, `sqs-fips.REGION...`, `vpce-1.sqs.REGION.vpce...`, and the old `REGION.queue.amazonaws.com`.
fn region_of(host: &str) -> Option<String> {
    let names: Vec<&str> = host.split('.').collect();
    let after = names.iter().position(|name| matches!(*name, "sqs" | "sqs-fips")).map(|at| at + 1);
    let before = || names.iter().position(|name| *name == "queue").and_then(|at| at.checked_sub(1));
    let region = names.get(after.or_else(before)?)?;
    region.contains('-').then(|| (*region).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<(Option<String>, Option<String>, String)> {
        Address::parse(text).ok().map(|address| (address.region, address.account, address.name))
    }

    #[test]
    fn all_forms() {
        let full = |region: &str| Some((Some(region.to_owned()), Some("111122223333".to_owned()), "trail-q".to_owned()));
        assert_eq!(told("sqs://trail-q"), Some((None, None, "trail-q".to_owned())));
        assert_eq!(told("sqs://eu-west-1/111122223333/trail-q"), full("eu-west-1"));
        assert_eq!(told("arn:aws-cn:sqs:cn-north-1:111122223333:trail-q"), full("cn-north-1"));
        for host in ["sqs.eu-west-1.amazonaws.com", "sqs-fips.eu-west-1.amazonaws.com", "eu-west-1.queue.amazonaws.com"] {
            assert_eq!(told(&format!("https://{host}/111122223333/trail-q")), full("eu-west-1"), "{host}");
        }
        let endpoint = "https://vpce-1a.sqs.eu-west-1.vpce.amazonaws.com/111122223333/trail-q";
        assert_eq!(told(endpoint), full("eu-west-1"));
        assert_eq!(
            told("http://127.0.0.1:5000/111122223333/q.fifo"),
            Some((None, Some("111122223333".to_owned()), "q.fifo".to_owned()))
        );
    }

    #[test]
    fn what_is_no_queue() {
        for text in [
            "sqs://",
            "sqs://a/b",
            "sqs://a b",
            "https://sqs.eu-west-1.amazonaws.com/",
            "https://sqs.eu-west-1.amazonaws.com/1/q",
            "https://u@h/111122223333/q",
            "https://h/111122223333/q/x",
            "arn:aws:sns:eu-west-1:111122223333:t",
            "arn:aws:sqs:eu-west-1:111122223333",
            "sqs://EVIL.com/111122223333/q",
        ] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn where_it_is_asked() {
        let address = Address::parse("arn:aws-cn:sqs:cn-north-1:111122223333:q").unwrap();
        let endpoint = address.endpoint("cn-north-1", None);
        assert_eq!(endpoint, "https://sqs.cn-north-1.amazonaws.com.cn");
        assert_eq!(address.url(&endpoint).as_deref(), Some("https://sqs.cn-north-1.amazonaws.com.cn/111122223333/q"));
        assert_eq!(address.endpoint("cn-north-1", Some("http://127.0.0.1:1")), "http://127.0.0.1:1");
        assert_eq!(Address::parse("sqs://q").unwrap().url(&endpoint), None);
        assert_eq!(account_of("http://h:1/111122223333/q").as_deref(), Some("111122223333"));
    }
}
