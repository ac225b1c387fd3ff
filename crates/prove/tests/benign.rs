//! What happens in honest buckets: each has its name and is no violation. Beside each, what would hide behind it and may not.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use trailkeep_prove::report::{HourState, Judgment, Kind};
use trailkeep_prove::store::Store;
use trailkeep_prove::strict::{Options, Stores, verify};

use crate::world::*;

/// Another member account.
const MEMBER: Trail = Trail { account: "444455556666", ..TRAIL };

/// An organization: one account all the time, the other in some hours only, in two Regions.
fn organization(hours: i64, of_member: std::ops::Range<i64>) -> Bucket {
    let mut bucket = bucket_of(hours, 2);
    for region in ["us-east-1", "eu-west-1"] {
        Chain::new(Trail { region, ..MEMBER }).deliver(&mut bucket, of_member.clone(), 2);
    }
    bucket
}

fn of_member(key: &str) -> bool {
    key.contains(MEMBER.account)
}

mod current_hour {
    use super::*;

    fn bucket() -> Bucket {
        let mut bucket = bucket_of(10, 2);
        bucket.put_log(&TRAIL, at(10) + TimeDelta::minutes(5), "aaaaaaaaaaaaaaaa", &content("a"));
        bucket
    }

    fn report(now: chrono::DateTime<chrono::Utc>) -> trailkeep_prove::report::Report {
        let stores = Stores { main: Arc::new(bucket()), mapped: BTreeMap::new() };
        verify(&stores, &Keys { keys: vec![&KEY], is_complete: true }, &Options::default(), now, &())
    }

    #[test]
    fn its_digest_is_not_due_yet() {
        for minutes in [10, 60, 120] {
            let report = report(at(10) + TimeDelta::minutes(minutes));
            assert_found(&report, Judgment::Unproven, Kind::CurrentHour);
            assert_eq!((report.counts.logs_not_yet, report.counts.logs_verified), (1, 20), "{}", told(&report));
        }
    }

    #[test]
    fn hours_whose_digests_are_due_are_none() {
        let report = report(at(13));
        assert_found(&report, Judgment::Violated, Kind::DigestMissing);
        assert_found(&report, Judgment::Violated, Kind::LogUnvouched);
    }

    #[test]
    fn nothing_is_delivered_in_the_future() {
        let mut bucket = bucket();
        bucket.put_log(&TRAIL, at(40), "bbbbbbbbbbbbbbbb", &content("b"));
        let stores = Stores { main: Arc::new(bucket), mapped: BTreeMap::new() };
        let keys = Keys { keys: vec![&KEY], is_complete: true };
        let report = verify(&stores, &keys, &Options::default(), at(10) + TimeDelta::minutes(30), &());
        assert_found(&report, Judgment::Violated, Kind::LogUnvouched);
    }
}

mod validation_enabled_late {
    use super::*;

    fn bucket() -> Bucket {
        let mut bucket = Bucket::new("logs");
        for hour in 0..5 {
            bucket.put_log(&TRAIL, at(hour) + TimeDelta::minutes(1), "aaaaaaaaaaaaaaaa", &content(&hour.to_string()));
        }
        Chain::new(TRAIL).deliver(&mut bucket, 5..12, 2);
        bucket
    }

    #[test]
    fn files_from_before_are_not_proven() {
        for options in [up_to(12), between(0, 12)] {
            let report = judge(&bucket(), &options);
            assert_found(&report, Judgment::Unproven, Kind::BeforeValidation);
            assert_eq!((report.counts.logs_without_digest, report.counts.logs_verified), (5, 14));
        }
    }

    #[test]
    fn a_chain_whose_begin_was_cut_off_did_not_begin_late() {
        let mut bucket = bucket_of(12, 2);
        assert_eq!(bucket.remove(|key| is_digest(key) && time_of(key) <= at(5)), 5);
        for options in [up_to(12), between(0, 12)] {
            let report = judge(&bucket, &options);
            assert_found(&report, Judgment::Violated, Kind::DigestMissing);
            assert_eq!((report.counts.logs_unvouched, report.counts.hours_missing), (10, 5), "{}", told(&report));
        }
    }

