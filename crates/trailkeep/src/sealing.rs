//! The key that seals homes, and the copy of each chain's last statement that is kept beside it.
//!
//! Key and copies lie outside of every home, in the user's configuration folder: who can write into a home cannot sign for it, and
//! cannot cut its chain short without this machine knowing.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use custody::sealer::{SealError, Sealed, Sealer};
use lake::Lake;
use seal::chain::Anchor;
use seal::statement_key::StatementKey;
use serde::{Deserialize, Serialize};

use crate::exit::Failure;
use crate::settings::Context;
use crate::{output, outside};

/// Largest key file or copy of a head that is read, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The end of a chain, as it was when this machine sealed last.
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

/// Seals what is new in a home; a home that cannot be sealed is told and does not stop the work.
pub async fn seal(lake: &Lake, context: &Context) -> Option<Sealed> {
    match try_seal(lake, context).await {
        Ok(sealed) => Some(sealed),
        Err(failure) => {
            output::note(format!("not sealed: {}", failure.text()));
            None
        }
    }
}

/// Seals what is new in a home.
async fn try_seal(lake: &Lake, context: &Context) -> Result<Sealed, Failure> {
    let key = key(context)?;
    let mut sealer = Sealer::open(lake, &key, outside::unique()).await.map_err(failed)?;
    let sealed = sealer.seal(&time()).await.map_err(failed)?;
    remember(&sealed, context)?;
    Ok(sealed)
}

/// The time, as statements have it.
fn time() -> String {
    outside::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// The key, made if there is none.
fn key(context: &Context) -> Result<StatementKey, Failure> {
    let file = key_file(context)?;
    match read(&file) {
        Ok(Some(text)) => {
            warn_if_open(&file);
            let hint = "give another file with --seal-key";
            StatementKey::from_pem(&text).map_err(|error| Failure::failed(format!("`{}`: {error}", file.display()), hint))
        }
        Ok(None) => make(&file),
        Err(source) => Err(Failure::Io { doing: format!("reading the seal key `{}`", file.display()), source }),
    }
}

/// Makes a key and keeps it for this user alone.
fn make(file: &Path) -> Result<StatementKey, Failure> {
    let key = StatementKey::generate().map_err(|error| Failure::failed(error.to_string(), ""))?;
    let text = key.to_pem().map_err(|error| Failure::failed(error.to_string(), ""))?;
    let doing = || format!("writing the seal key `{}`", file.display());
    match write_private(file, text.as_bytes()) {
        Ok(()) => Ok(key),
        // Another trailkeep was faster with the first key of this user.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let text = read(file).map_err(|source| Failure::Io { doing: doing(), source })?.unwrap_or_default();
            StatementKey::from_pem(&text).map_err(|error| Failure::failed(format!("`{}`: {error}", file.display()), ""))
        }
        Err(source) => Err(Failure::Io { doing: doing(), source }),
    }
}

/// Where the key is.
fn key_file(context: &Context) -> Result<PathBuf, Failure> {
    let missing = || Failure::failed("there is no home directory to keep the seal key in", "say where it is: --seal-key FILE");
    context.seal_key.value.as_ref().map(PathBuf::from).ok_or_else(missing)
}

/// Keeps the head of a chain on this machine; one that is ahead is never put back.
fn remember(sealed: &Sealed, context: &Context) -> Result<(), Failure> {
    let Some(head) = sealed.head else { return Ok(()) };
    let new = Head { home: sealed.home.clone(), place: place(context), number: head.number, sha256: head.sha256.to_string() };
    if heads(context)?.iter().any(|known| known.home == new.home && known.number >= new.number) {
        return Ok(());
    }
    let name: String = new.home.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let file = heads_folder(context)?.join(format!("{name}.json"));
    let body = serde_json::to_vec_pretty(&new).map_err(|error| Failure::failed(error.to_string(), ""))?;
    let doing = || format!("writing `{}`", file.display());
    replace(&file, &body).map_err(|source| Failure::Io { doing: doing(), source })
}

/// The head that this machine remembers of a home: by its own name, or by its place where the name is gone.
pub fn remembered(name: Option<&str>, context: &Context) -> Result<Option<Anchor>, Failure> {
    let place = place(context);
    let mut known = heads(context)?.into_iter();
    let found = known.find(|head| name.map_or(head.place == place, |name| head.home == name));
    Ok(found.and_then(|head| Some(Anchor { number: head.number, sha256: head.sha256.parse().ok()? })))
}

fn heads(context: &Context) -> Result<Vec<Head>, Failure> {
    let Ok(listed) = fs::read_dir(heads_folder(context)?) else { return Ok(Vec::new()) };
    let texts = listed.flatten().filter_map(|file| read(&file.path()).ok().flatten());
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

fn failed(error: SealError) -> Failure {
    Failure::failed(error.to_string(), "")
}

fn read(file: &Path) -> io::Result<Option<String>> {
    use std::io::Read;
    let opened = match fs::File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    opened.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// Creates a file that nobody else may read; there must be none.
fn write_private(file: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut written = options.open(file)?;
    written.write_all(bytes)?;
    written.sync_all()
}

/// Writes a file in one step.
fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = file.with_extension(outside::unique());
    write_private(&aside, bytes)?;
    fs::rename(&aside, file)
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
