//! Digests' file names, read and written.

use chrono::{DateTime, Utc};

use crate::file::time;
use crate::spot::LOGS;
use crate::{is_account, is_region, split};

/// What a digest's file name says: `account_CloudTrail-Digest_Region_trail_home_time[_backfill].json.gz`.
///
/// Neither Regions nor times hold `_`; a trail's name may, so it is what remains in the middle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DigestName {
    /// Account ID.
    pub account: String,
    /// Region whose deliveries the digest lists.
    pub region: String,
    /// The trail's name.
    pub trail: String,
    /// The trail's home Region.
    pub home: String,
    /// End of the hour that it covers.
    pub end: DateTime<Utc>,
    /// Made later, for a time whose digests had failed.
    pub is_backfill: bool,
}

/// Reads a digest's key (its last segment); `None` if it is not named as digests are.
pub fn digest_name(key: &str) -> Option<DigestName> {
    let (_, file) = split(key);
    let stem = file.strip_suffix(".gz").unwrap_or(file).strip_suffix(".json")?;
    let (stem, is_backfill) = stem.strip_suffix("_backfill").map_or((stem, false), |stem| (stem, true));
    let (rest, end) = stem.rsplit_once('_')?;
    let (rest, home) = rest.rsplit_once('_').filter(|(_, home)| is_region(home))?;
    let mut parts = rest.splitn(4, '_');
    let account = parts.next().filter(|name| is_account(name))?;
    parts.next().filter(|name| *name == "CloudTrail-Digest")?;
    let region = parts.next().filter(|name| is_region(name))?;
    let trail = parts.next().filter(|name| !name.is_empty())?;
    Some(DigestName {
        account: account.to_owned(),
        region: region.to_owned(),
        trail: trail.to_owned(),
        home: home.to_owned(),
        end: time(end)?,
        is_backfill,
    })
}

impl DigestName {
    /// The file name: what [`digest_name`] reads.
    pub fn file_name(&self) -> String {
        let DigestName { account, region, trail, home, end, is_backfill } = self;
        let end = end.format("%Y%m%dT%H%M%SZ");
        let backfill = if *is_backfill { "_backfill" } else { "" };
        format!("{account}_CloudTrail-Digest_{region}_{trail}_{home}_{end}{backfill}.json.gz")
    }

    /// Its key below a prefix (`""` or ending in `/`), in the folder of the day on which its hour ends.
    pub fn key(&self, prefix: &str, organization: Option<&str>) -> String {
        let organization = organization.map(|organization| format!("{organization}/")).unwrap_or_default();
        let (account, region, day) = (&self.account, &self.region, self.end.format("%Y/%m/%d"));
        format!("{prefix}{LOGS}/{organization}{account}/CloudTrail-Digest/{region}/{day}/{}", self.file_name())
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDateTime;

    use super::*;
    use crate::{Family, Kind, kind, place};

    #[test]
    fn digest_names() {
        let folder = "AWSLogs/o-1/111122223333/CloudTrail-Digest/eu-west-1/2026/11/22/";
        let name = |file: &str| {
            let name = digest_name(&format!("{folder}{file}"))?;
            Some(format!("{} {} {} {} {} {}", name.account, name.region, name.trail, name.home, name.end, name.is_backfill))
        };
        let cases = [
            (
                "111122223333_CloudTrail-Digest_eu-west-1_my_org.trail_us-east-1_20261122T070000Z.json.gz",
                Some("111122223333 eu-west-1 my_org.trail us-east-1 2026-11-22 07:00:00 UTC false"),
            ),
            (
                "111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20261122T070000Z_backfill.json.gz",
                Some("111122223333 eu-west-1 t eu-west-1 2026-11-22 07:00:00 UTC true"),
            ),
            ("111122223333_CloudTrail-Digest_eu-west-1_20261122T070000Z.json.gz", None),
            ("111122223333_CloudTrail_eu-west-1_20261122T0700Z_abcdefgh.json.gz", None),
            ("notes.json.gz", None),
        ];
        for (file, told) in cases {
            assert_eq!(name(file).as_deref(), told, "{file}");
        }
    }

    #[test]
    fn digest_keys_are_read_as_they_were_written() {
        let end = |text: &str| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap().and_utc();
        let name = DigestName {
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            trail: "my_org.trail-1".to_owned(),
            home: "us-gov-west-1".to_owned(),
            end: end("2026-11-22 07:00:00"),
            is_backfill: false,
        };
        let file = "111122223333_CloudTrail-Digest_eu-west-1_my_org.trail-1_us-gov-west-1_20261122T070000Z.json.gz";
        let folder = "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/11/22";
        assert_eq!(name.key("", None), format!("{folder}/{file}"));
        for (prefix, organization) in [("", None), ("a/b/", None), ("", Some("o-1")), ("o-1/", Some("o-1"))] {
            for (text, is_backfill) in [("2026-11-22 07:00:00", false), ("2026-01-01 00:00:00", true)] {
                let name = DigestName { end: end(text), is_backfill, ..name.clone() };
                let key = name.key(prefix, organization);
                let place = place(&key).unwrap();
                assert_eq!((place.prefix.as_str(), place.organization.as_deref()), (prefix, organization), "{key}");
                assert_eq!((place.family, place.day), (Family::Digest, Some(name.end.date_naive())), "{key}");
                assert_eq!((kind(&key), place.delivered), (Kind::Digest, Some(name.end)), "{key}");
                assert_eq!(digest_name(&key), Some(name), "{key}");
            }
        }
    }
}
