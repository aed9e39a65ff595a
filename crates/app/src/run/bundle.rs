//! The files that Luneta puts beside a child: its own, embedded here, and packages fetched once into the user's cache.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use super::notice;

/// Path below the unpacked folder, and content.
pub type EmbeddedFile = (&'static str, &'static str);

/// The lock of the Python packages, with hashes.
pub const PYTHON_LOCK: &str = include_str!("../../inject/python/requirements.txt");

/// The manifest and lock of the Node.js packages.
pub const NODE_LOCK: [EmbeddedFile; 2] = [
    ("package.json", include_str!("../../inject/node/package.json")),
    ("package-lock.json", include_str!("../../inject/node/package-lock.json")),
];

const ASSETS: [EmbeddedFile; 12] = [
    ("python/path/sitecustomize.py", include_str!("../../inject/python/path/sitecustomize.py")),
    ("python/lib/luneta_inject/__init__.py", include_str!("../../inject/python/lib/luneta_inject/__init__.py")),
    ("python/lib/luneta_inject/databases.py", include_str!("../../inject/python/lib/luneta_inject/databases.py")),
    ("python/lib/luneta_inject/late_django.py", include_str!("../../inject/python/lib/luneta_inject/late_django.py")),
    ("python/lib/luneta_inject/lifetime.py", include_str!("../../inject/python/lib/luneta_inject/lifetime.py")),
    ("python/lib/luneta_inject/logs.py", include_str!("../../inject/python/lib/luneta_inject/logs.py")),
    ("python/lib/luneta_inject/output.py", include_str!("../../inject/python/lib/luneta_inject/output.py")),
    ("python/lib/luneta_inject/report.py", include_str!("../../inject/python/lib/luneta_inject/report.py")),
    ("python/lib/luneta_inject/versions.py", include_str!("../../inject/python/lib/luneta_inject/versions.py")),
    ("python/lib/luneta_inject/web.py", include_str!("../../inject/python/lib/luneta_inject/web.py")),
    ("python/probe.py", include_str!("../../inject/python/probe.py")),
    ("node/register.cjs", include_str!("../../inject/node/register.cjs")),
];

/// Makes the command line that fills the given folder, or none when its installer is not there.
pub type Attempt<'a> = &'a dyn Fn(&Path) -> Option<Command>;

/// Luneta's own files, unpacked.
#[derive(Debug, Clone)]
pub struct Assets {
    folder: PathBuf,
}

impl Assets {
    /// Unpacks the embedded files into the cache, unless this very version is there.
    pub fn unpack() -> Result<Assets> {
        Ok(Assets { folder: unpack("inject", &ASSETS)? })
    }

    /// The full path of one of the files or folders.
    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).to_string_lossy().into_owned()
    }
}

/// Unpacks embedded files into a folder of the cache that is named after their content.
pub fn unpack(name: &str, files: &[EmbeddedFile]) -> Result<PathBuf> {
    let content: String = files.iter().flat_map(|(path, text)| [*path, "\0", *text, "\0"]).collect();
    let folder = cache_folder()?.join(format!("{name}-{}", fingerprint(&content)));
    if folder.is_dir() {
        return Ok(folder);
    }
    let building = building_folder(&folder)?;
    for (path, text) in files {
        write(&building.join(path), text)?;
    }
    put_in_place(&building, &folder)?;
    Ok(folder)
}

/// Writes the lock files for someone who prepares a bundle for a machine without a registry.
pub fn write_locks(folder: &Path) -> Result<()> {
    write(&folder.join("requirements.txt"), PYTHON_LOCK)?;
    NODE_LOCK.iter().try_for_each(|(name, text)| write(&folder.join(name), text))
}

