//! Files of this user alone, such as keys: created for nobody else to read, and never replaced.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::exit::Failure;
use crate::outside;

/// Largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// A small file's text; `None` if there is none.
pub fn read(file: &Path) -> io::Result<Option<String>> {
    let opened = match fs::File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    opened.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// A file's text; what `make` makes, if there is none. Of two who make one at the same time, both get the first one's.
pub fn read_or_make(file: &Path, make: impl FnOnce() -> Result<String, Failure>) -> Result<String, Failure> {
    let doing = |what| Failure::io(format!("{what} `{}`", file.display()));
    if let Some(text) = read(file).map_err(doing("reading"))? {
        return Ok(text);
    }
    let text = make()?;
    match write(file, text.as_bytes()) {
        Ok(()) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(read(file).map_err(doing("reading"))?.unwrap_or_default()),
        Err(error) => Err(doing("writing")(error)),
    }
}

/// Creates a file that nobody else may read; there must be none.
pub fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
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

/// Writes a file in one step, in the place of one that may be there.
pub fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = file.with_extension(outside::unique());
    write(&aside, bytes)?;
    fs::rename(&aside, file)
}
