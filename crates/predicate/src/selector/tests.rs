use super::*;

fn refusals(json: &str, owner: Owner) -> Vec<String> {
    check(&read(json).unwrap().selectors, owner).iter().map(ToString::to_string).collect()
}

fn advanced(fields: &str) -> String {
    format!("[{{\"FieldSelectors\": [{fields}]}}]")
}

const MANAGEMENT: &str = r#"{"Field": "eventCategory", "Equals": ["Management"]}"#;
const DATA: &str = r#"{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}"#;
const NETWORK: &str =
    r#"{"Field": "eventCategory", "Equals": ["NetworkActivity"]}, {"Field": "eventSource", "Equals": ["s3.amazonaws.com"]}"#;

/// Fields behind those of a constant, whose selectors each owner takes (`T`, `E`) or refuses (`-`).
const FIELDS: &[(&str, &str, &str)] = &[
    (MANAGEMENT, "", "TE"),
    (MANAGEMENT, r#"{"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}"#, "TE"),
    (MANAGEMENT, r#"{"Field": "eventSource", "NotEquals": ["kms.amazonaws.com", "rdsdata.amazonaws.com"]}"#, "TE"),
    (MANAGEMENT, r#"{"Field": "eventSource", "NotEquals": ["s3.amazonaws.com"]}"#, "-E"),
    (MANAGEMENT, r#"{"Field": "eventSource", "Equals": ["kms.amazonaws.com"]}"#, "-E"),
    (MANAGEMENT, r#"{"Field": "readOnly", "Equals": ["true"]}"#, "TE"),
    (MANAGEMENT, r#"{"Field": "readOnly", "Equals": ["no"]}"#, "--"),
    (MANAGEMENT, r#"{"Field": "readOnly", "NotEquals": ["true"]}"#, "--"),
    (MANAGEMENT, r#"{"Field": "eventName", "Equals": ["RunInstances"]}"#, "-E"),
    (MANAGEMENT, r#"{"Field": "userIdentity.arn", "StartsWith": ["arn:aws:iam::"]}"#, "-E"),
    (MANAGEMENT, r#"{"Field": "resources.type", "Equals": ["AWS::S3::Object"]}"#, "--"),
    (MANAGEMENT, r#"{"Field": "errorCode", "Equals": ["AccessDenied"]}"#, "--"),
    (MANAGEMENT, r#"{"Field": "sessionCredentialFromConsole", "NotEquals": ["true"]}"#, "-E"),
    (DATA, "", "TE"),
    (DATA, r#"{"Field": "eventName", "NotStartsWith": ["Get"]}"#, "TE"),
    (DATA, r#"{"Field": "eventSource", "EndsWith": ["s3.amazonaws.com"]}"#, "TE"),
    (DATA, r#"{"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::b"]}"#, "TE"),
    (DATA, r#"{"Field": "resources.ARN", "NotEquals": ["arn:aws:s3:::b/"]}"#, "TE"),
    (DATA, r#"{"Field": "resources.ARN", "Equals": ["my-bucket/"]}"#, "--"),
    (DATA, r#"{"Field": "vpcEndpointId", "Equals": ["vpce-1"]}"#, "--"),
    (DATA, r#"{"Field": "resources.type", "Equals": ["AWS::Lambda::Function"]}"#, "--"),
    (DATA, r#"{"Field": "resources.arn", "StartsWith": ["arn:"]}"#, "--"),
    (DATA, r#"{"Field": "eventName"}"#, "--"),
    (DATA, r#"{"Field": "eventName", "Equals": [""]}"#, "--"),
    (NETWORK, "", "TE"),
    (NETWORK, r#"{"Field": "errorCode", "Equals": ["VpceAccessDenied"]}"#, "TE"),
    (NETWORK, r#"{"Field": "errorCode", "Equals": ["AccessDenied"]}"#, "--"),
    (NETWORK, r#"{"Field": "errorCode", "NotEquals": ["VpceAccessDenied"]}"#, "--"),
    (NETWORK, r#"{"Field": "vpcEndpointId", "NotEquals": ["vpce-1"]}"#, "TE"),
    (NETWORK, r#"{"Field": "userIdentity.arn", "NotStartsWith": ["arn:aws:iam::111122223333:"]}"#, "T-"),
    (NETWORK, r#"{"Field": "resources.type", "Equals": ["AWS::S3::AccessPoint"]}"#, "--"),
    (NETWORK, r#"{"Field": "readOnly", "Equals": ["true"]}"#, "--"),
];

#[test]
fn fields_by_category_and_owner() {
    for (base, more, expected) in FIELDS {
        let fields = if more.is_empty() { (*base).to_owned() } else { format!("{base}, {more}") };
        for (owner, mark) in [(Owner::Trail, 'T'), (Owner::EventDataStore, 'E')] {
            let refusals = refusals(&advanced(&fields), owner);
            assert_eq!(refusals.is_empty(), expected.contains(mark), "{fields} on {owner:?}: {refusals:?}");
        }
    }
}

#[test]
fn what_is_missing_or_wrong_is_said_with_the_right_form() {
    let cases = [
        (r#"{"Field": "eventName", "Equals": ["a"]}"#, "selector 1: `eventCategory` is missing; write"),
        (r#"{"Field": "eventCategory", "Equals": ["data"]}"#, "there is no event category `data`"),
        (r#"{"Field": "eventCategory", "Equals": ["Data", "Management"]}"#, "exactly one value"),
        (r#"{"Field": "eventCategory", "Equals": ["Data"]}"#, "`resources.type` is missing, and Data events need it"),
        (
            r#"{"Field": "eventCategory", "Equals": ["NetworkActivity"]}"#,
            "`eventSource` is missing, and NetworkActivity events need it",
        ),
        (r#"{"Field": "eventCategory", "Equals": ["ConfigurationItem"]}"#, "into event data stores only"),
        (
            r#"{"Field": "eventCategory", "Equals": ["NetworkActivity"]}, {"Field": "resources.type", "Equals": ["AWS::KMS::Key"]}"#,
            r#"write { "Field": "eventSource", "Equals": ["kms.amazonaws.com"] } instead"#,
        ),
    ];
    for (fields, expected) in cases {
        let found = refusals(&advanced(fields), Owner::Trail);
        assert!(found.iter().any(|text| text.contains(expected)), "{fields}: {found:?}");
    }
    let unlisted =
        advanced(r#"{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::KMS::Key"]}"#);
    assert_eq!(check(&read(&unlisted).unwrap().selectors, Owner::Trail)[0].certainty, Certainty::Unlisted);
}

#[test]
fn counts() {
    let many = |count: usize| format!("[{}]", vec![format!("{{\"FieldSelectors\": [{MANAGEMENT}]}}"); count].join(","));
    assert!(refusals(&many(6), Owner::Trail).is_empty());
    assert_eq!(refusals(&many(6), Owner::EventDataStore), ["an event data store takes 5 selectors, these are 6"]);
    let names = |count: usize| vec!["\"a\""; count].join(",");
    let values = |count| advanced(&format!("{DATA}, {{\"Field\": \"eventName\", \"Equals\": [{}]}}", names(count)));
    assert!(refusals(&values(498), Owner::Trail).is_empty());
    assert_eq!(refusals(&values(499), Owner::Trail), ["all selectors together may have 500 values, these have 501"]);
    let long = |count: usize| advanced(&format!("{DATA}, {{\"Field\": \"eventName\", \"Equals\": [\"{}\"]}}", "a".repeat(count)));
    assert!(refusals(&long(2048), Owner::Trail).is_empty());
    assert_eq!(refusals(&long(2049), Owner::Trail).len(), 1);
}

#[test]
fn basic_selectors() {
    let resources = |kind: &str, value: &str| format!(r#"[{{"DataResources": [{{"Type": "{kind}", "Values": ["{value}"]}}]}}]"#);
    let (s3, lambda, dynamo) = ("AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table");
    let cases = [
        (s3, "arn:aws:s3", true),
        (s3, "arn:aws:s3:::", true),
        (s3, "arn:aws-us-gov:s3:::bucket/", true),
        (s3, "arn:aws:s3:::bucket/prefix", true),
        (s3, "arn:aws:s3:::*", false),
        (s3, "arn:aws:s3:::bucket", false),
        (s3, "bucket", false),
        (lambda, "arn:aws:lambda", true),
        (lambda, "arn:aws:lambda:*", false),
        (lambda, "arn:aws:lambda:us-east-1:111122223333:function:f", true),
        (dynamo, "arn:aws:dynamodb:us-east-1:111122223333:table/t", true),
        (dynamo, "arn:aws:s3", false),
        ("AWS::KMS::Key", "arn:aws:kms", false),
    ];
    for (kind, value, fine) in cases {
        let found = refusals(&resources(kind, value), Owner::Trail);
        assert_eq!(found.is_empty(), fine, "{kind} {value}: {found:?}");
    }
    assert!(
        refusals(&resources(s3, "arn:aws:s3:::*"), Owner::Trail)[0]
            .contains("Value arn:aws:s3:::* for DataResources.Values is invalid")
    );
    assert_eq!(refusals(&resources(s3, "arn:aws:s3"), Owner::EventDataStore).len(), 1);
    let excluded = r#"[{"ExcludeManagementEventSources": ["kms.amazonaws.com", "ec2.amazonaws.com"]}]"#;
    assert_eq!(refusals(excluded, Owner::Trail).len(), 1);
    let values = vec!["\"arn:aws:s3:::b/\""; 251].join(",");
    let many = format!(r#"[{{"DataResources": [{{"Type": "{s3}", "Values": [{values}]}}]}}]"#);
    assert_eq!(refusals(&many, Owner::Trail).len(), 1);
}

#[test]
fn every_shape_that_people_have() {
    let selector = format!("{{\"FieldSelectors\": [{MANAGEMENT}]}}");
    let list = format!("[{selector}]");
    let shapes = [
        (list.clone(), None),
        (selector.clone(), None),
        (format!("{{\"AdvancedEventSelectors\": {list}}}"), None),
        (
            format!("{{\"TrailARN\": \"arn:aws:cloudtrail:us-east-1:111122223333:trail/t\", \"AdvancedEventSelectors\": {list}}}"),
            Some(Owner::Trail),
        ),
        (format!("{{\"TrailName\": \"t\", \"EventSelectors\": [], \"AdvancedEventSelectors\": {list}}}"), Some(Owner::Trail)),
        (format!("{{\"Name\": \"s\", \"RetentionPeriod\": 90, \"AdvancedEventSelectors\": {list}}}"), Some(Owner::EventDataStore)),
        (format!("{{\"ChannelArn\": \"c\", \"SourceConfig\": {{\"AdvancedEventSelectors\": {list}}}}}"), None),
    ];
    for (text, owner) in shapes {
        let document = read(&text).unwrap();
        assert!(matches!(&document.selectors, Selectors::Advanced(list) if list.len() == 1), "{text}");
        assert_eq!(document.owner, owner, "{text}");
    }
    assert!(read(&selector).unwrap().is_fragment);
    assert!(matches!(read(r#"[{"InsightType": "ApiCallRateInsight"}]"#).unwrap().selectors, Selectors::Insight(_)));
    assert!(matches!(read(r#"{"InsightSelectors": []}"#).unwrap().selectors, Selectors::Insight(_)));
    assert!(matches!(read(r#"[{"ReadWriteType": "WriteOnly"}]"#).unwrap().selectors, Selectors::Basic(_)));
}

#[test]
fn what_is_no_selector() {
    let cases = [
        ("", "this is not JSON"),
        ("[", "this is not JSON"),
        ("[]", "the list is empty"),
        ("{}", "there are no event selectors in it"),
        ("3", "there are no event selectors in it"),
        (
            r#"[{"FieldSelectors": [{"Field": "readOnly", "Equals": [true]}]}]"#,
            "selector 1: invalid type: boolean `true`, expected a string",
        ),
        (r#"[{"FieldSelectors": [{"Field": "readOnly", "Equal": ["a"]}]}]"#, "unknown field `Equal`"),
        (r#"[{"ReadWriteType": "Write"}]"#, "unknown variant `Write`"),
        (r#"{"EventSelectors": [{}], "AdvancedEventSelectors": [{}]}"#, "exclude each other"),
    ];
    for (text, expected) in cases {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    assert!(read(&"[".repeat(100_000)).is_err());
    assert!(read(&" ".repeat(limits::DOCUMENT_BYTES_MAX + 1)).is_err());
}

#[test]
fn open_strings_are_closed() {
    let broken =
        "[{\"Name\": \"all on a channel,\n\"FieldSelectors\": [{\"Field\": \"eventCategory\", \"Equals\": [\"Management\"]}]}]";
    let mended = mend(broken).unwrap();
    assert_eq!(mended.lines, [1]);
    assert!(read(&mended.text).is_ok(), "{}", mended.text);
    assert_eq!(mend("[{\"a\": \"b\"}]"), None);
    assert_eq!(mend(&"\"a\n".repeat(17)), None);
}

#[test]
fn written_as_it_was_read() {
    let text = advanced(&format!("{DATA}, {{\"Field\": \"resources.ARN\", \"NotStartsWith\": [\"arn:aws:s3:::\\\"x/\"]}}"));
    for text in [text.as_str(), r#"[{"ReadWriteType": "WriteOnly"}]"#, r#"[{"InsightType": "ApiCallRateInsight"}]"#] {
        let selectors = read(text).unwrap().selectors;
        assert_eq!(read(&to_json(&selectors)).unwrap().selectors, selectors);
    }
}

const S3_READ: &str = r#"{"eventCategory": "Data", "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "readOnly": true,
    "resources": [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b/k"}, {"accountId": "1", "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::b"}]}"#;
const S3_LIST: &str = r#"{"eventCategory": "Data", "eventName": "ListObjects", "readOnly": true,
    "resources": [{"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::b/"}, {"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::b"}]}"#;
const STOP: &str =
    r#"{"eventCategory": "Management", "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging", "readOnly": false}"#;
const OLD: &str = r#"{"eventVersion": "1.05", "eventSource": "iam.amazonaws.com", "eventName": "ListUsers", "readOnly": true}"#;
const DECRYPT: &str =
    r#"{"eventCategory": "Management", "eventSource": "kms.amazonaws.com", "eventName": "Decrypt", "readOnly": true}"#;
const DENIED: &str = r#"{"eventCategory": "NetworkActivity", "eventType": "AwsVpceEvent", "eventSource": "s3.amazonaws.com",
    "errorCode": "VpceAccessDenied", "vpcEndpointId": "vpce-1"}"#;
const INVOKE: &str = r#"{"eventCategory": "Data", "eventName": "Invoke", "readOnly": false,
    "resources": [{"type": "AWS::Lambda::Function", "ARN": "arn:aws:lambda:us-east-1:111122223333:function:f:7"}]}"#;
const INSIGHT: &str = r#"{"eventType": "AwsCloudTrailInsight", "eventCategory": "Insight"}"#;

/// Which of the events above selectors keep.
fn kept(json: &str) -> String {
    let expr = lower(&read(json).unwrap().selectors).unwrap();
    let set = crate::Set::new([&expr]).unwrap();
    let (mut matcher, mut hits) = (crate::Matcher::new(&set), Vec::new());
    let events = [
        ("read", S3_READ),
        ("list", S3_LIST),
        ("stop", STOP),
        ("old", OLD),
        ("decrypt", DECRYPT),
        ("denied", DENIED),
        ("invoke", INVOKE),
        ("insight", INSIGHT),
    ];
    let mut kept = Vec::new();
    for (name, event) in events {
        matcher.text(event, &mut hits);
        kept.extend((!hits.is_empty()).then_some(name));
    }
    kept.join(" ")
}

#[test]
fn what_selectors_keep() {
    let arn = |operator: &str, value: &str| format!("{DATA}, {{\"Field\": \"resources.ARN\", \"{operator}\": [\"{value}\"]}}");
    for (fields, expected) in [
        (MANAGEMENT.to_owned(), "stop old decrypt"),
        (format!("{MANAGEMENT}, {{\"Field\": \"readOnly\", \"Equals\": [\"false\"]}}"), "stop"),
        (format!("{MANAGEMENT}, {{\"Field\": \"eventSource\", \"NotEquals\": [\"kms.amazonaws.com\"]}}"), "stop old"),
        (DATA.to_owned(), "read list"),
        (format!("{DATA}, {{\"Field\": \"eventName\", \"NotStartsWith\": [\"List\"]}}"), "read"),
        (arn("StartsWith", "arn:aws:s3:::b/"), "read list"),
        (arn("StartsWith", "arn:aws:s3:::b/k"), "read"),
        // The bucket's own entry is of another type: type and ARN speak of one entry.
        (arn("Equals", "arn:aws:s3:::b"), ""),
        (arn("NotStartsWith", "arn:aws:s3:::b/"), ""),
        (arn("NotStartsWith", "arn:aws:s3:::other/"), "read list"),
        (NETWORK.to_owned(), "denied"),
        (format!("{NETWORK}, {{\"Field\": \"vpcEndpointId\", \"NotEquals\": [\"vpce-1\"]}}"), ""),
        (r#"{"Field": "eventCategory", "Equals": ["Insight"]}"#.to_owned(), "insight"),
    ] {
        assert_eq!(kept(&advanced(&fields)), expected, "{fields}");
    }
    for (basic, expected) in [
        (r#"[{"ReadWriteType": "All"}]"#, "stop old decrypt"),
        (r#"[{"ReadWriteType": "WriteOnly"}]"#, "stop"),
        (r#"[{"ReadWriteType": "All", "ExcludeManagementEventSources": ["kms.amazonaws.com"]}]"#, "stop old"),
        (
            r#"[{"IncludeManagementEvents": false, "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}]"#,
            "read list",
        ),
        (
            r#"[{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": false,
                "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::b/"]}, {"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"]}]}]"#,
            "read list",
        ),
        (
            r#"[{"IncludeManagementEvents": false, "DataResources": [{"Type": "AWS::Lambda::Function",
                "Values": ["arn:aws:lambda:us-east-1:111122223333:function:f"]}]}]"#,
            "invoke",
        ),
    ] {
        assert_eq!(kept(basic), expected, "{basic}");
    }
}
