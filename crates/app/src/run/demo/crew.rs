//! The demo's processes: started, watched, reported when they fall, stopped.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use super::apps::App;
use crate::run::{Environment, child, notice};

const LAST_LINES: usize = 12;
const STOP_SECONDS_MAX: u64 = 8;

/// The running processes. Those still alive are killed when it is dropped.
#[derive(Debug)]
pub struct Crew {
    logs: PathBuf,
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    service: &'static str,
    child: Child,
    ended: bool,
}

impl Crew {
    /// No processes yet; their output will go to files in `logs`.
    pub fn new(logs: PathBuf) -> Result<Crew> {
        std::fs::create_dir_all(&logs).with_context(|| format!("cannot create {}", logs.display()))?;
        Ok(Crew { logs, members: Vec::new() })
    }

    /// Starts one application.
    pub fn start(&mut self, app: &App, python: &Path, environment: &Environment) -> Result<()> {
        let log = std::fs::File::create(self.log_of(app.service)).context("cannot write the demo's logs")?;
        let child = Command::new(python)
            .args(&app.arguments)
            .envs(environment)
            .envs(app.environment.iter().map(|(name, value)| (name, value)))
            .env("PYTHONUNBUFFERED", "1")
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("cannot write the demo's logs")?)
            .stderr(log)
            // Ctrl-C must reach the demo alone: it stops the others in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", app.service))?;
        self.members.push(Member { service: app.service, child, ended: false });
        Ok(())
    }

    /// The file that takes a service's output.
    pub fn log_of(&self, service: &str) -> PathBuf {
        self.logs.join(format!("{service}.log"))
    }

    /// Says whether a service has ended, and reports it if so.
    pub fn has_ended(&mut self, service: &str) -> bool {
        self.report_ended();
        self.members.iter().any(|member| member.service == service && member.ended)
    }

    /// Waits until any process ends, which none should, and reports it.
    pub async fn someone_ends(&mut self) {
        while !self.report_ended() {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    fn report_ended(&mut self) -> bool {
        let mut fallen = Vec::new();
        for member in self.members.iter_mut().filter(|member| !member.ended) {
            if let Ok(Some(status)) = member.child.try_wait() {
                member.ended = true;
                fallen.push((member.service, status));
            }
        }
        for (service, status) in &fallen {
            self.report(service, *status);
        }
        !fallen.is_empty()
    }

    fn report(&self, service: &str, status: ExitStatus) {
        let log = self.log_of(service);
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        notice::say(&format!("{service} ended by itself (exit code {}); its last lines:", child::exit_code(status)));
        for line in &lines[lines.len().saturating_sub(LAST_LINES)..] {
            notice::say(&format!("  {line}"));
        }
        notice::say(&format!("  all of it: {}", log.display()));
    }

    /// Stops one service and waits for its end.
    pub async fn stop_one(&mut self, service: &str) {
        for member in self.members.iter_mut().filter(|member| member.service == service) {
            member.ask_to_end();
            member.wait().await;
        }
    }

    /// Stops every service, all at once, and waits for their ends.
    pub async fn stop(mut self) {
        for member in &mut self.members {
            member.ask_to_end();
        }
        for member in &mut self.members {
            member.wait().await;
        }
    }
}

impl Member {
    fn ask_to_end(&self) {
        if let Some(pid) = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()))
            && !self.ended
        {
            // It may have ended this moment, and that is what is wanted.
            let _ = kill_process(pid, Signal::TERM);
        }
    }

    async fn wait(&mut self) {
        let limit = Duration::from_secs(STOP_SECONDS_MAX);
        if !self.ended && tokio::time::timeout(limit, self.child.wait()).await.is_err() {
            notice::say(&format!("{} does not stop, so it is killed", self.service));
            let _ = self.child.kill().await;
        }
        self.ended = true;
    }
}