    #[test]
    fn a_file_added_after_the_begin_is_not_from_before() {
        let mut bucket = bucket();
        bucket.put_log(&TRAIL, at(6) + TimeDelta::minutes(1), "bbbbbbbbbbbbbbbb", &content("b"));
        assert_found(&judge(&bucket, &up_to(12)), Judgment::Violated, Kind::LogUnvouched);
    }
}

mod account_joined {
    use super::*;

    #[test]
    fn its_chain_begins_later() {
        let bucket = organization(12, 5..12);
        assert_found(&judge(&bucket, &up_to(12)), Judgment::Proven, Kind::ChainStart);
        let report = judge(&bucket, &between(0, 12));
        assert_found(&report, Judgment::Unproven, Kind::ChainStart);
        assert_eq!((report.totals.violations, report.totals.by_kind[&Kind::ChainStart]), (0, 2), "{}", told(&report));
    }

    #[test]
    fn removed_hours_are_no_time_before_it_joined() {
        let mut bucket = organization(12, 0..12);
        bucket.remove(|key| of_member(key) && time_of(key) <= at(5));
        assert_found(&judge(&bucket, &between(0, 12)), Judgment::Violated, Kind::DigestMissing);
    }
}

mod account_left_or_suspended {
    use super::*;

    #[test]
    fn everything_of_it_ends_at_once() {
        for ended in [3, 6] {
            let report = judge(&organization(12, 0..ended), &between(0, 12));
            assert_found(&report, Judgment::Unproven, Kind::AccountEnded);
            assert_eq!(report.totals.violations, 0, "{}", told(&report));
        }
    }

    #[test]
    fn digests_removed_in_the_middle_are_missing() {
        let mut bucket = organization(12, 0..6);
        bucket.remove(|key| of_member(key) && is_digest(key) && time_of(key) == at(3));
        assert_found(&judge(&bucket, &between(0, 12)), Judgment::Violated, Kind::DigestMissing);
        bucket.remove(|key| of_member(key) && (at(2)..=at(3)).contains(&time_of(key)));
        assert_found(&judge(&bucket, &between(0, 12)), Judgment::Violated, Kind::DigestMissing);
    }

    #[test]
    fn log_files_that_go_on_show_that_digests_were_removed() {
        let mut bucket = organization(12, 0..12);
        bucket.remove(|key| of_member(key) && is_digest(key) && time_of(key) > at(6));
        let report = judge(&bucket, &between(0, 12));
        assert_found(&report, Judgment::Violated, Kind::DigestMissing);
        assert!(report.totals.by_kind.contains_key(&Kind::LogUnvouched), "{}", told(&report));
    }

    #[test]
    fn an_account_does_not_leave_one_region_only() {
        let mut bucket = organization(12, 0..12);
        bucket.remove(|key| of_member(key) && key.contains("/eu-west-1/") && time_of(key) > at(6));
        assert_found(&judge(&bucket, &between(0, 12)), Judgment::Violated, Kind::DigestMissing);
    }

    #[test]
    fn not_all_accounts_left() {
        let mut bucket = organization(12, 0..12);
        bucket.remove(|key| time_of(key) > at(6));
        assert_found(&judge(&bucket, &between(0, 12)), Judgment::Violated, Kind::DigestMissing);
    }

    #[test]
    fn the_last_hour_alone_is_missing() {
        let mut bucket = organization(12, 0..12);
        bucket.remove(|key| of_member(key) && time_of(key) > at(11));
        assert_found(&judge(&bucket, &between(0, 12)), Judgment::Violated, Kind::DigestMissing);
    }
}

mod opt_in_region {
    use super::*;

    fn bucket(region: &'static str, hours: std::ops::Range<i64>) -> Bucket {
        let mut bucket = bucket_of(12, 2);
        Chain::new(Trail { region, ..TRAIL }).deliver(&mut bucket, hours, 1);
        bucket
    }

    #[test]
    fn it_is_enabled_late() {
        let report = judge(&bucket("af-south-1", 7..12), &between(0, 12));
        assert_found(&report, Judgment::Unproven, Kind::ChainStart);
        assert_eq!(report.totals.violations, 0, "{}", told(&report));
    }

