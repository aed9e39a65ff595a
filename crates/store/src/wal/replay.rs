//! Reading the log at start.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use luneta_model::Batch;

use super::record::Decoder;
use super::segment::{self, Found, HEADER_LEN, Header};
use crate::StoreError;

/// What the log held.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    /// Batches, in the order they were accepted.
    pub(crate) batches: Vec<Batch>,
    /// Segments on disk and their bytes.
    pub(crate) segments: Vec<(u64, u64)>,
    /// The number the next segment takes.
    pub(crate) next_number: u64,
    /// What could not be read.
    pub(crate) warnings: Vec<String>,
}

/// Reads all segments behind `position`, the last one whose rows are in the lake, and deletes the
/// others.
pub(crate) fn replay(dir: &Path, position: u64) -> Result<Replayed, StoreError> {
    fs::create_dir_all(dir).map_err(StoreError::io(dir))?;
    let mut out = Replayed { next_number: position + 1, ..Replayed::default() };
    for (number, path) in list(dir)? {
        if number <= position {
            fs::remove_file(&path).map_err(StoreError::io(&path))?;
            continue;
        }
        out.next_number = number + 1;
        let bytes = fs::read(&path).map_err(StoreError::io(&path))?;
        let good = read_segment(&path, number, &bytes, &mut out)?;
        if good < bytes.len() {
            truncate(&path, good).map_err(StoreError::io(&path))?;
        }
        out.segments.push((number, good as u64));
    }
    Ok(out)
}

fn list(dir: &Path) -> Result<Vec<(u64, PathBuf)>, StoreError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(StoreError::io(dir))? {
        let path = entry.map_err(StoreError::io(dir))?.path();
        if let Some(number) = segment::number(&path) {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found)
}

/// Adds the batches of a segment to `out`; returns where its readable part ends.
pub(super) fn read_segment(path: &Path, number: u64, bytes: &[u8], out: &mut Replayed) -> Result<usize, StoreError> {
    if bytes.len() < HEADER_LEN {
        // Nothing was acknowledged from a segment whose header never reached the disk.
        return Ok(bytes.len());
    }
    match segment::read_header(bytes, number) {
        Header::Good => {}
        Header::Damaged => {
            warn(out, format!("log segment {}: its header is damaged; the records behind it are read", path.display()));
        }
        Header::Newer(version) => {
            let reason = format!("version {version} is newer than this program reads; start the version that wrote it");
            return Err(StoreError::Segment { path: path.to_owned(), reason });
        }
    }
    let mut decoder = Decoder::default();
    let mut at = HEADER_LEN;
    loop {
        match segment::read_at(bytes, at) {
            Found::End => return Ok(at),
            Found::Record { payload, next } => {
                match decoder.decode(payload) {
                    Ok(batch) => out.batches.extend(batch),
                    Err(e) => warn(out, format!("log segment {}: record at byte {at} is lost: {e}", path.display())),
                }
                at = next;
            }
            Found::Damage { resume: Some(next) } => {
                warn(out, format!("log segment {}: {} damaged bytes at {at} are lost", path.display(), next - at));
                at = next;
            }
            Found::Damage { resume: None } => {
                let lost = bytes.len() - at;
                warn(out, format!("log segment {}: cut at byte {at}, {lost} bytes of an unfinished write", path.display()));
                return Ok(at);
            }
        }
    }
}

fn warn(out: &mut Replayed, warning: String) {
    tracing::warn!("{warning}");
    out.warnings.push(warning);
}

fn truncate(path: &Path, len: usize) -> io::Result<()> {
    let file: File = OpenOptions::new().write(true).open(path)?;
    file.set_len(len as u64)?;
    file.sync_all()
}
