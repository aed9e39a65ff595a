//! `luneta demo`: the applications under `demo/`, with guests, faults and, if wanted, a check of what arrived.

mod apps;
mod checks;
mod crew;
mod files;
mod http;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::Instant,
};

use super::{RunArgs, ServerAddress, bundle::Assets, notice, python};
use apps::Ports;
use crew::Crew;

/// How long a check runs the demo when nobody says.
const CHECK_DURATION: Duration = Duration::from_secs(45);

/// Runs the demo: five real services with guests and faults.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  luneta demo\n  luneta demo --for 60s --check")]
pub struct DemoArgs {
    /// Ends after this time, such as 90s, 5m or 1h; without it, at Ctrl-C.
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
    pub duration: Option<Duration>,
    /// Asks the server in the end whether everything arrived; exits with 0 only if it did.
    #[arg(long)]
    pub check: bool,
    /// Virtual environment for the demo's packages, created if it is not there [default: in the user's cache].
    #[arg(long, value_name = "DIR")]
    pub venv: Option<PathBuf>,
    /// Folder for the demo's databases, logs and its record of the truth, truth.jsonl [default: in the XDG data folder].
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Folder with the instrumentation packages, as for `luneta run`.
    #[arg(long, value_name = "DIR")]
    pub bundle: Option<PathBuf>,
    /// Seed of the guests' questions.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Questions of the guests per second.
    #[arg(long, default_value_t = 8.0, value_name = "PER_SECOND")]
    pub rate: f64,
}

/// How the demo's time ended.
enum End {
    Elapsed,
    Interrupted,
    Crashed,
}

/// Runs the demo against the server and returns success when every application lived and every check held.
pub async fn demo(server: ServerAddress, args: DemoArgs) -> Result<ExitCode> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for signals")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    let stopped = async {
        tokio::select! { _ = interrupt.recv() => (), _ = terminate.recv() => () }
    };
    tokio::pin!(stopped);
    let folder = data_folder(&args)?;
    let begun = Instant::now();
    let mut crew = tokio::select! {
        started = start(&server, &args, &folder) => started?,
        () = &mut stopped => return Ok(ExitCode::from(130)),
    };
    let duration = args.duration.or(args.check.then_some(CHECK_DURATION));
    notice::say(&format!(
        "the demo is running; look at {}{}",
        server.ui,
        if duration.is_none() { " (Ctrl-C ends it)" } else { "" }
    ));
    let elapsed = async {
        match duration {
            Some(duration) => tokio::time::sleep(duration).await,
            None => std::future::pending().await,
        }
    };
    let end = tokio::select! {
        () = elapsed => End::Elapsed,
        () = &mut stopped => End::Interrupted,
        () = crew.someone_ends() => End::Crashed,
    };
    // The guests leave first, so that every question they asked is answered and written down.
    crew.stop_one("load").await;
    let holds = if args.check && !matches!(end, End::Interrupted) {
        checks::all_hold(&server, &folder.join("truth.jsonl"), begun.elapsed()).await
    } else {
        Ok(true)
    };
    crew.stop().await;
    let well = holds? && !matches!(end, End::Crashed);
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Starts every application, instrumented, and the guests when the applications answer.
async fn start(server: &ServerAddress, args: &DemoArgs, folder: &std::path::Path) -> Result<Crew> {
    let sources = files::unpack()?;
    let python = files::virtual_environment(args.venv.as_deref()).await?;
    let assets = Assets::unpack()?;
    let options = RunArgs { bundle: args.bundle.clone(), ..RunArgs::default() };
    let mut environment = super::sdk_environment(server, "");
    environment.insert("OTEL_PYTHON_EXCLUDED_URLS".to_owned(), "health".to_owned());
    python::prepare(&[python.to_string_lossy().into_owned()], &assets, &options, &mut environment).await?;
    let ports = Ports::free()?;
    let mut crew = Crew::new(folder.join("logs"))?;
    for app in apps::applications(&sources, folder, &ports) {
        environment.insert("OTEL_SERVICE_NAME".to_owned(), app.service.to_owned());
        crew.start(&app, &python, &environment)?;
    }
    for (service, port) in ports.named() {
        wait_until_healthy(&mut crew, service, port).await?;
    }
    let guests = apps::guests(&sources, folder, &ports, args.seed, args.rate);
    crew.start(&guests, &python, &super::Environment::new())?;
    for (service, port) in ports.named() {
        notice::say(&format!("{service:<7} http://127.0.0.1:{port}"));
    }
    notice::say(&format!("what really happens is written to {}", folder.join("truth.jsonl").display()));
    Ok(crew)
}

async fn wait_until_healthy(crew: &mut Crew, service: &str, port: u16) -> Result<()> {
    let deadline = Instant::now() + Duration::from_mins(1);
    let url = format!("http://127.0.0.1:{port}");
    loop {
        if matches!(http::get(&url, "/health").await, Ok((200, _))) {
            return Ok(());
        }
        if crew.has_ended(service) {
            bail!("the demo cannot start without {service}");
        }
        if Instant::now() > deadline {
            bail!("{service} does not answer on port {port} after a minute; its output is in {}", crew.log_of(service).display());
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
}

fn data_folder(args: &DemoArgs) -> Result<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = match &args.folder {
        Some(folder) => std::path::absolute(folder)?,
        None => absolute("XDG_DATA_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
            .context("neither XDG_DATA_HOME nor HOME is set; choose a folder with --folder")?
            .join("luneta/demo"),
    };
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    // Every run tells its own truth.
    match std::fs::remove_file(folder.join("truth.jsonl")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).context("cannot begin a new truth.jsonl"),
        _ => Ok(folder),
    }
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("unknown unit {unit:?}; use s, m or h")),
    };
    let number: f64 = number.parse().map_err(|_| "expected a number and a unit, such as 90s".to_owned())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, expected) in
            [("90s", Some(90)), ("2m", Some(120)), ("1h", Some(3600)), ("15", Some(15)), ("x", None), ("3d", None)]
        {
            assert_eq!(parse_duration(text).ok().map(|duration| duration.as_secs()), expected, "{text}");
        }
    }
}
