//! Checks a chain of statements, one file after the other.
//!
//! INVARIANT: what [`Chain::live`] tells comes from statements whose signature holds, by the key whose turn it was.
//!
//! What a chain can show: that nothing in it was changed, taken out or put in by somebody without the key. What it cannot show
//! alone: that its end was not cut off, and that its maker did not write all of it anew. Against the first helps an [`Anchor`] (a
//! copy of the head that is kept elsewhere), against both of them a pinned key whose private half is not in the home.

use std::collections::BTreeSet;

use crate::finding::{Finding, Wrong};
use crate::hash::Hash;
use crate::live::Live;
use crate::statement::{Compacted, KeyReason, NewKey, Says, Sealed, Statement};
use crate::statement_key::StatementPublicKey;

/// A place in a chain, and the file that stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The statement's number.
    pub number: u64,
    /// The SHA-256 of its whole file.
    pub sha256: Hash,
}

/// A chain, as far as it has been read. Its size is that of the objects it tells of.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    pins: BTreeSet<String>,
    anchors: Vec<Anchor>,
    head: Option<Anchor>,
    home: Option<String>,
    signer: Option<Signer>,
    retired: BTreeSet<String>,
    /// A key that nobody has vouched for, until somebody does.
    doubt: Option<Finding>,
    live: Live,
}

/// Whose turn it is to sign.
#[derive(Clone, Debug)]
struct Signer {
    key: StatementPublicKey,
    fingerprint: String,
    /// Pinned, or introduced by one that is.
    is_trusted: bool,
}

/// What became of one statement file.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What it says, if it is signed by whose turn it was.
    pub statement: Option<Statement>,
    /// What is wrong; nothing when it holds.
    pub findings: Vec<Finding>,
}

impl Chain {
    /// A chain whose first key is taken as it comes.
    pub fn new() -> Chain {
        Chain::default()
    }

    /// A chain that must be vouched for by one of these keys (fingerprints).
    pub fn pinned(pins: impl IntoIterator<Item = String>) -> Chain {
        Chain { pins: pins.into_iter().collect(), ..Chain::default() }
    }

    /// What the chain must hold, by a copy of its head that was kept elsewhere; call it for each.
    pub fn anchored(mut self, anchor: Anchor) -> Chain {
        self.anchors.push(anchor);
        self
    }

    /// Checks all statement files of a chain, in the order of their numbers.
    pub fn check<B: AsRef<[u8]>>(mut self, files: impl IntoIterator<Item = (u64, B)>) -> (Chain, Vec<Finding>) {
        let mut findings = Vec::new();
        for (number, file) in files {
            findings.extend(self.add(number, file.as_ref()).findings);
        }
        findings.extend(self.finish());
        (self, findings)
    }

    /// Checks the next statement file; `number` is the one in its name.
    pub fn add(&mut self, number: u64, file: &[u8]) -> Checked {
        let next = self.head.map_or(0, |head| head.number.saturating_add(1));
        if number < next {
            return Checked { statement: None, findings: vec![Finding { number, wrong: Wrong::Repeated }] };
        }
        let gap = (number > next).then(|| Finding { number: next, wrong: Wrong::Missing { until: number - 1 } });
        let follows = match self.head {
            _ if gap.is_some() => Follows::Unknown,
            None => Follows::Nothing,
            Some(head) => Follows::File(head.sha256),
        };
        let found = Hash::of(file);
        let mut wrong: Vec<Wrong> = self.not_as_anchored(number, found).into_iter().collect();
        let statement = self.accept(number, file, follows, &mut wrong).inspect_err(|error| wrong.push(error.clone())).ok();
        self.head = Some(Anchor { number, sha256: found });
        let of_this = wrong.into_iter().map(|wrong| Finding { number, wrong });
        Checked { statement, findings: gap.into_iter().chain(of_this).collect() }
    }

    /// What can only be said at the end: keys that nobody vouched for, and an end that came early.
    pub fn finish(&self) -> Vec<Finding> {
        let next = self.head.map_or(0, |head| head.number.saturating_add(1));
        let is_short = self.anchors.iter().any(|anchor| anchor.number >= next);
        let short = is_short.then_some(Finding { number: next, wrong: Wrong::EndsEarly });
        self.doubt.iter().cloned().chain(short).collect()
    }

    /// The last statement so far: what the next one follows on, and what to keep elsewhere.
    pub fn head(&self) -> Option<Anchor> {
        self.head
    }

    /// Fingerprint of the key whose turn it is.
    pub fn signer(&self) -> Option<&str> {
        self.signer.as_ref().map(|signer| signer.fingerprint.as_str())
    }

    /// Whether a key was replaced: it signs nothing more.
    pub fn has_retired(&self, fingerprint: &str) -> bool {
        self.retired.contains(fingerprint)
    }

    /// The home that the chain is about.
    pub fn home(&self) -> Option<&str> {
        self.home.as_deref()
    }

    /// The objects that the chain tells of.
    pub fn live(&self) -> &Live {
        &self.live
    }

