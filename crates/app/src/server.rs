//! `luneta serve`: joins store, intakes and APIs, and runs until told to stop.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use luneta_alert::Rules;
use luneta_model::{Signal, Sink};
use luneta_query::QueryEngine;
use luneta_receive::prometheus::PushgatewayConfig;
use luneta_receive::{BoundedSink, CorsOrigins, ReceiveConfig, ReceiveState, filelog};
use luneta_scrape::{OwnTarget, Scraper, ScraperConfig};
use luneta_serve::{ServeState, ServerInfo};
use luneta_store::{Store, StoreConfig};
use tokio::net::{TcpListener, UnixDatagram};
use tokio::sync::watch;

use crate::cli::ServeArgs;
use crate::client::ADDRESS_FILE;
use crate::config::Config;
use crate::rules::RuleLake;
use crate::{drop_in, ports};

/// A server that runs in this process.
pub struct Running {
    /// Addresses by name, as URLs.
    pub addresses: BTreeMap<String, String>,
    /// Names of the addresses that are other servers' ports.
    drop_ins: Vec<String>,
    stop: watch::Sender<bool>,
    tasks: Vec<tokio::task::JoinHandle<Result<()>>>,
    store: Arc<Store>,
    rules: Arc<Rules>,
    scraper: Scraper,
    data: std::path::PathBuf,
}

/// Runs the server until SIGINT or SIGTERM.
#[expect(clippy::print_stdout, reason = "the addresses are the answer of the command")]
pub async fn serve(args: ServeArgs) -> Result<ExitCode> {
    let config = Config::load(&args)?;
    let notes = config.notes.clone();
    let running = Running::start(config).await?;
    println!("Luneta {}", env!("CARGO_PKG_VERSION"));
    println!("  UI and APIs  {}", running.addresses["http"]);
    for (name, label) in [("otlp_grpc", "OTLP gRPC"), ("otlp_http", "OTLP HTTP")] {
        if let Some(address) = running.addresses.get(name) {
            println!("  {label}    {address}");
        }
    }
    for name in &running.drop_ins {
        println!("  {name:<14} {}", running.addresses[name]);
    }
    println!("  Data         {}", running.data.display());
    for note in notes {
        println!("  note: {note}");
    }
    for warning in running.store.stats().warnings {
        println!("  warning: {warning}");
    }
    wait_for_signal(&running.scraper, &running.rules).await?;
    tracing::info!("stopping");
    running.stop().await?;
    Ok(ExitCode::SUCCESS)
}

/// Waits for SIGINT or SIGTERM. SIGHUP reads again what is to be scraped, and the rules.
async fn wait_for_signal(scraper: &Scraper, rules: &Rules) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            result = tokio::signal::ctrl_c() => return Ok(result?),
            _ = terminate.recv() => return Ok(()),
            _ = hang_up.recv() => match reload(scraper, rules).await {
                Ok(()) => tracing::info!("what is to be scraped and the rules were read again"),
                Err(error) => tracing::error!("{error:#}; what is wrong stays as it was"),
            },
        }
    }
}

/// Reads again what is to be scraped, and the rules.
async fn reload(scraper: &Scraper, rules: &Rules) -> Result<()> {
    scraper.reload().await?;
    rules.reload().await?;
    Ok(())
}

/// `POST /-/reload`, as Prometheus has it.
async fn reload_by_request((scraper, rules): (Scraper, Arc<Rules>)) -> Response {
    match reload(&scraper, &rules).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("failed to reload config: {error:#}\n")).into_response(),
    }
}

/// Starts what runs by the clock: scraping, and rules.
async fn on_clocks(
    config: &Config,
    engine: Arc<QueryEngine>,
    sink: Arc<dyn Sink>,
    state: &ServeState,
    main: SocketAddr,
) -> Result<(Scraper, Arc<Rules>)> {
    let lake = RuleLake::new(engine, Arc::clone(&sink));
    let rules = Arc::new(Rules::start(Arc::new(lake), config.rules.clone()).context("rules")?);
    state.tell_rules(Arc::clone(&rules));
    let own = config.scrape_self.then(|| own_target(state, main));
    let bounds = ScraperConfig { limits: config.limits, ..ScraperConfig::default() };
    let scraper = Scraper::start(config.scrape.clone(), own, sink, bounds).await?;
    state.tell_scraper(scraper.clone());
    Ok((scraper, rules))
}

