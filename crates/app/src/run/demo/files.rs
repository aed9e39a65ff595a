//! The demo's sources, embedded in the binary, and the virtual environment they run in.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use crate::run::{
    bundle::{self, EmbeddedFile},
    detect, notice,
};

const REQUIREMENTS: &str = include_str!("../../../../../demo/requirements.txt");

const SOURCES: [EmbeddedFile; 7] = [
    ("requirements.txt", REQUIREMENTS),
    ("spam/app.py", include_str!("../../../../../demo/spam/app.py")),
    ("eggs/app.py", include_str!("../../../../../demo/eggs/app.py")),
    ("dice/app.py", include_str!("../../../../../demo/dice/app.py")),
    ("etl/job.py", include_str!("../../../../../demo/etl/job.py")),
    ("worker/worker.py", include_str!("../../../../../demo/worker/worker.py")),
    ("load/load.py", include_str!("../../../../../demo/load/load.py")),
];

/// Unpacks the sources and returns their folder.
pub fn unpack() -> Result<PathBuf> {
    bundle::unpack("demo", &SOURCES)
}

/// Returns the Python of a virtual environment that has the demo's packages, making it first if need be.
pub async fn virtual_environment(chosen: Option<&Path>) -> Result<PathBuf> {
    let name = format!("demo-venv-{}", bundle::fingerprint(REQUIREMENTS));
    let folder = match chosen {
        Some(folder) => std::path::absolute(folder)?,
        None => bundle::cache_folder()?.join(name),
    };
    let python = folder.join("bin/python");
    // Written last: a virtual environment cannot be renamed into place, its scripts hold its path.
    let complete = folder.join("luneta-demo-packages");
    if std::fs::read_to_string(&complete).is_ok_and(|text| text == bundle::fingerprint(REQUIREMENTS)) {
        return Ok(python);
    }
    let sources = unpack()?;
    notice::while_doing("fetching the demo's packages, once", fill(&folder, &python, &sources)).await?;
    std::fs::write(&complete, bundle::fingerprint(REQUIREMENTS)).context("cannot finish the virtual environment")?;
    Ok(python)
}

async fn fill(folder: &Path, python: &Path, sources: &Path) -> Result<()> {
    let lock = sources.join("requirements.txt");
    if let Some(uv) = detect::find("uv") {
        let mut create = Command::new(&uv);
        create.args(["venv", "--quiet", "--allow-existing", "--python", ">=3.10"]).arg(folder);
        let mut install = Command::new(&uv);
        install.args(["pip", "install", "--quiet", "--no-deps", "--require-hashes", "--python"]).arg(python).arg("-r").arg(lock);
        succeed(create).await?;
        return succeed(install).await;
    }
    let system = ["python3", "python"].iter().find_map(|name| detect::find(name));
    let system = system.context("the demo needs Python 3.10 or newer on PATH")?;
    let mut create = Command::new(system);
    create.args(["-m", "venv"]).arg(folder);
    succeed(create).await?;
    let mut install = Command::new(python);
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--no-deps",
        "--require-hashes",
    ]);
    install.arg("-r").arg(lock);
    succeed(install).await
}

async fn succeed(mut command: Command) -> Result<()> {
    command.stdin(Stdio::null()).env_remove("PYTHONPATH").kill_on_drop(true);
    let output = command.output().await.context("cannot make the demo's virtual environment")?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = errors.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines[lines.len().saturating_sub(3)..].join("\n    ");
    bail!("cannot make the demo's virtual environment:\n    {last}\n  without a registry, make one elsewhere and pass --venv DIR")
}
