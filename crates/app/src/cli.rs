//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// An observability server in one binary: traces, logs and metrics in one open lake.
#[derive(Debug, Parser)]
#[command(
    name = "luneta",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  \
        luneta                                     start the server and print its addresses\n  \
        luneta query \"SELECT count(*) FROM spans\"  ask it\n  \
        luneta tail --errors                       watch what fails\n  \
        luneta doctor                              find out why nothing arrives"
)]
pub struct Cli {
    /// What to do; without one, the server starts.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Options of the server.
    #[command(flatten)]
    pub serve: ServeArgs,
    /// Tell more about what happens; twice for everything.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the server.
    Serve(ServeArgs),
    /// Run a Python or Node.js program with its telemetry going to Luneta; starts the server unless one runs.
    Run(RunCommand),
    /// Start the server with real demo apps, traffic and faults.
    Demo(DemoCommand),
    /// Ask the running server, or the lake itself when none runs.
    Query(QueryArgs),
    /// Watch logs and spans as they arrive.
    Tail(TailArgs),
    /// Read files as they grow, and keep their lines as logs.
    TailFiles(TailFilesArgs),
    /// Check ports, clock, disk, environment, and send a span there and back.
    Doctor(DoctorArgs),
    /// Check a configuration without starting anything.
    Check(CheckArgs),
}

/// Options of `luneta serve`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:\n  \
    luneta serve --data ./telemetry\n  \
    luneta serve --listen 127.0.0.1:0        any free ports; see luneta.addresses.json in the data folder\n  \
    luneta serve --retention 30d --config luneta.yaml")]
pub struct ServeArgs {
    /// Configuration file (OpenTelemetry Collector's YAML with a `luneta` section); later ones win.
    #[arg(long, value_name = "FILE", env = "LUNETA_CONFIG", value_delimiter = ',')]
    pub config: Vec<PathBuf>,
    /// A `prometheus.yml` whose targets are scraped; may be given more than once.
    #[arg(long, value_name = "FILE", env = "LUNETA_SCRAPE_CONFIG", value_delimiter = ',')]
    pub scrape_config: Vec<PathBuf>,
    /// Folder of the data [default: luneta in the user's data folder].
    #[arg(long, value_name = "DIR", env = "LUNETA_DATA")]
    pub data: Option<PathBuf>,
    /// Address of UI, APIs and HTTP intakes [default: 127.0.0.1:4319].
    #[arg(long, value_name = "ADDR", env = "LUNETA_LISTEN")]
    pub listen: Option<String>,
    /// Address of OTLP over gRPC, or `off` [default: 127.0.0.1:4317].
    #[arg(long, value_name = "ADDR", env = "LUNETA_OTLP_GRPC")]
    pub otlp_grpc: Option<String>,
    /// Address of OTLP over HTTP, or `off` [default: 127.0.0.1:4318].
    #[arg(long, value_name = "ADDR", env = "LUNETA_OTLP_HTTP")]
    pub otlp_http: Option<String>,
    /// Listen on the ports of other servers too, on the host of `--listen`: `all`, or some of `elasticsearch`, `fluent`, `gelf`, `graphite`, `influxdb`, `jaeger`, `loki`, `prometheus`, `pushgateway`, `splunk`, `statsd`, `syslog`, `tempo`, `zipkin`.
    #[arg(long, value_name = "NAMES", env = "LUNETA_DROP_IN", value_delimiter = ',')]
    pub drop_in: Vec<String>,
    /// How long rows are kept, such as 14d or 36h, for all signals [default: 14d].
    #[arg(long, value_name = "TIME", env = "LUNETA_RETENTION")]
    pub retention: Option<String>,
    /// Rule files of Prometheus, patterns allowed: recording and alerting rules.
    #[arg(long, value_name = "FILES", env = "LUNETA_RULES", value_delimiter = ',')]
    pub rules: Vec<String>,
    /// Listen beyond loopback without asking for credentials.
    #[arg(long, env = "LUNETA_INSECURE")]
    pub insecure: bool,
}

/// Options of `luneta run`.
#[derive(Debug, Args)]
pub struct RunCommand {
    /// Options of the server, if it must be started.
    #[command(flatten)]
    pub serve: ServerOptions,
    /// What to run, and how.
    #[command(flatten)]
    pub run: crate::run::RunArgs,
}

/// Options of `luneta demo`.
#[derive(Debug, Args)]
pub struct DemoCommand {
    /// Options of the server.
    #[command(flatten)]
    pub serve: ServerOptions,
    /// The apps and their guests.
    #[command(flatten)]
    pub demo: crate::run::DemoArgs,
}

/// The options of the server that commands with a server inside take.
#[derive(Debug, Clone, Default, Args)]
pub struct ServerOptions {
    /// Folder of the data.
    #[arg(long, value_name = "DIR", env = "LUNETA_DATA")]
    pub data: Option<PathBuf>,
    /// Address of UI, APIs and HTTP intakes [default: 127.0.0.1:4319].
    #[arg(long, value_name = "ADDR", env = "LUNETA_LISTEN")]
    pub listen: Option<String>,
}

/// Where the server is, for commands that talk to one.
#[derive(Debug, Clone, Default, Args)]
pub struct TargetArgs {
    /// Address of the server [default: the one that uses the data folder, else 127.0.0.1:4319].
    #[arg(long, value_name = "URL", env = "LUNETA_URL")]
    pub url: Option<String>,
    /// Folder of the data.
    #[arg(long, value_name = "DIR", env = "LUNETA_DATA")]
    pub data: Option<PathBuf>,
    /// Tenant to ask for.
    #[arg(long, value_name = "NAME", env = "LUNETA_TENANT", default_value = "default")]
    pub tenant: String,
}

