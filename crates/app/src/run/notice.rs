//! Lines for the person at the terminal: on standard error, so that the child's output stays its own.

use std::{
    io::{IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

/// Writes one line that begins with the program's name.
pub fn say(message: &str) {
    // Nothing can be done about a closed standard error.
    let _ = writeln!(std::io::stderr(), "luneta: {message}");
}

/// Shows that something takes its time: a spinner on a terminal, otherwise a line at the start and at the end.
pub async fn while_doing<T>(what: &str, work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let terminal = std::io::stderr().is_terminal();
    if !terminal {
        say(what);
    }
    tokio::pin!(work);
    let mut tick = tokio::time::interval(Duration::from_millis(120));
    let mut frame = 0;
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            _ = tick.tick() => if terminal {
                frame = (frame + 1) % FRAMES.len();
                let mut out = std::io::stderr();
                let _ = write!(out, "\r\x1b[K{} {what} ({} s)", FRAMES[frame], begun.elapsed().as_secs());
                let _ = out.flush();
            },
        }
    };
    if terminal {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    } else {
        say(&format!("{what}: {:.1} s", begun.elapsed().as_secs_f64()));
    }
    result
}

const FRAMES: [&str; 4] = ["-", "\\", "|", "/"];
