//! The files behind dashboards.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_64;

/// Documents of one tenant.
const DOCUMENTS_MAX: usize = 1000;

/// Why nothing was done.
#[derive(Debug)]
pub enum Fault {
    /// There is none.
    Missing,
    /// There is another than the one expected.
    Changed,
    /// There are as many as may be.
    TooMany {
        /// How many that is.
        limit: usize,
    },
    /// The disk refused.
    Disk(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound { Self::Missing } else { Self::Disk(error) }
    }
}

/// What a writer takes to be there.
#[derive(Debug, PartialEq, Eq)]
pub enum Expected {
    /// It does not care.
    Whatever,
    /// No document.
    Nothing,
    /// Some document.
    Any,
    /// This one.
    Etag(String),
}

/// A document in a list.
#[derive(Debug)]
pub struct Listed {
    /// Its name.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// When it was last written.
    pub updated: SystemTime,
    /// Tells its content from others.
    pub etag: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Head {
    title: String,
    tags: Vec<String>,
}

/// Tells one content from another, as the header `ETag` has it.
pub fn etag(content: &[u8]) -> String {
    format!("\"{:016x}\"", xxh3_64(content))
}

fn path(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.json"))
}

/// All documents by title. Files that are none are passed over: people put files there.
pub fn list(folder: &Path) -> Result<Vec<Listed>, Fault> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut out = Vec::new();
    for entry in entries.take(4 * DOCUMENTS_MAX) {
        let name = entry?.file_name();
        let Some(id) = name.to_str().and_then(|name| name.strip_suffix(".json")) else { continue };
        let path = path(folder, id);
        let Ok(content) = fs::read(&path) else { continue };
        let Ok(Head { title, tags }) = serde_json::from_slice(&content) else { continue };
        let updated = fs::metadata(&path)?.modified()?;
        out.push(Listed { id: id.to_owned(), title, tags, updated, etag: etag(&content) });
    }
    out.sort_by(|a, b| (a.title.to_lowercase(), &a.id).cmp(&(b.title.to_lowercase(), &b.id)));
    Ok(out)
}

/// The content of a document.
pub fn read(folder: &Path, id: &str) -> Result<Vec<u8>, Fault> {
    Ok(fs::read(path(folder, id))?)
}

fn check(folder: &Path, id: &str, expected: &Expected) -> Result<(), Fault> {
    let known = match read(folder, id) {
        Err(Fault::Missing) => None,
        content => Some(etag(&content?)),
    };
    let fits = match expected {
        Expected::Whatever => true,
        Expected::Nothing => known.is_none(),
        Expected::Any => known.is_some(),
        Expected::Etag(etag) => known.as_ref() == Some(etag),
    };
    if fits { Ok(()) } else { Err(Fault::Changed) }
}

/// Writes a document whole or not at all.
pub fn write(folder: &Path, id: &str, content: &[u8], expected: &Expected) -> Result<(), Fault> {
    check(folder, id, expected)?;
    let path = path(folder, id);
    if !path.exists() && list(folder)?.len() >= DOCUMENTS_MAX {
        return Err(Fault::TooMany { limit: DOCUMENTS_MAX });
    }
    fs::create_dir_all(folder).map_err(Fault::Disk)?;
    let aside = folder.join(format!(".{id}.json.new"));
    let mut file = File::create(&aside).map_err(Fault::Disk)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&aside, &path)?;
    Ok(File::open(folder)?.sync_all()?)
}

/// Removes a document.
pub fn remove(folder: &Path, id: &str, expected: &Expected) -> Result<(), Fault> {
    check(folder, id, expected)?;
    fs::remove_file(path(folder, id))?;
    Ok(File::open(folder)?.sync_all()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        list(folder).unwrap().into_iter().map(|document| format!("{}:{}", document.id, document.title)).collect()
    }

    #[test]
    fn documents_are_kept_and_conflicts_told() {
        let root = std::env::temp_dir().join(format!("luneta-dashboards-{}", std::process::id()));
        let folder = root.join("dashboards");
        assert_eq!(names(&folder), Vec::<String>::new());
        let (first, second) = (br#"{"title":"b"}"#, br#"{"title":"a","tags":["x"]}"#);
        let steps: [(&str, &[u8], Expected, bool); 7] = [
            ("one", first, Expected::Any, false),
            ("one", first, Expected::Nothing, true),
            ("one", first, Expected::Nothing, false),
            ("one", second, Expected::Etag(etag(second)), false),
            ("one", second, Expected::Etag(etag(first)), true),
            ("two", first, Expected::Whatever, true),
            ("two", second, Expected::Whatever, true),
        ];
        for (id, content, expected, fits) in steps {
            let done = write(&folder, id, content, &expected);
            assert_eq!(done.is_ok(), fits, "{id} {expected:?} {done:?}");
        }
        fs::write(folder.join("notes.txt"), "mine").unwrap();
        fs::write(folder.join("broken.json"), "{").unwrap();
        assert_eq!(names(&folder), ["one:a", "two:a"]);
        assert!(matches!(remove(&folder, "one", &Expected::Etag(etag(first))), Err(Fault::Changed)));
        remove(&folder, "one", &Expected::Etag(etag(second))).unwrap();
        assert!(matches!(remove(&folder, "one", &Expected::Whatever), Err(Fault::Missing)));
        assert_eq!(names(&folder), ["two:a"]);
        fs::remove_dir_all(root).unwrap();
    }
}