/// Options of `luneta query`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    luneta query \"SELECT service_name, count(*) FROM spans GROUP BY 1\"\n  \
    luneta query -o csv \"SELECT time, body FROM logs WHERE severity_number >= 17\" > errors.csv\n  \
    luneta query -o parquet \"SELECT * FROM spans\" > spans.parquet\n  \
    luneta query --promql 'sum by (job) (rate(http_server_request_duration_seconds_count[5m]))'\n  \
    luneta query --promql up --start 1h --step 1m\n  \
    luneta query --logql '{service_name=\"cart\"} |= \"failed\"' --start 1d\n  \
    luneta query --logql 'sum by (detected_level) (count_over_time({service_name=\"cart\"}[5m]))' --start 1h --step 5m\n  \
    luneta query --traceql '{status=error && resource.service.name=\"cart\"}'\n  \
    luneta query --traceql '{} | rate() by (resource.service.name)' --start 1h --step 5m")]
pub struct QueryArgs {
    /// The statement in SQL; `-` reads it from standard input.
    #[arg(required_unless_present_any = ["promql", "logql", "traceql"])]
    pub sql: Option<String>,
    /// A query in PromQL instead; `-` reads it from standard input.
    #[arg(long, value_name = "QUERY", conflicts_with = "sql", group = "language")]
    pub promql: Option<String>,
    /// A query in LogQL instead; `-` reads it from standard input.
    #[arg(long, value_name = "QUERY", conflicts_with = "sql", group = "language")]
    pub logql: Option<String>,
    /// A query in TraceQL instead; `-` reads it from standard input.
    #[arg(long, value_name = "QUERY", conflicts_with = "sql", group = "language")]
    pub traceql: Option<String>,
    /// Over a range from here: a time, or how long ago, such as 1h [default of entries: 1h, of traces: 1d].
    #[arg(long, value_name = "TIME", requires = "language", allow_hyphen_values = true)]
    pub start: Option<String>,
    /// Up to here, or the time of a query without --start [default: now].
    #[arg(long, value_name = "TIME", requires = "language", allow_hyphen_values = true)]
    pub end: Option<String>,
    /// Time between values of a range, such as 15s [default: one that makes 100 of them].
    #[arg(long, value_name = "TIME", requires = "start")]
    pub step: Option<String>,
    /// Form of the answer.
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
    /// Most rows to show.
    #[arg(long, default_value_t = 10_000)]
    pub limit: usize,
    /// Give up after this many seconds.
    #[arg(long, default_value_t = 60)]
    pub timeout: u64,
    /// Where the server is.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Forms of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Aligned columns.
    Table,
    /// The JSON of `/api/sql`.
    Json,
    /// Comma-separated values with a header.
    Csv,
    /// One Parquet file on standard output.
    Parquet,
    /// An Arrow IPC stream on standard output.
    Arrow,
}

/// Options of `luneta tail`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  luneta tail --service spam\n  luneta tail --errors -o json | jq .body")]
pub struct TailArgs {
    /// Only this service.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Only errors.
    #[arg(long)]
    pub errors: bool,
    /// Only rows that hold this text.
    #[arg(long, value_name = "TEXT")]
    pub grep: Option<String>,
    /// `text` for people, `json` for programs: one object a line.
    #[arg(short, long, value_enum, default_value_t = TailOutput::Text)]
    pub output: TailOutput,
    /// Where the server is.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Forms of a live tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TailOutput {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Options of `luneta tail-files`.
///
/// Lines of JSON, logfmt, access and error logs of nginx and Apache, and what loggers of Python print are told apart by
/// their looks: time, severity, message and trace are read out of them. Stack traces stay together. Files are followed
/// when they are rotated.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    luneta tail-files /var/log/nginx/*.log\n  \
    luneta tail-files --service shop --from-beginning 'logs/**/*.log'\n  \
    luneta tail-files --once old/app.log                        all of it, and end\n  \
    luneta tail-files --line-start '^\\d{4}-' app.log            entries begin with a year\n\n\
    To have the server itself read files, also after a restart, name them in its configuration:\n  \
    receivers: {filelog: {include: [/var/log/nginx/*.log]}}")]
pub struct TailFilesArgs {
    /// Paths or patterns; `**` stands for any number of folders.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<String>,
    /// Patterns of paths to leave out.
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Name of the service, where the lines do not tell it.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Attributes of the resource, such as `deployment.environment.name=prod`.
    #[arg(long, value_name = "KEY=VALUE")]
    pub resource: Vec<String>,
    /// Form of the lines: auto, plain, json, logfmt, access, server_error, python.
    #[arg(long, default_value = "auto")]
    pub format: String,
    /// A pattern; a line that matches begins an entry, others belong to the one before.
    #[arg(long, value_name = "PATTERN")]
    pub line_start: Option<String>,
    /// Begin with what is in the files already.
    #[arg(long)]
    pub from_beginning: bool,
    /// Read to the ends of the files, and end.
    #[arg(long)]
    pub once: bool,
    /// A file in which positions are kept: the next time, reading goes on there.
    #[arg(long, value_name = "FILE")]
    pub positions: Option<PathBuf>,
    /// Says nothing but errors.
    #[arg(long, short)]
    pub quiet: bool,
    /// Where the server is.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Options of `luneta doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Where the server is.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Options of `luneta check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Configuration file; several are merged as the server would.
    #[arg(long, value_name = "FILE", required = true)]
    pub config: Vec<PathBuf>,
}
