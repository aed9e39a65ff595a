//! Python children: which interpreter and frameworks, the bundle for it, the variables that inject it.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use tokio::process::Command;

use super::{
    Environment, RunArgs,
    bundle::{self, Assets, PYTHON_LOCK},
    detect,
};

/// What the child's interpreter says of itself; `inject/python/probe.py` writes it.
#[derive(Debug, Deserialize)]
struct Interpreter {
    executable: String,
    version: (u32, u32, u32),
    tag: String,
    has_pip: bool,
    libraries: Vec<String>,
}

/// Readies Python, adds its variables to `environment`, and says what is instrumented.
pub async fn prepare(launcher: &[String], assets: &Assets, args: &RunArgs, environment: &mut Environment) -> Result<String> {
    let interpreter = probe(launcher, assets).await?;
    let (major, minor, patch) = interpreter.version;
    if (major, minor) < (3, 10) {
        bail!("{} is Python {major}.{minor}; OpenTelemetry needs 3.10 or newer", interpreter.executable);
    }
    let bundle = match &args.bundle {
        Some(folder) => checked(folder)?,
        None => fetch(&interpreter).await?,
    };
    environment.insert("LUNETA_PYTHON_BUNDLE".to_owned(), format!("{}={}", interpreter.tag, bundle.display()));
    let hook = assets.path("python/path");
    let inherited = std::env::var("PYTHONPATH").ok().filter(|value| !value.is_empty());
    environment.insert("PYTHONPATH".to_owned(), inherited.map_or(hook.clone(), |value| format!("{hook}:{value}")));
    exclude(&args.exclude, "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "", environment);
    let libraries: Vec<&str> =
        interpreter.libraries.iter().map(String::as_str).filter(|name| !args.exclude.iter().any(|out| out == name)).collect();
    let libraries = if libraries.is_empty() { String::new() } else { format!(" with {}", libraries.join(", ")) };
    Ok(format!("Python {major}.{minor}.{patch}{libraries}"))
}

/// Adds the libraries to leave alone to those the user's environment names already.
pub fn exclude(names: &[String], variable: &str, default: &str, environment: &mut Environment) {
    let inherited = std::env::var(variable).unwrap_or_else(|_| default.to_owned());
    let all: Vec<&str> = inherited.split(',').chain(names.iter().map(String::as_str)).filter(|name| !name.is_empty()).collect();
    if !all.is_empty() {
        environment.insert(variable.to_owned(), all.join(","));
    }
}

/// Asks the interpreter itself, the only one who knows.
async fn probe(launcher: &[String], assets: &Assets) -> Result<Interpreter> {
    let output = Command::new(&launcher[0])
        .args(&launcher[1..])
        .arg(assets.path("python/probe.py"))
        .stdin(Stdio::null())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .await
        .with_context(|| format!("cannot start {}", launcher.join(" ")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let answer = text.lines().last().and_then(|line| serde_json::from_str(line).ok());
    answer.with_context(|| {
        let said = String::from_utf8_lossy(&output.stderr);
        format!("{} does not work as a Python interpreter: {}", launcher.join(" "), said.trim())
    })
}

/// A folder that the user prepared with `pip install --target`.
fn checked(folder: &Path) -> Result<PathBuf> {
    let folder = std::path::absolute(folder)?;
    if !folder.join("opentelemetry").is_dir() {
        bail!("{} holds no Python instrumentation: it has no folder opentelemetry", folder.display());
    }
    Ok(folder)
}

async fn fetch(interpreter: &Interpreter) -> Result<PathBuf> {
    // pip reads a file, so the lock must be one.
    let lock = bundle::unpack("lock", &[("requirements.txt", PYTHON_LOCK)])?.join("requirements.txt");
    let name = format!("python-{}-{}", interpreter.tag, bundle::fingerprint(PYTHON_LOCK));
    let (major, minor, _) = interpreter.version;
    let what = format!("fetching the instrumentation for Python {major}.{minor}, once");
    let own_pip = |target: &Path| interpreter.has_pip.then(|| pip(&interpreter.executable, target, &lock));
    let uv = |target: &Path| {
        let mut command = Command::new(detect::find("uv")?);
        command.args(["pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"]);
        command.args(["--python", &interpreter.executable, "--compile-bytecode", "--target"]).arg(target).arg("-r").arg(&lock);
        Some(command)
    };
    let other_pip = |target: &Path| {
        let python = detect::find("python3").or_else(|| detect::find("python"))?;
        let mut command = pip(&python.to_string_lossy(), target, &lock);
        command.arg("--python-version").arg(format!("{major}.{minor}")).args(["--implementation", "cp"]);
        Some(command)
    };
    bundle::fetch_once(&name, &what, &[&own_pip, &uv, &other_pip]).await
}

fn pip(python: &str, target: &Path, lock: &Path) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps"]);
    command.args(["--require-hashes", "--only-binary", ":all:", "--target"]).arg(target).arg("-r").arg(lock);
    command
}
