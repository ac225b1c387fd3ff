use super::*;
use crate::cis::controls;
use crate::running::Running;
use predicate::pattern::Pattern;

fn checked(text: &str) -> Report {
    check("test", text, &|_| None)
}

fn ids(text: &str) -> Vec<&'static str> {
    checked(text).findings.iter().map(|finding| finding.id).collect()
}

fn running(text: &str) -> Running {
    Running::pattern(&Pattern::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))).unwrap()
}

#[test]
fn every_complete_pattern_fires_and_is_quiet() {
    assert_eq!(controls().len(), 15);
    for control in controls() {
        let complete = running(&control.complete);
        for witness in control.fires() {
            assert!(complete.holds(&witness.event), "{}: {}", control.id, witness.label);
        }
        for witness in control.quiet() {
            assert!(!complete.holds(&witness.event), "{}: {}", control.id, witness.label);
        }
        assert!(!control.fires().is_empty() && !control.quiet().is_empty(), "{}", control.id);
        for published in &control.published {
            let published = running(&published.pattern);
            assert!(control.fires().iter().any(|witness| published.holds(&witness.event)), "{}", control.id);
        }
    }
}

#[test]
fn every_version_has_every_control_that_it_prints() {
    for control in controls() {
        let printed: Vec<&String> = control.published.iter().flat_map(|published| &published.versions).collect();
        assert!(
            control.numbers.keys().all(|version| printed.contains(&version) || control.id == "organizations-changes"),
            "{}",
            control.id
        );
        let section = |version: &str| {
            if version == "1.2" {
                "3."
            } else if version < "6" {
                "4."
            } else {
                "5."
            }
        };
        assert!(control.numbers.iter().all(|(version, number)| number.starts_with(section(version))), "{}", control.id);
    }
}

#[test]
fn our_own_filters_are_good() {
    for control in controls() {
        let script = format!(
            "aws logs put-metric-filter --log-group-name g --filter-name f --filter-pattern '{}' \\\n\
             --metric-transformations metricName={},metricNamespace=LogMetrics,metricValue=1,defaultValue=0\n\
             aws cloudwatch put-metric-alarm --alarm-name a --metric-name {} --namespace LogMetrics --statistic Sum --period 300 \\\n\
             --evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanOrEqualToThreshold \\\n\
             --treat-missing-data notBreaching --alarm-actions arn:aws:sns:us-east-1:111122223333:t\n",
            control.complete, control.metric, control.metric
        );
        let report = checked(&script);
        assert_eq!(report.requests, 2);
        assert!(report.findings.is_empty(), "{}: {:#?}", control.id, report.findings);
    }
}

#[test]
fn what_good_documents_say_nothing_about() {
    let good = [
        r#"[{"Name": "all", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
            {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
             {"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::YOUR-LOG-BUCKET/"]}]},
            {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["NetworkActivity"]}, {"Field": "eventSource", "Equals": ["s3.amazonaws.com"]}]}]"#,
        r#"[{"InsightType": "ApiCallRateInsight", "EventCategories": ["Management", "Data"]}]"#,
        r#"[{"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::data/"]}]}]"#,
        r#"{"EventDataStoreArn": "x", "AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["ConfigurationItem"]}]}]}"#,
        "{ ($.eventSource = sts.amazonaws.com) && ($.eventName = AssumeRole) }",
    ];
    for text in good {
        let report = checked(text);
        assert!(report.findings.is_empty() && report.unread.is_empty() && report.requests == 1, "{text}: {report:#?}");
    }
}

