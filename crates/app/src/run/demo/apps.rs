//! The table of the demo's applications: how each is started.

use std::{net::TcpListener, path::Path};

use anyhow::{Context as _, Result};

/// Services whose telemetry must arrive.
pub const SERVICES: [&str; 5] = ["spam", "eggs", "dice", "worker", "etl"];

/// One process of the demo.
#[derive(Debug)]
pub struct App {
    /// Its name, also as a service.
    pub service: &'static str,
    /// What follows `python`.
    pub arguments: Vec<String>,
    /// Variables of its own.
    pub environment: Vec<(&'static str, String)>,
}

/// The ports of the applications that listen.
#[derive(Debug)]
pub struct Ports {
    spam: u16,
    eggs: u16,
    dice: u16,
}

impl Ports {
    /// Three ports that are free now.
    pub fn free() -> Result<Ports> {
        // All held at once, so that they differ.
        let listen = || TcpListener::bind("127.0.0.1:0").context("cannot find a free port");
        let (spam, eggs, dice) = (listen()?, listen()?, listen()?);
        let port =
            |listener: &TcpListener| listener.local_addr().map(|address| address.port()).context("cannot find a free port");
        Ok(Ports { spam: port(&spam)?, eggs: port(&eggs)?, dice: port(&dice)? })
    }

    /// Each with its service's name.
    pub fn named(&self) -> [(&'static str, u16); 3] {
        [("spam", self.spam), ("eggs", self.eggs), ("dice", self.dice)]
    }
}

/// The five services.
pub fn applications(sources: &Path, folder: &Path, ports: &Ports) -> Vec<App> {
    let source = |name: &str| text(&sources.join(name));
    let database = |name: &str| text(&folder.join(name));
    let uvicorn =
        |name: &str, port: u16| words(&["-m", "uvicorn", "--app-dir", &source(name), "app:app", "--port", &port.to_string()]);
    vec![
        App {
            service: "eggs",
            arguments: uvicorn("eggs", ports.eggs),
            environment: vec![("EGGS_DATABASE", database("eggs.db"))],
        },
        App {
            service: "spam",
            arguments: uvicorn("spam", ports.spam),
            environment: vec![("SPAM_DATABASE", database("spam.db")), ("EGGS_URL", local(ports.eggs))],
        },
        App {
            service: "dice",
            arguments: words(&["-m", "flask", "--app", &source("dice/app.py"), "run", "--port", &ports.dice.to_string()]),
            environment: Vec::new(),
        },
        App {
            service: "worker",
            arguments: words(&[&source("worker/worker.py")]),
            environment: vec![("SPAM_URL", local(ports.spam))],
        },
        App {
            service: "etl",
            arguments: words(&[&source("etl/job.py"), "--every", "10", "--folder", &text(&folder.join("etl"))]),
            environment: Vec::new(),
        },
    ]
}

/// The guests, who are not instrumented.
pub fn guests(sources: &Path, folder: &Path, ports: &Ports, seed: u64, rate: f64) -> App {
    let mut arguments = words(&[&text(&sources.join("load/load.py"))]);
    for (service, port) in ports.named() {
        arguments.extend([format!("--{service}"), local(port)]);
    }
    arguments.extend(words(&["--record", &text(&folder.join("truth.jsonl"))]));
    arguments.extend(words(&["--seed", &seed.to_string(), "--rate", &rate.to_string()]));
    App { service: "load", arguments, environment: Vec::new() }
}

fn local(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}
