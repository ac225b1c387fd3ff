//! The end of each chain, as it was when this machine sealed last: a file a home, beside the key.

use std::fs;
use std::path::PathBuf;

use custody::sealer::Sealed;
use seal::chain::Anchor;
use serde::{Deserialize, Serialize};

use super::keys::key_file;
use crate::exit::Failure;
use crate::private;
use crate::settings::Context;

/// The end of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    /// The home's own name.
    home: String,
    /// Where it was.
    place: String,
    /// Number of the last statement.
    number: u64,
    /// SHA-256 of its file.
    sha256: String,
}

/// Keeps the head of a chain on this machine; one that is ahead is never put back.
pub(super) fn remember(sealed: &Sealed, context: &Context) -> Result<(), Failure> {
    let Some(head) = sealed.head else { return Ok(()) };
    let new = Head { home: sealed.home.clone(), place: place(context), number: head.number, sha256: head.sha256.to_string() };
    if heads(context)?.iter().any(|known| known.home == new.home && known.number >= new.number) {
        return Ok(());
    }
    let name: String = new.home.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let file = heads_folder(context)?.join(format!("{name}.json"));
    let body = serde_json::to_vec_pretty(&new).map_err(|error| Failure::failed(error.to_string(), ""))?;
    let doing = || format!("writing `{}`", file.display());
    private::replace(&file, &body).map_err(|source| Failure::Io { doing: doing(), source })
}

/// The head that this machine remembers of a home: by its own name, or by its place where the name is gone.
pub fn remembered(name: Option<&str>, context: &Context) -> Result<Option<Anchor>, Failure> {
    let found = known(name, context)?;
    Ok(found.and_then(|head| Some(Anchor { number: head.number, sha256: head.sha256.parse().ok()? })))
}

/// The name that the home at this place had when this machine sealed it last.
pub fn place_name(context: &Context) -> Result<Option<String>, Failure> {
    Ok(known(None, context)?.map(|head| head.home))
}

/// Where this machine sealed a home of this name last, if that was at another place: then one of the two is a copy of the other.
pub fn sealed_elsewhere(name: Option<&str>, context: &Context) -> Result<Option<String>, Failure> {
    let Some(name) = name else { return Ok(None) };
    let here = place(context);
    Ok(known(Some(name), context)?.map(|head| head.place).filter(|place| *place != here))
}

fn known(name: Option<&str>, context: &Context) -> Result<Option<Head>, Failure> {
    let place = place(context);
    Ok(heads(context)?.into_iter().find(|head| name.map_or(head.place == place, |name| head.home == name)))
}

fn heads(context: &Context) -> Result<Vec<Head>, Failure> {
    let Ok(listed) = fs::read_dir(heads_folder(context)?) else { return Ok(Vec::new()) };
    let texts = listed.flatten().filter_map(|file| private::read(&file.path()).ok().flatten());
    Ok(texts.filter_map(|text| serde_json::from_str(&text).ok()).collect())
}

fn heads_folder(context: &Context) -> Result<PathBuf, Failure> {
    Ok(key_file(context)?.with_file_name("heads"))
}

/// Where a home is, in one spelling.
fn place(context: &Context) -> String {
    let name = context.home_name();
    fs::canonicalize(name).map_or_else(|_| name.to_owned(), |path| path.display().to_string())
}
