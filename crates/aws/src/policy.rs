//! The least that a reader of a trail's bucket needs, as an IAM policy to paste.

use serde_json::{Value, json};

use crate::partition::partition;
use crate::sqs::address::Place;

/// The policy that lets its holder list and read `prefix` of a bucket, decrypt what is encrypted with KMS there, and ask for the
/// public keys that sign its digests (of any Region: CloudTrail knows no resource for them).
pub fn read_policy(bucket: &str, prefix: &str, region: &str) -> String {
    let partition = partition(region);
    let bucket_arn = format!("arn:{}:s3:::{bucket}", partition.name);
    let via = format!("s3.{region}.{}", partition.dns_suffix);
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [
            list(&bucket_arn, prefix),
            {
                "Sid": "FindBucketRegion",
                "Effect": "Allow",
                "Action": "s3:GetBucketLocation",
                "Resource": bucket_arn
            },
            {
                "Sid": "ReadDeliveries",
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": format!("{bucket_arn}/{prefix}*")
            },
            {
                "Sid": "DecryptDeliveries",
                "Effect": "Allow",
                "Action": "kms:Decrypt",
                "Resource": format!("arn:{}:kms:{region}:*:key/*", partition.name),
                "Condition": { "StringEquals": { "kms:ViaService": via } }
            },
            {
                "Sid": "FindPublicKeys",
                "Effect": "Allow",
                "Action": "cloudtrail:ListPublicKeys",
                "Resource": "*"
            }
        ]
    });
    format!("{policy:#}")
}

/// The policy that lets its holder collect from a queue whose messages name objects of this bucket.
pub fn queue_policy(place: &Place, bucket: &str) -> String {
    let partition = partition(&place.region);
    let bucket_arn = format!("arn:{}:s3:::{bucket}", partition.name);
    let via = |service: &str| format!("{service}.{}.{}", place.region, partition.dns_suffix);
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ReceiveMessages",
                "Effect": "Allow",
                "Action": [
                    "sqs:GetQueueUrl",
                    "sqs:GetQueueAttributes",
                    "sqs:ReceiveMessage",
                    "sqs:ChangeMessageVisibility",
                    "sqs:DeleteMessage"
                ],
                "Resource": place.arn()
            },
            {
                "Sid": "ReadDeliveries",
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:GetObjectVersion"],
                "Resource": format!("{bucket_arn}/*")
            },
            {
                "Sid": "TellMissingFromForbidden",
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:ListBucketVersions"],
                "Resource": bucket_arn
            },
            {
                "Sid": "Decrypt",
                "Effect": "Allow",
                "Action": "kms:Decrypt",
                "Resource": format!("arn:{}:kms:{}:*:key/*", partition.name, place.region),
                "Condition": { "StringEquals": { "kms:ViaService": [via("s3"), via("sqs")] } }
            },
            {
                "Sid": "FindPublicKeys",
                "Effect": "Allow",
                "Action": "cloudtrail:ListPublicKeys",
                "Resource": "*"
            }
        ]
    });
    format!("{policy:#}")
}

fn list(bucket_arn: &str, prefix: &str) -> Value {
    let mut statement = json!({
        "Sid": "ListDeliveries",
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": bucket_arn
    });
    if let (false, Some(statement)) = (prefix.is_empty(), statement.as_object_mut()) {
        // The folder's bare name as well: it is asked for when the user leaves out the final slash.
        let folder = prefix.strip_suffix('/').unwrap_or(prefix);
        let condition = json!({ "StringLike": { "s3:prefix": [folder, format!("{folder}/*")] } });
        statement.insert("Condition".to_owned(), condition);
    }
    statement
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queues_policy_names_the_queue() {
        let place = Place { region: "cn-north-1".to_owned(), account: "111122223333".to_owned(), name: "q".to_owned() };
        let policy: Value = serde_json::from_str(&queue_policy(&place, "trail")).unwrap();
        assert_eq!(policy["Statement"][0]["Resource"], "arn:aws-cn:sqs:cn-north-1:111122223333:q");
        assert_eq!(policy["Statement"][1]["Resource"], "arn:aws-cn:s3:::trail/*");
        assert_eq!(policy["Statement"][3]["Condition"]["StringEquals"]["kms:ViaService"][1], "sqs.cn-north-1.amazonaws.com.cn");
    }

    #[test]
    fn policies_fit_their_partition() {
        let policy: Value = serde_json::from_str(&read_policy("trail", "org/", "cn-north-1")).unwrap();
        let statements = policy["Statement"].as_array().unwrap();
        let actions: Vec<&str> = statements.iter().filter_map(|statement| statement["Action"].as_str()).collect();
        assert_eq!(actions, ["s3:ListBucket", "s3:GetBucketLocation", "s3:GetObject", "kms:Decrypt", "cloudtrail:ListPublicKeys"]);
        assert_eq!(statements[2]["Resource"], "arn:aws-cn:s3:::trail/org/*");
        assert_eq!(statements[3]["Condition"]["StringEquals"]["kms:ViaService"], "s3.cn-north-1.amazonaws.com.cn");
        assert_eq!(statements[0]["Condition"]["StringLike"]["s3:prefix"][1], "org/*");
        assert!(!read_policy("trail", "", "us-east-1").contains("s3:prefix"));
        assert!(read_policy("trail", "", "us-gov-west-1").contains("arn:aws-us-gov:s3:::trail/*"));
    }
}
