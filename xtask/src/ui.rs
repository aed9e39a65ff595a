//! Builds the UI, unless it is built already.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Result, bail};

use crate::shell::{root, run};

/// Runs npm in `ui/`.
pub fn npm(args: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(args).current_dir(root().join("ui"));
    command
}

/// Installs what `package-lock.json` names, unless it is there.
///
/// # Errors
/// When npm fails.
pub fn install() -> Result<()> {
    let ui = root().join("ui");
    let installed = modified(&ui.join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= modified(&ui.join("package-lock.json")) {
        return Ok(());
    }
    if Command::new("npm").arg("--version").output().is_err() {
        bail!("npm is missing; install Node.js 20 or later");
    }
    run(&mut npm(&["ci", "--no-audit", "--no-fund"]))
}

/// Builds `ui/dist` when a source is newer.
///
/// # Errors
/// When npm fails.
pub fn build() -> Result<()> {
    let ui = root().join("ui");
    let built = modified(&ui.join("dist/index.html"));
    let sources = ["src", "public", "build", "index.html", "package-lock.json", "vite.config.ts"].map(|p| newest(&ui.join(p)));
    if built.is_some() && built >= sources.into_iter().flatten().max() {
        return Ok(());
    }
    install()?;
    run(&mut npm(&["run", "build"]))
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|m| m.modified()).ok()
}

fn newest(path: &PathBuf) -> Option<SystemTime> {
    let Ok(entries) = std::fs::read_dir(path) else { return modified(path) };
    entries.flatten().filter_map(|e| newest(&e.path())).max()
}
