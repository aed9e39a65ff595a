//! Node.js children: the bundle of npm packages and the variables that inject it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use super::{
    Environment, RunArgs,
    bundle::{self, Assets, NODE_LOCK},
    detect, python,
};

/// Instrumentations that report what a better one reports already: `http` covers `net` and `dns`, `express` its `router`.
const NOISE: &str = "fs,dns,net,router";

/// Readies Node.js, adds its variables to `environment`, and says what is instrumented.
pub async fn prepare(interpreter: &Path, assets: &Assets, args: &RunArgs, environment: &mut Environment) -> Result<String> {
    let version = version(interpreter).await?;
    if !supported(version) {
        bail!("Node.js {}.{} is too old to instrument: 18.19, 20.6 or newer is needed", version.0, version.1);
    }
    let bundle = match &args.bundle {
        Some(folder) => checked(folder)?,
        None => fetch(interpreter).await?,
    };
    environment.insert("LUNETA_NODE_BUNDLE".to_owned(), bundle.to_string_lossy().into_owned());
    // A quoted word, for NODE_OPTIONS is split at blanks.
    let hook = format!("--require \"{}\"", assets.path("node/register.cjs"));
    let inherited = std::env::var("NODE_OPTIONS").ok().filter(|value| !value.is_empty());
    environment.insert("NODE_OPTIONS".to_owned(), inherited.map_or(hook.clone(), |value| format!("{value} {hook}")));
    python::exclude(&args.exclude, "OTEL_NODE_DISABLED_INSTRUMENTATIONS", NOISE, environment);
    if !args.no_capture && std::env::var_os("OTEL_LOGS_EXPORTER").is_none() {
        // Loggers of Node.js write JSON with the ids of their spans, and what is printed is kept: once is enough.
        environment.insert("LUNETA_NODE_LOGS_EXPORTER".to_owned(), "none".to_owned());
    }
    if std::env::var_os("OTEL_NODE_RESOURCE_DETECTORS").is_none() {
        // Without those of the clouds, which ask the network at every start.
        environment.insert("OTEL_NODE_RESOURCE_DETECTORS".to_owned(), "env,host,os,serviceinstance".to_owned());
    }
    Ok(format!("Node.js {}.{}", version.0, version.1))
}

async fn version(interpreter: &Path) -> Result<(u32, u32)> {
    let output = Command::new(interpreter).arg("--version").env_remove("NODE_OPTIONS").output().await;
    let output = output.with_context(|| format!("cannot start {}", interpreter.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.trim().trim_start_matches('v').split('.').map_while(|number| number.parse().ok());
    let (Some(major), Some(minor)) = (numbers.next(), numbers.next()) else {
        bail!("{} does not work as Node.js", interpreter.display());
    };
    Ok((major, minor))
}

fn supported(version: (u32, u32)) -> bool {
    matches!(version, (18, 19..) | (20, 6..)) || version.0 > 20
}

/// A folder that the user prepared with `npm ci`.
fn checked(folder: &Path) -> Result<PathBuf> {
    let folder = std::path::absolute(folder)?;
    if !folder.join("node_modules/@opentelemetry/auto-instrumentations-node").is_dir() {
        bail!("{} holds no Node.js instrumentation: run `npm ci` in it", folder.display());
    }
    Ok(folder)
}

async fn fetch(interpreter: &Path) -> Result<PathBuf> {
    let name = format!("node-{}", bundle::fingerprint(NODE_LOCK[1].1));
    let npm = |target: &Path| {
        for (file, text) in NODE_LOCK {
            std::fs::write(target.join(file), text).ok()?;
        }
        // npm is a script for the node on PATH; the one that stands beside the child's fits best.
        let beside = interpreter.with_file_name("npm");
        let mut command = Command::new(if beside.is_file() { beside } else { detect::find("npm")? });
        command.args(["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
        Some(command)
    };
    bundle::fetch_once(&name, "fetching the instrumentation for Node.js, once", &[&npm]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_can_be_instrumented() {
        for (version, expected) in [
            ((16, 20), false),
            ((18, 18), false),
            ((18, 19), true),
            ((19, 9), false),
            ((20, 5), false),
            ((20, 6), true),
            ((22, 0), true),
        ] {
            assert_eq!(supported(version), expected, "{version:?}");
        }
    }
}
