//! Keeps the seal of a home: says, signed and linked, which commits, configuration and keys it holds.
//!
//! A commit of a table names its files with their SHA-256, so a statement over commits covers records, deliveries, evidence (the
//! ledger names it by its SHA-256) and verdicts. What a commit did is read back from the log, whoever made it and whenever: a
//! collector that was killed before it could seal is caught up with by the next one.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::TryStreamExt;
use lake::changes::{Change, What};
use lake::inspect::{LiveFile, TABLES, Table};
use lake::{Lake, LakeError};
use seal::chain::{Anchor, Chain};
use seal::hash::Hash;
use seal::statement::{Compacted, FORMAT, KeyReason, NewKey, OBJECTS_MAX, Object, Retired, Says, Statement, StatementError};
use seal::statement_key::{StatementKey, StatementKeyError};

use crate::statements::{self, Read};

/// Times that somebody else may be faster with the next statement.
const ATTEMPTS_MAX: usize = 100;
/// Folders of small documents, each of which is sealed by itself.
const DOCUMENTS: [&str; 2] = ["config", "evidence/keys"];

/// Why a home was not sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Another key's turn.
    #[error(
        "this home is sealed with the key {signer}, and here is the key {ours}; give that key with --seal-key FILE, or, if it is \
         lost, let this one take over: `trailkeep seal adopt`"
    )]
    OtherKey {
        /// Fingerprint of the key whose turn it is.
        signer: String,
        /// Fingerprint of the key at hand.
        ours: String,
    },
    /// A key that signs nothing more.
    #[error("the key {0} was replaced in this home and cannot come back; give another one with --seal-key FILE")]
    Retired(String),
    /// Nothing has to be adopted.
    #[error("the key {0}, whose turn it is, is at hand: nothing is lost, and `trailkeep seal rotate` replaces it")]
    NotLost(String),
    /// Nobody has sealed it.
    #[error("this home has no seal yet; `trailkeep collect` makes one")]
    Unsealed,
    /// No key was given.
    #[error("there is no key to seal with; give one with --seal-key FILE")]
    NoKey,
    /// The chain does not hold: nothing is put on top of it.
    #[error("the chain of statements does not hold ({0}); run `trailkeep verify --home`")]
    Broken(String),
    /// Others were faster, every time.
    #[error("others kept sealing first ({ATTEMPTS_MAX} attempts); run the same command again")]
    Contended,
    /// A statement could not be made.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The key could not be used.
    #[error(transparent)]
    Key(#[from] StatementKeyError),
    /// The home could not be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
}

/// What a sealing did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    /// Statements that were made.
    pub statements: u64,
    /// The home's own name, which moves with it.
    pub home: String,
    /// The last statement: keep it elsewhere.
    pub head: Option<Anchor>,
    /// Fingerprint of the key whose turn it is.
    pub key: Option<String>,
}

/// Whoever seals a home: knows what is sealed already, and goes on from there.
pub struct Sealer<'a> {
    lake: &'a Lake,
    /// The key whose turn it is.
    key: &'a StatementKey,
    /// The key that is to take over.
    successor: Option<&'a StatementKey>,
    read: Read,
    /// Name for a home that has none yet.
    name: String,
    /// The next version of each table that is to be sealed.
    next: BTreeMap<Table, i64>,
}

