//! Public keys that are kept while collecting: AWS forgets them in time, and digests cannot be proven without.
//!
//! An answer of `ListPublicKeys` is kept with its source, whoever gave it: a file of the user's ([`Answer`]), or CloudTrail itself, which is
//! asked for each Region of which a digest names a key that is not known ([`Asker`]).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use aws::public_keys::{CloudTrailKeys, Origin};
use chrono::{DateTime, Utc};
use custody::vouch::{Answered, KeyAsker};
use lake::{KeysSource, Lake};
use prove::strict::KeySource;
use seal::{PublicKeys, public_keys_json};

use crate::exit::Failure;
use crate::lakes;
use crate::output::{self, clean};
use crate::settings::Context;

/// Largest file that is read.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// An answer that is to be kept.
pub struct Answer {
    region: Option<String>,
    source: KeysSource,
    json: String,
    keys: PublicKeys,
}

impl Answer {
    /// Reads an answer from a file; it must hold keys.
    pub fn read(file: &Path) -> Result<Answer, Failure> {
        let name = file.display().to_string();
        let size_bytes = std::fs::metadata(file).map_err(Failure::reading(&name))?.len();
        if size_bytes > FILE_BYTES_MAX {
            return Err(Failure::usage(format!("`{name}` holds {size_bytes} bytes, too many for public keys"), HINT));
        }
        let json = std::fs::read_to_string(file).map_err(Failure::reading(&name))?;
        let keys = PublicKeys::parse(json.as_bytes()).map_err(|error| Failure::usage(format!("`{name}`: {error}"), HINT))?;
        if keys.is_empty() {
            return Err(Failure::usage(format!("`{name}` holds no public key"), HINT));
        }
        Ok(Answer { region: None, source: KeysSource::File(name), json, keys })
    }

    /// The keys in it.
    pub fn into_keys(self) -> PublicKeys {
        self.keys
    }
}

/// CloudTrail, asked for what is not known.
pub struct Asker {
    keys: CloudTrailKeys,
    /// Why a Region's keys could not be had; told once.
    troubles: Mutex<BTreeMap<String, Trouble>>,
}

/// What went wrong, and whether the user knows.
struct Trouble {
    reason: String,
    is_told: bool,
}

impl Asker {
    /// With the credentials for everything else.
    pub async fn open(context: &Context) -> Asker {
        Asker { keys: CloudTrailKeys::open(&lakes::access(context)).await, troubles: Mutex::default() }
    }

    /// Tells what could not be asked, each Region once.
    pub fn tell(&self) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        for (region, trouble) in troubles.iter_mut().filter(|(_, trouble)| !trouble.is_told) {
            trouble.is_told = true;
            output::note(format!(
                "the public keys of {} could not be had from CloudTrail: {}; its digests wait for them, give them with --public-keys FILE",
                clean(region),
                clean(&trouble.reason)
            ));
        }
    }

    fn failed(&self, region: &str, reason: String) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.entry(region.to_owned()).or_insert(Trouble { reason, is_told: false });
    }
}

impl KeyAsker for Asker {
    fn ask(&self, region: &str, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<Answered> {
        let found = self.keys.keys(region, from, to).map_err(|reason| self.failed(region, reason)).ok()?;
        if found.keys.is_empty() {
            self.failed(region, format!("it knows none from {} to {}", from.date_naive(), to.date_naive()));
            return None;
        }
        let source = match self.keys.origin(region) {
            Origin::Aws(_) => KeysSource::Aws,
            Origin::Custom(endpoint) => KeysSource::Endpoint(endpoint),
        };
        // In one order, so that the same answer is kept once.
        let mut keys: Vec<_> = found.keys.iter().collect();
        keys.sort_by(|one, other| (&one.fingerprint, one.valid_from).cmp(&(&other.fingerprint, other.valid_from)));
        Some(Answered { source, json: public_keys_json(keys) })
    }
}

const HINT: &str = "make it with `aws cloudtrail list-public-keys --start-time TIME --end-time TIME --region REGION`";

/// Keeps answers; those that are kept already are left.
pub async fn keep(lake: &Lake, answers: &[Answer]) -> Result<(), Failure> {
    for answer in answers {
        lake.keep_keys(answer.region.as_deref(), &answer.source, &answer.json).await?;
    }
    Ok(())
}