    #[test]
    fn it_is_disabled() {
        let report = judge(&bucket("af-south-1", 0..7), &between(0, 12));
        assert_found(&report, Judgment::Unproven, Kind::AccountEnded);
        assert_eq!(report.totals.violations, 0, "{}", told(&report));
    }

    #[test]
    fn other_regions_cannot_be_disabled() {
        assert_found(&judge(&bucket("us-east-2", 0..7), &between(0, 12)), Judgment::Violated, Kind::DigestMissing);
    }

    #[test]
    fn what_was_delivered_later_shows_that_it_was_not() {
        let mut bucket = bucket("af-south-1", 0..12);
        bucket.remove(|key| key.contains("af-south-1") && is_digest(key) && time_of(key) > at(7));
        assert_found(&judge(&bucket, &between(0, 12)), Judgment::Violated, Kind::DigestMissing);
    }
}

mod key_rotation {
    use super::*;

    fn bucket() -> Bucket {
        let mut bucket = Bucket::new("logs");
        let mut chain = Chain::new(TRAIL);
        chain.deliver(&mut bucket, 0..6, 2);
        chain.key = &OTHER_KEY;
        chain.deliver(&mut bucket, 6..12, 2);
        bucket
    }

    fn report(bucket: &Bucket, keys: Keys) -> trailkeep_prove::report::Report {
        judge_with(bucket, BTreeMap::new(), &between(0, 12), &keys)
    }

    #[test]
    fn both_keys_prove() {
        let mut options = between(0, 12);
        options.since = None;
        let keys = Keys { keys: vec![&KEY, &OTHER_KEY], is_complete: true };
        let report = judge_with(&bucket(), BTreeMap::new(), &options, &keys);
        assert_found(&report, Judgment::Proven, Kind::KeyRotation);
    }

    #[test]
    fn a_key_that_nobody_gave_proves_nothing() {
        let unknown = report(&bucket(), Keys { keys: vec![&KEY], is_complete: false });
        assert_found(&unknown, Judgment::Unproven, Kind::KeyUnknown);
    }

    #[test]
    fn a_key_that_aws_does_not_have_is_an_attackers() {
        let forged = report(&bucket(), Keys { keys: vec![&KEY], is_complete: true });
        assert_found(&forged, Judgment::Violated, Kind::KeyUnknown);
    }

    #[test]
    fn a_digest_in_the_middle_with_a_key_of_its_own_is_contradicted() {
        let mut bucket = bucket_of(12, 2);
        let mut chain = Chain::new(TRAIL);
        chain.deliver(&mut bucket.clone(), 0..5, 2);
        chain.key = &OTHER_KEY;
        chain.digest(&mut bucket, 5, Vec::new());
        let report = report(&bucket, Keys { keys: vec![&KEY], is_complete: false });
        assert_found(&report, Judgment::Violated, Kind::DigestLink);
    }
}

mod second_trail_without_validation {
    use super::*;

