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
    println!("  otlp grpc  {}", shown(&config.otlp_grpc));
    println!("  otlp http  {}", shown(&config.otlp_http));
    for wanted in config.drop_in {
        println!("  drop-in    {} {}", wanted.id(), wanted.address.unwrap_or_default());
    }
    for note in config.notes {
        println!("  note: {note}");
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(addresses: &[String]) -> String {
    if addresses.is_empty() { "off".to_owned() } else { addresses.join(", ") }
}
