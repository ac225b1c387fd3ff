//! Documents that the user names: read whole, up to a limit, with the files that they name in turn.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// A document's text; `-` is standard input.
pub fn read(path: &Path) -> Result<String, Failure> {
    let name = path.display().to_string();
    if name == "-" {
        return text(std::io::stdin(), "standard input");
    }
    let file = std::fs::File::open(path).map_err(Failure::reading(&name))?;
    text(file, &name)
}

fn text(from: impl Read, name: &str) -> Result<String, Failure> {
    let limit = check::limits::FILE_BYTES_MAX;
    let mut bytes = Vec::new();
    from.take(limit + 1).read_to_end(&mut bytes).map_err(Failure::reading(name))?;
    if bytes.len() as u64 > limit {
        return Err(Failure::usage(format!("`{name}` is longer than {limit} bytes"), "give one document or script"));
    }
    String::from_utf8(bytes).map_err(|_| Failure::usage(format!("`{name}` is no text"), "documents and scripts are UTF-8"))
}

/// Reads files that a script names, from where the script is and from the folder beside it that has documents.
pub fn beside(script: &Path) -> impl Fn(&str) -> Option<String> {
    let folder = script.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    move |name: &str| {
        let places = [folder.join(name), folder.join("documents").join(name), PathBuf::from(name)];
        let found = places.iter().find(|place| std::fs::metadata(place).is_ok_and(|about| about.is_file()))?;
        read(found).ok()
    }
}
