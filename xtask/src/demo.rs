//! `cargo xtask demo`.

use std::process::Command;

use anyhow::Result;

use crate::shell::{cargo, luneta, run, step};
use crate::ui;

/// Builds what is not built, then hands over to `luneta demo`.
///
/// # Errors
/// When a build or the demo fails.
pub fn run_demo(args: &[String]) -> Result<()> {
    build()?;
    run(Command::new(luneta()).arg("demo").args(args))
}

/// UI and server.
///
/// # Errors
/// When a build fails.
pub fn build() -> Result<()> {
    step("build the UI", ui::build)?;
    step("build the server (the first time takes about twenty minutes on two cores)", || {
        run(&mut cargo(&["build", "--release", "--package", "luneta"]))
    })
}
