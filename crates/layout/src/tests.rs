use super::*;

/// `key | prefix organization account family region day delivered`, `-` where there is nothing.
const PLACES: &str = "
AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/123456789012_CloudTrail_us-east-1_20230710T1145Z_7xgocspSowgK0Gto.json.gz | - - 123456789012 CloudTrail us-east-1 2023-07-10 2023-07-10T11:45
AWSLogs/o-exampleorgid/123456789012/CloudTrail/eu-west-1/2023/07/10/123456789012_CloudTrail_eu-west-1_20230710T1145Z_a.json.gz | - o-exampleorgid 123456789012 CloudTrail eu-west-1 2023-07-10 2023-07-10T11:45
o-abc123/AWSLogs/o-abc123/123456789012/CloudTrail/eu-west-1/2023/07/10/x.json.gz | o-abc123/ o-abc123 123456789012 CloudTrail eu-west-1 2023-07-10 -
my/own/prefix/AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/x.json.gz | my/own/prefix/ - 123456789012 CloudTrail us-east-1 2023-07-10 -
AWSLogs/old/AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/x.json.gz | AWSLogs/old/ - 123456789012 CloudTrail us-east-1 2023-07-10 -
AWSLogs/123456789012/CloudTrail/cn-north-1/2023/07/10/x.json.gz | - - 123456789012 CloudTrail cn-north-1 2023-07-10 -
AWSLogs/123456789012/CloudTrail/us-gov-west-1/2023/07/10/x.json.gz | - - 123456789012 CloudTrail us-gov-west-1 2023-07-10 -
AWSLogs/123456789012/CloudTrail/eusc-de-east-1/2023/07/10/x.json.gz | - - 123456789012 CloudTrail eusc-de-east-1 2023-07-10 -
AWSLogs/123456789012/CloudTrail-Insight/us-east-1/2023/07/10/123456789012_CloudTrail-Insight_us-east-1_20230710T1145Z_a.json.gz | - - 123456789012 Insight us-east-1 2023-07-10 2023-07-10T11:45
AWSLogs/123456789012/CloudTrail-NetworkActivity/us-east-1/2025/07/10/f.json.gz | - - 123456789012 NetworkActivity us-east-1 2025-07-10 -
AWSLogs/123456789012/CloudTrail-Aggregated/us-east-1/2025/12/10/f.json.gz | - - 123456789012 Aggregated us-east-1 2025-12-10 -
AWSLogs/123456789012/CloudTrail-Novelty/us-east-1/2031/12/10/f.json.gz | - - 123456789012 Other us-east-1 2031-12-10 -
AWSLogs/123456789012/CloudTrail-Digest/us-east-1/2023/07/10/123456789012_CloudTrail-Digest_us-east-1_my_trail_eu-west-1_20230710T110203Z.json.gz | - - 123456789012 Digest us-east-1 2023-07-10 2023-07-10T11:02:03
AWSLogs/123456789012/CloudTrail-Digest/us-east-1/2023/07/10/123456789012_CloudTrail-Digest_us-east-1_t.x_us-east-1_20230710T110203Z_backfill.json.gz | - - 123456789012 Digest us-east-1 2023-07-10 2023-07-10T11:02:03
AWSLogs/123456789012/CloudTrail-Lake/Query/2023/07/10/2f1c/result_1.csv.gz | - - 123456789012 LakeQuery - 2023-07-10 -
218007301253_CloudTrail_us-east-1_20230710T1145Z_7xgocspSowgK0Gto.json | - - 218007301253 CloudTrail us-east-1 2023-07-10 2023-07-10T11:45
case/files/218007301253_CloudTrail_us-east-1_20230710T1145Z_7x.json | case/files/ - 218007301253 CloudTrail us-east-1 2023-07-10 2023-07-10T11:45
us-east-1/2023/07/10/218007301253_CloudTrail-Digest_us-east-1_t_us-east-1_20230710T114501Z.json.gz | us-east-1/2023/07/10/ - 218007301253 Digest us-east-1 2023-07-10 2023-07-10T11:45:01
AWSLogs/123456789012/CloudTrail/us-east-1/2023/02/30/x.json | - - 123456789012 CloudTrail us-east-1 - -
AWSLogs/123456789012/CloudTrail/us-east-1/x.json | - - 123456789012 CloudTrail us-east-1 - -
";

