//! Records that are not API calls: network activity, Insights, aggregated data events and foreign audit logs.
//! Their shapes differ from the usual one and from each other, down to the spelling of `eventId`.

use crate::organization::Pool;
use crate::people::Principal;
use crate::record::Place;
use crate::rng::Rng;
use crate::text::{self, push};

/// A call through a VPC endpoint, as the endpoint's owner sees it. Returns its name and whether the policy refused.
pub(crate) fn network_activity(out: &mut Vec<u8>, person: &Principal, place: &Place<'_>, rng: &mut Rng) -> (&'static str, bool) {
    let (account, region) = (&place.account.id, place.region);
    let refused = rng.chance(5, 100);
    let (source, name) = rng.pick(&[
        ("s3", "GetObject"),
        ("s3", "PutObject"),
        ("kms", "Decrypt"),
        ("secretsmanager", "GetSecretValue"),
        ("cloudtrail", "LookupEvents"),
        ("ec2", "DescribeInstances"),
    ]);
    push(out, r#"{"eventVersion":"1.10","userIdentity":"#);
    if refused {
        push(out, &format!(r#"{{"type":"AWSAccount","principalId":"AROA{:016X}","accountId":"{account}"}}"#, rng.next()));
    } else {
        person.identity(out, place.at_s);
    }
    push(out, r#","eventTime":""#);
    text::time(out, place.at_s);
    push(out, &format!(r#"","eventSource":"{source}.amazonaws.com","eventName":"{name}","awsRegion":"{region}""#));
    push(out, &format!(r#","sourceIPAddress":"{}""#, person.address(rng)));
    if refused {
        push(out, r#","errorCode":"VpceAccessDenied","errorMessage":"The request was denied due to a VPC endpoint policy""#);
    }
    for member in ["requestID", "eventID"] {
        identifier(out, member, rng);
    }
    push(out, &format!(r#","eventType":"AwsVpceEvent","recipientAccountId":"{account}""#));
    identifier(out, "sharedEventID", rng);
    let endpoint = person.vpc_endpoint.as_deref().unwrap_or("vpce-0a1b2c3d4e5f60718");
    push(out, &format!(r#","vpcEndpointId":"{endpoint}","vpcEndpointAccountId":"{account}","eventCategory":"NetworkActivity"}}"#));
    (name, refused)
}

fn identifier(out: &mut Vec<u8>, member: &str, rng: &mut Rng) {
    push(out, &format!(",\"{member}\":\""));
    text::uuid(out, [rng.next(), rng.next()]);
    push(out, "\"");
}

/// One unusual episode: what its Start and its End record have in common.
pub(crate) struct Episode {
    shared: String,
    source: &'static str,
    name: &'static str,
    kind: &'static str,
    error: &'static str,
    arn: String,
    agent: String,
    baseline: u64,
    insight: u64,
    /// Whole minutes.
    pub(crate) minutes: u64,
}

impl Episode {
    /// Draws an episode around a principal.
    pub(crate) fn new(person: &Principal, rng: &mut Rng) -> Episode {
        let (source, name, kind, error) = rng.pick(&[
            ("ec2.amazonaws.com", "RunInstances", "ApiCallRateInsight", ""),
            ("logs.amazonaws.com", "CreateLogStream", "ApiCallRateInsight", ""),
            ("sts.amazonaws.com", "AssumeRole", "ApiErrorRateInsight", "AccessDenied"),
            ("ssm.amazonaws.com", "GetParameter", "ApiErrorRateInsight", "ThrottlingException"),
        ]);
        let role_only = |arn: &str| match arn.split_once(":assumed-role/") {
            Some((head, tail)) => format!("{head}:assumed-role/{}", tail.split('/').next().unwrap_or_default()),
            None => arn.to_owned(),
        };
        Episode {
            shared: text::written(|out| text::uuid(out, [rng.next(), rng.next()])),
            source,
            name,
            kind,
            error,
            arn: role_only(&person.arn),
            agent: person.agent(rng).to_owned(),
            baseline: rng.below(20_000),
            insight: rng.between(400_000, 9_000_000),
            minutes: rng.between(1, 40),
        }
    }

    /// Writes the record; `state` is `Start` or `End`.
    pub(crate) fn write(&self, out: &mut Vec<u8>, state: &str, place: &Place<'_>, rng: &mut Rng) {
        let (account, region, source, name) = (&place.account.id, place.region, self.source, self.name);
        push(out, r#"{"eventVersion":"1.09","eventTime":""#);
        text::time(out, place.at_s);
        push(out, &format!(r#"","awsRegion":"{region}""#));
        identifier(out, "eventID", rng);
        push(
            out,
            &format!(r#","eventType":"AwsCloudTrailInsight","recipientAccountId":"{account}","sharedEventID":"{}""#, self.shared),
        );
        push(
            out,
            &format!(
                r#","insightDetails":{{"state":"{state}","eventSource":"{source}","eventName":"{name}","insightType":"{}""#,
                self.kind
            ),
        );
        if !self.error.is_empty() {
            push(out, &format!(r#","errorCode":"{}""#, self.error));
        }
        push(out, r#","insightContext":{"statistics":{"baseline":{"average":"#);
        push(out, &format!(r#"{}}},"insight":{{"average":{}}}"#, average(self.baseline), average(self.insight)));
        push(out, &format!(r#","insightDuration":{},"baselineDuration":{}}}"#, self.minutes, 10_080 + rng.below(1400)));
        push(out, &format!(r#","attributions":[{}]}}}},"eventCategory":"Insight"}}"#, self.attributions()));
    }

    fn attributions(&self) -> String {
        let error = if self.error.is_empty() { "null" } else { self.error };
        [("userIdentityArn", self.arn.as_str()), ("userAgent", &self.agent), ("errorCode", error)]
            .map(|(attribute, value)| {
                let (insight, baseline) = (average(self.insight), average(self.baseline));
                format!(
                    r#"{{"attribute":"{attribute}","insight":[{{"value":"{value}","average":{insight}}}],"baseline":[{{"value":"{value}","average":{baseline}}}]}}"#
                )
            })
            .join(",")
    }
}

/// Per minute, from ten-thousandths.
fn average(ten_thousandths: u64) -> String {
    format!("{}.{:04}", ten_thousandths / 10_000, ten_thousandths % 10_000)
}

/// Five minutes of one dimension of data events.
pub(crate) fn aggregated(out: &mut Vec<u8>, person: &Principal, place: &Place<'_>, rng: &mut Rng) {
    let count = rng.between(3, 4000);
    let first = place.account.owned(Pool::Bucket).first().map(String::as_str).unwrap_or_default();
    let bucket = format!("arn:aws:s3:::{first}");
    let start_s = place.at_s - place.at_s.rem_euclid(300);
    push(out, &format!(r#"{{"eventVersion":"1.0","accountId":"{}""#, place.account.id));
    identifier(out, "eventId", rng);
    push(out, r#","eventCategory":"Aggregated","eventType":"AwsAggregatedEvent","awsRegion":""#);
    push(out, &format!(r#"{}","eventSource":"s3.amazonaws.com","timeWindow":{{"windowStart":""#, place.region));
    text::time(out, start_s);
    push(out, r#"","windowEnd":""#);
    text::time(out, start_s + 300);
    push(out, r#"","windowSize":"PT5M"},"summary":{"primaryDimension":"#);
    let name = ("eventName", "GetObject");
    let mut dimensions = [name, ("resourceARN", &bucket), ("userIdentity", &person.arn)];
    dimensions.rotate_left(rng.below(3) as usize);
    let [primary, others @ ..] = dimensions;
    push(out, &dimension(primary, count));
    push(out, r#","details":["#);
    push(out, &others.map(|other| dimension(other, count)).join(","));
    push(out, "]}}");
}

fn dimension((name, value): (&str, &str), count: u64) -> String {
    format!(r#"{{"dimension":"{name}","statistics":[{{"name":"{value}","value":{count}}}],"aggregationType":"Count"}}"#)
}

/// An event of a system outside AWS that came in through a channel.
pub(crate) fn activity(out: &mut Vec<u8>, place: &Place<'_>, rng: &mut Rng) {
    let (account, region) = (&place.account.id, place.region);
    let (name, object) =
        rng.pick(&[("user.session.start", "okta"), ("group.user_membership.add", "okta"), ("repo.access", "github")]);
    push(out, r#"{"eventVersion":"1.0","eventCategory":"ActivityAuditLog","eventType":"ActivityLog""#);
    identifier(out, "eventID", rng);
    push(out, r#","eventTime":""#);
    text::time(out, place.at_s);
    push(out, &format!(r#"","awsRegion":"{region}","recipientAccountId":"{account}","metadata":{{"ingestionTime":""#));
    text::time(out, place.at_s + 20);
    let channel = "7f1d8f4e-6a0c-4bb0-9c53-0f7e5a1e2d11";
    push(
        out,
        &format!(r#"","channelARN":"arn:aws:cloudtrail:{region}:{account}:channel/{channel}"}},"eventData":{{"version":"1.0""#),
    );
    let user = rng.below(40);
    push(out, &format!(r#","userIdentity":{{"type":"user","principalId":"user-{user}","details":{{"tenant":"example"}}}}"#));
    push(out, &format!(r#","userAgent":"connector/1.4","eventSource":"{object}.example.com","eventName":"{name}","eventTime":""#));
    text::time(out, place.at_s);
    push(out, "\"");
    identifier(out, "UID", rng);
    let target = rng.below(90);
    push(out, &format!(r#","requestParameters":{{"target":"{object}-{target}"}},"sourceIPAddress":"203.0.113.12""#));
    push(out, &format!(r#","recipientAccountId":"{account}","additionalEventData":{{"outcome":"SUCCESS"}}}}}}"#));
}
