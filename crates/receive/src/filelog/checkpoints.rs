//! Positions, kept in a file beside the data: it is written anew, and takes the old one's place when it is on the disk.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::print::Print;

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Its last name.
    pub(super) path: PathBuf,
    pub(super) device: u64,
    pub(super) inode: u64,
    /// Its beginning.
    pub(super) head: Print,
    /// Up to where all is handed on, and durable.
    pub(super) offset: u64,
    /// What is before that.
    pub(super) tail: Print,
}

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    files: Vec<Mark>,
}

const VERSION: u32 = 1;

/// The positions that were kept; none where there is no file.
pub(super) fn load(path: &Path) -> io::Result<Vec<Mark>> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let written: Written = serde_json::from_slice(&text).map_err(io::Error::other)?;
    if written.version != VERSION {
        return Err(io::Error::other(format!("version {} of positions is not known", written.version)));
    }
    Ok(written.files)
}

/// Keeps positions.
pub(super) fn store(path: &Path, files: Vec<Mark>) -> io::Result<()> {
    let text = serde_json::to_vec(&Written { version: VERSION, files }).map_err(io::Error::other)?;
    let fresh = path.with_extension("new");
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = File::create(&fresh)?;
    file.write_all(&text)?;
    file.sync_data()?;
    fs::rename(&fresh, path)?;
    // The name is durable when its folder is.
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
