//! Saved results of queries: every file against the sign file, and its signature against a public key.

use std::fs;
use std::io::Read;
use std::path::Path;

use seal::PublicKeys;
use seal::hash::Hash;
use seal::keys::PublicKey;
use seal::query_results::{AWS_CLI_VALID, QueryResultsError, SIGN_FILE_BYTES_MAX, SIGN_FILE_NAME, SignFile};

use crate::exit::{Exit, Failure};
use crate::settings::Context;
use crate::{figures, output, results_key};

/// Largest file of results that is read, in bytes.
const RESULT_BYTES_MAX: u64 = 4 << 30;

/// Whether results were saved in this folder.
pub fn are_in(folder: &str) -> bool {
    Path::new(folder).join(SIGN_FILE_NAME).is_file()
}

/// Verifies the results in a folder.
pub fn verify(folder: &str, given: &[(String, PublicKeys)], context: &Context) -> Result<Exit, Failure> {
    let folder = Path::new(folder);
    match check(folder, given, context)? {
        Ok((files, whose)) => {
            output::line(format!("PROVEN: {}, signed by {whose}", figures::counted(files as u64, "file of results")))?;
            output::line(AWS_CLI_VALID)?;
            Ok(Exit::Fine)
        }
        Err(QueryResultsError::UnknownKey(fingerprint)) => {
            let printed = output::line(format!("NOT PROVEN: no public key `{}` is at hand", output::clean(&fingerprint)));
            output::note("give the keys of the account that saved the results: --public-keys FILE, an answer of ListPublicKeys");
            Exit::Partial.after(printed)
        }
        Err(error) => Exit::Integrity.after(output::line(format!("VIOLATED: {}", output::clean(&error.to_string())))),
    }
}

/// Number of files and whose key it is, or what is wrong with the results.
fn check(
    folder: &Path,
    given: &[(String, PublicKeys)],
    context: &Context,
) -> Result<Result<(usize, String), QueryResultsError>, Failure> {
    let signed = match SignFile::parse(&read(&folder.join(SIGN_FILE_NAME), SIGN_FILE_BYTES_MAX)?) {
        Ok(signed) => signed,
        Err(error) => return Ok(Err(error)),
    };
    // Names are only believed once they are the ones that CloudTrail gives: nothing outside of the folder is read.
    if let Err(error) = signed.check_names() {
        return Ok(Err(error));
    }
    for file in &signed.files {
        let path = folder.join(&file.file_name);
        if !path.is_file() {
            let gone = QueryResultsError::Format(format!("`{}` is missing", file.file_name));
            return Ok(Err(gone));
        }
        if let Err(error) = file.check(hash(&path)?) {
            return Ok(Err(error));
        }
    }
    let Some((key, whose)) = key_of(&signed.public_key_fingerprint, &signed.region, given, context)? else {
        return Ok(Err(QueryResultsError::UnknownKey(signed.public_key_fingerprint)));
    };
    Ok(signed.check_signature(&key).map(|()| (signed.files.len(), whose)))
}

/// The key with this fingerprint, and whose it is.
fn key_of(
    fingerprint: &str,
    region: &str,
    given: &[(String, PublicKeys)],
    context: &Context,
) -> Result<Option<(PublicKey, String)>, Failure> {
    for (origin, keys) in given {
        if let Some(key) = keys.find(fingerprint, region).find_map(|key| key.key.clone().ok()) {
            return Ok(Some((key, format!("key {fingerprint} of {origin}"))));
        }
    }
    let own = results_key::public(context)?.filter(|key| key.fingerprint() == fingerprint);
    Ok(own.map(|key| (key, format!("this user's own key {fingerprint}"))))
}

fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    let doing = || format!("reading `{}`", path.display());
    let mut bytes = Vec::new();
    let opened = fs::File::open(path).map_err(Failure::io(doing()))?;
    opened.take(bytes_max + 1).read_to_end(&mut bytes).map_err(Failure::io(doing()))?;
    Ok(bytes)
}

fn hash(path: &Path) -> Result<Hash, Failure> {
    let bytes = read(path, RESULT_BYTES_MAX)?;
    Ok(Hash::of(&bytes))
}
