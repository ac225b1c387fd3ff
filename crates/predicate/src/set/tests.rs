//! The meaning of the tree, case by case; each is asked of the record as the reader takes it apart and of its plain text.

use record::{Content, Parsed, Parser};

use super::*;
use crate::{Case, Glob, Network, Number, Order, Reading, Regexp, Same, Step};

/// A record with everything that is odd.
const RECORD: &str = concat!(
    r#"{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/alice","userName":"alice"},"#,
    r#""eventTime":"2026-11-01T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"PutBucketPolicy","awsRegion":"us-east-1","#,
    r#""sourceIPAddress":"192.0.2.7","userAgent":"[aws-cli/2.0 \"x\"]","errorCode":null,"requestParameters":{"bucketName":"Logs","#,
    r#""userName":"alice","count":3,"share":"0.5","on":true,"none":null,"empty":[],"layers":["a",["b"]],"cluster.name":"c1","#,
    r#""rules":[{"port":22,"cidr":"10.0.0.0/8"},{"port":443,"cidr":"0.0.0.0/0"}],"policy":"{\"Effect\":\"Allow\"}"},"#,
    r#""responseElements":null,"readOnly":false,"resources":[{"ARN":"arn:aws:s3:::logs","type":"AWS::S3::Bucket"},"#,
    r#"{"ARN":"arn:aws:s3:::other/x","type":"AWS::S3::Object"}],"#,
    r#""eventType":"AwsApiCall","managementEvent":"true","recipientAccountId":"111122223333","oddKey":{"deep":["z"]}}"#,
);

fn text(path: &str, glob: Glob) -> Expr {
    Expr::Test(Path::loose(path), Check::Text(glob, Case::Ignored))
}

fn loose(path: &str, check: Check) -> Expr {
    Expr::Test(Path::loose(path), check)
}

fn strict(path: &str, check: Check) -> Expr {
    Expr::Test(Path::strict(path), check)
}

fn exact(value: &str) -> Check {
    Check::Text(Glob::exact(value), Case::Exact)
}

fn number(order: Order, value: f64) -> Check {
    Check::Number(order, Number::new(value).unwrap())
}

/// Asks in both ways and as a member of a set.
fn holds(expr: &Expr, record: &str) -> bool {
    let set = Set::new([expr, &Expr::never(), expr]).unwrap();
    let content = Content::from(format!("{{\"Records\":[{record}]}}").into_bytes());
    let mut parsed = Parsed::default();
    Parser::default().delivery(&content, &mut parsed).unwrap();
    let (mut of_view, mut of_text) = (Vec::new(), Vec::new());
    let mut matcher = Matcher::new(&set);
    for view in parsed.views(&content) {
        matcher.view(view, &mut of_view);
    }
    matcher.text(record, &mut of_text);
    assert_eq!(of_view, of_text, "view and text differ: {expr:?}");
    assert!(of_view == [0, 2] || of_view.is_empty());
    !of_view.is_empty()
}

#[test]
fn texts_lists_and_documents_read_loosely() {
    for (expr, expected) in [
        (text("eventName", Glob::exact("putbucketpolicy")), true),
        (text("eventName", Glob::prefix("Put")), true),
        (text("eventName", Glob::exact("Put")), false),
        (loose("eventName", exact("putbucketpolicy")), false),
        (text("userAgent", Glob::suffix("\"x\"]")), true),
        (text("eventTime", Glob::prefix("2026-11-01T10")), true),
        (text("readOnly", Glob::exact("FALSE")), true),
        (text("managementEvent", Glob::exact("true")), true),
        (text("requestParameters.bucketName", Glob::exact("logs")), true),
        (text("requestParameters.count", Glob::exact("3")), true),
        (text("requestParameters.on", Glob::exact("true")), true),
        (text("requestParameters.layers", Glob::exact("b")), true),
        (text("requestParameters.layers", Glob::any()), true),
        (text("requestParameters.empty", Glob::any()), false),
        (text("requestParameters.none", Glob::any()), false),
        (text("requestParameters.rules.cidr", Glob::exact("0.0.0.0/0")), true),
        (text("requestParameters.rules", Glob::contains("\"port\":443")), true),
        (text("requestParameters", Glob::contains("\"layers\":[\"a\"")), true),
        (text("requestParameters", Glob::contains("\"Effect\":\"Allow\"")), true),
        (text("requestParameters.cluster.name", Glob::exact("c1")), true),
        (text("userIdentity", Glob::contains("\"userName\":\"alice\"")), true),
        (text("resources.type", Glob::exact("AWS::S3::Object")), true),
        (text("oddKey.deep", Glob::exact("z")), true),
        (text("oddKey", Glob::exact("{\"deep\":[\"z\"]}")), true),
        (text("status", Glob::any()), false),
        (text("eventName.more", Glob::any()), false),
        (Expr::Test(Path::record(), Check::Text(Glob::contains("sourceIPAddress\":\"192.0.2.7"), Case::Exact)), true),
    ] {
        assert_eq!(holds(&expr, RECORD), expected, "{expr:?}");
    }
}

