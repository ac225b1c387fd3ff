//! Where each key of a record goes: the tree of known paths, and the token that stands for a path in a shape.
//!
//! INVARIANT: a path's position in [`PATHS`] is its token, written into every stored shape; paths are appended, never moved.

use crate::columns::{Column, column};

/// An object of the record that is taken apart into columns.
pub type Node = u8;

/// The record itself.
pub const TOP: Node = 0;
const IDENTITY: Node = 1;
const SESSION: Node = 2;
const ISSUER: Node = 3;
const WEB_ID: Node = 4;
const ATTRIBUTES: Node = 5;
const BEHALF: Node = 6;
const SCOPE: Node = 7;
const DELEGATE: Node = 8;
const TLS: Node = 9;

/// Prefix of a node's keys in `otherfields`.
pub const NODE_PREFIX: [&str; 10] = [
    "",
    "userIdentity.",
    "userIdentity.sessionContext.",
    "userIdentity.sessionContext.sessionIssuer.",
    "userIdentity.sessionContext.webIdFederationData.",
    "userIdentity.sessionContext.attributes.",
    "userIdentity.onBehalfOf.",
    "userIdentity.inScopeOf.",
    "userIdentity.invokedByDelegate.",
    "tlsDetails.",
];

/// What stands under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A value that has a column.
    Leaf(Column),
    /// An object that is taken apart further.
    Object(Node),
}

/// A known path: the object it is in, its key, and what stands there.
#[derive(Clone, Copy, Debug)]
pub struct Path {
    /// The object that holds the key.
    pub node: Node,
    /// The key as AWS spells it.
    pub key: &'static str,
    /// Where its value goes.
    pub step: Step,
}

const fn leaf(node: Node, key: &'static str, name: &str) -> Path {
    Path { node, key, step: Step::Leaf(column(name)) }
}
const fn object(node: Node, key: &'static str, inner: Node) -> Path {
    Path { node, key, step: Step::Object(inner) }
}

