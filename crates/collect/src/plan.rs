//! What a collection will cost and how long it will take, from its listing alone (`--plan`).
//!
//! Prices are list prices of us-east-1 in US dollars (S3 Standard and KMS pricing pages); other Regions differ by some
//! percent. Traffic is free inside a Region; traffic out of AWS is not counted, and the plan says so.

use serde::Serialize;

use crate::source::Requests;

/// Dollars for 1,000 LIST requests.
pub const LIST_DOLLARS_PER_1000: f64 = 0.005;
/// Dollars for 1,000 GET requests.
pub const GET_DOLLARS_PER_1000: f64 = 0.0004;
/// Dollars for 10,000 KMS requests.
pub const KMS_DOLLARS_PER_10000: f64 = 0.03;

/// Objects a second that one collector reads from S3: 32 at a time at 80 ms each.
pub const S3_OBJECTS_PER_S: f64 = 400.0;
/// Objects a second from a local disk.
pub const LOCAL_OBJECTS_PER_S: f64 = 5_000.0;
/// Compressed bytes a second that one collector reads, parses and keeps.
pub const KEPT_BYTES_PER_S: f64 = 20_000_000.0;

/// Where the deliveries are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Where {
    /// Requests cost money.
    S3,
    /// A folder or archive: nothing does.
    Local,
}

/// What the listing found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Deliveries to read: logs and digests that are not in the ledger yet.
    pub objects: u64,
    /// Their stored size.
    pub size_bytes: u64,
    /// Objects that are no deliveries.
    pub ignored: u64,
    /// Deliveries that the ledger has already.
    pub known: u64,
}

/// What a collection will take.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// Where the deliveries are.
    pub from: Where,
    /// Deliveries to read.
    pub objects: u64,
    /// Their stored size.
    pub size_bytes: u64,
    /// Objects that are no deliveries.
    pub ignored: u64,
    /// Deliveries that are here already.
    pub known: u64,
    /// List requests: made for this plan, and as many again when collecting.
    pub list_requests: u64,
    /// Read requests.
    pub read_requests: u64,
    /// KMS requests, if every object is encrypted with a key of its own.
    pub kms_requests_max: u64,
    /// Dollars for lists.
    pub list_dollars: f64,
    /// Dollars for reads.
    pub read_dollars: f64,
    /// Dollars for KMS, at most.
    pub kms_dollars_max: f64,
    /// Dollars altogether, at most, without traffic out of AWS.
    pub dollars_max: f64,
    /// Time that it will take.
    pub expected_s: u64,
    /// What the plan does not say.
    pub note: &'static str,
}

/// Counts and prices. `made` are the requests that the listing took.
pub fn plan(from: Where, counts: Counts, made: Requests) -> Plan {
    let list_requests = made.list.saturating_mul(2);
    let read_requests = made.read.saturating_add(counts.objects);
    let (list_dollars, read_dollars, kms_dollars_max) = match from {
        Where::Local => (0.0, 0.0, 0.0),
        Where::S3 => (
            per(list_requests, LIST_DOLLARS_PER_1000, 1_000.0),
            per(read_requests, GET_DOLLARS_PER_1000, 1_000.0),
            per(counts.objects, KMS_DOLLARS_PER_10000, 10_000.0),
        ),
    };
    Plan {
        from,
        objects: counts.objects,
        size_bytes: counts.size_bytes,
        ignored: counts.ignored,
        known: counts.known,
        list_requests,
        read_requests,
        kms_requests_max: if from == Where::S3 { counts.objects } else { 0 },
        list_dollars,
        read_dollars,
        kms_dollars_max,
        dollars_max: list_dollars + read_dollars + kms_dollars_max,
        expected_s: expected_s(from, counts),
        note: note(from),
    }
}

/// Whichever takes longer: asking for the objects, or digesting their bytes.
fn expected_s(from: Where, counts: Counts) -> u64 {
    let objects_per_s = if from == Where::S3 { S3_OBJECTS_PER_S } else { LOCAL_OBJECTS_PER_S };
    let asking_s = counts.objects as f64 / objects_per_s;
    let keeping_s = counts.size_bytes as f64 / KEPT_BYTES_PER_S;
    asking_s.max(keeping_s).ceil() as u64
}

fn note(from: Where) -> &'static str {
    match from {
        Where::S3 => "list prices of us-east-1; traffic out of AWS (to another Region or the internet) is not counted",
        Where::Local => "reading local files costs nothing",
    }
}

fn per(requests: u64, dollars: f64, unit: f64) -> f64 {
    requests as f64 / unit * dollars
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_objects() {
        let counts = Counts { objects: 1_000_000, size_bytes: 80_000_000_000, ignored: 3, known: 0 };
        let plan = plan(Where::S3, counts, Requests { list: 5_000, read: 0 });
        assert_eq!((plan.list_requests, plan.read_requests, plan.kms_requests_max), (10_000, 1_000_000, 1_000_000));
        assert!((plan.dollars_max - (0.05 + 0.4 + 3.0)).abs() < 1e-9, "{plan:?}");
        assert_eq!(plan.expected_s, 4_000);
        let json = serde_json::to_value(&plan).unwrap();
        assert_eq!(json["from"], "s3");
    }

    #[test]
    fn local_files_are_free() {
        let counts = Counts { objects: 10, size_bytes: 1_000, ..Counts::default() };
        let plan = plan(Where::Local, counts, Requests { list: 3, read: 0 });
        assert_eq!((plan.dollars_max, plan.expected_s, plan.kms_requests_max), (0.0, 1, 0));
    }
}
