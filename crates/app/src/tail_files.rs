//! `luneta tail-files`: lines of files into a running server.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use luneta_receive::filelog::{self, Settings, StartAt};
use luneta_receive::text::{Format, Grouping, pattern};

use crate::cli::TailFilesArgs;
use crate::client::Client;
use crate::send::Server;

/// Reads files until a signal, or to their ends.
#[expect(clippy::print_stderr, reason = "what a person who waits wants to know")]
pub async fn run(args: TailFilesArgs) -> Result<ExitCode> {
    let settings = settings(&args)?;
    let Some(client) = Client::find(&args.target).await? else {
        bail!("no server answers; start one with `luneta`, or name one with --url");
    };
    if !args.quiet {
        let how = if args.once { "to their ends" } else { "as they grow; Ctrl-C ends it" };
        eprintln!("luneta: reading {} {how}; {}", args.paths.join(", "), client.url);
    }
    let lines = filelog::run(settings, Arc::new(Server(client)), stopped()).await?;
    if !args.quiet {
        eprintln!("luneta: {lines} records were written");
    }
    Ok(ExitCode::SUCCESS)
}

fn settings(args: &TailFilesArgs) -> Result<Settings> {
    // A server may have another working folder, and a path should say where it is.
    let absolute = |path: &String| Ok(std::path::absolute(path)?.to_string_lossy().into_owned());
    let absolute = |paths: &[String]| paths.iter().map(absolute).collect::<Result<Vec<_>>>();
    let mut settings = Settings::new(absolute(&args.paths)?);
    settings.exclude = absolute(&args.exclude)?;
    settings.check()?;
    settings.start_at = if args.from_beginning || args.once { StartAt::Beginning } else { StartAt::End };
    settings.follow = !args.once;
    let format = Format::named(&args.format)
        .ok_or_else(|| anyhow!("--format: `{}` is none of {}", args.format, Format::NAMES.join(", ")))?;
    settings.format = Arc::new(format);
    if let Some(start) = &args.line_start {
        settings.lines.grouping = Grouping::Start(pattern(start).context("--line-start")?);
    }
    settings.resource.extend(args.service.clone().map(|name| ("service.name".to_owned(), name)));
    for pair in &args.resource {
        let (key, value) = pair.split_once('=').with_context(|| format!("--resource: `{pair}` is not KEY=VALUE"))?;
        settings.resource.push((key.to_owned(), value.to_owned()));
    }
    settings.checkpoints.clone_from(&args.positions);
    settings.bounds.entry_bytes_max = luneta_model::Limits::default().body_bytes_max;
    Ok(settings)
}

async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
