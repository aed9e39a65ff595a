//! `cargo xtask test`: every test of the project.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::shell::{cargo, luneta, run, step, target};
use crate::{demo, tidy, tools, ui};

/// Runs all steps; the first that fails ends the run.
///
/// # Errors
/// Those of the step that failed.
pub fn run_tests(quick: bool) -> Result<()> {
    let started = Instant::now();
    step("structure", tidy::structure)?;
    step("UI: packages", ui::install)?;
    step("UI: build", ui::build)?;
    step("UI: types, messages, budgets", || run(&mut ui::npm(&["run", "check"])))?;
    step("UI: unit tests", || run(&mut ui::npm(&["test"])))?;
    demo::build()?;
    step("Rust tests", || rust(quick))?;
    if !quick {
        step("demo: every signal of every service", || {
            let data = fresh("demo-check")?;
            run(Command::new(luneta()).args(["demo", "--for", "60s", "--check", "--listen", "127.0.0.1:0", "--data"]).arg(data))
        })?;
        step("UI in a browser", browser)?;
    }
    println!("\nall steps passed in {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn rust(quick: bool) -> Result<()> {
    let mut command = cargo(&["test", "--release", "--workspace", "--no-fail-fast"]);
    command.env("LUNETA_BIN", luneta());
    if quick {
        command.args(["--exclude", "luneta-tests"]);
    } else {
        command.env("LUNETA_TEST_PYTHON", tools::python("tests", &tools::file("tests/python/requirements.txt"))?);
        command.env("LUNETA_TEST_NODE", tools::node(&tools::file("tests/node"))?);
    }
    run(&mut command)
}

fn fresh(name: &str) -> Result<std::path::PathBuf> {
    let dir = target().join("test-data").join(name);
    std::fs::remove_dir_all(&dir).ok();
    std::fs::create_dir_all(&dir)?;
    Ok(dir)
}

/// The demo stays up while the browser looks at it.
fn browser() -> Result<()> {
    let chromium = tools::chromium()?;
    let data = fresh("browser")?;
    let child = Command::new(luneta())
        .args(["demo", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start the demo")?;
    let mut demo = Stopped(child);
    if let Some(stderr) = demo.0.stderr.take() {
        std::thread::spawn(move || {
            BufReader::new(stderr).lines().map_while(Result::ok).for_each(|line| println!("  demo: {line}"));
        });
    }
    let url = wait_for_telemetry(&mut demo.0, &data)?;
    run(ui::npm(&["run", "e2e"]).env("LUNETA_URL", url).env("CHROMIUM", chromium))
}

/// Ends the demo as a person would, with SIGINT.
struct Stopped(Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        let pid = self.0.id().to_string();
        Command::new("kill").args(["-INT", &pid]).status().ok();
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        self.0.kill().ok();
    }
}

/// The address of the demo's server, once spans of both services and logs are there.
fn wait_for_telemetry(demo: &mut Child, data: &std::path::Path) -> Result<String> {
    let deadline = Instant::now() + Duration::from_mins(5);
    let sql =
        "SELECT count(*) FROM (SELECT DISTINCT s.service_name FROM spans s WHERE s.service_name IN ('spam','eggs','dice')) x";
    while Instant::now() < deadline {
        if let Some(status) = demo.try_wait()? {
            bail!("the demo ended early: {status}");
        }
        if let Ok(text) = std::fs::read(data.join("luneta.addresses.json")) {
            let addresses: serde_json::Value = serde_json::from_slice(&text)?;
            let answer = Command::new(luneta()).args(["query", "-o", "csv", sql, "--data"]).arg(data).output()?;
            if String::from_utf8_lossy(&answer.stdout).trim().ends_with('3') {
                return addresses["http"].as_str().map(ToOwned::to_owned).context("no address of the API");
            }
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    bail!("the demo sent no telemetry within five minutes")
}
