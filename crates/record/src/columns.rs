//! The flat columns: every field that AWS documents, one top-level lower-case column each.
//!
//! INVARIANT: the order is the order of the table's schema; new columns are appended, none is removed or renamed.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, unescaped.
    Text,
    /// `true` or `false`, whether it was written as a boolean or as a string.
    Bool,
    /// A UTC time in microseconds.
    Time,
    /// A nested document as its exact JSON text.
    Doc,
    /// A hot key of a nested document, copied out for pruning: a string's text, or any other value's JSON text.
    Hot,
}

/// One flat column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Physical name in the table.
    pub name: &'static str,
    /// Path as AWS spells it.
    pub path: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether files carry a bloom filter for it.
    pub bloom: bool,
}

/// Index of a column in [`COLUMNS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Column(pub u8);

const fn text(name: &'static str, path: &'static str) -> Spec {
    Spec { name, path, kind: Kind::Text, bloom: false }
}
const fn bloom(name: &'static str, path: &'static str) -> Spec {
    Spec { name, path, kind: Kind::Text, bloom: true }
}
const fn doc(name: &'static str, path: &'static str) -> Spec {
    Spec { name, path, kind: Kind::Doc, bloom: false }
}
const fn time(name: &'static str, path: &'static str) -> Spec {
    Spec { name, path, kind: Kind::Time, bloom: false }
}
const fn boolean(name: &'static str, path: &'static str) -> Spec {
    Spec { name, path, kind: Kind::Bool, bloom: false }
}
const fn hot(name: &'static str, path: &'static str) -> Spec {
    Spec { name, path, kind: Kind::Hot, bloom: false }
}

/// All flat columns.
pub const COLUMNS: [Spec; 98] = [
    text("eventversion", "eventVersion"),
    text("useridentity_type", "userIdentity.type"),
    text("useridentity_principalid", "userIdentity.principalId"),
    bloom("useridentity_arn", "userIdentity.arn"),
    text("useridentity_accountid", "userIdentity.accountId"),
    bloom("useridentity_accesskeyid", "userIdentity.accessKeyId"),
    text("useridentity_username", "userIdentity.userName"),
    text("useridentity_invokedby", "userIdentity.invokedBy"),
    text("useridentity_credentialid", "userIdentity.credentialId"),
    text("useridentity_identityprovider", "userIdentity.identityProvider"),
    text("useridentity_sessioncontext_sessionissuer_type", "userIdentity.sessionContext.sessionIssuer.type"),
    text("useridentity_sessioncontext_sessionissuer_principalid", "userIdentity.sessionContext.sessionIssuer.principalId"),
    text("useridentity_sessioncontext_sessionissuer_arn", "userIdentity.sessionContext.sessionIssuer.arn"),
    text("useridentity_sessioncontext_sessionissuer_accountid", "userIdentity.sessionContext.sessionIssuer.accountId"),
    text("useridentity_sessioncontext_sessionissuer_username", "userIdentity.sessionContext.sessionIssuer.userName"),
    text(
        "useridentity_sessioncontext_webidfederationdata_federatedprovider",
        "userIdentity.sessionContext.webIdFederationData.federatedProvider",
    ),
    doc("useridentity_sessioncontext_webidfederationdata_attributes", "userIdentity.sessionContext.webIdFederationData.attributes"),
    time("useridentity_sessioncontext_attributes_creationdate", "userIdentity.sessionContext.attributes.creationDate"),
    text("useridentity_sessioncontext_attributes_mfaauthenticated", "userIdentity.sessionContext.attributes.mfaAuthenticated"),
    text("useridentity_sessioncontext_sourceidentity", "userIdentity.sessionContext.sourceIdentity"),
    text("useridentity_sessioncontext_ec2roledelivery", "userIdentity.sessionContext.ec2RoleDelivery"),
    text("useridentity_sessioncontext_ec2issuedinvpc", "userIdentity.sessionContext.ec2IssuedInVpc"),
    text("useridentity_sessioncontext_assumedroot", "userIdentity.sessionContext.assumedRoot"),
    text("useridentity_sessioncontext_signinsessionarn", "userIdentity.sessionContext.signInSessionArn"),
    text("useridentity_invokedbydelegate_accountid", "userIdentity.invokedByDelegate.accountId"),
    text("useridentity_onbehalfof_userid", "userIdentity.onBehalfOf.userId"),
    text("useridentity_onbehalfof_identitystorearn", "userIdentity.onBehalfOf.identityStoreArn"),
    text("useridentity_inscopeof_sourcearn", "userIdentity.inScopeOf.sourceArn"),
    text("useridentity_inscopeof_sourceaccount", "userIdentity.inScopeOf.sourceAccount"),
    text("useridentity_inscopeof_issuertype", "userIdentity.inScopeOf.issuerType"),
    text("useridentity_inscopeof_credentialsissuedto", "userIdentity.inScopeOf.credentialsIssuedTo"),
    time("eventtime", "eventTime"),
    text("eventsource", "eventSource"),
    text("eventname", "eventName"),
    text("awsregion", "awsRegion"),
    bloom("sourceipaddress", "sourceIPAddress"),
    text("useragent", "userAgent"),
    text("errorcode", "errorCode"),
    text("errormessage", "errorMessage"),
    doc("requestparameters", "requestParameters"),
    doc("responseelements", "responseElements"),
    doc("additionaleventdata", "additionalEventData"),
    text("requestid", "requestID"),
    bloom("eventid", "eventID"),
    boolean("readonly", "readOnly"),
    doc("resources", "resources"),
    text("eventtype", "eventType"),
    text("apiversion", "apiVersion"),
    boolean("managementevent", "managementEvent"),
    text("recipientaccountid", "recipientAccountId"),
    doc("serviceeventdetails", "serviceEventDetails"),
    text("sharedeventid", "sharedEventID"),
    text("vpcendpointid", "vpcEndpointId"),
    text("vpcendpointaccountid", "vpcEndpointAccountId"),
    text("eventcategory", "eventCategory"),
    doc("addendum", "addendum"),
    text("sessioncredentialfromconsole", "sessionCredentialFromConsole"),
    doc("edgedevicedetails", "edgeDeviceDetails"),
    text("tlsdetails_tlsversion", "tlsDetails.tlsVersion"),
    text("tlsdetails_ciphersuite", "tlsDetails.cipherSuite"),
    text("tlsdetails_clientprovidedhostheader", "tlsDetails.clientProvidedHostHeader"),
    text("tlsdetails_keyexchange", "tlsDetails.keyExchange"),
    doc("insightdetails", "insightDetails"),
    doc("eventcontext", "eventContext"),
    text("annotation", "annotation"),
    doc("timewindow", "timeWindow"),
    doc("summary", "summary"),
    doc("metadata", "metadata"),
    doc("eventdata", "eventData"),
    hot("requestparameters_bucketname", "requestParameters.bucketName"),
    hot("requestparameters_rolearn", "requestParameters.roleArn"),
    hot("requestparameters_rolename", "requestParameters.roleName"),
    hot("requestparameters_rolesessionname", "requestParameters.roleSessionName"),
    hot("requestparameters_username", "requestParameters.userName"),
    hot("requestparameters_groupname", "requestParameters.groupName"),
    hot("requestparameters_groupid", "requestParameters.groupId"),
    hot("requestparameters_policyarn", "requestParameters.policyArn"),
    hot("requestparameters_policyname", "requestParameters.policyName"),
    hot("requestparameters_accesskeyid", "requestParameters.accessKeyId"),
    hot("requestparameters_keyid", "requestParameters.keyId"),
    hot("requestparameters_secretid", "requestParameters.secretId"),
    hot("requestparameters_instanceid", "requestParameters.instanceId"),
    hot("requestparameters_functionname", "requestParameters.functionName"),
    hot("requestparameters_tablename", "requestParameters.tableName"),
    hot("requestparameters_name", "requestParameters.name"),
    hot("requestparameters_trailname", "requestParameters.trailName"),
    hot("requestparameters_loggroupname", "requestParameters.logGroupName"),
    hot("requestparameters_snapshotid", "requestParameters.snapshotId"),
    hot("requestparameters_imageid", "requestParameters.imageId"),
    hot("requestparameters_volumeid", "requestParameters.volumeId"),
    hot("requestparameters_vpcid", "requestParameters.vpcId"),
    hot("requestparameters_documentname", "requestParameters.documentName"),
    hot("responseelements_consolelogin", "responseElements.ConsoleLogin"),
    hot("responseelements_accesskey_accesskeyid", "responseElements.accessKey.accessKeyId"),
    hot("responseelements_credentials_accesskeyid", "responseElements.credentials.accessKeyId"),
    hot("additionaleventdata_mfaused", "additionalEventData.MFAUsed"),
    hot("additionaleventdata_loginto", "additionalEventData.LoginTo"),
    hot("additionaleventdata_authenticationmethod", "additionalEventData.AuthenticationMethod"),
];

