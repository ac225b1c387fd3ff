//! One CloudTrail record, written member by member in AWS's order.

use crate::catalogue::Call;
use crate::organization::{Account, Organization};
use crate::people::{Kind, Principal};
use crate::rng::{Rng, mix};
use crate::template::{Scene, Template};
use crate::text::{self, push};

/// What a record says. Members that are absent from many records are optional.
pub(crate) struct Event<'a> {
    pub(crate) version: &'a str,
    pub(crate) identity: &'a [u8],
    pub(crate) at_s: i64,
    pub(crate) source: &'a str,
    pub(crate) name: &'a str,
    pub(crate) region: &'a str,
    pub(crate) address: &'a str,
    pub(crate) agent: &'a str,
    pub(crate) error: Option<(&'a str, String)>,
    pub(crate) request: Part<'a>,
    pub(crate) response: Part<'a>,
    pub(crate) extra: Option<Part<'a>>,
    pub(crate) resources: Option<Part<'a>>,
    pub(crate) event_id: [u64; 2],
    pub(crate) event_type: &'a str,
    pub(crate) read: bool,
    pub(crate) management: bool,
    pub(crate) account: &'a str,
    pub(crate) shared: Option<[u64; 2]>,
    pub(crate) vpc_endpoint: Option<&'a str>,
    /// Host of the request; without it the record has no `tlsDetails`.
    pub(crate) host: Option<String>,
    pub(crate) from_console: bool,
    pub(crate) quirk: Quirk,
}

/// A member that is an object, an array or null.
pub(crate) enum Part<'a> {
    Null,
    Text(&'a str),
    Filled(&'a Template),
}

/// Oddities that real logs contain and a reader must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quirk {
    None,
    /// `"readOnly":"true"`
    ReadOnlyText,
    /// `"resources":""`
    ResourcesText,
    /// A member that no documentation knows.
    UnknownMember,
    /// A record that AWS delivered late and says so.
    Addendum,
}