#[test]
fn what_is_there_and_what_is_null() {
    let there = ["requestParameters.empty", "requestParameters.on", "userIdentity", "eventTime", "readOnly", "oddKey"];
    let null = ["errorCode", "responseElements", "requestParameters.none"];
    let missing = ["errorMessage", "status", "requestParameters.no", "responseElements.x", "userIdentity.invokedBy"];
    for (paths, answers) in [(&there[..], [true, true, false]), (&null, [true, false, true]), (&missing, [false, false, false])] {
        for path in paths {
            for (check, expected) in [Check::Exists, Check::Filled, Check::Null].into_iter().zip(answers) {
                assert_eq!(holds(&loose(path, check.clone()), RECORD), expected, "{path} {check:?}");
                assert_eq!(holds(&strict(path, check.clone()), RECORD), expected, "{path} {check:?} strictly");
            }
        }
    }
    let differs = |missing| Expr::fails(Path::strict("errorMessage"), exact("x"), missing);
    assert!(holds(&differs(Missing::Passes), RECORD) && !holds(&differs(Missing::Fails), RECORD));
}

use crate::Missing;

#[test]
fn strictly_a_list_is_entered_by_position() {
    let steps = |more: &[Step]| {
        let keys = ["requestParameters", "rules"].map(|key| Step::Key(key.to_owned()));
        Path { steps: keys.iter().chain(more).cloned().collect(), reading: Reading::Strict }
    };
    let port = Step::Key("port".to_owned());
    for (expr, expected) in [
        (strict("requestParameters.rules.port", number(Order::Equal, 22.0)), false),
        (Expr::Test(steps(&[Step::Index(0), port.clone()]), number(Order::Equal, 22.0)), true),
        (Expr::Test(steps(&[Step::Index(1), port.clone()]), number(Order::Equal, 22.0)), false),
        (Expr::Test(steps(&[Step::Index(2), port.clone()]), Check::Exists), false),
        (Expr::Test(steps(&[Step::Each, port]), number(Order::Greater, 400.0)), true),
        (strict("requestParameters", Check::Text(Glob::any(), Case::Exact)), false),
        (strict("requestParameters.layers", Check::Text(Glob::any(), Case::Exact)), false),
        (strict("requestParameters.layers", Check::Exists), true),
        (strict("requestParameters.cluster.name", Check::Exists), false),
        (
            Expr::Test(Path::of_steps(vec![Step::Key("requestParameters".into()), Step::Key("cluster.name".into())]), exact("c1")),
            true,
        ),
    ] {
        assert_eq!(holds(&expr, RECORD), expected, "{expr:?}");
    }
}

#[test]
fn numbers_booleans_networks_and_other_fields() {
    let same = |other: &str, same| Check::Same(Path::loose(other), same, Case::Ignored);
    for (expr, expected) in [
        (loose("requestParameters.count", number(Order::GreaterOrEqual, 3.0)), true),
        (loose("requestParameters.count", number(Order::Less, 3.0)), false),
        (loose("requestParameters.share", number(Order::LessOrEqual, 0.5)), true),
        (loose("requestParameters.bucketName", number(Order::Less, 1e9)), false),
        (loose("requestParameters.rules.port", number(Order::Equal, 443.0)), true),
        (loose("requestParameters.on", Check::Is(true)), true),
        (strict("readOnly", Check::Is(false)), true),
        (strict("managementEvent", Check::Is(true)), false),
        (loose("sourceIPAddress", Check::Network(Network::parse("192.0.2.0/24").unwrap())), true),
        (loose("sourceIPAddress", Check::Network(Network::parse("10.0.0.0/8").unwrap())), false),
        (loose("userIdentity.arn", Check::Regex(Regexp::new(":user/[a-z]+$").unwrap())), true),
        (loose("userIdentity.userName", same("requestParameters.userName", Same::Equal)), true),
        (loose("userIdentity.arn", same("requestParameters.userName", Same::Equal)), false),
        (loose("userIdentity.arn", same("requestParameters.userName", Same::EndsWith)), true),
        (loose("userIdentity.arn", same("requestParameters.no", Same::Contains)), false),
    ] {
        assert_eq!(holds(&expr, RECORD), expected, "{expr:?}");
    }
}

