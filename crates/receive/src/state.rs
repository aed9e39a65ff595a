//! [`ReceiveState`]: what every intake handler holds.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, HeaderValue};
use luneta_model::{Limits, Sink, Tenant};

use crate::in_flight::{InFlight, Reservation};
use crate::prometheus::pushgateway::Gateway;
use crate::prometheus::{self, PrometheusConfig, PushgatewayConfig};
use crate::{Cardinality, DecodeOptions, IntakeStats, LogSettings, ReceiveError, SeriesLimits, splunk, statsd};

/// Bounds on request bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyLimits {
    /// Bytes of a body as sent, and of one gRPC message.
    pub body_bytes_max: usize,
    /// Bytes of a body unpacked.
    pub decompressed_bytes_max: usize,
    /// How many times its size a body of more than a mebibyte may unpack to.
    pub decompression_ratio_max: usize,
    /// Bytes the rows of one request may take in memory.
    pub expanded_bytes_max: usize,
    /// Bytes of bodies, packed and unpacked, held at one time by all requests.
    pub in_flight_bytes_max: usize,
    /// Bodies from this size on are decoded on a thread of their own, so that they do not hold
    /// up the threads that serve sockets.
    pub offload_bytes_min: usize,
}

const MIB: usize = 1024 * 1024;

impl Default for BodyLimits {
    fn default() -> Self {
        Self {
            body_bytes_max: 16 * MIB,
            decompressed_bytes_max: 64 * MIB,
            decompression_ratio_max: 512,
            expanded_bytes_max: 256 * MIB,
            in_flight_bytes_max: 128 * MIB,
            offload_bytes_min: 256 * 1024,
        }
    }
}

/// Which web pages may send telemetry from a browser.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CorsOrigins {
    /// Every page; right for a server on loopback.
    #[default]
    Any,
    /// Pages of these origins, such as `https://shop.example`.
    List(Vec<HeaderValue>),
    /// None.
    Nobody,
}

/// Decides whose data a request carries, or refuses it.
pub type Admission = Arc<dyn Fn(&HeaderMap) -> Result<Tenant, ReceiveError> + Send + Sync>;

/// Admits everybody: the tenant is the one `X-Scope-OrgID` names, else `default`.
///
/// # Errors
/// [`ReceiveError::InvalidTenant`].
pub fn admit_by_header(headers: &HeaderMap) -> Result<Tenant, ReceiveError> {
    let Some(value) = headers.get("x-scope-orgid") else { return Ok(Tenant::default()) };
    let name = value.to_str().map_err(|_| ReceiveError::InvalidTenant("the name is not ASCII".into()))?;
    Tenant::new(name).map_err(|e| ReceiveError::InvalidTenant(e.to_string()))
}

/// Settings of the intakes.
#[derive(Clone)]
pub struct ReceiveConfig {
    /// Bounds per item.
    pub limits: Limits,
    /// Bounds per body.
    pub bodies: BodyLimits,
    /// Bounds on series of metrics.
    pub series: SeriesLimits,
    /// What is remembered of samples.
    pub prometheus: PrometheusConfig,
    /// The Pushgateway.
    pub pushgateway: PushgatewayConfig,
    /// Browsers allowed.
    pub cors: CorsOrigins,
    /// Tenant and credentials.
    pub admission: Admission,
    /// Nanoseconds since 1970.
    pub clock: fn() -> i64,
    /// Intervals and bounds of StatsD.
    pub statsd: statsd::Settings,
    /// Bounds of the intakes of logs.
    pub logs: LogSettings,
}

impl Default for ReceiveConfig {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            bodies: BodyLimits::default(),
            series: SeriesLimits::default(),
            prometheus: PrometheusConfig::default(),
            pushgateway: PushgatewayConfig::default(),
            cors: CorsOrigins::default(),
            admission: Arc::new(admit_by_header),
            clock: system_clock,
            statsd: statsd::Settings::default(),
            logs: LogSettings::default(),
        }
    }
}

fn system_clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// What every intake handler holds; clones share everything.
#[derive(Clone)]
pub struct ReceiveState {
    /// Where batches go.
    pub sink: Arc<dyn Sink>,
    /// Settings.
    pub config: Arc<ReceiveConfig>,
    /// Counters.
    pub stats: Arc<IntakeStats>,
    /// Series of metrics that are active.
    pub cardinality: Arc<Cardinality>,
    pub(crate) prometheus: Arc<prometheus::Memory>,
    pub(crate) statsd: Arc<statsd::Statsd>,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) splunk: Arc<splunk::Acks>,
    in_flight: Arc<InFlight>,
}

/// What frames a body, and is read with it.
const FRAME_BYTES: usize = 2048;
/// Arrow offsets have 31 bits and JSON text of a value may be six times its wire form.
const DECOMPRESSED_BYTES_CEILING: usize = 256 * MIB;

impl ReceiveState {
    /// Joins a sink and settings. Bounds that contradict each other are widened or narrowed so
    /// that the largest body allowed can be taken when nothing else is in flight.
    pub fn new(sink: Arc<dyn Sink>, mut config: ReceiveConfig) -> Self {
        let bodies = &mut config.bodies;
        bodies.decompressed_bytes_max = bodies.decompressed_bytes_max.min(DECOMPRESSED_BYTES_CEILING);
        bodies.body_bytes_max = bodies.body_bytes_max.min(DECOMPRESSED_BYTES_CEILING);
        bodies.expanded_bytes_max = bodies.expanded_bytes_max.min(1024 * MIB);
        let largest = bodies.body_bytes_max + bodies.decompressed_bytes_max + FRAME_BYTES;
        bodies.in_flight_bytes_max = bodies.in_flight_bytes_max.max(largest);
        let in_flight_bytes_max = bodies.in_flight_bytes_max;
        let statsd = statsd::Statsd::new(config.statsd, (config.clock)());
        Self {
            sink,
            cardinality: Arc::new(Cardinality::new(config.series)),
            prometheus: Arc::new(prometheus::Memory::new(&config.prometheus)),
            statsd: Arc::new(statsd),
            gateway: Arc::new(Gateway::new(&config.pushgateway)),
            splunk: Arc::default(),
            config: Arc::new(config),
            stats: Arc::new(IntakeStats::default()),
            in_flight: Arc::new(InFlight::new(in_flight_bytes_max)),
        }
    }

    /// Options for decoding now.
    pub fn decode_options(&self) -> DecodeOptions {
        DecodeOptions {
            limits: self.config.limits,
            now: (self.config.clock)(),
            expanded_bytes_max: self.config.bodies.expanded_bytes_max,
            times: self.config.logs.times,
        }
    }

    /// Bytes of bodies that could still be taken.
    pub fn free_bytes(&self) -> usize {
        self.in_flight.free()
    }

    /// A share of them for a request of a tenant.
    pub(crate) fn reservation(&self, tenant: &Tenant) -> Reservation {
        self.in_flight.reservation(tenant)
    }
}
