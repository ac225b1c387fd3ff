//! Fields of records, and fields whose values are few. Source: CloudTrail user guide, "CloudTrail record contents" and "userIdentity element".

use predicate::pattern::{Comparison, Condition, Test, Value};

/// Paths whose spelling is fixed; below `requestParameters` and its like everything is possible.
const PATHS: &[&str] = &[
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "errorMessage",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "requestID",
    "eventID",
    "eventType",
    "apiVersion",
    "managementEvent",
    "readOnly",
    "resources",
    "recipientAccountId",
    "serviceEventDetails",
    "sharedEventID",
    "vpcEndpointId",
    "vpcEndpointAccountId",
    "eventCategory",
    "addendum",
    "sessionCredentialFromConsole",
    "edgeDeviceDetails",
    "tlsDetails",
    "insightDetails",
    "userIdentity.type",
    "userIdentity.userName",
    "userIdentity.principalId",
    "userIdentity.arn",
    "userIdentity.accountId",
    "userIdentity.accessKeyId",
    "userIdentity.sessionContext",
    "userIdentity.invokedBy",
    "userIdentity.onBehalfOf",
    "userIdentity.identityProvider",
    "userIdentity.credentialId",
    "userIdentity.inScopeOf",
    "userIdentity.invokedByDelegate",
    "additionalEventData.MFAUsed",
    "additionalEventData.LoginTo",
    "additionalEventData.MobileVersion",
    "responseElements.ConsoleLogin",
];

/// Fields with few values.
const VALUES: &[(&str, &[&str])] = &[
    (
        "userIdentity.type",
        &[
            "Root",
            "IAMUser",
            "AssumedRole",
            "Role",
            "FederatedUser",
            "Directory",
            "AWSAccount",
            "AWSService",
            "IdentityCenterUser",
            "SAMLUser",
            "WebIdentityUser",
            "Unknown",
        ],
    ),
    (
        "eventType",
        &[
            "AwsApiCall",
            "AwsServiceEvent",
            "AwsConsoleAction",
            "AwsConsoleSignIn",
            "AwsVpceEvent",
            "AwsVpceEvents",
            "AwsCloudTrailInsight",
        ],
    ),
    ("eventCategory", &["Management", "Data", "NetworkActivity", "Insight", "Aggregated"]),
    ("additionalEventData.MFAUsed", &["Yes", "No"]),
    ("responseElements.ConsoleLogin", &["Success", "Failure"]),
];

/// The path that was meant, if this one differs from a known one in case alone.
pub fn misspelt(condition: &Condition) -> Option<String> {
    let dotted = condition.selector.dotted()?;
    let mut right = dotted.clone();
    for known in PATHS {
        let fits = right.get(..known.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(known));
        let ends = right.len() == known.len() || right.as_bytes().get(known.len()) == Some(&b'.');
        if fits && ends {
            right.replace_range(..known.len(), known);
        }
    }
    (right != dotted).then_some(right)
}

/// A value that a field never has, and what it has.
pub fn impossible(condition: &Condition) -> Option<(String, String)> {
    let Test::Compare(Comparison::Equal, Value::Text(value) | Value::Quoted(value)) = &condition.test else { return None };
    let dotted = condition.selector.dotted()?;
    if value.contains('*') {
        return None;
    }
    if dotted == "eventSource" && !value.contains(".amazonaws.") && !value.contains('.') {
        return Some((value.clone(), format!("`{value}.amazonaws.com` or the like")));
    }
    let (_, values) = VALUES.iter().find(|(path, _)| *path == dotted)?;
    if values.contains(&value.as_str()) {
        return None;
    }
    let right = values.iter().find(|known| known.eq_ignore_ascii_case(value)).map(|known| format!("`{known}`"));
    Some((value.clone(), right.unwrap_or_else(|| values.join(", "))))
}