/// The server as a target of its own.
fn own_target(state: &ServeState, address: SocketAddr) -> OwnTarget {
    let state = state.clone();
    let metrics = move || -> std::pin::Pin<Box<dyn Future<Output = String> + Send>> {
        let state = state.clone();
        Box::pin(async move { luneta_serve::own_metrics(&state) })
    };
    OwnTarget { address: address.to_string(), metrics: Arc::new(metrics) }
}

/// Beyond loopback, everybody on the network could read and write.
fn refuse_open_network(config: &Config, addresses: impl IntoIterator<Item = SocketAddr>) -> Result<()> {
    if config.insecure {
        return Ok(());
    }
    for address in addresses {
        if !address.ip().is_loopback() {
            bail!(
                "{address} can be reached from other machines, and this version does not ask for credentials; \
                 listen on 127.0.0.1, put a proxy that does in front, or accept the risk with --insecure"
            );
        }
    }
    Ok(())
}

impl Running {
    /// Opens the store and starts listening.
    ///
    /// # Errors
    /// When the data folder or a port cannot be used.
    pub async fn start(config: Config) -> Result<Self> {
        let http = ports::listen(&config.listen, "--listen").await?;
        let main = http.local_addr()?;
        let grpc = every(&config.otlp_grpc, "--otlp-grpc").await?;
        let otlp = every(&config.otlp_http, "--otlp-http").await?;
        let drop_ins = drop_in::open(&config.drop_in, &config.listen).await?;
        let own = [("http", std::slice::from_ref(&http)), ("otlp_grpc", &grpc), ("otlp_http", &otlp)];
        let (mut addresses, all) = announce(own, &drop_ins)?;
        let statsd_socket = config.statsd_socket.as_deref().map(ports::unix_datagrams).transpose()?;
        if let Some(path) = &config.statsd_socket {
            addresses.insert("statsd_unix".to_owned(), format!("unix://{}", path.display()));
        }
        refuse_open_network(&config, all)?;
        prepare(&config.data)?;
        let store = open(&config).await?;
        let receive = ReceiveState::new(Arc::clone(&store) as _, receive_config(&config)?);
        let engine = Arc::new(QueryEngine::new(Arc::clone(&store), config.query.clone())?);
        let info = ServerInfo {
            version: env!("CARGO_PKG_VERSION"),
            started_at: SystemTime::now(),
            data_dir: config.data.clone(),
            addresses: addresses.clone(),
            retention: config.retention,
            memory_bytes_max: config.memory_bytes_max as u64,
            udp_buffers: drop_ins.iter().filter_map(drop_in::Listening::buffer).collect(),
        };
        let state = ServeState::new(Arc::clone(&engine), Arc::clone(&receive.stats), Arc::clone(&receive.cardinality), info);
        state.start_sampling();
        let (stop, stopped) = watch::channel(false);
        let mut tasks = Vec::new();
        let bounded: Arc<dyn Sink> = Arc::new(BoundedSink::new(Arc::clone(&store) as _, Arc::clone(&receive.cardinality)));
        let (scraper, rules) = on_clocks(&config, engine, bounded, &state, main).await?;
        let reloading = (scraper.clone(), Arc::clone(&rules));
        let reads = luneta_serve::router(state.clone())
            .merge(intakes(&receive))
            .route("/-/reload", post(move || reload_by_request(reloading.clone())));
        if config.warm_up && has_spans(&store) {
            tasks.push(tokio::spawn(unless(luneta_serve::warm_up(reads.clone()), until(stopped.clone()))));
        }
        if config.warm_up {
            let listing = luneta_serve::keep_listed(reads.clone(), Arc::clone(&store), Arc::clone(&receive.cardinality));
            tasks.push(tokio::spawn(unless(listing, until(stopped.clone()))));
        }
        tasks.push(tokio::spawn(delete_as_asked(state.clone(), until(stopped.clone()))));
        tasks.push(tokio::spawn(serve_reads(http, reads, stopped.clone())));
        tasks.push(tokio::spawn(pushed(receive.clone(), until(stopped.clone()))));
        for listener in otlp {
            let serving = luneta_receive::serve_http(listener, receive.clone(), until(stopped.clone()));
            tasks.push(tokio::spawn(async move { Ok(serving.await?) }));
        }
        for files in config.files.clone() {
            tasks.push(tokio::spawn(read_files(files, receive.clone(), until(stopped.clone()))));
        }
        for listening in drop_ins {
            tasks.push(tokio::spawn(listening.serve(receive.clone(), state.clone(), until(stopped.clone()))));
        }
        if let Some(socket) = statsd_socket {
            tasks.push(tokio::spawn(read_datagrams(socket, receive.clone(), until(stopped.clone()))));
        }
        for listener in grpc {
            let serving = luneta_receive::serve_grpc(listener, receive.clone(), until(stopped.clone()));
            tasks.push(tokio::spawn(async move { Ok(serving.await?) }));
        }
        write_addresses(&config.data, &addresses)?;
        let drop_ins = config.drop_in.iter().map(drop_in::Wanted::id).collect();
        Ok(Self { addresses, drop_ins, stop, tasks, store, rules, scraper, data: config.data })
    }

