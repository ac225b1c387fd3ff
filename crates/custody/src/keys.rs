//! The public keys that a home keeps: each is good for the Region it was asked of, and for no other.

use lake::{KeysSource, Lake, LakeError};
use seal::{KeyError, PublicKeys};

/// The keys of one kept answer.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Who said that they are the keys.
    pub source: KeysSource,
    /// The Region that was asked; none of a file that does not say it.
    pub region: Option<String>,
    /// The keys, each with its Region where that is known.
    pub keys: PublicKeys,
}

/// All that are kept.
#[derive(Debug, Default)]
pub struct AllKept {
    /// By the paths of their answers.
    pub answers: Vec<Kept>,
    /// Answers that hold no keys any longer: their path, and why.
    pub damaged: Vec<(String, KeyError)>,
}

impl AllKept {
    /// All keys.
    pub fn keys(&self) -> PublicKeys {
        let mut keys = PublicKeys::default();
        self.answers.iter().for_each(|kept| keys.extend(kept.keys.clone()));
        keys
    }
}

/// Reads the kept answers.
pub async fn kept(lake: &Lake) -> Result<AllKept, LakeError> {
    let mut all = AllKept::default();
    for kept in lake.kept_keys().await? {
        match PublicKeys::parse(kept.answer.as_bytes()) {
            Ok(keys) => {
                let keys = kept.region.as_deref().map_or(keys.clone(), |region| keys.of_region(region));
                all.answers.push(Kept { source: kept.source, region: kept.region, keys });
            }
            Err(error) => all.damaged.push((kept.path, error)),
        }
    }
    Ok(all)
}
