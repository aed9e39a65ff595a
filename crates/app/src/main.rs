//! `luneta`: an observability server in one binary.

mod api;
mod check;
mod cli;
mod client;
mod config;
mod doctor;
mod drop_in;
mod logql;
mod ports;
mod promql;
mod query;
mod rules;
mod run;
mod send;
mod server;
mod start;
mod tail;
mod tail_files;
mod traceql;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    logging(cli.verbose);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::new(error).context("cannot start the threads of the server")),
    };
    let result = runtime.block_on(dispatch(cli));
    // Blocking readers (standard input, a slow disk) must not hold up the exit.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    result.unwrap_or_else(|error| fail(&error))
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        None => server::serve(cli.serve).await,
        Some(Command::Serve(args)) => server::serve(args).await,
        Some(Command::Run(args)) => start::run(args).await,
        Some(Command::Demo(args)) => start::demo(args).await,
        Some(Command::Query(args)) => query::run(args).await,
        Some(Command::Tail(args)) => tail::run(args).await,
        Some(Command::TailFiles(args)) => tail_files::run(args).await,
        Some(Command::Doctor(args)) => doctor::run(args).await,
        Some(Command::Check(args)) => check::run(&args),
    }
}

#[expect(clippy::print_stderr, reason = "the last word of a command that failed")]
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("luneta: {error:#}");
    ExitCode::FAILURE
}

fn logging(verbose: u8) {
    let default = match verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("LUNETA_LOG").unwrap_or_else(|_| default.into());
    let output = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // Standard error may be a file on a disk that is full; a complaint about that would be a panic.
    output.log_internal_errors(false).init();
}