    /// Stops listening, lets requests end, and writes what is in memory to the lake.
    ///
    /// # Errors
    /// When the store could not write everything; it will on the next start.
    pub async fn stop(self) -> Result<()> {
        self.stop.send_replace(true);
        self.scraper.stop().await;
        let grace = std::time::Duration::from_secs(5);
        for task in self.tasks {
            let abort = task.abort_handle();
            // Streams of events never end by themselves.
            if tokio::time::timeout(grace, task).await.is_err() {
                abort.abort();
            }
        }
        if tokio::time::timeout(grace, self.rules.stop()).await.is_err() {
            tracing::warn!("rules were still evaluated when the server stopped");
        }
        std::fs::remove_file(self.data.join(ADDRESS_FILE)).ok();
        self.store.shutdown().await.context("the last rows were not written to the lake; the next start does it")
    }
}

/// The addresses of all ports by name, and all of them.
fn announce(
    own: [(&str, &[TcpListener]); 3],
    drop_ins: &[drop_in::Listening],
) -> Result<(BTreeMap<String, String>, Vec<SocketAddr>)> {
    let mut addresses = BTreeMap::new();
    let mut all: Vec<SocketAddr> = drop_ins.iter().map(drop_in::Listening::address).collect();
    for (name, listeners) in own {
        for (n, listener) in listeners.iter().enumerate() {
            let address = listener.local_addr()?;
            addresses.insert(if n == 0 { name.to_owned() } else { format!("{name}/{}", n + 1) }, url(address));
            all.push(address);
        }
    }
    for listening in drop_ins {
        listening.announce(&mut addresses, url);
    }
    Ok((addresses, all))
}

fn has_spans(store: &Store) -> bool {
    store.stats().tables.iter().any(|table| table.signal == Signal::Spans && table.file_rows > 0)
}

/// Runs what nobody waits for until the server stops.
async fn unless(work: impl Future<Output = ()>, stopped: impl Future<Output = ()>) -> Result<()> {
    tokio::select! {
        () = work => {}
        () = stopped => {}
    }
    Ok(())
}

/// Reads files as they grow.
async fn read_files(files: filelog::Settings, receive: ReceiveState, stopped: impl Future<Output = ()> + Send) -> Result<()> {
    filelog::run(files, Arc::new(filelog::Intake(receive)), stopped).await?;
    Ok(())
}

/// Processes requests to delete log records.
async fn delete_as_asked(state: ServeState, stopped: impl Future<Output = ()>) -> Result<()> {
    unless(state.deletion().run(), stopped).await
}

/// Reads what StatsD's clients write to a Unix socket.
async fn read_datagrams(socket: UnixDatagram, receive: ReceiveState, stopped: impl Future<Output = ()>) -> Result<()> {
    luneta_receive::statsd::udp::serve_unix(socket, receive, stopped).await;
    Ok(())
}

/// Samples what jobs pushed to the gateway.
async fn pushed(receive: ReceiveState, stopped: impl Future<Output = ()>) -> Result<()> {
    luneta_receive::prometheus::pushgateway::run(receive, stopped).await;
    Ok(())
}