/// All known paths; the index is the token.
pub const PATHS: [Path; 82] = [
    leaf(TOP, "eventVersion", "eventversion"),
    object(TOP, "userIdentity", IDENTITY),
    leaf(IDENTITY, "type", "useridentity_type"),
    leaf(IDENTITY, "principalId", "useridentity_principalid"),
    leaf(IDENTITY, "arn", "useridentity_arn"),
    leaf(IDENTITY, "accountId", "useridentity_accountid"),
    leaf(IDENTITY, "accessKeyId", "useridentity_accesskeyid"),
    leaf(IDENTITY, "userName", "useridentity_username"),
    object(IDENTITY, "sessionContext", SESSION),
    object(SESSION, "sessionIssuer", ISSUER),
    leaf(ISSUER, "type", "useridentity_sessioncontext_sessionissuer_type"),
    leaf(ISSUER, "principalId", "useridentity_sessioncontext_sessionissuer_principalid"),
    leaf(ISSUER, "arn", "useridentity_sessioncontext_sessionissuer_arn"),
    leaf(ISSUER, "accountId", "useridentity_sessioncontext_sessionissuer_accountid"),
    leaf(ISSUER, "userName", "useridentity_sessioncontext_sessionissuer_username"),
    object(SESSION, "webIdFederationData", WEB_ID),
    leaf(WEB_ID, "federatedProvider", "useridentity_sessioncontext_webidfederationdata_federatedprovider"),
    leaf(WEB_ID, "attributes", "useridentity_sessioncontext_webidfederationdata_attributes"),
    object(SESSION, "attributes", ATTRIBUTES),
    leaf(ATTRIBUTES, "creationDate", "useridentity_sessioncontext_attributes_creationdate"),
    leaf(ATTRIBUTES, "mfaAuthenticated", "useridentity_sessioncontext_attributes_mfaauthenticated"),
    leaf(SESSION, "sourceIdentity", "useridentity_sessioncontext_sourceidentity"),
    leaf(SESSION, "ec2RoleDelivery", "useridentity_sessioncontext_ec2roledelivery"),
    leaf(SESSION, "ec2IssuedInVpc", "useridentity_sessioncontext_ec2issuedinvpc"),
    leaf(SESSION, "assumedRoot", "useridentity_sessioncontext_assumedroot"),
    leaf(SESSION, "signInSessionArn", "useridentity_sessioncontext_signinsessionarn"),
    leaf(IDENTITY, "invokedBy", "useridentity_invokedby"),
    object(IDENTITY, "invokedByDelegate", DELEGATE),
    leaf(DELEGATE, "accountId", "useridentity_invokedbydelegate_accountid"),
    object(IDENTITY, "onBehalfOf", BEHALF),
    leaf(BEHALF, "userId", "useridentity_onbehalfof_userid"),
    leaf(BEHALF, "identityStoreArn", "useridentity_onbehalfof_identitystorearn"),
    object(IDENTITY, "inScopeOf", SCOPE),
    leaf(SCOPE, "sourceArn", "useridentity_inscopeof_sourcearn"),
    leaf(SCOPE, "sourceAccount", "useridentity_inscopeof_sourceaccount"),
    leaf(SCOPE, "issuerType", "useridentity_inscopeof_issuertype"),
    leaf(SCOPE, "credentialsIssuedTo", "useridentity_inscopeof_credentialsissuedto"),
    leaf(IDENTITY, "credentialId", "useridentity_credentialid"),
    leaf(IDENTITY, "identityProvider", "useridentity_identityprovider"),
    leaf(TOP, "eventTime", "eventtime"),
    leaf(TOP, "eventSource", "eventsource"),
    leaf(TOP, "eventName", "eventname"),
    leaf(TOP, "awsRegion", "awsregion"),
    leaf(TOP, "sourceIPAddress", "sourceipaddress"),
    leaf(TOP, "userAgent", "useragent"),
    leaf(TOP, "errorCode", "errorcode"),
    leaf(TOP, "errorMessage", "errormessage"),
    leaf(TOP, "requestParameters", "requestparameters"),
    leaf(TOP, "responseElements", "responseelements"),
    leaf(TOP, "additionalEventData", "additionaleventdata"),
    leaf(TOP, "requestID", "requestid"),
    leaf(TOP, "eventID", "eventid"),
    leaf(TOP, "readOnly", "readonly"),
    leaf(TOP, "resources", "resources"),
    leaf(TOP, "eventType", "eventtype"),
    leaf(TOP, "apiVersion", "apiversion"),
    leaf(TOP, "managementEvent", "managementevent"),
    leaf(TOP, "recipientAccountId", "recipientaccountid"),
    leaf(TOP, "serviceEventDetails", "serviceeventdetails"),
    leaf(TOP, "sharedEventID", "sharedeventid"),
    leaf(TOP, "vpcEndpointId", "vpcendpointid"),
    leaf(TOP, "vpcEndpointAccountId", "vpcendpointaccountid"),
    leaf(TOP, "eventCategory", "eventcategory"),
    leaf(TOP, "addendum", "addendum"),
    leaf(TOP, "sessionCredentialFromConsole", "sessioncredentialfromconsole"),
    leaf(TOP, "edgeDeviceDetails", "edgedevicedetails"),
    object(TOP, "tlsDetails", TLS),
    leaf(TLS, "tlsVersion", "tlsdetails_tlsversion"),
    leaf(TLS, "cipherSuite", "tlsdetails_ciphersuite"),
    leaf(TLS, "clientProvidedHostHeader", "tlsdetails_clientprovidedhostheader"),
    leaf(TLS, "keyExchange", "tlsdetails_keyexchange"),
    leaf(TOP, "insightDetails", "insightdetails"),
    leaf(TOP, "eventContext", "eventcontext"),
    leaf(TOP, "annotation", "annotation"),
    leaf(TOP, "timeWindow", "timewindow"),
    leaf(TOP, "summary", "summary"),
    leaf(TOP, "metadata", "metadata"),
    leaf(TOP, "eventData", "eventdata"),
    // Aggregated events spell these two differently.
    leaf(TOP, "eventId", "eventid"),
    leaf(TOP, "accountId", "recipientaccountid"),
    // Spellings of the Lake's own export.
    leaf(TOP, "sharedEventId", "sharedeventid"),
    leaf(TOP, "requestId", "requestid"),
];

/// Number of slots of [`LOOKUP`]: a power of two, wide enough that no two paths share a slot chain of more than a few.
const SLOTS: usize = 512;

/// Open-addressing table from (node, key) to token + 1, built at compile time.
static LOOKUP: [u8; SLOTS] = lookup_table();

#[expect(clippy::indexing_slicing, reason = "evaluated at compile time only; slots are masked")]
const fn lookup_table() -> [u8; SLOTS] {
    let mut table = [0_u8; SLOTS];
    let mut token = 0;
    while token < PATHS.len() {
        let mut slot = slot_of(PATHS[token].node, PATHS[token].key.as_bytes());
        while table[slot] != 0 {
            slot = (slot + 1) % SLOTS;
        }
        table[slot] = token as u8 + 1;
        token += 1;
    }
    table
}

#[expect(clippy::indexing_slicing, reason = "every index is below the length, which is above zero; const fn has no iterators")]
const fn slot_of(node: Node, key: &[u8]) -> usize {
    if key.is_empty() {
        return node as usize;
    }
    let (first, middle, last) = (key[0] as usize, key[key.len() / 2] as usize, key[key.len() - 1] as usize);
    (node as usize * 89 + key.len() * 31 + first * 7 + middle * 113 + last * 193) % SLOTS
}

/// The token and path of a key, if it is known.
pub fn find(node: Node, key: &[u8]) -> Option<(u8, Path)> {
    let mut slot = slot_of(node, key);
    loop {
        let token = LOOKUP.get(slot)?.checked_sub(1)?;
        let path = PATHS.get(usize::from(token))?;
        if path.node == node && path.key.as_bytes() == key {
            return Some((token, *path));
        }
        slot = (slot + 1) % SLOTS;
    }
}

/// First character of the block in which tokens are written.
const TOKEN_BASE: u32 = 0x100;