/// Documents, and the findings that they must have, in order of severity.
#[test]
fn what_is_found() {
    let data = r#"{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}"#;
    let all = r#"{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}"#;
    let with = |field: &str| format!("[{all}, {{\"FieldSelectors\": [{data}, {field}]}}]");
    let alarm = |more: &str| {
        format!(
            "{{\"AlarmName\": \"a\", \"MetricName\": \"n\", \"Namespace\": \"s\", \"Statistic\": \"Sum\", \"Period\": 300, \"EvaluationPeriods\": 1, \
         \"ComparisonOperator\": \"GreaterThanOrEqualToThreshold\", \"AlarmActions\": [\"arn\"], {more}}}"
        )
    };
    let cases: Vec<(String, &[&str])> = vec![
        (format!("[{{\"FieldSelectors\": [{data}]}}]"), &["selectors-management-off", "selectors-loop"]),
        (with(r#"{"Field": "resources.ARN", "NotEquals": ["arn:aws:s3:::YOUR-LOG-BUCKET/"]}"#), &["selector-whole-bucket", "selectors-loop"]),
        (with(r#"{"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::data"]}"#), &["selector-bucket-prefix"]),
        (with(r#"{"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::data/*"]}"#), &["selector-wildcard"]),
        (with(r#"{"Field": "eventName", "Equals": ["GetObject"], "NotStartsWith": ["Get"]}"#), &["selector-never"]),
        (with(r#"{"Field": "eventname", "Equals": ["GetObject"]}"#), &["selectors-refused"]),
        (r#"[{"ReadWriteType": "WriteOnly"}]"#.to_owned(), &["selectors-management-narrowed"]),
        ("[{\"FieldSelectors\": [{\"Field\": \"eventCategory\", \"Equals\": [\"Management\"]}, {\"Field\": \"eventSource\", \"NotEquals\": [\"kms.amazonaws.com\"]}]}]".to_owned(),
            &["selectors-management-narrowed"]),
        ("{ ($.eventName = ConsoleLogin && $.eventName = StopLogging) || ($.eventName = X) }".to_owned(), &["filter-never"]),
        ("{ $.EventName = ConsoleLogin }".to_owned(), &["filter-unknown-field"]),
        ("{ $.userIdentity.type = root }".to_owned(), &["filter-unknown-value"]),
        ("{ $.eventSource = kms && $.eventName = Decrypt }".to_owned(), &["filter-unknown-value"]),
        ("{ $.a IS NOT NULL }".to_owned(), &["filter-refused"]),
        (alarm(r#""Threshold": 1, "TreatMissingData": "notBreaching""#), &[]),
        (alarm(r#""Threshold": 1"#), &["alarm-insufficient-data"]),
        (alarm(r#""Threshold": 1, "TreatMissingData": "breaching""#), &["alarm-always-on", "alarm-silent"]),
        (alarm(r#""Threshold": 1, "TreatMissingData": "ignore""#), &["alarm-stuck", "alarm-insufficient-data"]),
        (alarm(r#""Threshold": 5, "TreatMissingData": "notBreaching""#), &[]),
        (alarm(r#""Threshold": 0, "TreatMissingData": "notBreaching", "ActionsEnabled": false"#), &["alarm-tells-nobody"]),
        (alarm(r#""Threshold": 1, "TreatMissingData": "notBreaching""#).replace("Periods\": 1", "Periods\": 3"), &["alarm-silent"]),
        (alarm(r#""Threshold": 1, "TreatMissingData": "notBreaching""#).replace("ThanOrEqualTo", "Than"), &["alarm-silent"]),
    ];
    for (text, expected) in cases {
        let report = checked(&text);
        assert_eq!(ids(&text), expected, "{text}\n{report:#?}");
    }
}

/// The commands of a guide that many follow: each defect, by the line's command.
#[test]
fn a_script_is_carried_out_in_its_order() {
    let put =
        |selectors: &str| format!("aws cloudtrail put-event-selectors --trail-name t --advanced-event-selectors '[{selectors}]'\n");
    let selector = |fields: &str| format!("{{\"FieldSelectors\": [{fields}]}}");
    let lambda = selector(
        r#"{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::Lambda::Function"]}"#,
    );
    let management = selector(r#"{"Field": "eventCategory", "Equals": ["Management"]}"#);
    let script = "aws cloudtrail create-trail --name t --s3-bucket-name logs\n".to_owned() + &put(&lambda) + &put(&management);
    let report = checked(&script);
    let found: Vec<(usize, &str)> = report.findings.iter().map(|finding| (finding.place.line, finding.id)).collect();
    assert_eq!(found, [(2, "selectors-management-off"), (3, "selectors-replaced")]);
    assert!(report.findings[1].corrected.contains("AWS::Lambda::Function"), "{}", report.findings[1].corrected);
}

#[test]
fn a_feedback_loop_names_its_bucket() {
    let script = "aws cloudtrail create-trail --name t --s3-bucket-name my-logs\n\
        aws cloudtrail put-event-selectors --trail-name t --event-selectors \
        'ReadWriteType=All,IncludeManagementEvents=true,DataResources=[{Type=AWS::S3::Object,Values=[arn:aws:s3]}]'";
    let report = checked(script);
    let [finding] = report.findings.as_slice() else { panic!("{report:#?}") };
    assert_eq!((finding.id, finding.severity), ("selectors-loop", Severity::High));
    assert!(finding.what.contains("my-logs"));
    // Basic selectors cannot leave a bucket out: advanced ones can.
    let again = checked(&format!("aws cloudtrail create-trail --name t --s3-bucket-name my-logs\n{}", finding.corrected));
    assert!(again.findings.is_empty() && again.requests == 2, "{again:#?}");
}

#[test]
fn shells_as_people_write_them() {
    let selectors = r#"[{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::Lambda::Function"]}]}]"#;
    let scripts = [
        format!("aws cloudtrail put-event-selectors --trail-name t --advanced-event-selectors '{selectors}'"),
        format!(
            "AWS=${{AWS:-aws}}; if true; then\n  \"$AWS\" --region eu-west-1 cloudtrail put-event-selectors \\\n --trail-name=t --advanced-event-selectors '{selectors}' # note\nfi"
        ),
        format!(
            "SELECTORS='{selectors}'\naws cloudtrail put-event-selectors --trail-name t --advanced-event-selectors \"$SELECTORS\" > out.json 2>&1"
        ),
        format!(
            "cat > s.json <<'EOF'\n{selectors}\nEOF\naws cloudtrail put-event-selectors --trail-name t --advanced-event-selectors file://s.json"
        ),
        format!("aws cloudtrail put-event-selectors --trail-name t\n--advanced-event-selectors\n'{selectors}'"),
        format!(
            "f() {{ aws cloudtrail put-event-selectors --cli-input-json '{{\"TrailName\": \"t\", \"AdvancedEventSelectors\": {selectors}}}'; }}; f"
        ),
        format!(
            "aws cloudtrail put-event-selectors --trail-name \"$(terraform output -raw trail)\" --advanced-event-selectors \"{}\"",
            selectors.replace('"', "\\\"")
        ),
    ];
    for script in scripts {
        let report = checked(&script);
        assert!(report.unread.is_empty() && report.requests == 1, "{script}\n{report:#?}");
        assert!(report.findings.iter().any(|finding| finding.id == "selectors-management-off"), "{script}\n{report:#?}");
    }
    let named = check("t", "aws cloudtrail put-event-selectors --trail-name t --advanced-event-selectors file://x.json", &|path| {
        (path == "x.json").then(|| selectors.to_owned())
    });
    assert_eq!(named.requests, 1);
}

#[test]
fn what_cannot_be_read_is_said() {
    for text in [
        "",
        "hello",
        "{\"a\": 1}",
        "[{\"a\": 1}]",
        "{",
        "aws cloudtrail put-event-selectors --trail-name t --advanced-event-selectors file://gone.json",
        "aws cloudtrail put-event-selectors --trail-name t",
    ] {
        let report = checked(text);
        assert!(report.requests == 0 && report.unread.len() == 1, "{text}: {report:#?}");
    }
}

proptest::proptest! {
    #[test]
    fn nothing_panics(text in "(aws |logs |cloudtrail |put-event-selectors |--advanced-event-selectors |--filter-pattern |put-metric-filter |[{}\\[\\]\"'$()=,<>\\\\\n#a1 -]){0,40}") {
        checked(&text);
    }
}

/// Findings of a file of the guide, if the guide is there.
fn guide(test: &str, file: &str) -> Option<Report> {
    let folder = testbed::shared(test, "guide")?;
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    Some(check(file, &text, &|path| std::fs::read_to_string(folder.join("documents").join(path)).ok()))
}

fn kinds(report: &Report) -> Vec<(usize, &str)> {
    report.findings.iter().map(|finding| (finding.place.line, finding.id)).collect()
}

#[test]
fn the_guides_commands() {
    let Some(report) = guide("the_guides_commands", "commands.sh") else { return };
    let expected = [
        (106, "filter-mute"),
        (106, "filter-misses"),
        (111, "filter-mute"),
        (111, "filter-misses"),
        (111, "metric-unwatched"),
        (111, "filter-takes-others"),
        (116, "alarm-insufficient-data"),
        (121, "selectors-management-off"),
        (121, "selectors-loop"),
        (153, "selectors-refused"),
        (153, "selectors-replaced"),
        (173, "selectors-refused"),
        (173, "selectors-replaced"),
        (173, "network-denials-only"),
        (187, "insights-refused"),
        (187, "insights-management-only"),
        (200, "lookup-finds-nothing"),
    ];
    assert_eq!(kinds(&report), expected);
    assert!(report.unread.is_empty());
}

#[test]
fn the_guides_documents() {
    let expected: [(&str, &[&str]); 5] = [
        ("cmd16-cloudtrail-put-event-selectors.json", &["selectors-management-off", "selectors-loop"]),
        ("cmd18-cloudtrail-put-event-selectors.json", &["selectors-refused", "selectors-management-off"]),
        ("cmd19-cloudtrail-put-event-selectors.json", &["selectors-refused", "selectors-management-off", "network-denials-only"]),
        ("cmd20-cloudtrail-put-insight-selectors.json", &["insights-management-only"]),
        ("doc-selector-s3-write-only-analytics.json", &["selectors-management-off", "selectors-fragment", "selector-writes-only"]),
    ];
    for (file, expected) in expected {
        let Some(report) = guide("the_guides_documents", &format!("documents/{file}")) else { return };
        let found: Vec<&str> = report.findings.iter().map(|finding| finding.id).collect();
        assert_eq!(found, expected, "{file}");
    }
}

/// What is corrected is right: nothing is found in it but what no call can mend.
#[test]
fn corrected_calls_are_good() {
    let Some(report) = guide("corrected_calls_are_good", "commands.sh") else { return };
    for finding in report.findings.iter().filter(|finding| finding.corrected.starts_with("aws ")) {
        let mut trail =
            "aws cloudtrail create-trail --name org-security-trail --s3-bucket-name my-org-cloudtrail-logs\n".to_owned();
        if finding.id.starts_with("insights") {
            let resources = "DataResources=[{Type=AWS::Lambda::Function,Values=[arn:aws:lambda]}]";
            trail +=
                &format!("aws cloudtrail put-event-selectors --trail-name org-security-trail --event-selectors '{resources}'\n");
        }
        let again =
            checked(&format!("{trail}\n{}", finding.corrected.replace("TOPIC-ARN", "arn:aws:sns:us-east-1:111122223333:t")));
        let left: Vec<&str> = again.findings.iter().map(|finding| finding.id).filter(|id| *id != "network-denials-only").collect();
        assert!(left.is_empty(), "{}: {left:?} in {}", finding.id, finding.corrected);
        assert!(again.unread.is_empty() && again.requests >= 2, "{again:#?}");
    }
}

/// AWS's own examples: all are read; those that are good JSON and good shell are what AWS takes.
#[test]
fn the_user_guides_selectors() {
    let Some(folder) = testbed::shared("the_user_guides_selectors", "corpora/event-selectors/user-guide-2023") else { return };
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut broken = 0;
    for file in &files {
        let report = check("f", &std::fs::read_to_string(file).unwrap(), &|_| None);
        assert!(report.unread.is_empty() && report.requests == 1, "{}: {report:#?}", file.display());
        let refused: Vec<&Finding> = report.findings.iter().filter(|finding| finding.id == "selectors-refused").collect();
        assert!(refused.is_empty(), "{}: {refused:#?}", file.display());
        broken += usize::from(report.findings.iter().any(|finding| finding.id == "text-broken"));
    }
    // Two have a string without an end, three a line without its backslash.
    assert_eq!((files.len(), broken), (36, 5));
}