#[test]
fn one_element_must_pass_all_of_it() {
    let of = |kind: &str, arn: &str| {
        let inner = vec![strict("type", exact(kind)), strict("ARN", Check::Text(Glob::prefix(arn), Case::Exact))];
        Expr::Element(Path::loose("resources"), Box::new(Expr::All(inner)))
    };
    assert!(holds(&of("AWS::S3::Object", "arn:aws:s3:::other/"), RECORD));
    assert!(!holds(&of("AWS::S3::Object", "arn:aws:s3:::logs"), RECORD));
    assert!(holds(&Expr::not(of("AWS::S3::Object", "arn:aws:s3:::logs")), RECORD));
    assert!(!holds(&Expr::Element(Path::loose("errorMessage"), Box::new(Expr::always())), RECORD));
}

#[test]
fn a_record_does_not_escape_by_being_odd() {
    let expr = Expr::All(vec![text("eventName", Glob::exact("StopLogging")), Expr::not(loose("errorCode", Check::Filled))]);
    for record in [
        r#"{"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging"}"#,
        r#"{ "eventName" : "StopLogging" , "a":{} }"#,
        r#"{"eventN\u0061me":"StopLogging"}"#,
        r#"{"eventName":"Stop\u004cogging","errorCode":null}"#,
        r#"{"eventName":["x","StopLogging"]}"#,
        r#"{"eventName":"StopLogging","eventName":"x"}"#,
        r#"{"eventName":"StopLogging","requestParameters":{"a":01}}"#,
    ] {
        assert!(holds(&expr, record), "{record}");
    }
    for record in [r#"{"eventName":"StopLogging","errorCode":"x"}"#, r#"{"eventName":"stop"}"#, r#"["StopLogging"]"#] {
        assert!(!holds(&expr, record), "{record}");
    }
}

/// Tests of texts, of which many share a path.
fn many_tests() -> Vec<Expr> {
    let globs = |text: &str| [Glob::exact(text), Glob::prefix(text), Glob::suffix(text), Glob::contains(text)];
    let paths =
        ["requestParameters.bucketName", "requestParameters", "userAgent", "resources.ARN", "requestParameters.policy", "no"];
    let texts = ["Logs", "logs", "other/x", "aws-cli", "\"Effect\":", "Effect", "\u{3a3}", "x", "arn:aws:s3:::logs", "ΑΣ", "K9"];
    let mut tests = Vec::new();
    for (path, text) in paths.iter().flat_map(|path| texts.map(|text| (path, text))) {
        for (glob, case) in globs(text).into_iter().flat_map(|glob| [(glob.clone(), Case::Exact), (glob, Case::Ignored)]) {
            tests.push(loose(path, Check::Text(glob.clone(), case)));
            tests.push(strict(path, Check::Text(glob, case)));
        }
    }
    tests
}

#[test]
fn many_predicates_of_one_name_hold_as_they_do_alone() {
    let odd = RECORD.replace(r#""userAgent":"[aws-cli"#, "\"userAgent\":\"ΑΣ \u{212a}9 [aws-cli");
    let tests = many_tests();
    let named = |tests: &[Expr]| {
        let either = Expr::Any(tests.iter().skip(1).cloned().collect());
        Expr::All(vec![text("eventName", Glob::exact("PutBucketPolicy")), tests[0].clone(), either])
    };
    for exprs in
        [tests.clone(), tests.windows(3).map(named).collect(), tests.windows(2).map(|two| Expr::Any(two.to_vec())).collect()]
    {
        let set = Set::new(&exprs).unwrap();
        for record in [RECORD, &odd] {
            let mut hits = Vec::new();
            Matcher::new(&set).text(record, &mut hits);
            let alone: Vec<usize> = (0..exprs.len()).filter(|at| holds(&exprs[*at], record)).collect();
            assert_eq!(hits, alone);
            assert!(!hits.is_empty());
        }
    }
}

#[test]
fn limits() {
    let deep = (0..EXPR_DEPTH_MAX).fold(Expr::always(), |expr, _| Expr::not(expr));
    assert!(Set::new([&deep]).is_err());
    let wide = Expr::Any(vec![Expr::always(); EXPR_NODES_MAX]);
    assert!(Set::new([&wide]).is_err());
}