/// Returns the cached folder `name`, having it filled by one of `attempts` when it is not there.
///
/// The folder gets its name only when it is complete,
/// so that two starts at once do not disturb each other.
pub async fn fetch_once(name: &str, what: &str, attempts: &[Attempt<'_>]) -> Result<PathBuf> {
    let folder = cache_folder()?.join("instrumentation").join(name);
    if folder.is_dir() {
        return Ok(folder);
    }
    let building = building_folder(&folder)?;
    let installed = notice::while_doing(what, install(&building, attempts)).await;
    if let Err(error) = installed {
        let _ = std::fs::remove_dir_all(&building);
        return Err(error);
    }
    put_in_place(&building, &folder)?;
    Ok(folder)
}

async fn install(building: &Path, attempts: &[Attempt<'_>]) -> Result<()> {
    let mut last_fault = None;
    for attempt in attempts {
        let Some(mut command) = attempt(building) else { continue };
        // In our own folder, so that no module of the application comes in the installer's way.
        command.current_dir(building).stdin(Stdio::null()).kill_on_drop(true);
        for name in ["PYTHONPATH", "PYTHONHOME", "NODE_OPTIONS", "PIP_USER", "PIP_REQUIRE_VIRTUALENV"] {
            command.env_remove(name);
        }
        match command.output().await {
            Ok(output) if output.status.success() => return Ok(()),
            Ok(output) => last_fault = Some(last_lines(&output.stderr, &output.stdout)),
            Err(error) => last_fault = Some(error.to_string()),
        }
    }
    let fault = last_fault.unwrap_or_else(|| "no installer is there: neither pip, uv nor npm".to_owned());
    bail!(
        "cannot fetch the instrumentation packages:\n    {fault}\n  \
         without a way to the registry, prepare a folder elsewhere (luneta run --print-lock DIR) and pass --bundle FOLDER"
    )
}

/// The installer's last words, of which the reason is usually one.
fn last_lines(errors: &[u8], output: &[u8]) -> String {
    let text = if errors.is_empty() { output } else { errors };
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(3)..].join("\n    ")
}

/// A short name for a content, the same on every machine and in every version (FNV-1a).
pub fn fingerprint(content: &str) -> String {
    let hash =
        content.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

/// Luneta's folder in the user's cache.
pub fn cache_folder() -> Result<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    Ok(base.context("neither XDG_CACHE_HOME nor HOME is set, so there is no cache folder")?.join("luneta"))
}

fn building_folder(folder: &Path) -> Result<PathBuf> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or("folder");
    let building = folder.with_file_name(format!(".{name}.{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&building);
    std::fs::create_dir_all(&building).with_context(|| format!("cannot create {}", building.display()))?;
    Ok(building)
}

/// Gives a complete folder its name. When another start was faster, its folder is as good.
fn put_in_place(building: &Path, folder: &Path) -> Result<()> {
    let renamed = std::fs::rename(building, folder);
    if renamed.is_err() && folder.is_dir() {
        let _ = std::fs::remove_dir_all(building);
        return Ok(());
    }
    renamed.with_context(|| format!("cannot create {}", folder.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    }
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_faster_of_two_starts_wins() {
        let base = std::env::temp_dir().join(format!("luneta-bundle-{}", std::process::id()));
        let folder = base.join("done");
        for text in ["first", "second"] {
            let building = building_folder(&folder).expect("folder");
            write(&building.join("file"), text).expect("write");
            put_in_place(&building, &folder).expect("rename");
            assert!(!building.exists());
        }
        assert_eq!(std::fs::read_to_string(folder.join("file")).expect("read"), "first");
        std::fs::remove_dir_all(base).expect("clean");
    }

    #[test]
    fn fingerprints_are_stable() {
        assert_eq!(fingerprint(""), "cbf29ce484222325");
        assert_eq!(fingerprint("a"), "af63dc4c8601ec8c");
    }

    #[test]
    fn every_locked_package_has_a_hash() {
        let packages = PYTHON_LOCK.lines().filter(|line| line.contains("==")).count();
        let hashed = PYTHON_LOCK.split("==").skip(1).filter(|part| part.contains("--hash=sha256:")).count();
        assert!(packages > 40);
        assert_eq!(packages, hashed);
    }
}
