//! `luneta check`.

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::{CheckArgs, ServeArgs};
use crate::config::Config;

/// Says whether the server would take the files.
#[expect(clippy::print_stdout, reason = "the answer of the command")]
pub fn run(args: &CheckArgs) -> Result<ExitCode> {
    let config = Config::load(&ServeArgs { config: args.config.clone(), ..ServeArgs::default() })?;
    println!("the configuration is valid");
    println!("  data       {}", config.data.display());
    println!("  http       {}", config.listen);
    println!("  otlp grpc  {}", config.otlp_grpc.as_deref().unwrap_or("off"));
    println!("  otlp http  {}", config.otlp_http.as_deref().unwrap_or("off"));
    for wanted in config.drop_in {
        println!("  drop-in    {} {}", wanted.port.name(), wanted.address.unwrap_or_default());
    }
    for note in config.notes {
        println!("  note: {note}");
    }
    Ok(ExitCode::SUCCESS)
}
