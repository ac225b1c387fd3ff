//! SIGKILL between receiving and deleting, again and again: nothing is lost, nothing is stored twice.

use testbed::{Killer, Moto, Outcome, Stage, TestHome};

use super::{BUCKET, asked, event, events, key, log_file, notification, picked, record};

/// Kills that must have struck between receiving and deleting.
const KILLS_MIN: usize = 20;
/// Messages of each kind that are sent before each strike.
const MESSAGES: u32 = 4;
/// Strikes at most.
const STRIKES_MAX: u32 = 60;
/// Records of an object, and of the same number in events.
const RECORDS: u32 = 3;

const STAGES: [Stage; 5] = [Stage::Fetch, Stage::Rows, Stage::Ledger, Stage::Commit, Stage::LedgerCommit];

#[test]
fn killed_between_receiving_and_deleting() {
    let Some(moto) = Moto::start_hasty("queue::killed_between_receiving_and_deleting", BUCKET) else { return };
    let (queue, home, mut killer) = (moto.queue("crashes"), TestHome::folder(), Killer::new(7));
    let asked = asked(&moto, &home);
    let mut sent = 0;
    let mut inside = 0;
    for strike in 0..STRIKES_MAX {
        if inside >= KILLS_MIN {
            break;
        }
        let mut bodies = Vec::new();
        for number in sent..sent + MESSAGES {
            let numbers: Vec<u32> = (0..RECORDS).map(|at| number * 10 + at).collect();
            moto.put(BUCKET, &key(number), &log_file(&numbers));
            // The event of the first record as well; and one that no object brings.
            bodies.extend([notification(&key(number)), event("e", &record(number * 10)), event("e", &record(number * 10 + 9))]);
        }
        sent += MESSAGES;
        queue.send(&bodies);
        let stage = STAGES[strike as usize % STAGES.len()];
        let commands = (0..1 + strike as usize % 2).map(|_| asked.command(&["collect", &queue.source()])).collect();
        let outcomes = killer.strike("queue", commands, stage, 1);
        inside += outcomes.iter().filter(|outcome| !matches!(outcome, Outcome::Finished(_))).count();
    }
    assert!(inside >= KILLS_MIN, "only {inside} kills");
    println!("{inside} kills, {sent} objects, {} events by themselves", sent * 2);
    for _ in 0..30 {
        let summary = asked.collect(&queue.source(), 0);
        println!("{} in {} s; left {:?}", summary["messages"], summary["elapsed_s"], queue.left());
        assert_eq!(picked(&summary["records"], &["conflicting", "flawed"]), [0, 0], "{summary}");
        if queue.left() == (0, 0) {
            break;
        }
    }
    assert_eq!(queue.left(), (0, 0), "everything was deleted in the end");
    assert_eq!(events(&asked), u64::from(sent * (RECORDS + 1)), "every record once");
    let rows = "SELECT count(*) AS n FROM deliveries WHERE status = 'ingested'";
    assert_eq!(asked.number(rows), u64::from(sent * 3), "every delivery once");
    let listed = asked.collect(&format!("s3://{BUCKET}"), 0);
    assert_eq!(picked(&listed["objects"], &["found", "known"]), [u64::from(sent), u64::from(sent)], "{listed}");
}