impl Column {
    /// The column's description.
    #[inline]
    pub fn spec(self) -> Spec {
        COLUMNS.get(usize::from(self.0)).copied().unwrap_or(text("", ""))
    }

    /// The column of that physical name.
    pub fn named(name: &str) -> Option<Column> {
        COLUMNS.iter().position(|spec| spec.name == name).map(|at| Column(at as u8))
    }
}

/// The column of that name, at compile time; naming none does not compile.
pub const fn column(name: &str) -> Column {
    let mut at = 0;
    while at < COLUMNS.len() {
        #[expect(clippy::indexing_slicing, reason = "`at` is below the length; const fn has no iterators")]
        if same(COLUMNS[at].name.as_bytes(), name.as_bytes()) {
            return Column(at as u8);
        }
        at += 1;
    }
    #[expect(clippy::panic, reason = "evaluated at compile time only")]
    {
        panic!("no such column")
    }
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        #[expect(clippy::indexing_slicing, reason = "`at` is below both lengths; const fn has no iterators")]
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Columns that the reader itself needs.
pub mod known {
    use super::{Column, column};

    /// `eventTime`.
    pub const EVENT_TIME: Column = column("eventtime");
    /// `eventID`.
    pub const EVENT_ID: Column = column("eventid");
    /// `recipientAccountId`.
    pub const ACCOUNT: Column = column("recipientaccountid");
    /// `eventName`.
    pub const EVENT_NAME: Column = column("eventname");
    /// `eventSource`.
    pub const EVENT_SOURCE: Column = column("eventsource");
    /// `awsRegion`.
    pub const REGION: Column = column("awsregion");
    /// `eventCategory`.
    pub const CATEGORY: Column = column("eventcategory");
    /// `timeWindow` of aggregated events.
    pub const TIME_WINDOW: Column = column("timewindow");
}
