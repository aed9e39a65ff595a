//! `luneta run` and `luneta demo`: use the server that runs, or have one in this process.

use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::cli::{DemoCommand, RunCommand, ServeArgs, ServerOptions, TargetArgs};
use crate::client::Client;
use crate::config::Config;
use crate::run::{self, ServerAddress};
use crate::server::Running;

/// Runs the child; the server ends after it, if it was started here.
pub async fn run(command: RunCommand) -> Result<ExitCode> {
    if command.run.print_lock.is_some() {
        let nowhere = ServerAddress { otlp_http: String::new(), ui: String::new() };
        return run::run(nowhere, command.run).await;
    }
    let (address, running) = server(command.serve).await?;
    let result = run::run(address, command.run).await;
    end(running, result).await
}

/// Runs the demo; the server ends after it, if it was started here.
pub async fn demo(command: DemoCommand) -> Result<ExitCode> {
    let (address, running) = server(command.serve).await?;
    let result = run::demo(address, command.demo).await;
    end(running, result).await
}

async fn end(running: Option<Running>, result: Result<ExitCode>) -> Result<ExitCode> {
    match running {
        Some(running) => running.stop().await.and(result),
        None => result,
    }
}

async fn server(options: ServerOptions) -> Result<(ServerAddress, Option<Running>)> {
    let target = TargetArgs { data: options.data.clone(), tenant: "default".into(), ..TargetArgs::default() };
    if let Some(client) = Client::find(&target).await? {
        let status = client.get("/api/status").await?;
        let otlp = status["addresses"]["otlp_http"].as_str().unwrap_or(&client.url).to_owned();
        return Ok((ServerAddress { otlp_http: otlp, ui: client.url }, None));
    }
    let args = ServeArgs { data: options.data, listen: options.listen, ..ServeArgs::default() };
    let running = Running::start(Config::load(&args)?).await?;
    let address = |name: &str| running.addresses.get(name).cloned().context("the server has no such address");
    let http = address("http")?;
    Ok((ServerAddress { otlp_http: address("otlp_http").unwrap_or_else(|_| http.clone()), ui: http }, Some(running)))
}