    /// Records of a log file.
    fn records(stored: &[u8]) -> String {
        let content = String::from_utf8(gunzip(stored)).unwrap();
        content.trim_start_matches(r#"{"Records":["#).trim_end_matches("]}").to_owned()
    }

    fn bucket(more: &str) -> Bucket {
        let mut bucket = bucket_of(12, 2);
        let logs = bucket.keys(|key| is_log(key) && (at(4)..at(5)).contains(&time_of(key)));
        let both: Vec<String> = logs.iter().map(|key| records(&bucket.objects[key].bytes)).collect();
        let content = format!(r#"{{"Records":[{}{more}]}}"#, both.join(","));
        bucket.put_log(&TRAIL, at(4) + TimeDelta::minutes(30), "cccccccccccccccc", content.as_bytes());
        bucket
    }

    #[test]
    fn its_records_all_stand_in_proven_files() {
        let report = judge(&bucket(""), &up_to(12));
        assert_found(&report, Judgment::Unproven, Kind::SecondTrail);
        assert_eq!((report.totals.violations, report.counts.logs_second_trail), (0, 1), "{}", told(&report));
    }

    #[test]
    fn one_record_of_its_own_is_a_forged_one() {
        let report = judge(&bucket(r#",{"eventName":"DeleteTrail"}"#), &up_to(12));
        assert_found(&report, Judgment::Violated, Kind::LogUnvouched);
    }

    #[test]
    fn at_a_place_of_its_own_nothing_vouches_for_it() {
        let mut bucket = bucket_of(12, 2);
        let elsewhere = Trail { organization: None, ..TRAIL };
        bucket.put_log(&elsewhere, at(4), "cccccccccccccccc", &content("c"));
        let report = judge(&bucket, &up_to(12));
        assert_found(&report, Judgment::Unproven, Kind::WithoutValidation);
        assert_eq!(report.totals.violations, 0, "{}", told(&report));
    }

    #[test]
    fn a_region_whose_digests_were_removed_is_no_second_trail() {
        let mut bucket = organization(12, 0..12);
        bucket.remove(|key| key.contains("/eu-west-1/") && is_digest(key));
        assert_found(&judge(&bucket, &up_to(12)), Judgment::Violated, Kind::DigestsRemoved);
    }
}

mod lifecycle_expiry {
    use super::*;

    /// Since when objects are kept: noon of the second day.
    const KEPT_SINCE: i64 = 36;

    fn retained() -> Options {
        Options { retained_since: Some(at(KEPT_SINCE)), ..up_to(60) }
    }

    fn expired() -> Bucket {
        let mut bucket = bucket_of(60, 2);
        bucket.remove(|key| time_of(key) < at(KEPT_SINCE));
        bucket
    }

    #[test]
    fn the_oldest_end_is_gone() {
        for options in [up_to(60), retained(), Options { since: Some(at(0)), ..retained() }] {
            let report = judge(&expired(), &options);
            assert_found(&report, Judgment::Unproven, Kind::Expired);
            assert_eq!(report.totals.violations, 0, "{}", told(&report));
        }
    }

    #[test]
    fn it_goes_day_by_day_and_not_all_at_once() {
        let mut bucket = bucket_of(60, 2);
        bucket.remove(|key| time_of(key) < at(24));
        // Of the second day, only some are gone yet.
        bucket.remove(|key| (at(24)..at(27)).contains(&time_of(key)));
        let report = judge(&bucket, &retained());
        assert_found(&report, Judgment::Unproven, Kind::Expired);
        assert_eq!(report.totals.violations, 0, "{}", told(&report));
    }

    #[test]
    fn who_says_since_wants_all_of_it() {
        assert_found(&judge(&expired(), &between(0, 60)), Judgment::Violated, Kind::DigestMissing);
    }

    #[test]
    fn what_is_gone_in_the_middle_did_not_expire() {
        for (hour, options) in
            [(30, retained()), (30, Options { since: Some(at(0)), ..retained() }), (30, up_to(60)), (50, retained())]
        {
            let mut bucket = bucket_of(60, 2);
            bucket.remove(|key| is_log(key) && (at(hour)..at(hour + 1)).contains(&time_of(key)));
            assert_found(&judge(&bucket, &options), Judgment::Violated, Kind::LogMissing);
            let mut bucket = bucket_of(60, 2);
            bucket.remove(|key| is_digest(key) && time_of(key) == at(hour + 1));
            let report = judge(&bucket, &options);
            assert_found(&report, Judgment::Violated, Kind::DigestMissing);
            assert_eq!(report.totals.by_kind.get(&Kind::LogUnvouched), Some(&2), "{}", told(&report));
        }
    }

    #[test]
    fn days_between_older_ones_and_younger_ones_did_not_expire() {
        let mut bucket = bucket_of(60, 2);
        bucket.remove(|key| (at(24)..at(KEPT_SINCE)).contains(&time_of(key)));
        assert_found(&judge(&bucket, &retained()), Judgment::Violated, Kind::DigestMissing);
    }

    #[test]
    fn what_should_have_been_kept_did_not_expire() {
        let mut bucket = expired();
        bucket.remove(|key| time_of(key) < at(40));
        assert_found(&judge(&bucket, &retained()), Judgment::Violated, Kind::DigestMissing);
    }

    #[test]
    fn logs_that_are_older_than_all_digests_show_that_those_were_removed() {
        let mut bucket = bucket_of(60, 2);
        bucket.remove(|key| is_digest(key) && time_of(key) < at(KEPT_SINCE));
        assert_found(&judge(&bucket, &up_to(60)), Judgment::Violated, Kind::DigestMissing);
    }
}

mod archived_objects {
    use super::*;

    #[test]
    fn they_are_to_be_restored() {
        for is_archived in [is_log as fn(&str) -> bool, is_digest, |_| true] {
            let mut bucket = bucket_of(12, 2);
            bucket.archived = bucket.keys(|key| is_archived(key) && time_of(key) < at(5)).into_iter().collect();
            let report = judge(&bucket, &between(0, 12));
            assert_found(&report, Judgment::Unproven, Kind::Archived);
            assert_eq!(report.totals.violations, 0, "{}", told(&report));
        }
    }

    #[test]
    fn what_is_gone_is_not_archived() {
        let mut bucket = bucket_of(12, 2);
        bucket.archived = bucket.keys(is_log).into_iter().collect();
        bucket.remove(|key| is_log(key) && time_of(key) < at(1));
        assert_found(&judge(&bucket, &between(0, 12)), Judgment::Violated, Kind::LogMissing);
    }

    #[test]
    fn what_no_digest_names_is_told_in_any_tier() {
        let mut bucket = bucket_of(12, 2);
        let added = bucket.put_log(&TRAIL, at(4), "dddddddddddddddd", &content("d"));
        bucket.archived.insert(added);
        assert_found(&judge(&bucket, &between(0, 12)), Judgment::Violated, Kind::LogUnvouched);
    }
}

mod backfill_digests {
    use super::*;

    /// The digests of hours 4 and 5 failed, and were made later.
    fn bucket(files: usize) -> Bucket {
        let mut bucket = Bucket::new("logs");
        let mut chain = Chain::new(TRAIL);
        chain.deliver(&mut bucket, 0..4, 2);
        let mut backfill = Chain { backfilled: Some(at(20)), ..Chain::new(TRAIL) };
        backfill.deliver(&mut bucket, 4..6, files);
        chain.deliver(&mut bucket, 6..12, 2);
        bucket
    }

    fn is_backfill(key: &str) -> bool {
        key.ends_with("_backfill.json.gz")
    }

    #[test]
    fn they_vouch_for_their_hours() {
        for files in [2, 0] {
            let report = judge(&bucket(files), &up_to(12));
            assert_found(&report, Judgment::Proven, Kind::Backfill);
            assert_eq!((report.counts.digests, report.counts.digests_backfill), (12, 2));
        }
    }

    #[test]
    fn without_them_the_hours_are_not_proven() {
        let mut empty = bucket(0);
        empty.remove(is_backfill);
        assert_found(&judge(&empty, &up_to(12)), Judgment::Unproven, Kind::HoursSkipped);
        let mut full = bucket(2);
        full.remove(is_backfill);
        assert_found(&judge(&full, &up_to(12)), Judgment::Violated, Kind::LogUnvouched);
    }

    #[test]
    fn one_that_a_later_one_names_is_missing() {
        let mut bucket = bucket(2);
        bucket.remove(|key| (is_backfill(key) && time_of(key) == at(5)) || (is_log(key) && (at(4)..at(5)).contains(&time_of(key))));
        for options in [up_to(12), between(0, 12)] {
            assert_found(&judge(&bucket, &options), Judgment::Violated, Kind::DigestMissing);
        }
    }
}

mod replica_bucket {
    use super::*;

    /// The same objects in another bucket.
    fn replica() -> Bucket {
        Bucket { objects: bucket_of(12, 2).objects, ..Bucket::new("replica") }
    }

    fn mapped(bucket: Bucket) -> BTreeMap<String, Arc<dyn Store>> {
        BTreeMap::from([("logs".to_owned(), Arc::new(bucket) as Arc<dyn Store>)])
    }

    fn keys() -> Keys {
        Keys { keys: vec![&KEY], is_complete: true }
    }

    #[test]
    fn it_is_told_whose_copy_it_is() {
        let report = judge(&replica(), &up_to(12));
        assert_found(&report, Judgment::Proven, Kind::Copy);
        assert!(told(&report).contains("s3://logs/"), "{}", told(&report));
    }

    #[test]
    fn a_chain_that_goes_on_in_another_bucket_is_followed_where_it_is_given() {
        let (mut old, mut new) = (Bucket::new("logs"), Bucket::new("new"));
        let mut chain = Chain::new(TRAIL);
        chain.deliver(&mut old, 0..6, 2);
        chain.trail.bucket = "new";
        chain.deliver(&mut new, 6..12, 2);
        let alone = judge(&new, &between(0, 12));
        assert_found(&alone, Judgment::Unproven, Kind::OtherBucket);
        assert_eq!(alone.totals.violations, 0, "{}", told(&alone));
        let both = judge_with(&new, mapped(old.clone()), &up_to(12), &keys());
        assert_eq!((both.judgment, both.counts.logs_verified), (Judgment::Proven, 24), "{}", told(&both));
        old.remove(|key| is_digest(key) && time_of(key) == at(6));
        let cut = judge_with(&new, mapped(old), &up_to(12), &keys());
        assert_found(&cut, Judgment::Violated, Kind::DigestMissing);
    }

    #[test]
    fn a_copy_that_was_changed_is_found() {
        let mut replica = replica();
        replica.remove(|key| is_log(key) && time_of(key) < at(1));
        assert_found(&judge(&replica, &up_to(12)), Judgment::Violated, Kind::LogMissing);
    }
}

mod empty_hours {
    use super::*;

    #[test]
    fn their_digests_name_nothing_and_prove_that() {
        let report = judge(&bucket_of(12, 0), &up_to(12));
        assert_eq!(report.judgment, Judgment::Proven, "{}", told(&report));
        assert!(report.cells[0].hours.iter().all(|run| run.state == HourState::OkEmpty), "{:?}", report.cells[0].hours);
    }

    #[test]
    fn without_digests_they_are_missing() {
        let mut bucket = bucket_of(12, 0);
        bucket.remove(|key| (at(4)..at(8)).contains(&time_of(key)));
        let report = judge(&bucket, &up_to(12));
        assert_found(&report, Judgment::Violated, Kind::DigestMissing);
        assert_eq!(report.counts.hours_missing, 4);
    }

    #[test]
    fn a_file_in_one_was_added() {
        let mut bucket = bucket_of(12, 0);
        bucket.put_log(&TRAIL, at(4) + TimeDelta::minutes(5), "eeeeeeeeeeeeeeee", &content("e"));
        assert_found(&judge(&bucket, &up_to(12)), Judgment::Violated, Kind::LogUnvouched);
    }
}

mod ranges_without_digests {
    use super::*;

    fn since(bucket: &Bucket, minutes_ago: i64, now: chrono::DateTime<chrono::Utc>) -> trailkeep_prove::report::Report {
        let stores = Stores { main: Arc::new(bucket.clone()), mapped: BTreeMap::new() };
        let options = Options { since: Some(now - TimeDelta::minutes(minutes_ago)), ..Options::default() };
        verify(&stores, &Keys { keys: vec![&KEY], is_complete: true }, &options, now, &())
    }

    #[test]
    fn an_hour_that_is_not_over_proves_nothing() {
        for (minutes_ago, minutes) in [(30, 70), (60, 119), (1, 30)] {
            let report = since(&bucket_of(10, 2), minutes_ago, at(10) + TimeDelta::minutes(minutes));
            assert_found(&report, Judgment::Unproven, Kind::NothingChecked);
            let finding = &report.findings[0];
            assert!(finding.message.contains("the newest one ends at 2026-11-20 10:00Z"), "{}", told(&report));
            assert_eq!((finding.account.as_str(), report.counts.digests, report.counts.hours_missing), (TRAIL.account, 0, 0));
        }
        assert_eq!(since(&bucket_of(10, 2), 75, at(10) + TimeDelta::minutes(70)).judgment, Judgment::Proven);
    }

    #[test]
    fn a_chain_that_ended_before_is_overdue() {
        let report = since(&bucket_of(10, 2), 60, at(10 + 72));
        assert_found(&report, Judgment::Violated, Kind::DigestMissing);
        assert_eq!(report.counts.hours_missing, 70, "{}", told(&report));
        // Whoever asks for all of it is told the same.
        assert_eq!(since(&bucket_of(10, 2), 7 * 24 * 60, at(10 + 72)).totals.by_kind[&Kind::DigestMissing], 1);
        let month_later = Options { since: Some(at(800)), until: Some(at(800) + TimeDelta::minutes(20)), ..Options::default() };
        assert_found(&judge(&bucket_of(10, 2), &month_later), Judgment::Violated, Kind::DigestMissing);
    }

    #[test]
    fn a_digest_that_may_still_come_is_not_missing_in_a_range_of_minutes() {
        let of_minutes = Options { since: Some(at(11)), until: Some(at(11) + TimeDelta::minutes(30)), ..Options::default() };
        let stores = Stores { main: Arc::new(bucket_of(10, 2)), mapped: BTreeMap::new() };
        for (hours, judgment, kind) in [(1, Judgment::Unproven, Kind::NothingChecked), (2, Judgment::Violated, Kind::DigestMissing)]
        {
            let now = at(11 + hours) + TimeDelta::minutes(30);
            let report = verify(&stores, &Keys { keys: vec![&KEY], is_complete: true }, &of_minutes, now, &());
            assert_found(&report, judgment, kind);
        }
    }

    #[test]
    fn an_account_that_left_long_ago_is_told_while_another_goes_on() {
        let report = since(&organization(100, 0..20), 90, at(100) + TimeDelta::minutes(20));
        assert_found(&report, Judgment::Unproven, Kind::AccountEnded);
    }

    #[test]
    fn a_time_before_all_digests_was_not_checked() {
        let mut bucket = Bucket::new("logs");
        Chain::new(TRAIL).deliver(&mut bucket, 5..12, 2);
        assert_found(&judge(&bucket, &up_to(5)), Judgment::Unproven, Kind::NothingChecked);
    }

    #[test]
    fn a_cell_that_began_after_the_range_is_beside_the_point() {
        let report = judge(&organization(12, 5..12), &up_to(5));
        assert_eq!(report.judgment, Judgment::Proven, "{}", told(&report));
    }

    #[test]
    fn an_empty_hour_with_its_digest_is_proven() {
        let report = judge(&bucket_of(10, 0), &between(4, 5));
        assert_eq!((report.judgment, report.counts.digests), (Judgment::Proven, 1), "{}", told(&report));
    }

    #[test]
    fn nothing_found_says_what_was_asked_for() {
        let elsewhere = Options { accounts: vec!["999999999999".to_owned()], regions: vec!["eu-west-1".to_owned()], ..up_to(10) };
        let report = judge(&bucket_of(10, 2), &elsewhere);
        assert_found(&report, Judgment::Violated, Kind::NothingFound);
        let message =
            "no digest and no log file of account 999999999999 in Region eu-west-1 before 2026-11-20 10:00Z was found here";
        assert_eq!(report.findings[0].message, message);
    }
}

mod families_without_digests {
    use super::*;

    const FAMILIES: [&str; 3] = ["CloudTrail-Insight", "CloudTrail-NetworkActivity", "CloudTrail-Aggregated"];

    #[test]
    fn nothing_vouches_for_their_files() {
        for family in FAMILIES {
            let mut bucket = bucket_of(12, 2);
            Chain::new(TRAIL).log(&mut bucket, family, 4, 0);
            let report = judge(&bucket, &up_to(12));
            assert_found(&report, Judgment::Unproven, Kind::FamilyWithoutDigests);
            assert_eq!(report.totals.violations, 0, "{}", told(&report));
        }
    }

    #[test]
    fn where_digests_name_such_files_the_others_were_added() {
        for family in FAMILIES {
            let mut bucket = bucket_of(10, 2);
            let mut chain = Chain::new(TRAIL);
            chain.deliver(&mut bucket.clone(), 0..10, 2);
            let named = chain.log(&mut bucket, family, 10, 0);
            chain.digest(&mut bucket, 10, vec![named]);
            assert_eq!(judge(&bucket, &up_to(11)).judgment, Judgment::Proven);
            chain.log(&mut bucket, family, 4, 0);
            assert_found(&judge(&bucket, &up_to(11)), Judgment::Violated, Kind::LogUnvouched);
        }
    }
}
