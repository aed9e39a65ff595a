//! The project's own commands: `cargo xtask demo | test | check | bench | ui`.
#![expect(clippy::print_stdout, reason = "progress and tables are what these commands are for")]

mod bench;
mod demo;
mod shell;
mod test;
mod tidy;
mod tools;
mod ui;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Build, try, test and measure Luneta.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build UI and server, start them with the demo apps, and open on a page full of telemetry.
    Demo {
        /// Passed to `luneta demo`, such as `--for 60s --check`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Run every test.
    Test {
        /// Leave out tests that need a browser, other languages' clients or the demo.
        #[arg(long)]
        quick: bool,
    },
    /// Formatting, lints, structure, licences.
    Check,
    /// Measure ingest, disk, memory and queries on a release build.
    Bench(bench::BenchArgs),
    /// Build the UI into `ui/dist`.
    Ui,
}

fn main() -> Result<()> {
    match Cli::parse().task {
        Task::Demo { args } => demo::run_demo(&args),
        Task::Test { quick } => test::run_tests(quick),
        Task::Check => tidy::check(),
        Task::Bench(args) => bench::run(&args),
        Task::Ui => ui::build(),
    }
}
