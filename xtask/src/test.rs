//! `cargo xtask test`: every test of the project.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::shell::{cargo, luneta, run, step, target};
use crate::{demo, tidy, tools, ui};

/// Python environments with the clients that tests use, since some cannot be installed together: the
/// variable that names each to the tests, its folder, its packages.
const CLIENTS: [(&str, &str, &str); 9] = [
    ("LUNETA_TEST_PYTHON", "tests", "requirements.txt"),
    ("LUNETA_TEST_PYTHON_JAEGER", "tests-jaeger", "requirements-jaeger.txt"),
    ("LUNETA_TEST_PYTHON_ZIPKIN", "tests-zipkin", "requirements-zipkin.txt"),
    ("LUNETA_TEST_PYTHON_LINES", "tests-lines", "requirements-lines.txt"),
    ("LUNETA_TEST_PYTHON_LOGS", "tests-logs", "requirements-logs.txt"),
    ("LUNETA_TEST_PYTHON_FILES", "tests-files", "requirements-files.txt"),
    ("LUNETA_TEST_PYTHON_ELASTICSEARCH_8", "tests-elasticsearch-8", "requirements-elasticsearch-8.txt"),
    ("LUNETA_TEST_PYTHON_ELASTICSEARCH_7", "tests-elasticsearch-7", "requirements-elasticsearch-7.txt"),
    ("LUNETA_TEST_PYTHON_ZIPKIN_PROTOBUF", "tests-zipkin-protobuf", "requirements-zipkin-protobuf.txt"),
];

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
        step("luneta run: servers, workers and scripts as people start them", inject)?;
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
        for (variable, name, requirements) in CLIENTS {
            command.env(variable, tools::python(name, &tools::file("tests/python").join(requirements))?);
        }
        let [prometheus, promtool] = tools::prometheus()?;
        command.env("LUNETA_TEST_PROMTOOL", &promtool);
        // What PromQL's answers are compared with.
        command.env("PROMETHEUS_BIN", prometheus).env("PROMTOOL_BIN", promtool);
        command.env("LUNETA_TEST_NGINX", tools::nginx()?).env("LUNETA_TEST_RSYSLOG", tools::rsyslog()?);
        command.env("LUNETA_TEST_NODE", tools::node(&tools::file("tests/node"))?);
        // Ignored are those that need what was prepared just now.
        command.args(["--", "--include-ignored"]);
    }
    run(&mut command)
}

fn fresh(name: &str) -> Result<std::path::PathBuf> {
    let dir = target().join("test-data").join(name);
    std::fs::remove_dir_all(&dir).ok();
    std::fs::create_dir_all(&dir)?;
    Ok(dir)
}

/// The apps of the injection's tests, each under `luneta run` with one server for all.
fn inject() -> Result<()> {
    let tests = tools::file("crates/app/inject/tests");
    let python = tools::python("inject", &tests.join("requirements.txt"))?;
    tools::node(&tests.join("apps"))?;
    let data = fresh("inject")?;
    let mut server = start("serve", &data, &[])?;
    wait_for("the server's addresses", &mut server.0, || Ok(data.join("luneta.addresses.json").is_file().then_some(())))?;
    run(Command::new(&python).arg(tests.join("end_to_end.py")).args(["--luneta".as_ref(), luneta().as_os_str()]).args([
        "--data".as_ref(),
        data.as_os_str(),
        "--python".as_ref(),
        python.as_os_str(),
    ]))
}

/// The demo stays up while the browser looks at it, and what its guests know is compared with what the UI answers.
fn browser() -> Result<()> {
    let chromium = tools::chromium()?;
    let data = fresh("browser")?;
    let folder = fresh("browser-demo")?;
    let mut demo = start("demo", &data, &["--folder".as_ref(), folder.as_os_str()])?;
    let url = wait_for_telemetry(&mut demo.0, &data)?;
    let truth = folder.join("truth.jsonl");
    run(ui::npm(&["run", "e2e"]).env("LUNETA_URL", url).env("LUNETA_TRUTH", truth).env("CHROMIUM", chromium))
}

/// Starts `luneta serve` or `luneta demo` on free ports; what it says is shown.
fn start(command: &'static str, data: &Path, more: &[&OsStr]) -> Result<Stopped> {
    let child = Command::new(luneta())
        .args([command, "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .args(more)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start the {command}"))?;
    let mut child = Stopped(child);
    if let Some(stderr) = child.0.stderr.take() {
        std::thread::spawn(move || {
            BufReader::new(stderr).lines().map_while(Result::ok).for_each(|line| println!("  {command}: {line}"));
        });
    }
    Ok(child)
}

/// Ends a server as a person would, with SIGINT.
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
fn wait_for_telemetry(demo: &mut Child, data: &Path) -> Result<String> {
    let sql =
        "SELECT count(*) FROM (SELECT DISTINCT s.service_name FROM spans s WHERE s.service_name IN ('spam','eggs','dice')) x";
    wait_for("telemetry of the demo", demo, || {
        let Ok(text) = std::fs::read(data.join("luneta.addresses.json")) else { return Ok(None) };
        let addresses: serde_json::Value = serde_json::from_slice(&text)?;
        let answer = Command::new(luneta()).args(["query", "-o", "csv", sql, "--data"]).arg(data).output()?;
        if !String::from_utf8_lossy(&answer.stdout).trim().ends_with('3') {
            return Ok(None);
        }
        addresses["http"].as_str().map(|url| Some(url.to_owned())).context("no address of the API")
    })
}

/// Asks twice a second while `child` runs, up to five minutes.
fn wait_for<T>(what: &str, child: &mut Child, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + Duration::from_mins(5);
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            bail!("waiting for {what}: the process ended early, {status}");
        }
        if let Some(found) = ask()? {
            return Ok(found);
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    bail!("no {what} within five minutes")
}