/// The HTTP intakes, on the port of the UI under the paths of every server they stand for.
fn intakes(receive: &ReceiveState) -> axum::Router {
    let mut router = axum::Router::new();
    for (path, signal) in [
        ("/v1/traces", Signal::Spans),
        ("/v1/logs", Signal::Logs),
        ("/v1/metrics", Signal::Metrics),
        ("/api/v1/otlp/v1/metrics", Signal::Metrics),
        ("/otlp/v1/logs", Signal::Logs),
    ] {
        router = router.route(path, luneta_receive::otlp::http::intake(signal));
    }
    router = router.route("/api/traces", luneta_receive::jaeger::http::intake());
    router = router.merge(luneta_receive::zipkin::http::routes()).merge(luneta_receive::influx::http::routes());
    router = router.merge(luneta_receive::prometheus::http::routes());
    router = router.merge(luneta_receive::prometheus::pushgateway::http::routes());
    router = router.merge(luneta_receive::loki::http::routes()).merge(luneta_receive::elasticsearch::http::routes());
    router = router.merge(luneta_receive::splunk::http::routes());
    router.layer(luneta_receive::otlp::http::cors(&receive.config.cors)).with_state(receive.clone())
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means the sender is gone, which is the end as well.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn serve_reads(listener: TcpListener, router: axum::Router, stopped: watch::Receiver<bool>) -> Result<()> {
    // A bare router would be copied, route by route, for every connection.
    tokio::select! {
        result = axum::serve(listener, router.into_make_service()) => Ok(result?),
        () = until(stopped) => Ok(()),
    }
}

async fn every(addresses: &[String], flag: &str) -> Result<Vec<TcpListener>> {
    let mut open = Vec::new();
    for address in addresses {
        open.push(ports::listen(address, flag).await?);
    }
    Ok(open)
}

fn url(address: SocketAddr) -> String {
    let host = if address.ip().is_unspecified() { "127.0.0.1".to_owned() } else { address.ip().to_string() };
    let host = if address.is_ipv6() && !address.ip().is_unspecified() { format!("[{host}]") } else { host };
    format!("http://{host}:{}", address.port())
}

fn prepare(data: &Path) -> Result<()> {
    let spill = data.join("tmp");
    // What a killed process spilled is of no use to anybody.
    std::fs::remove_dir_all(&spill).ok();
    std::fs::create_dir_all(&spill).with_context(|| format!("cannot use the data folder {}", data.display()))
}

async fn open(config: &Config) -> Result<Arc<Store>> {
    let mut store = StoreConfig::new(&config.data);
    store.retention = config.retention;
    store.memory_bytes_max = config.memory_bytes_max;
    store.flush_interval = config.flush_interval;
    store.promoted_columns_max = config.promoted_columns_max;
    store.operations_max = config.operations_max;
    store.log_patterns_max = config.log_patterns_max;
    store.call_wait_max = config.call_wait_max;
    store.flush_bytes = config.flush_bytes;
    Store::open(store).await.with_context(|| format!("cannot open the data folder {}", config.data.display()))
}

fn receive_config(config: &Config) -> Result<ReceiveConfig> {
    let cors = if config.cors.is_empty() || config.cors.iter().any(|o| o == "*") {
        CorsOrigins::Any
    } else {
        let parsed = config.cors.iter().map(|o| o.parse()).collect::<Result<Vec<_>, _>>();
        CorsOrigins::List(parsed.context("receivers.otlp.protocols.http.cors.allowed_origins")?)
    };
    let pushgateway = PushgatewayConfig { file: Some(config.data.join("pushgateway.json")), ..PushgatewayConfig::default() };
    Ok(ReceiveConfig {
        pushgateway,
        limits: config.limits,
        bodies: config.bodies,
        series: config.series,
        prometheus: config.prometheus,
        cors,
        statsd: config.statsd,
        logs: config.logs.clone(),
        ..ReceiveConfig::default()
    })
}

fn write_addresses(data: &Path, addresses: &BTreeMap<String, String>) -> Result<()> {
    let (target, fresh) = (data.join(ADDRESS_FILE), data.join(format!("{ADDRESS_FILE}.new")));
    std::fs::write(&fresh, serde_json::to_vec_pretty(addresses)?)?;
    std::fs::rename(fresh, target).context("cannot write the address file")
}