    fn not_as_anchored(&self, number: u64, found: Hash) -> Option<Wrong> {
        let mut of_this = self.anchors.iter().filter(|anchor| anchor.number == number);
        let anchored = of_this.find(|anchor| anchor.sha256 != found)?.sha256;
        Some(Wrong::NotAsAnchored { found, anchored })
    }

    /// Takes in what a file says if it is signed by whose turn it is; an error says why it is not, `wrong` what else there is.
    fn accept(&mut self, number: u64, file: &[u8], follows: Follows, wrong: &mut Vec<Wrong>) -> Result<Statement, Wrong> {
        let sealed = Sealed::read(file).map_err(|error| Wrong::Unreadable(error.to_string()))?;
        let signer = self.signer_of(number, &sealed)?;
        if !sealed.verify(&signer.key) {
            return Err(Wrong::BadSignature { key: signer.fingerprint });
        }
        let statement = sealed.statement;
        if statement.number != number {
            return Err(Wrong::OtherNumber { said: statement.number });
        }
        let home = self.home.get_or_insert_with(|| statement.home.clone());
        if *home != statement.home {
            return Err(Wrong::OtherHome { said: statement.home, home: home.clone() });
        }
        self.take_turn(number, signer, &statement.says)?;
        wrong.extend(follows.compare(statement.previous));
        wrong.extend(records_differ(&statement.says));
        wrong.extend(self.live.apply(number, &statement.says));
        Ok(statement)
    }

    /// Who must have signed this statement.
    fn signer_of(&self, number: u64, sealed: &Sealed<'_>) -> Result<Signer, Wrong> {
        let key = sealed.key.clone();
        if self.retired.contains(&key) {
            return Err(Wrong::RetiredKey { key });
        }
        match (&sealed.statement.says, &self.signer) {
            (Says::Key(new), _) if new.reason != KeyReason::Rotated => self.by_itself(number, new),
            (_, Some(signer)) => Ok(signer.clone()),
            (_, None) => Err(Wrong::UnknownKey { key: key.clone() }),
        }
        .and_then(|signer| if signer.fingerprint == key { Ok(signer) } else { Err(Wrong::UnknownKey { key }) })
    }

    /// A key that vouches for itself is trusted if it is pinned, if it was before, or if nothing is pinned and it is the first.
    fn by_itself(&self, number: u64, new: &NewKey) -> Result<Signer, Wrong> {
        let signer = Signer::new(new, self.pins.contains(&new.fingerprint))?;
        let was_trusted = self.signer.as_ref().is_some_and(|now| now.is_trusted && now.fingerprint == signer.fingerprint);
        let is_first = self.pins.is_empty() && number == 0 && new.reason == KeyReason::First;
        Ok(Signer { is_trusted: signer.is_trusted || was_trusted || is_first, ..signer })
    }

    /// After a statement by `signer`: who signs the next one, and whether the chain up to here is vouched for.
    fn take_turn(&mut self, number: u64, signer: Signer, says: &Says) -> Result<(), Wrong> {
        let next = match says {
            Says::Key(new) if new.reason == KeyReason::Rotated => {
                if self.retired.contains(&new.fingerprint) {
                    return Err(Wrong::RetiredKey { key: new.fingerprint.clone() });
                }
                Signer::new(new, signer.is_trusted || self.pins.contains(&new.fingerprint))?
            }
            _ => signer.clone(),
        };
        if signer.is_trusted {
            // It follows on all that stands before, and so vouches for it.
            self.doubt = None;
        } else if let Says::Key(new) = says
            && new.reason != KeyReason::Rotated
        {
            let wrong = Wrong::NotIntroduced { key: new.fingerprint.clone(), reason: new.reason };
            self.doubt.get_or_insert(Finding { number, wrong });
        }
        let replaced = self.signer.replace(next).map(|signer| signer.fingerprint);
        self.retired.extend(replaced.filter(|fingerprint| Some(fingerprint.as_str()) != self.signer()));
        Ok(())
    }
}

impl Signer {
    fn new(new: &NewKey, is_trusted: bool) -> Result<Signer, Wrong> {
        let fingerprint = new.fingerprint.clone();
        let key = new.public().ok_or(Wrong::NoKey { key: fingerprint.clone() })?;
        Ok(Signer { key, fingerprint, is_trusted })
    }
}

/// What stands before a statement.
#[derive(Clone, Copy)]
enum Follows {
    /// It is the first.
    Nothing,
    /// This file.
    File(Hash),
    /// A file that is missing, which was found already.
    Unknown,
}

impl Follows {
    fn compare(self, said: Option<Hash>) -> Option<Wrong> {
        match self {
            Follows::Nothing => said.map(|said| Wrong::NotTheFirst { said }),
            Follows::File(found) => (said != Some(found)).then_some(Wrong::OtherPrevious { said, found }),
            Follows::Unknown => None,
        }
    }
}

fn records_differ(says: &Says) -> Option<Wrong> {
    let Says::Compacted(Compacted { records_hash_before: before, records_hash_after: after, .. }) = says else { return None };
    (before != after).then(|| Wrong::RecordsDiffer { before: before.clone(), after: after.clone() })
}

#[cfg(test)]
mod tests;
