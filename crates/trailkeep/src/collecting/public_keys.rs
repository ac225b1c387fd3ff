//! Public keys that are kept while collecting: AWS forgets them in time, and digests cannot be proven without.
//!
//! An answer of `ListPublicKeys` is kept with its source, whoever gave it. So far that is a file of the user's; what AWS itself
//! answers for a Region becomes another [`Answer`].

use std::path::Path;

use lake::{KeysSource, Lake};
use seal::PublicKeys;

use crate::exit::Failure;

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
        let doing = || format!("reading `{name}`");
        let size_bytes = std::fs::metadata(file).map_err(|source| Failure::Io { doing: doing(), source })?.len();
        if size_bytes > FILE_BYTES_MAX {
            return Err(Failure::usage(format!("`{name}` holds {size_bytes} bytes, too many for public keys"), HINT));
        }
        let json = std::fs::read_to_string(file).map_err(|source| Failure::Io { doing: doing(), source })?;
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

const HINT: &str = "make it with `aws cloudtrail list-public-keys --start-time TIME --end-time TIME --region REGION`";

/// Keeps answers; those that are kept already are left.
pub async fn keep(lake: &Lake, answers: &[Answer]) -> Result<(), Failure> {
    for answer in answers {
        lake.keep_keys(answer.region.as_deref(), &answer.source, &answer.json).await?;
    }
    Ok(())
}
