//! Files of this user alone, such as keys: created for nobody else to read, and never replaced.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::exit::Failure;

/// Largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// A small text file; none where there is none.
pub fn read(file: &Path) -> Result<Option<String>, Failure> {
    let opened = match fs::File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Failure::Io { doing: format!("reading `{}`", file.display()), source }),
    };
    let mut text = String::new();
    let read = opened.take(FILE_BYTES_MAX).read_to_string(&mut text);
    read.map_err(Failure::io(format!("reading `{}`", file.display())))?;
    Ok(Some(text))
}

/// A file's text; what `make` makes, if there is none. Of two who make one at the same time, both get the first one's.
pub fn read_or_make(file: &Path, make: impl FnOnce() -> Result<String, Failure>) -> Result<String, Failure> {
    if let Some(text) = read(file)? {
        return Ok(text);
    }
    let text = make()?;
    match write(file, text.as_bytes()) {
        Ok(()) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(read(file)?.unwrap_or_default()),
        Err(source) => Err(Failure::Io { doing: format!("writing `{}`", file.display()), source }),
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