/// The character that stands for a token in a shape.
pub fn token_char(token: u8) -> char {
    char::from_u32(TOKEN_BASE + u32::from(token)).unwrap_or('?')
}

/// The path that a character of a shape stands for.
pub fn path_of(token: char) -> Option<&'static Path> {
    PATHS.get(u32::from(token).checked_sub(TOKEN_BASE)? as usize)
}

/// Whether a nested document has hot keys at all.
pub fn has_hot_keys(doc: Column) -> bool {
    const HOT: [Column; 3] = [column("requestparameters"), column("responseelements"), column("additionaleventdata")];
    HOT.contains(&doc)
}

/// Hot keys one object deeper: `accessKeyId` inside these.
pub fn hot_inner(doc: Column, key: &[u8]) -> Option<Column> {
    const RESPONSE: Column = column("responseelements");
    match (doc, key) {
        (RESPONSE, b"accessKey") => Some(const { column("responseelements_accesskey_accesskeyid") }),
        (RESPONSE, b"credentials") => Some(const { column("responseelements_credentials_accesskeyid") }),
        _ => None,
    }
}

/// The hot key inside an object that [`hot_inner`] names.
pub const HOT_INNER_KEY: &[u8] = b"accessKeyId";

/// Hot keys of a nested document: their column.
pub fn hot(doc: Column, key: &[u8]) -> Option<Column> {
    const REQUEST: Column = column("requestparameters");
    const RESPONSE: Column = column("responseelements");
    const ADDITIONAL: Column = column("additionaleventdata");
    let name = match (doc, key) {
        (REQUEST, b"bucketName") => const { column("requestparameters_bucketname") },
        (REQUEST, b"roleArn") => const { column("requestparameters_rolearn") },
        (REQUEST, b"roleName") => const { column("requestparameters_rolename") },
        (REQUEST, b"roleSessionName") => const { column("requestparameters_rolesessionname") },
        (REQUEST, b"userName") => const { column("requestparameters_username") },
        (REQUEST, b"groupName") => const { column("requestparameters_groupname") },
        (REQUEST, b"groupId") => const { column("requestparameters_groupid") },
        (REQUEST, b"policyArn") => const { column("requestparameters_policyarn") },
        (REQUEST, b"policyName") => const { column("requestparameters_policyname") },
        (REQUEST, b"accessKeyId") => const { column("requestparameters_accesskeyid") },
        (REQUEST, b"keyId") => const { column("requestparameters_keyid") },
        (REQUEST, b"secretId") => const { column("requestparameters_secretid") },
        (REQUEST, b"instanceId") => const { column("requestparameters_instanceid") },
        (REQUEST, b"functionName") => const { column("requestparameters_functionname") },
        (REQUEST, b"tableName") => const { column("requestparameters_tablename") },
        (REQUEST, b"name") => const { column("requestparameters_name") },
        (REQUEST, b"trailName") => const { column("requestparameters_trailname") },
        (REQUEST, b"logGroupName") => const { column("requestparameters_loggroupname") },
        (REQUEST, b"snapshotId") => const { column("requestparameters_snapshotid") },
        (REQUEST, b"imageId") => const { column("requestparameters_imageid") },
        (REQUEST, b"volumeId") => const { column("requestparameters_volumeid") },
        (REQUEST, b"vpcId") => const { column("requestparameters_vpcid") },
        (REQUEST, b"documentName") => const { column("requestparameters_documentname") },
        (RESPONSE, b"ConsoleLogin") => const { column("responseelements_consolelogin") },
        (ADDITIONAL, b"MFAUsed") => const { column("additionaleventdata_mfaused") },
        (ADDITIONAL, b"LoginTo") => const { column("additionaleventdata_loginto") },
        (ADDITIONAL, b"AuthenticationMethod") => const { column("additionaleventdata_authenticationmethod") },
        _ => return None,
    };
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::COLUMNS;

    #[test]
    fn every_path_is_found_and_every_column_has_one() {
        for (token, path) in PATHS.iter().enumerate() {
            assert_eq!(find(path.node, path.key.as_bytes()).unwrap().0, token as u8, "{}", path.key);
            assert_eq!(path_of(token_char(token as u8)).unwrap().key, path.key);
        }
        assert!(find(TOP, b"eventNam").is_none() && find(TOP, b"").is_none());
        for (at, spec) in COLUMNS.iter().enumerate() {
            let column = Column(at as u8);
            let reached = PATHS.iter().any(|p| p.step == Step::Leaf(column))
                || spec.path.split_once('.').is_some_and(|(doc, key)| {
                    let doc = Column::named(&doc.to_lowercase()).unwrap_or(Column(255));
                    let outer = key.strip_suffix(".accessKeyId").unwrap_or(key);
                    hot(doc, key.as_bytes()) == Some(column) || hot_inner(doc, outer.as_bytes()) == Some(column)
                });
            assert!(reached, "{}", spec.name);
            assert_eq!(spec.path.replace('.', "_").to_lowercase(), spec.name);
        }
    }
}