impl<'a> Sealer<'a> {
    /// Reads the chain as it stands. The first key is the one to seal with; a home whose turn is another one's among them is handed
    /// on to it. `name` becomes the home's if nobody has sealed it before.
    pub async fn open(lake: &'a Lake, keys: &'a [StatementKey], name: String) -> Result<Sealer<'a>, SealError> {
        let read = statements::read(lake, Chain::new()).await?;
        let current = keys.first().ok_or(SealError::NoKey)?;
        let key = match read.chain.signer() {
            Some(signer) => keys.iter().find(|key| key.fingerprint() == signer).unwrap_or(current),
            None => current,
        };
        let is_handed_on = key.fingerprint() != current.fingerprint() && !read.chain.has_retired(&current.fingerprint());
        let mut sealer = Sealer { lake, key, successor: is_handed_on.then_some(current), read, name, next: BTreeMap::new() };
        sealer.check()?;
        sealer.next = TABLES.into_iter().map(|table| (table, sealer.first_unsealed(table))).collect();
        Ok(sealer)
    }

    /// Lets a key take over from one that is lost. Only who pins the new one can know that this was no break-in.
    pub async fn adopt(lake: &'a Lake, keys: &'a [StatementKey], time: &str) -> Result<Sealed, SealError> {
        let read = statements::read(lake, Chain::new()).await?;
        let key = keys.first().ok_or(SealError::NoKey)?;
        let signer = read.chain.signer().ok_or(SealError::Unsealed)?.to_owned();
        if keys.iter().any(|key| key.fingerprint() == signer) {
            return Err(SealError::NotLost(signer));
        }
        if read.chain.has_retired(&key.fingerprint()) {
            return Err(SealError::Retired(key.fingerprint()));
        }
        let mut sealer = Sealer { lake, key, successor: None, read, name: String::new(), next: BTreeMap::new() };
        sealer.check_head()?;
        let before = sealer.read.next();
        sealer.introduce(KeyReason::Lost, time).await?;
        Ok(sealer.sealed(before))
    }

    /// Says what is new. `time` is RFC 3339.
    pub async fn seal(&mut self, time: &str) -> Result<Sealed, SealError> {
        let before = self.read.next();
        if self.read.chain.head().is_none() {
            self.introduce(KeyReason::First, time).await?;
        }
        if let Some(successor) = self.successor.take() {
            let new = NewKey::new(&successor.public()?, KeyReason::Rotated);
            self.say(Says::Key(new), time).await?;
            self.key = successor;
        }
        let new = self.news().await?;
        for says in new {
            self.say(says, time).await?;
        }
        Ok(self.sealed(before))
    }

    fn sealed(&self, before: u64) -> Sealed {
        let home = self.read.chain.home().unwrap_or(&self.name).to_owned();
        let key = self.read.chain.signer().map(str::to_owned);
        Sealed { statements: self.read.next() - before, home, head: self.read.chain.head(), key }
    }

    /// Nothing is said on top of a chain that does not hold, or out of turn.
    fn check(&self) -> Result<(), SealError> {
        if let Some(finding) = self.read.findings.first() {
            return Err(SealError::Broken(finding.to_string()));
        }
        match self.read.chain.signer() {
            Some(signer) if signer != self.key.fingerprint() => {
                Err(SealError::OtherKey { signer: signer.to_owned(), ours: self.key.fingerprint() })
            }
            _ => Ok(()),
        }
    }

    async fn introduce(&mut self, reason: KeyReason, time: &str) -> Result<(), SealError> {
        let key = NewKey::new(&self.key.public()?, reason);
        self.say(Says::Key(key), time).await
    }

    /// Everything that no statement covers yet, in an order in which it can be told.
    async fn news(&mut self) -> Result<Vec<Says>, SealError> {
        let mut objects = Vec::new();
        let mut events = Vec::new();
        for table in TABLES {
            let from = self.next.get(&table).copied().unwrap_or(0);
            let mut changes = self.lake.changes(table, from);
            while let Some(change) = changes.try_next().await? {
                objects.push(commit_object(&change));
                events.extend(event(&change));
                self.next.insert(table, change.version + 1);
            }
        }
        for folder in DOCUMENTS {
            objects.extend(self.documents(folder).await?);
        }
        Ok(Says::objects(objects).chain(events).collect())
    }

    /// Documents that are not sealed.
    async fn documents(&self, folder: &str) -> Result<Vec<Object>, SealError> {
        let listed: Vec<_> = self.lake.objects_in(folder).try_collect().await?;
        let mut new = Vec::new();
        for object in listed.into_iter().filter(|object| self.read.chain.live().get(&object.path).is_none()) {
            if let Some((size_bytes, sha256)) = self.lake.hash_object(&object.path).await? {
                new.push(Object { path: object.path, size_bytes, sha256: Hash(sha256) });
            }
        }
        new.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(new)
    }

    fn first_unsealed(&self, table: Table) -> i64 {
        let folder = format!("{}/_delta_log/", table.name());
        let versions = self
            .read
            .chain
            .live()
            .iter()
            .filter_map(|(path, _)| path.strip_prefix(&folder)?.strip_suffix(".json")?.parse::<i64>().ok());
        versions.max().map_or(0, |last| last + 1)
    }

    async fn say(&mut self, says: Says, time: &str) -> Result<(), SealError> {
        self.write(says, self.key, time).await
    }

    /// Writes the next statement. If somebody else has written one of that number, theirs is read and this one comes after it;
    /// what both of them tell is told twice, which harms nothing.
    async fn write(&mut self, says: Says, key: &StatementKey, time: &str) -> Result<(), SealError> {
        for _ in 0..ATTEMPTS_MAX {
            let number = self.read.next();
            let statement = Statement {
                format: FORMAT,
                number,
                previous: self.read.chain.head().map(|head| head.sha256),
                time: time.to_owned(),
                home: self.read.chain.home().unwrap_or(&self.name).to_owned(),
                says: says.clone(),
            };
            let file = Bytes::from(statement.sign(key)?);
            let is_ours = self.lake.create_object(&statements::path(number), file).await?;
            self.read.take(self.lake, number).await?;
            self.check_head()?;
            if is_ours {
                return Ok(());
            }
            self.check()?;
        }
        Err(SealError::Contended)
    }

    fn check_head(&self) -> Result<(), SealError> {
        self.read.findings.first().map_or(Ok(()), |finding| Err(SealError::Broken(finding.to_string())))
    }
}

