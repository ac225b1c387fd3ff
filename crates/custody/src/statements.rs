//! The statements of a home: read in their order, and written one after the other.

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use lake::{Lake, LakeError};
use seal::chain::{Anchor, Chain, Checked};
use seal::finding::Finding;
use seal::statement::Says;

use crate::retention::Told;

/// Folder of the statements.
const FOLDER: &str = "seal";
/// Digits of a statement's number in its name: names in order are statements in order.
const DIGITS: usize = 20;

/// Where a statement stands.
pub fn path(number: u64) -> String {
    format!("{FOLDER}/{number:0DIGITS$}.json")
}

/// The number in a statement's name.
fn number(path: &str) -> Option<u64> {
    let name = path.strip_prefix(FOLDER)?.strip_prefix('/')?.strip_suffix(".json")?;
    (name.len() == DIGITS).then(|| name.parse().ok()).flatten()
}

/// What a chain of statements says, and what is wrong with it.
pub struct Read {
    /// The chain.
    pub chain: Chain,
    /// What is wrong with single statements.
    pub findings: Vec<Finding>,
    /// How many statements were read.
    pub count: u64,
    /// Fingerprints of the keys that introduced themselves or were introduced, in their order.
    pub keys: Vec<String>,
    /// Days that they say are gone with the retention.
    pub retired: Vec<Told>,
    /// When the last one was made that holds.
    pub last_time: Option<DateTime<Utc>>,
}

/// The name that a home's first statement gives it, as long as that one can be read.
pub async fn home_name(lake: &Lake) -> Result<Option<String>, LakeError> {
    let Some(file) = lake.read_object(&path(0)).await? else { return Ok(None) };
    Ok(seal::statement::Sealed::read(&file).ok().map(|sealed| sealed.statement.home))
}

/// Reads all statements, from the first on.
pub async fn read(lake: &Lake, chain: Chain) -> Result<Read, LakeError> {
    let mut read = Read { chain, findings: Vec::new(), count: 0, keys: Vec::new(), retired: Vec::new(), last_time: None };
    let mut numbers: Vec<u64> =
        lake.objects_in(FOLDER).try_filter_map(async |object| Ok(number(&object.path))).try_collect().await?;
    numbers.sort_unstable();
    for number in numbers {
        read.take(lake, number).await?;
    }
    Ok(read)
}

impl Read {
    /// Reads the statement of that number; `false` if there is none.
    pub async fn take(&mut self, lake: &Lake, number: u64) -> Result<bool, LakeError> {
        let Some(file) = lake.read_object(&path(number)).await? else { return Ok(false) };
        let Checked { statement, findings } = self.chain.add(number, &file);
        self.findings.extend(findings);
        self.count += 1;
        let Some(statement) = statement else { return Ok(true) };
        // The statement was read, so its time is one.
        let time = statement.time.parse().unwrap_or_default();
        self.last_time = Some(time);
        match statement.says {
            Says::Key(key) => self.keys.push(key.fingerprint),
            Says::Retired(retired) => {
                self.retired.push(Told { day: retired.day, path: path(number), time });
            }
            Says::Objects(_) | Says::Compacted(_) => {}
        }
        Ok(true)
    }

    /// The number of the next statement.
    pub fn next(&self) -> u64 {
        self.chain.head().map_or(0, |head: Anchor| head.number + 1)
    }
}
