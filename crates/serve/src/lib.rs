//! What people and programs read: `/api/*`, the UI, Luneta's own metrics and health.

mod assets;
mod attribute_text;
mod conditions;
mod dashboards;
mod frame;
mod health;
mod jaeger;
mod live;
mod loki;
mod lookup;
mod names;
mod parameters;
mod prometheus;
mod rates;
mod sql;
mod status;
mod tempo;
mod tenant;
mod warm;
mod zipkin;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::routing::{get, post};
use luneta_alert::{GroupView, Rules};
use luneta_query::QueryEngine;
use luneta_query::logql::Deletion;
use luneta_receive::{Cardinality, IntakeStats};
use luneta_scrape::Scraper;
use tokio::sync::{Mutex, Semaphore};

use rates::{QueryTimes, Rates};

pub use health::own_metrics;
pub use loki::CATEGORIZE_LABELS;
pub use prometheus::{duration as prometheus_duration, time as prometheus_time, written as prometheus_answer};
pub use sql::ApiError;
pub use warm::{keep_listed, warm_up};

/// What the server tells about itself.
#[derive(Debug, Clone)]
pub struct ServerInfo {
    /// Version of the binary.
    pub version: &'static str,
    /// When the process was ready.
    pub started_at: SystemTime,
    /// Where the data lies.
    pub data_dir: std::path::PathBuf,
    /// Addresses by name, as in `luneta.addresses.json`: `http`, `otlp_grpc`, `otlp_http`, and the
    /// names of protocols whose ports were dropped in.
    pub addresses: std::collections::BTreeMap<String, String>,
    /// How long rows are kept, in the order of `Signal::ALL`.
    pub retention: [Duration; 3],
    /// Bound on rows in memory.
    pub memory_bytes_max: u64,
    /// Receive buffers of ports for datagrams, by the names in `addresses`.
    pub udp_buffers: std::collections::BTreeMap<String, UdpBuffer>,
}

/// Bytes of datagrams that a socket holds until they are read; what comes on top is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UdpBuffer {
    /// What the server asked for.
    pub asked_bytes: usize,
    /// What the system gave.
    pub given_bytes: usize,
}

/// What every handler can reach.
#[derive(Debug, Clone)]
pub struct ServeState(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    engine: Arc<QueryEngine>,
    intake: Arc<IntakeStats>,
    cardinality: Arc<Cardinality>,
    info: ServerInfo,
    rates: Rates,
    queries: QueryTimes,
    services: live::ServiceLists,
    /// PromQL queries that may still start.
    promql_turns: Semaphore,
    /// The same of LogQL.
    logql_turns: Semaphore,
    deletion: Arc<Deletion>,
    rules: OnceLock<Arc<Rules>>,
    scraper: OnceLock<Scraper>,
    /// One at a time writes dashboards.
    dashboards: Mutex<()>,
}

impl ServeState {
    /// The state of one server.
    pub fn new(engine: Arc<QueryEngine>, intake: Arc<IntakeStats>, cardinality: Arc<Cardinality>, info: ServerInfo) -> Self {
        let (rates, queries, services) = (Rates::default(), QueryTimes::default(), live::ServiceLists::default());
        let turns = || Semaphore::new(engine.config().concurrent_max);
        let (promql_turns, logql_turns) = (turns(), turns());
        let deletion = Arc::new(Deletion::new(Arc::clone(&engine)));
        Self(Arc::new(Inner {
            engine,
            intake,
            cardinality,
            info,
            rates,
            queries,
            services,
            promql_turns,
            logql_turns,
            deletion,
            rules: OnceLock::new(),
            scraper: OnceLock::new(),
            dashboards: Mutex::default(),
        }))
    }

    /// Samples the store's counters once a second, for rates, until the state is dropped.
    pub fn start_sampling(&self) {
        let state = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_secs(1));
            loop {
                tick.tick().await;
                let Some(state) = state.upgrade() else { return };
                state.rates.sample(&state.engine.store().stats());
            }
        });
    }

    /// Tells of rules that run. What was told first stays.
    pub fn tell_rules(&self, rules: Arc<Rules>) {
        let _ = self.0.rules.set(rules);
    }

    /// Tells of what is scraped. What was told first stays.
    pub fn tell_scraper(&self, scraper: Scraper) {
        let _ = self.0.scraper.set(scraper);
    }

    fn scraper(&self) -> Option<&Scraper> {
        self.0.scraper.get()
    }

    fn rules(&self) -> Vec<GroupView> {
        self.0.rules.get().map(|rules| rules.groups()).unwrap_or_default()
    }

    fn engine(&self) -> &QueryEngine {
        &self.0.engine
    }

    fn engine_shared(&self) -> Arc<QueryEngine> {
        Arc::clone(&self.0.engine)
    }

    /// Requests to delete log records, for whoever processes them.
    pub fn deletion(&self) -> &Arc<Deletion> {
        &self.0.deletion
    }

    fn logql_turns(&self) -> &Semaphore {
        &self.0.logql_turns
    }

    fn promql_turns(&self) -> &Semaphore {
        &self.0.promql_turns
    }

    fn queries(&self) -> &QueryTimes {
        &self.0.queries
    }
}

/// Every read endpoint and the UI. Intakes are mounted beside it by the binary.
pub fn router(state: ServeState) -> Router {
    Router::new()
        .route("/api/sql", post(sql::run))
        .route("/api/schema", get(sql::schema))
        .route("/api/status", get(status::status))
        .route("/api/events", get(live::events))
        .route("/api/tail", get(live::tail))
        .route("/api/test-span", post(status::test_span))
        .route("/api/openapi.json", get(status::openapi))
        .route("/metrics", get(health::metrics))
        .route("/-/healthy", get(health::healthy))
        .route("/-/ready", get(health::ready))
        .merge(dashboards::routes())
        .merge(jaeger::router())
        .merge(loki::router())
        .merge(prometheus::router())
        .merge(tempo::router())
        .merge(zipkin::router())
        .fallback(get(assets::serve))
        .layer(axum::middleware::from_fn(luneta_receive::read_leftovers))
        .with_state(state)
}

/// The queries of Jaeger as on its own port, 16686.
pub fn jaeger_queries(state: ServeState) -> Router {
    jaeger::routes().with_state(state)
}

/// The queries of Jaeger over gRPC, as on its own port, 16685.
pub fn jaeger_queries_grpc(state: ServeState) -> Router {
    jaeger::grpc::routes().with_state(state)
}

/// The queries of Loki as on its own port, 3100, to be merged with its intake there.
pub fn loki_queries(state: ServeState) -> Router {
    loki::routes().with_state(state)
}

/// The queries of Prometheus as on its own port, 9090.
pub fn prometheus_queries(state: ServeState) -> Router {
    prometheus::routes().with_state(state)
}

/// The queries of Tempo as on its own port, 3200.
pub fn tempo_queries(state: ServeState) -> Router {
    tempo::routes().with_state(state)
}

/// The queries of Zipkin as on its own port, 9411, to be merged with its intake there.
pub fn zipkin_queries(state: ServeState) -> Router {
    zipkin::routes().with_state(state)
}