/// Writes the record.
pub(crate) fn write(out: &mut Vec<u8>, event: &Event<'_>, scene: &Scene<'_>, rng: &mut Rng) {
    head(out, event);
    if let Some((code, message)) = &event.error {
        // A failed sign-in has a message but no code.
        if !code.is_empty() {
            member(out, "errorCode", code);
        }
        push(out, r#","errorMessage":""#);
        escaped(out, message);
        push(out, "\"");
    }
    push(out, r#","requestParameters":"#);
    part(out, &event.request, scene, rng);
    push(out, r#","responseElements":"#);
    part(out, &event.response, scene, rng);
    if let Some(extra) = &event.extra {
        push(out, r#","additionalEventData":"#);
        part(out, extra, scene, rng);
    }
    ids(out, event, rng);
    if event.quirk == Quirk::ResourcesText {
        push(out, r#","resources":"""#);
    } else if let Some(resources) = &event.resources {
        push(out, r#","resources":"#);
        part(out, resources, scene, rng);
    }
    tail(out, event);
}

fn head(out: &mut Vec<u8>, event: &Event<'_>) {
    push(out, r#"{"eventVersion":""#);
    push(out, event.version);
    push(out, r#"","userIdentity":"#);
    out.extend_from_slice(event.identity);
    push(out, r#","eventTime":""#);
    text::time(out, event.at_s);
    push(out, "\"");
    member(out, "eventSource", event.source);
    member(out, "eventName", event.name);
    member(out, "awsRegion", event.region);
    member(out, "sourceIPAddress", event.address);
    member(out, "userAgent", event.agent);
}

fn ids(out: &mut Vec<u8>, event: &Event<'_>, rng: &mut Rng) {
    push(out, r#","requestID":""#);
    if event.source == "s3.amazonaws.com" {
        text::base32(out, rng, 16);
    } else {
        text::uuid(out, [rng.next(), rng.next()]);
    }
    push(out, r#"","eventID":""#);
    text::uuid(out, event.event_id);
    push(out, r#"","readOnly":"#);
    push(
        out,
        match (event.read, event.quirk) {
            (true, Quirk::ReadOnlyText) => "\"true\"",
            (false, Quirk::ReadOnlyText) => "\"false\"",
            (true, _) => "true",
            (false, _) => "false",
        },
    );
}

fn tail(out: &mut Vec<u8>, event: &Event<'_>) {
    member(out, "eventType", event.event_type);
    push(out, if event.management { r#","managementEvent":true"# } else { r#","managementEvent":false"# });
    member(out, "recipientAccountId", event.account);
    if let Some(shared) = event.shared {
        push(out, r#","sharedEventID":""#);
        text::uuid(out, shared);
        push(out, "\"");
    }
    if let Some(endpoint) = event.vpc_endpoint {
        member(out, "vpcEndpointId", endpoint);
        member(out, "vpcEndpointAccountId", event.account);
    }
    if event.quirk == Quirk::Addendum {
        push(out, r#","addendum":{"reason":"DELIVERY_DELAY"}"#);
    }
    member(out, "eventCategory", if event.management { "Management" } else { "Data" });
    if let Some(host) = &event.host {
        push(out, r#","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":""#);
        push(out, host);
        push(out, if event.agent.contains("ua/2.1") { r#"","keyExchange":"X25519MLKEM768"}"# } else { "\"}" });
    }
    if event.from_console {
        push(out, r#","sessionCredentialFromConsole":"true""#);
    }
    if event.quirk == Quirk::UnknownMember {
        push(out, r#","invocationTrace":{"parent":null,"depth":3,"sampled":1.0e0,"tags":["\u00e4",[]]}"#);
    }
    push(out, "}");
}

fn member(out: &mut Vec<u8>, name: &str, value: &str) {
    push(out, ",\"");
    push(out, name);
    push(out, "\":\"");
    push(out, value);
    push(out, "\"");
}

fn escaped(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
}

fn part(out: &mut Vec<u8>, part: &Part<'_>, scene: &Scene<'_>, rng: &mut Rng) {
    match part {
        Part::Null => push(out, "null"),
        Part::Text(text) => push(out, text),
        Part::Filled(template) => template.fill(out, scene, rng),
    }
}

/// Where and when something ordinary happens.
pub(crate) struct Place<'a> {
    pub(crate) organization: &'a Organization,
    pub(crate) account: &'a Account,
    pub(crate) region: &'a str,
    pub(crate) at_s: i64,
}

/// Writes an ordinary call of a principal; says whether it failed.
pub(crate) fn ordinary(
    out: &mut Vec<u8>,
    identity: &mut Vec<u8>,
    person: &Principal,
    call: &Call,
    place: &Place<'_>,
    rng: &mut Rng,
) -> bool {
    identity.clear();
    person.identity(identity, place.at_s);
    let aws = matches!(person.kind, Kind::Service | Kind::Linked);
    let agent = person.agent(rng);
    let fails = rng.chance(if aws { 1 } else { 4 }, 100) && call.event_type == "AwsApiCall";
    let error = fails.then(|| error(person, call, place, rng));
    let failed = error.is_some();
    let choice = rng.next();
    let event = Event {
        version: call.version,
        identity,
        at_s: place.at_s,
        source: &call.source,
        name: &call.name,
        region: place.region,
        address: person.address(rng),
        agent,
        request: Part::Filled(&call.request),
        response: if failed { Part::Null } else { Part::Filled(&call.response) },
        extra: call.extra.as_ref().map(Part::Filled),
        resources: call.resources.as_ref().map(Part::Filled),
        event_id: [rng.next(), rng.next()],
        event_type: call.event_type,
        read: call.read,
        management: !call.data,
        account: &place.account.id,
        shared: (aws && call.resources.is_some()).then(|| [mix(choice, &[1]), mix(choice, &[2])]),
        vpc_endpoint: person.vpc_endpoint.as_deref(),
        host: (!aws).then(|| host(&call.service, place.region, call.global)),
        from_console: !call.data && (agent.starts_with("Mozilla") || agent.starts_with("[S3Console")),
        quirk: quirk(rng),
        error,
    };
    let Place { organization, account, region, at_s } = *place;
    write(out, &event, &Scene { organization, account, region, at_s, choice }, rng);
    failed
}

/// The host that a client asks for.
pub(crate) fn host(service: &str, region: &str, global: bool) -> String {
    if global { format!("{service}.amazonaws.com") } else { format!("{service}.{region}.amazonaws.com") }
}

fn quirk(rng: &mut Rng) -> Quirk {
    match rng.below(4000) {
        0 => Quirk::ReadOnlyText,
        1 => Quirk::ResourcesText,
        2 => Quirk::UnknownMember,
        3 => Quirk::Addendum,
        _ => Quirk::None,
    }
}

/// Mostly refusals, then throttling, then things that are not there.
fn error<'a>(person: &Principal, call: &Call, place: &Place<'_>, rng: &mut Rng) -> (&'a str, String) {
    match rng.below(10) {
        0..5 => denied(&person.arn, &call.service, &call.name, &place.account.id),
        5..7 => ("ThrottlingException", "Rate exceeded".to_owned()),
        _ => missing(&call.service),
    }
}

fn missing<'a>(service: &str) -> (&'a str, String) {
    match service {
        "iam" => ("NoSuchEntityException", "The role with the specified name cannot be found.".to_owned()),
        "s3" => ("NoSuchKey", "The specified key does not exist.".to_owned()),
        "ec2" => ("Client.InvalidInstanceID.NotFound", "The instance ID does not exist".to_owned()),
        _ => ("ResourceNotFoundException", "The requested resource was not found.".to_owned()),
    }
}

/// The refusal that a service writes when no policy allows a call.
pub(crate) fn denied<'a>(arn: &str, service: &str, name: &str, account: &str) -> (&'a str, String) {
    let name = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let code = if service == "ec2" { "Client.UnauthorizedOperation" } else { "AccessDenied" };
    let message = format!(
        "User: {arn} is not authorized to perform: {service}:{name} on resource: arn:aws:{service}:*:{account}:* \
         because no identity-based policy allows the {service}:{name} action"
    );
    (code, message)
}
