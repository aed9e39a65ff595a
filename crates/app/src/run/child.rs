//! Runs the child: signals in, exit code out.

use std::{os::unix::process::ExitStatusExt as _, process::ExitCode};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::Command,
    signal::unix::{SignalKind, signal},
};

use super::output::Output;
use super::{Environment, ServerAddress};

/// Signals that are passed on. The terminal sends some of them to the child by itself: see [`sent_by_terminal`].
const PASSED_ON: [Signal; 7] = [Signal::INT, Signal::QUIT, Signal::TERM, Signal::HUP, Signal::USR1, Signal::USR2, Signal::WINCH];

/// Where what the child prints goes besides where it is shown.
pub struct Kept<'a> {
    pub output: Output,
    pub server: &'a ServerAddress,
    pub service: &'a str,
}

/// Starts the command, passes signals to it, and returns its exit code when it ends. Without `kept` its standard streams
/// are our own.
pub async fn supervise(command: &[String], environment: &Environment, kept: Option<Kept<'_>>) -> Result<ExitCode> {
    // Listen first: a signal that arrives while the child starts must not end us without it.
    let (sender, mut signals) = tokio::sync::mpsc::channel(16);
    for passed in PASSED_ON {
        let mut stream = signal(SignalKind::from_raw(passed.as_raw())).context("cannot listen for signals")?;
        let sender = sender.clone();
        tokio::spawn(async move { while stream.recv().await.is_some() && sender.send(passed).await.is_ok() {} });
    }
    let mut prepared = Command::new(&command[0]);
    prepared.args(&command[1..]).envs(environment);
    let mut kept = kept;
    if let Some(kept) = &mut kept {
        let [out, err] = kept.output.stdio();
        prepared.stdout(out).stderr(err);
    }
    let mut child = prepared.spawn().with_context(|| format!("cannot start {}", command[0]))?;
    // Our own ends of the pipes, without which they would never end.
    drop(prepared);
    let keeping = kept.map(|kept| kept.output.start(kept.server, kept.service));
    let pid = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
    loop {
        tokio::select! {
            status = child.wait() => {
                let status = status.context("cannot learn how the command ended")?;
                if let Some(keeping) = keeping {
                    keeping.finish().await;
                }
                return Ok(ExitCode::from(exit_code(status)));
            }
            Some(received) = signals.recv() => {
                if let Some(pid) = pid && !sent_by_terminal(received) {
                    // The child may have ended this very moment; then its status follows.
                    let _ = kill_process(pid, received);
                }
            }
        }
    }
}

/// Says whether the terminal has sent this signal to the child as well.
///
/// Ctrl-C reaches every process in the terminal's foreground group. Passed on, it would arrive twice, and servers take
/// the second one as "quit at once".
fn sent_by_terminal(signal: Signal) -> bool {
    matches!(signal, Signal::INT | Signal::QUIT | Signal::WINCH) && in_foreground_group()
}

fn in_foreground_group() -> bool {
    let Ok(stat) = std::fs::read_to_string("/proc/self/stat") else {
        return std::io::IsTerminal::is_terminal(&std::io::stdin());
    };
    // pid (name) state ppid pgrp session tty_nr tpgid …; the name may hold blanks and brackets.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    matches!((fields.get(2), fields.get(5)), (Some(group), Some(foreground)) if group == foreground)
}

/// The exit code a shell would report.
pub fn exit_code(status: std::process::ExitStatus) -> u8 {
    match (status.code(), status.signal()) {
        (Some(code), _) => code as u8,
        (None, Some(signal)) => 128 + signal as u8,
        (None, None) => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn exit_codes_are_those_of_a_shell() {
        for (script, expected) in [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -KILL $$", 137)] {
            let status = Command::new("sh").args(["-c", script]).status().await.expect("sh");
            assert_eq!(exit_code(status), expected, "{script}");
        }
    }
}