fn commit_object(change: &Change) -> Object {
    Object { path: change.path.clone(), size_bytes: change.size_bytes, sha256: Hash(change.commit_sha256) }
}

/// A compaction or a retention has statements of its own, as many as its files need.
fn event(change: &Change) -> Vec<Says> {
    let version = change.version.unsigned_abs();
    match &change.what {
        What::Compacted(sum) => {
            let (removed, added) = (objects(&change.removed), objects(&change.added));
            let hash = format!("{:032x}", sum.sum);
            let compacted = |removed, added| {
                Says::Compacted(Compacted {
                    archive_version: version,
                    removed,
                    added,
                    records: sum.records,
                    records_hash_before: hash.clone(),
                    records_hash_after: hash.clone(),
                })
            };
            if removed.len() + added.len() <= OBJECTS_MAX {
                return vec![compacted(removed, added)];
            }
            let removals = removed.chunks(OBJECTS_MAX).map(|part| compacted(part.to_vec(), Vec::new()));
            removals.chain(added.chunks(OBJECTS_MAX).map(|part| compacted(Vec::new(), part.to_vec()))).collect()
        }
        What::Expired { day } => {
            let removed = objects(&change.removed);
            let records = change.removed.iter().filter_map(|file| file.rows).sum();
            let retired = |removed| {
                let why = "older than the longest retention of the event data stores".to_owned();
                Says::Retired(Retired { archive_version: version, day: day.clone(), removed, records, why })
            };
            removed.chunks(OBJECTS_MAX).map(|part| retired(part.to_vec())).collect()
        }
        _ => Vec::new(),
    }
}

/// Files whose SHA-256 the log knows; those from before format 3 have none and cannot be told.
fn objects(files: &[LiveFile]) -> Vec<Object> {
    let told = files.iter().filter_map(|file| {
        let sha256 = file.sha256.as_deref()?.parse().ok()?;
        Some(Object { path: file.path.clone(), size_bytes: file.size_bytes, sha256 })
    });
    told.collect()
}
