//! What tests need beside Rust: Python packages, Node packages, a browser.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::shell::{root, run, target};

/// A Python with the packages of a requirements file, made once and kept beside the build.
///
/// # Errors
/// When there is no Python 3, or a package cannot be installed.
pub fn python(name: &str, requirements: &Path) -> Result<PathBuf> {
    let dir = target().join("python").join(name);
    let python = dir.join("bin/python");
    let stamp = dir.join("installed.txt");
    let wanted = std::fs::read_to_string(requirements).with_context(|| requirements.display().to_string())?;
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    std::fs::remove_dir_all(&dir).ok();
    run(Command::new("python3").args(["-m", "venv"]).arg(&dir)).context("Python 3 with venv is needed for these tests")?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements))?;
    std::fs::write(stamp, wanted)?;
    Ok(python)
}

/// A folder with the Node packages of a lock file.
///
/// # Errors
/// When npm fails.
pub fn node(folder: &Path) -> Result<PathBuf> {
    let stamp = folder.join("node_modules/installed.json");
    let lock = folder.join("package-lock.json");
    let wanted = std::fs::read_to_string(&lock).with_context(|| lock.display().to_string())?;
    if !std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder))?;
        std::fs::write(stamp, wanted)?;
    }
    Ok(folder.to_owned())
}

/// A Chromium, installed from the system's packages where that is possible.
///
/// # Errors
/// When there is none and it cannot be installed.
pub fn chromium() -> Result<PathBuf> {
    let found = || {
        let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
        let usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].map(PathBuf::from);
        named.into_iter().chain(usual).find(|p| p.is_file())
    };
    if let Some(path) = found() {
        return Ok(path);
    }
    if Command::new("apt-get").arg("--version").output().is_ok() {
        println!("installing Chromium from the system's packages");
        run(Command::new("apt-get").args(["update", "-qq"])).ok();
        run(Command::new("apt-get")
            .args(["install", "-y", "-qq", "--no-install-recommends", "chromium"])
            .env("DEBIAN_FRONTEND", "noninteractive"))
        .ok();
    }
    match found() {
        Some(path) => Ok(path),
        None => bail!("browser tests need Chromium: install it, or name one with CHROMIUM=/path"),
    }
}

/// Prometheus's server and `promtool`: those that are installed, or else those of Debian's package, unpacked beside
/// the build.
///
/// # Errors
/// When there is none and no package can be had.
pub fn prometheus() -> Result<[PathBuf; 2]> {
    let named = std::env::var_os("PROMTOOL").map(PathBuf::from);
    let folder = target().join("debian").join("prometheus");
    let unpacked = folder.join("usr/bin/promtool");
    let found = || {
        let places = named.clone().into_iter().chain([PathBuf::from("/usr/bin/promtool"), unpacked.clone()]);
        let both = places.map(|promtool| [promtool.with_file_name("prometheus"), promtool]);
        both.into_iter().find(|both| both.iter().all(|path| path.is_file()))
    };
    if let Some(both) = found() {
        return Ok(both);
    }
    unpack("Prometheus", &["prometheus"], &folder)?;
    match found() {
        Some(both) => Ok(both),
        None => bail!("tests of PromQL need Prometheus and promtool: install them, or name the latter with PROMTOOL=/path"),
    }
}

/// nginx: the one that is installed, or else that of Debian's package, unpacked beside the build.
///
/// # Errors
/// When there is none and no package can be had.
pub fn nginx() -> Result<PathBuf> {
    let folder = target().join("debian").join("nginx");
    let found = || {
        let places = [PathBuf::from("/usr/sbin/nginx"), folder.join("usr/sbin/nginx")];
        places.into_iter().find(|path| path.is_file())
    };
    if let Some(path) = found() {
        return Ok(path);
    }
    unpack("nginx", &["nginx"], &folder)?;
    found().context("tests of files need nginx: install it")
}

/// rsyslog: the one that is installed, or else that of Debian's packages, unpacked beside the build.
///
/// # Errors
/// When there is none and no package can be had.
pub fn rsyslog() -> Result<PathBuf> {
    let folder = target().join("debian").join("rsyslog");
    // It finds its libraries and modules only where it was built to be.
    let start = folder.join("rsyslogd.sh");
    let found = || {
        let places = [PathBuf::from("/usr/sbin/rsyslogd"), start.clone()];
        places.into_iter().find(|path| path.is_file())
    };
    if let Some(path) = found() {
        return Ok(path);
    }
    unpack("rsyslog", &["rsyslog", "libestr0", "libfastjson4"], &folder)?;
    if folder.join("usr/sbin/rsyslogd").is_file() {
        let script = "#!/bin/sh\nroot=$(dirname \"$0\")\nlib=$(echo \"$root\"/usr/lib/*-linux-gnu)\n\
                      LD_LIBRARY_PATH=\"$lib\" exec \"$root/usr/sbin/rsyslogd\" -M \"$lib/rsyslog\" \"$@\"\n";
        std::fs::write(&start, script)?;
        std::fs::set_permissions(&start, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    }
    found().context("tests of syslog need rsyslog: install it")
}

/// Unpacks Debian's packages into a folder, where there is an `apt-get`.
fn unpack(name: &str, packages: &[&str], folder: &Path) -> Result<()> {
    if Command::new("apt-get").arg("--version").output().is_err() {
        return Ok(());
    }
    println!("unpacking Debian's package of {name}");
    std::fs::create_dir_all(folder)?;
    run(Command::new("apt-get").args(["update", "-qq"])).ok();
    run(Command::new("apt-get").args(["download", "-qq"]).args(packages).current_dir(folder)).ok();
    run(Command::new("sh").args(["-c", "for package in *.deb; do dpkg -x \"$package\" .; done"]).current_dir(folder)).ok();
    Ok(())
}

/// A file of the workspace.
pub fn file(path: &str) -> PathBuf {
    root().join(path)
}
