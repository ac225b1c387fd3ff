//! AWS partitions: the same services under other names. Nothing here knows a list of Regions; new ones need no release.

/// A partition, by its Regions' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Second part of ARNs.
    pub name: &'static str,
    /// Domain under which its endpoints are.
    pub dns_suffix: &'static str,
}

const AWS: Partition = Partition { name: "aws", dns_suffix: "amazonaws.com" };

const OTHERS: [(&str, Partition); 5] = [
    ("cn-", Partition { name: "aws-cn", dns_suffix: "amazonaws.com.cn" }),
    ("us-gov-", Partition { name: "aws-us-gov", dns_suffix: "amazonaws.com" }),
    ("us-isob-", Partition { name: "aws-iso-b", dns_suffix: "sc2s.sgov.gov" }),
    ("us-iso-", Partition { name: "aws-iso", dns_suffix: "c2s.ic.gov" }),
    ("eusc-", Partition { name: "aws-eusc", dns_suffix: "amazonaws.eu" }),
];

/// The partition of a Region.
pub fn partition(region: &str) -> Partition {
    let other = OTHERS.iter().find(|(prefix, _)| region.starts_with(prefix));
    other.map_or(AWS, |(_, partition)| *partition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions() {
        let cases = [
            ("us-east-1", "aws", "amazonaws.com"),
            ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
            ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
            ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
            ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
            ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
        ];
        for (region, name, dns_suffix) in cases {
            assert_eq!(partition(region), Partition { name, dns_suffix }, "{region}");
        }
    }
}
