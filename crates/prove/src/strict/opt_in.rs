//! Regions that an account can switch on and off (AWS Account Management reference guide, "Enable or disable AWS Regions"): all but those from
//! before 20 March 2019, and none outside of the partition `aws`.

/// Regions that nobody can switch off.
const ALWAYS_ON: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];
/// How names of Regions in other partitions begin.
const ELSEWHERE: [&str; 4] = ["cn-", "us-gov-", "us-iso", "eusc-"];

/// Whether accounts can switch a Region off.
pub(super) fn is_opt_in(region: &str) -> bool {
    !ALWAYS_ON.contains(&region) && !ELSEWHERE.iter().any(|begin| region.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions() {
        for (region, told) in
            [("us-east-1", false), ("af-south-1", true), ("ap-southeast-3", true), ("cn-north-1", false), ("us-gov-west-1", false)]
        {
            assert_eq!(is_opt_in(region), told, "{region}");
        }
    }
}
