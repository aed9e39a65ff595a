//! `luneta run`: starts a command with OpenTelemetry in it, its code and environment untouched.
//!
//! Look at the command ([`detect`]), have the packages that instrument it at hand ([`bundle`],
//! [`python`], [`node`]), start it with a few variables more ([`child`]), and keep what it prints ([`output`]).

mod bundle;
mod child;
mod demo;
mod detect;
mod marks;
mod node;
mod notice;
mod output;
mod python;
mod service_name;

use std::{collections::BTreeMap, io::IsTerminal as _, path::PathBuf, process::ExitCode};

use anyhow::{Result, bail};
use clap::Args;

pub use demo::{DemoArgs, demo};

use bundle::Assets;
use child::Kept;
use detect::Runtime;
use output::Output;

/// Where the server that takes the telemetry listens.
#[derive(Debug, Clone)]
pub struct ServerAddress {
    /// OTLP over HTTP, such as `http://127.0.0.1:4318`.
    pub otlp_http: String,
    /// The user interface and API, such as `http://127.0.0.1:4319`.
    pub ui: String,
}

/// Runs a command with its telemetry going to Luneta.
///
/// Python and Node.js programs are instrumented without a change to their code or environment: the packages that do it
/// are installed once into Luneta's own cache. What it prints is shown as ever, and kept as logs: lines of JSON, logfmt and
/// of Python's loggers are understood, and stack traces stay together. Variables named OTEL_* that are already set keep their values. The exit
/// code is the command's; 128 plus the signal's number when a signal ended it; 1 when it could not be instrumented or
/// started.
#[derive(Debug, Clone, Default, Args)]
#[command(
    after_help = "Examples:\n  luneta run -- uvicorn app:app --reload\n  luneta run --service shop -- python manage.py runserver\n  luneta run -- npm start"
)]
pub struct RunArgs {
    /// Name of the service; guessed from the command when left out.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Folder with the instrumentation packages, for machines without a package registry: made elsewhere with
    /// `pip install --target DIR -r requirements.txt` (Python) or `npm ci` (Node.js) from the files `--print-lock` writes.
    #[arg(long, value_name = "DIR")]
    pub bundle: Option<PathBuf>,
    /// Libraries to leave alone, such as `sqlite3,system_metrics`.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub exclude: Vec<String>,
    /// Leaves standard output and standard error to the command: what it prints is not kept.
    #[arg(long)]
    pub no_capture: bool,
    /// Starts the command even when it cannot be instrumented.
    #[arg(long)]
    pub allow_uninstrumented: bool,
    /// Writes the lock files of the instrumentation packages into this folder and ends.
    #[arg(long, value_name = "DIR")]
    pub print_lock: Option<PathBuf>,
    /// Says nothing but errors.
    #[arg(long, short)]
    pub quiet: bool,
    /// The command and its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required_unless_present = "print_lock", value_name = "CMD")]
    pub command: Vec<String>,
}

/// Environment variables to add to a child.
pub type Environment = BTreeMap<String, String>;

/// What `luneta run` prepared for a child.
struct Preparation {
    environment: Environment,
    /// What is instrumented, in words for the summary.
    summary: String,
}

/// Runs the command of `args` under instrumentation and returns its exit code.
pub async fn run(server: ServerAddress, args: RunArgs) -> Result<ExitCode> {
    if let Some(folder) = &args.print_lock {
        bundle::write_locks(folder)?;
        notice::say(&format!("lock files are in {}", folder.display()));
        return Ok(ExitCode::SUCCESS);
    }
    let service = args.service.clone().unwrap_or_else(|| service_name::guess(&args.command));
    let mut preparation = match prepare(&server, &args, &service).await {
        Ok(preparation) => preparation,
        Err(error) if args.allow_uninstrumented => {
            notice::say(&format!("starting without instrumentation: {error:#}"));
            Preparation { environment: Environment::new(), summary: "nothing".to_owned() }
        }
        Err(error) => bail!("{error:#}\n  to start the command without telemetry: luneta run --allow-uninstrumented -- …"),
    };
    if !args.quiet {
        notice::say(&format!("{service}: {} instrumented; {}", preparation.summary, server.ui));
    }
    let kept = if args.no_capture || is_conversation(&args.command) {
        None
    } else {
        let output = Output::open(&mut preparation.environment)?;
        Some(Kept { output, server: &server, service: &service })
    };
    child::supervise(&args.command, &preparation.environment, kept).await
}

/// Whether the command is an interpreter alone, to be talked with: that needs the terminal itself.
fn is_conversation(command: &[String]) -> bool {
    command.len() == 1
        && std::io::stdin().is_terminal()
        && matches!(detect::runtimes(command).as_deref(), Ok([_]))
        && std::path::Path::new(&command[0]).file_name().is_some_and(|name| {
            let name = name.to_string_lossy();
            name.starts_with("python") || name.starts_with("ipython") || name.starts_with("node")
        })
}

/// Finds out what the command runs and readies its instrumentation.
async fn prepare(server: &ServerAddress, args: &RunArgs, service: &str) -> Result<Preparation> {
    let assets = Assets::unpack()?;
    let mut environment = unset_only(sdk_environment(server, service));
    let runtimes = detect::runtimes(&args.command)?;
    let mut parts = Vec::new();
    let only_one = runtimes.len() == 1;
    for runtime in runtimes {
        let readied = match &runtime {
            Runtime::Python(launcher) => python::prepare(launcher, &assets, args, &mut environment).await,
            Runtime::Node(interpreter) => node::prepare(interpreter, &assets, args, &mut environment).await,
        };
        match readied {
            Ok(part) => parts.push(part),
            // A shell script may run Python, Node.js or neither: take what is there.
            Err(error) if !only_one => notice::say(&format!("{error:#}")),
            Err(error) => return Err(error),
        }
    }
    if parts.is_empty() {
        bail!("cannot tell what {} runs: it is neither Python nor Node.js", args.command[0]);
    }
    Ok(Preparation { environment, summary: parts.join(" and ") })
}

/// The variables that every OpenTelemetry SDK understands.
fn sdk_environment(server: &ServerAddress, service: &str) -> Environment {
    let run_pid = std::process::id().to_string();
    [
        ("OTEL_SERVICE_NAME", service),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", server.otlp_http.as_str()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_TRACES_EXPORTER", "otlp"),
        ("OTEL_METRICS_EXPORTER", "otlp"),
        ("OTEL_LOGS_EXPORTER", "otlp"),
        // Milliseconds. Someone is watching, and a crash loses no more than this.
        ("OTEL_BSP_SCHEDULE_DELAY", "500"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "500"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "5000"),
        ("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database"),
        ("LUNETA_RUN_PID", run_pid.as_str()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// Leaves out what the user has set: every OTEL_* variable keeps its value.
fn unset_only(environment: Environment) -> Environment {
    environment.into_iter().filter(|(name, _)| !(name.starts_with("OTEL_") && std::env::var_os(name).is_some())).collect()
}
