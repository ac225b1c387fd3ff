//! Objects that stand aside of the verdict on single files: counted while a cell is judged, and told in one line each sort at its end.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::cell::CellRun;
use super::findings::{counted, note, unproven};
use super::intervals::Time;
use super::judging::RESTORE;
use super::range::more;
use crate::report::{Finding, Kind};

/// Objects that are counted, and told in one line each sort.
#[derive(Default)]
pub(super) struct Aside {
    pub(super) archived: Group,
    pub(super) expired: Group,
    pub(super) before_validation: Group,
    pub(super) not_yet: Group,
    pub(super) second_trail: Group,
    pub(super) foreign: Group,
    /// By their bucket.
    pub(super) elsewhere: BTreeMap<String, Group>,
    pub(super) backfill: u64,
}

/// How many objects, from when to when, and one of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) count: u64,
    pub(super) between: Option<(Time, Time)>,
    pub(super) example: Option<String>,
}

impl Group {
    pub(super) fn add(&mut self, at: Option<Time>, key: &str) {
        self.count += 1;
        self.between = match (self.between, at) {
            (Some((from, to)), Some(at)) => Some((from.min(at), to.max(at))),
            (None, Some(at)) => Some((at, at)),
            (known, None) => known,
        };
        if self.example.is_none() {
            self.example = Some(key.to_owned());
        }
    }
}

/// How a sort is told.
struct Sort<'a> {
    group: &'a Group,
    kind: Kind,
    noun: &'static str,
    what: &'static str,
    hint: Option<&'static str>,
}

impl Aside {
    fn sorts(&self) -> [Sort<'_>; 6] {
        let sort = |group, kind, what, hint| Sort { group, kind, noun: "log file", what, hint };
        [
            sort(&self.archived, Kind::Archived, "in an archive tier: not read", Some(RESTORE)),
            sort(&self.expired, Kind::Expired, "of the oldest digests gone: expired, or deleted", None),
            sort(
                &self.before_validation,
                Kind::BeforeValidation,
                "from before validation was enabled: nothing vouches for them",
                None,
            ),
            sort(
                &self.not_yet,
                Kind::CurrentHour,
                "whose digest is not due yet",
                Some("verify again in an hour or two, or give --until"),
            ),
            sort(
                &self.second_trail,
                Kind::SecondTrail,
                "of another trail, without validation; every record in them stands in proven files too",
                None,
            ),
            Sort {
                group: &self.foreign,
                kind: Kind::ForeignObject,
                noun: "object",
                what: "in CloudTrail's folders, no log files by their names: nothing vouches for them",
                hint: Some("remove them, if they are yours"),
            },
        ]
    }
}

impl CellRun<'_, '_> {
    /// Tells every sort of which there are any.
    pub(super) fn close_aside(&mut self) {
        let aside = std::mem::take(&mut self.aside);
        for Sort { group, kind, noun, what, hint } in aside.sorts() {
            let message = format!("{} {what}", counted(group.count, noun));
            self.tell_group(group, kind, message, hint.map(str::to_owned));
        }
        for (bucket, group) in &aside.elsewhere {
            let message = format!("{} in the bucket `{bucket}`, which was not given", counted(group.count, "log file"));
            self.tell_group(group, Kind::OtherBucket, message, Some(format!("give it with --map {bucket}=PLACE")));
        }
        if aside.backfill > 0 {
            let message =
                format!("{} that AWS made later, for hours whose digests had failed", counted(aside.backfill, "backfill digest"));
            self.tell(note(Kind::Backfill, message).times(aside.backfill));
        }
    }

    fn tell_group(&mut self, group: &Group, kind: Kind, message: String, hint: Option<String>) {
        if group.count == 0 {
            return;
        }
        let finding = Finding { hint, key: group.example.clone(), ..unproven(kind, message).times(group.count) };
        self.tell(match group.between {
            Some((from, to)) => finding.between(from, more(to, TimeDelta::minutes(1))),
            None => finding,
        });
    }
}