#[test]
fn places() {
    for line in PLACES.lines().filter(|line| !line.is_empty()) {
        let (key, told) = line.split_once(" | ").unwrap();
        let place = place(key).unwrap_or_else(|| panic!("{key} has no place"));
        let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
        let delivered = place.delivered.map(|time| time.format("%Y-%m-%dT%H:%M:%S").to_string().trim_end_matches(":00").to_owned());
        let found = [
            or_dash(place.prefix),
            or_dash(place.organization.unwrap_or_default()),
            place.account,
            format!("{:?}", place.family),
            or_dash(place.region),
            or_dash(place.day.map(|day| day.to_string()).unwrap_or_default()),
            or_dash(delivered.unwrap_or_default()),
        ];
        assert_eq!(found.join(" "), told, "{key}");
    }
}

#[test]
fn no_place() {
    for key in ["", "/", "AWSLogs/", "README.md", "a/b/c.json", "AWSLogs/123/Config/us-east-1/2023/7/1/x.json.gz", "x_y_z_w.json"] {
        assert_eq!(place(key), None, "{key}");
    }
}

#[test]
fn kinds() {
    let area = "AWSLogs/123456789012";
    let cases = [
        ("a.json", "log"),
        ("a.JSON.GZ", "log"),
        ("a.jsonl", "log"),
        ("a.ndjson.gz", "log"),
        ("events.gz", "log"),
        ("x/y.z/events.gz", "log"),
        (&format!("{area}/CloudTrail/us-east-1/2023/07/10/x.json.gz"), "log"),
        (&format!("{area}/CloudTrail-Novelty/us-east-1/2023/07/10/x.json.gz"), "log"),
        (&format!("{area}/CloudTrail-Digest/us-east-1/2023/07/10/x.json.gz"), "digest"),
        ("1_CloudTrail-Digest_us-east-1_t_us-east-1_20230710T114501Z.json.gz", "digest"),
        (&format!("{area}/CloudTrail-Digest/us-east-1/2023/07/10/notes.txt"), "no digest, though beside digests"),
        (&format!("{area}/CloudTrail-Lake/Query/2023/07/10/id/result_sign.json"), "saved query result"),
        (&format!("{area}/Config/us-east-1/2023/7/1/ConfigHistory/x.json.gz"), "delivered by another service"),
        (&format!("{area}/elasticloadbalancing/us-east-1/2023/07/10/x.log.gz"), "delivered by another service"),
        ("AWSLogs/aws-account-id=1/aws-service=vpcflowlogs/x.json.gz", "delivered by another service"),
        ("2026/11/28/22/trail-to-s3-1-2026-11-28-22-05-10-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f", "log"),
        ("trail-to-s3-1-2026-11-28-22-05-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f", "no log file by its name"),
        ("0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f", "no log file by its name"),
        ("README.md", "no log file by its name"),
        ("LICENSE", "no log file by its name"),
        ("a.csv", "no log file by its name"),
        ("a.csv.gz", "compressed, but no JSON by its name"),
        ("a.log.gz", "compressed, but no JSON by its name"),
        ("logs.tar.gz", "archive inside a folder; collect it by its own name"),
        ("logs.zip", "archive inside a folder; collect it by its own name"),
    ];
    for (key, told) in cases {
        let found = match kind(key) {
            Kind::Log => "log",
            Kind::Digest => "digest",
            Kind::Other(reason) => reason,
        };
        assert_eq!(found, told, "{key}");
    }
}

#[test]
fn levels() {
    let cases = [
        ("", Level::Outside),
        ("some/where/", Level::Outside),
        ("AWSLogs/", Level::Logs),
        ("o-1/AWSLogs/o-1/", Level::Organization),
        ("AWSLogs/1/", Level::Account),
        ("AWSLogs/o-1/1/CloudTrail/", Level::Family),
        ("AWSLogs/1/CloudTrail/us-east-1/", Level::Region),
        ("AWSLogs/1/CloudTrail/us-east-1/2023/", Level::Year),
        ("AWSLogs/1/CloudTrail/us-east-1/2023/07/", Level::Month),
        ("AWSLogs/1/CloudTrail/us-east-1/2023/07/10/", Level::Day),
        ("AWSLogs/1/CloudTrail/us-east-1/2023/07/10/x/", Level::Odd),
        ("AWSLogs/1/CloudTrail/us-east-1/tmp/", Level::Odd),
        ("AWSLogs/1/Config/us-east-1/", Level::Service),
        ("AWSLogs/1/CloudTrail-Lake/", Level::Service),
        ("AWSLogs/notes/", Level::Odd),
    ];
    for (prefix, level) in cases {
        assert_eq!(spot(prefix).level, level, "{prefix}");
    }
    assert_eq!(trailing_day("x/2024/02/29/"), NaiveDate::from_ymd_opt(2024, 2, 29));
    assert_eq!(trailing_day("x/2024/2/29/"), None);
}
