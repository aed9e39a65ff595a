//! Which files there are.

use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use super::Settings;
use crate::ReceiveError;

/// As shells have it: `*` is within a folder.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

/// Patterns of paths.
#[derive(Debug)]
pub(super) struct Patterns {
    include: Vec<String>,
    exclude: Vec<Pattern>,
}

impl Patterns {
    /// The patterns of a receiver.
    pub(super) fn new(settings: &Settings) -> Result<Self, ReceiveError> {
        let parse = |text: &String| {
            Pattern::new(text).map_err(|e| ReceiveError::Malformed(format!("`{text}` is no pattern of paths: {e}")))
        };
        for include in &settings.include {
            parse(include)?;
        }
        let exclude = settings.exclude.iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Self { include: settings.include.clone(), exclude })
    }

    /// The paths there are now, in their order. A folder that cannot be read has none.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for include in &self.include {
            // A path may be a name with brackets, and no pattern at all.
            if Path::new(include).is_file() {
                found.push(PathBuf::from(include));
            } else if let Ok(paths) = glob::glob_with(include, OPTIONS) {
                found.extend(paths.flatten());
            }
        }
        found.retain(|path| !self.exclude.iter().any(|pattern| pattern.matches_path_with(path, OPTIONS)));
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Whether a file's beginning is that of something packed.
pub(super) fn is_packed(beginning: &[u8]) -> bool {
    const MAGICS: [&[u8]; 5] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ", b"\x04\x22\x4d\x18"];
    MAGICS.iter().any(|magic| beginning.starts_with(magic))
}

/// Whether a file may be an older one of another, by its name: `app.log` and `app.log.1`, `app.log-20261122`,
/// `app-20261122.log`.
pub(super) fn may_be_rotated(path: &Path, of: &Path) -> bool {
    let (Some(name), Some(stem)) = (path.file_name(), of.file_stem()) else { return false };
    path != of && path.parent() == of.parent() && name.as_encoded_bytes().starts_with(stem.as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_find_files() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.log", "b.log", "b.log.1", "sub/c.log", "sub/deep/d.log", "odd[1].log", ".hidden.log"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let cases: [(&[&str], &[&str], &[&str]); 7] = [
            (&["*.log"], &[], &[".hidden.log", "a.log", "b.log", "odd[1].log"]),
            (&["*.log"], &["b*", ".*", "odd*"], &["a.log"]),
            (&["b.log*", "b.log"], &[], &["b.log", "b.log.1"]),
            (&["**/*.log"], &[".*", "[a-b]*", "odd*"], &["sub/c.log", "sub/deep/d.log"]),
            (&["*/?.log"], &[], &["sub/c.log"]),
            (&["odd[1].log"], &[], &["odd[1].log"]),
            (&["none/*"], &[], &[]),
        ];
        for (include, exclude, expected) in cases {
            let inside = |names: &[&str]| names.iter().map(|n| format!("{}/{n}", folder.path().display())).collect::<Vec<_>>();
            let settings = Settings { exclude: inside(exclude), ..Settings::new(inside(include)) };
            let found = Patterns::new(&settings).unwrap().paths();
            let names: Vec<_> = found.iter().map(|p| p.strip_prefix(folder.path()).unwrap().to_str().unwrap()).collect();
            assert_eq!(names, expected, "{include:?} {exclude:?}");
        }
        assert!(Settings::new(vec!["a***".into()]).check().is_err());
    }

    #[test]
    fn older_files_have_alike_names() {
        for (name, is) in [("/l/app.log.1", true), ("/l/app-1.log", true), ("/l/other.log", false), ("/m/app.log.1", false)] {
            assert_eq!(may_be_rotated(Path::new(name), Path::new("/l/app.log")), is, "{name}");
        }
    }
}
