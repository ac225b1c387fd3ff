//! What is asked for, read as the AWS CLI reads it, in its order: dates, their order, the trail's ARN.

use chrono::{DateTime, TimeDelta, Utc};

use super::LikeAws;
use super::python::dates::{self, Stamp};

/// How long after the end of the range a digest may end that still holds log files of it.
const SPILL: TimeDelta = TimeDelta::hours(1);

/// The parts of a trail's ARN that tell where its digests are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailArn {
    /// The whole.
    pub text: String,
    /// Home Region.
    pub home: String,
    /// Account that owns the trail.
    pub account: String,
    /// Name.
    pub name: String,
}

/// The range and the trail.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Begin.
    pub start: Stamp,
    /// End.
    pub end: Stamp,
    /// The trail.
    pub arn: TrailArn,
}

/// Where a trail's digests are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Bucket.
    pub bucket: String,
    /// What stands before `AWSLogs/`, with its slash.
    pub prefix: String,
    /// Organization ID of an organization trail.
    pub organization: Option<String>,
    /// Account whose digests they are.
    pub account: String,
    /// Region whose digests they are.
    pub region: String,
}

impl Wanted {
    /// Reads the arguments; an error is what the AWS CLI says.
    pub fn read(arguments: &LikeAws, now: DateTime<Utc>) -> Result<Wanted, String> {
        let start = date(&arguments.start_time)?;
        let end = arguments.end_time.as_deref().map_or(Ok(Stamp::utc(now)), date)?;
        if start.moment() > end.moment() {
            return Err("Invalid time range specified: start-time must occur before end-time".to_owned());
        }
        let arn = TrailArn::parse(&arguments.trail_arn);
        let arn = arn.ok_or_else(|| format!("Invalid trail ARN provided: {}", arguments.trail_arn))?;
        Ok(Wanted { start, end, arn })
    }

    /// The date in the name of the last digest that is looked at.
    pub fn last_date(&self) -> String {
        self.end.plus(SPILL).compact()
    }
}

/// An argument's date. An offset is not converted: it is ignored.
fn date(text: &str) -> Result<Stamp, String> {
    let stamp = dates::parse(text).ok_or_else(|| unparsed(text))?;
    Ok(Stamp::utc(stamp.taken_as_utc()))
}

/// What is said about a text that is no date.
pub fn unparsed(text: &str) -> String {
    format!("Unable to parse date value: {text}")
}

impl TrailArn {
    /// `arn:partition:cloudtrail:region:account:trail/name`.
    fn parse(text: &str) -> Option<TrailArn> {
        let mut parts = text.splitn(6, ':');
        let (is_arn, partition, service) = (parts.next()? == "arn", parts.next()?, parts.next()?);
        let (home, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let name = resource.strip_prefix("trail/").filter(|name| !name.is_empty())?;
        let is_trail = is_arn && !partition.is_empty() && service == "cloudtrail" && !home.is_empty() && is_account;
        is_trail.then(|| TrailArn {
            text: text.to_owned(),
            home: home.to_owned(),
            account: account.to_owned(),
            name: name.rsplit('/').next().unwrap_or(name).to_owned(),
        })
    }
}

impl Place {
    /// The folder of the Region's digests.
    pub fn folder(&self) -> String {
        let organization = self.organization.as_ref().map_or_else(String::new, |id| format!("{id}/"));
        format!("{}AWSLogs/{organization}{}/CloudTrail-Digest/{}/", self.prefix, self.account, self.region)
    }

    /// What the names of the trail's digests begin with.
    pub fn name(&self, arn: &TrailArn) -> String {
        format!("{}_CloudTrail-Digest_{}_{}_{}_", self.account, self.region, arn.name, arn.home)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns() {
        let arn = |text: &str| TrailArn::parse(text).map(|arn| format!("{} {} {}", arn.home, arn.account, arn.name));
        let trail = "123456789012:trail";
        assert_eq!(arn(&format!("arn:aws:cloudtrail:us-east-1:{trail}/t")).as_deref(), Some("us-east-1 123456789012 t"));
        assert_eq!(arn(&format!("arn:aws-cn:cloudtrail:cn-north-1:{trail}/t.x")).as_deref(), Some("cn-north-1 123456789012 t.x"));
        assert_eq!(arn(&format!("arn:aws:cloudtrail:us-east-1:{trail}/a/b")).as_deref(), Some("us-east-1 123456789012 b"));
        for text in [
            "",
            "nope",
            "arn:aws:s3:::b",
            "arn:aws:cloudtrail:us-east-1:123456789012:trail/",
            "arn:aws:cloudtrail::123456789012:trail/t",
            "arn::cloudtrail:us-east-1:123456789012:trail/t",
            "arn:aws:cloudtrail:us-east-1:12345678901:trail/t",
            "arn:aws:cloudtrail:us-east-1:1234567890123:trail/t",
            "arn:aws:cloudtrail:us-east-1:12345678901a:trail/t",
            "arn:aws:cloudtrail:us-east-1:123456789012:trailx/t",
            " arn:aws:cloudtrail:us-east-1:123456789012:trail/t",
        ] {
            assert_eq!(arn(text), None, "{text}");
        }
    }
}
