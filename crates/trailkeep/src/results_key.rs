//! The key that signs saved results: RSA, as CloudTrail's own, of this user, kept beside the seal key and never in a home.

use std::path::PathBuf;

use seal::keys::PublicKey;
use seal::signing::{RsaError, RsaKey};

use crate::exit::Failure;
use crate::private;
use crate::settings::Context;

/// Name of its file, beside the seal key.
const FILE_NAME: &str = "results-key.pem";

/// The key, made if there is none.
pub fn open(context: &Context) -> Result<RsaKey, Failure> {
    let file = file(context)?;
    let text = private::read_or_make(&file, || RsaKey::generate().and_then(|key| key.to_pem()).map_err(failed))?;
    RsaKey::from_pem(&text)
        .map_err(|error| Failure::failed(format!("`{}`: {error}", file.display()), "remove the file to begin with a new key"))
}

/// The public half of this user's key, if there is one.
pub fn public(context: &Context) -> Result<Option<PublicKey>, Failure> {
    let file = file(context)?;
    let text = private::read(&file).map_err(Failure::reading(file.display()))?;
    let Some(text) = text else { return Ok(None) };
    RsaKey::from_pem(&text).and_then(|key| key.public()).map(Some).map_err(failed)
}

fn file(context: &Context) -> Result<PathBuf, Failure> {
    let missing = || Failure::failed("there is no home directory to keep the key in", "say where it is: --seal-key FILE");
    let seal_key = context.seal_key.value.as_ref().map(PathBuf::from).ok_or_else(missing)?;
    Ok(seal_key.with_file_name(FILE_NAME))
}

fn failed(error: RsaError) -> Failure {
    Failure::failed(error.to_string(), "")
}
