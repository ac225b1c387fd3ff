//! The key files: one that signs, and beside it those that it replaced.
//!
//! A key is replaced for all homes of a user at once, but a home learns of it when it is sealed next. So the replaced key stays beside the
//! new one, by its fingerprint, until every home has been handed on.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use seal::statement_key::StatementKey;

use crate::exit::Failure;
use crate::settings::Context;
use crate::{output, private};

/// Most replaced keys that are read.
const REPLACED_MAX: usize = 100;

/// The keys at hand: the one that signs, then those that it replaced. Made if there is none.
pub fn keys(context: &Context) -> Result<Vec<StatementKey>, Failure> {
    let file = key_file(context)?;
    let current = match private::read(&file) {
        Ok(Some(text)) => {
            warn_if_open(&file);
            parse(&file, &text)?
        }
        Ok(None) => make(&file)?,
        Err(source) => return Err(Failure::Io { doing: format!("reading the seal key `{}`", file.display()), source }),
    };
    let mut all = replaced(&file);
    all.retain(|key| key.fingerprint() != current.fingerprint());
    all.insert(0, current);
    Ok(all)
}

/// The fingerprint of the key that signs; `None` where there is none yet.
pub fn own(context: &Context) -> Option<String> {
    let text = private::read(&key_file(context).ok()?).ok().flatten()?;
    StatementKey::from_pem(&text).ok().map(|key| key.fingerprint())
}

/// Makes a new key and keeps the one before it beside it; the keys as they are then.
pub fn rotate(context: &Context) -> Result<Vec<StatementKey>, Failure> {
    let file = key_file(context)?;
    let before = keys(context)?;
    let old = before.first().ok_or_else(|| Failure::failed("there is no key to replace", ""))?;
    let doing = || format!("writing the seal key `{}`", file.display());
    let kept = beside(&file, &old.fingerprint());
    match private::write(&kept, pem(old)?.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(Failure::Io { doing: doing(), source: error }),
        _ => {}
    }
    let new = StatementKey::generate().map_err(|error| Failure::failed(error.to_string(), ""))?;
    // Whatever happens from here on: both keys are there, and the next seal hands homes on from the old one to the new one.
    private::replace(&file, pem(&new)?.as_bytes()).map_err(|source| Failure::Io { doing: doing(), source })?;
    keys(context)
}

/// Where the key is.
pub fn key_file(context: &Context) -> Result<PathBuf, Failure> {
    let missing = || Failure::failed("there is no home directory to keep the seal key in", "say where it is: --seal-key FILE");
    context.seal_key.value.as_ref().map(PathBuf::from).ok_or_else(missing)
}

/// Where a replaced key is kept: `seal-key-<fingerprint>.pem`.
pub fn beside(file: &Path, fingerprint: &str) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!("{stem}-{fingerprint}.pem"))
}

fn replaced(file: &Path) -> Vec<StatementKey> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let is_replaced = |name: &str| {
        let fingerprint =
            name.strip_prefix(&stem).and_then(|rest| rest.strip_prefix('-')).and_then(|rest| rest.strip_suffix(".pem"));
        fingerprint.is_some_and(|fingerprint| fingerprint.len() == 32 && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let listed = file.parent().and_then(|folder| fs::read_dir(folder).ok());
    let mut names: Vec<PathBuf> = listed.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    names.retain(|path| path.file_name().is_some_and(|name| is_replaced(&name.to_string_lossy())));
    names.sort();
    let texts = names.iter().take(REPLACED_MAX).filter_map(|path| private::read(path).ok().flatten());
    texts.filter_map(|text| StatementKey::from_pem(&text).ok()).collect()
}

fn parse(file: &Path, text: &str) -> Result<StatementKey, Failure> {
    let hint = "give another file with --seal-key";
    StatementKey::from_pem(text).map_err(|error| Failure::failed(format!("`{}`: {error}", file.display()), hint))
}

fn pem(key: &StatementKey) -> Result<String, Failure> {
    key.to_pem().map_err(|error| Failure::failed(error.to_string(), ""))
}

/// Makes a key and keeps it for this user alone. If another trailkeep was faster with the first key, it is that one.
fn make(file: &Path) -> Result<StatementKey, Failure> {
    let text = private::read_or_make(file, || {
        let key = StatementKey::generate().map_err(|error| Failure::failed(error.to_string(), ""))?;
        pem(&key)
    })?;
    parse(file, &text)
}

#[cfg(unix)]
fn warn_if_open(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(file).map_or(0, |metadata| metadata.permissions().mode() & 0o077);
    if mode != 0 {
        output::note(format!("others may read the seal key `{}`: chmod 600 it", file.display()));
    }
}

#[cfg(not(unix))]
fn warn_if_open(_: &Path) {}
