//! Telemetry of a web shop: twelve services on thirty-six instances.

use luneta_model::{
    AnyValue, Batch, Limits, LogRow, LogsBuilder, MetricIdentity, MetricRow, MetricsBuilder, Number, OriginsBuilder, PointValue,
    SpanRow, SpansBuilder, Tenant,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const SERVICES: [&str; 12] = [
    "frontend",
    "cart",
    "checkout",
    "payment",
    "catalog",
    "search",
    "currency",
    "shipping",
    "email",
    "ads",
    "recommend",
    "quote",
];
const ROUTES: [&str; 9] =
    ["/", "/cart", "/cart/{id}", "/product/{id}", "/checkout", "/search", "/api/quote", "/api/ads", "/api/currency"];

/// Makes batches as exporters send them: one instance each, or a gateway's mix.
pub struct WebShop {
    random: StdRng,
    now: i64,
}

impl WebShop {
    pub fn new() -> Self {
        Self { random: StdRng::seed_from_u64(7), now: 1_790_000_000_000_000_000 }
    }

    fn origins(builder: &mut OriginsBuilder) -> Vec<u32> {
        let mut out = Vec::new();
        for (s, service) in SERVICES.iter().enumerate() {
            for replica in 0..3 {
                builder.begin();
                builder.resource_str("service.name", service);
                builder.resource_str("service.namespace", "shop");
                builder.resource_str("service.version", &format!("1.{s}.0"));
                builder.resource_str("service.instance.id", &format!("{service}-{replica}-0f3a9c"));
                builder.resource_str("deployment.environment.name", "production");
                builder.resource_str("host.name", &format!("node-{}", (s + replica) % 5));
                builder.resource_str("os.type", "linux");
                builder.resource_number("process.pid", Number::Int(100 + s as i64 * 7));
                builder.resource_str("k8s.namespace.name", "shop");
                builder.resource_str("k8s.pod.name", &format!("{service}-7d9f8b6c5-x{replica}k2"));
                builder.resource_str("k8s.deployment.name", service);
                builder.resource_str("telemetry.sdk.language", ["go", "java", "python"][s % 3]);
                builder.resource_str("telemetry.sdk.name", "opentelemetry");
                builder.resource_str("telemetry.sdk.version", "1.30.0");
                builder.scope_facts("io.opentelemetry.http", "0.50.0", "", 0);
                out.push(builder.end());
            }
        }
        out
    }

    /// Whole traces of eight spans each, ten to twelve attributes a span.
    pub fn spans(&mut self, count: usize) -> Batch {
        let mut b = SpansBuilder::new(Limits::default());
        let origins = Self::origins(&mut b.origins);
        let mut trace = [0; 16];
        let mut parent = [0; 8];
        for n in 0..count {
            if n % 8 == 0 {
                self.random.fill(&mut trace);
                parent = [0; 8];
                self.now += self.random.random_range(0..200_000);
            }
            let mut span_id = [0; 8];
            self.random.fill(&mut span_id);
            self.attributes(&mut b, n);
            let origin = origins[self.random.random_range(0..origins.len())];
            let start = self.now + self.random.random_range(0..5_000_000);
            let error = self.random.random_ratio(1, 50);
            let row = SpanRow {
                start_time: start,
                end_time: start + self.random.random_range(20_000..80_000_000),
                trace_id: trace,
                span_id,
                parent_span_id: parent,
                flags: 1,
                name: ["GET", "GET /cart", "POST /checkout", "SELECT shop.items", "publish orders"][n % 5],
                kind: 1 + (n % 5) as i32,
                status_code: if error { 2 } else { 0 },
                status_message: if error { "upstream connect error" } else { "" },
                ..SpanRow::default()
            };
            parent = span_id;
            b.end_span(origin, &row).expect("ids have their widths");
        }
        b.finish(Tenant::default()).expect("columns are even")
    }

    fn attributes(&mut self, b: &mut SpansBuilder, n: usize) {
        let route = ROUTES[self.random.random_range(0..ROUTES.len())];
        let a = &mut b.attributes;
        a.push_str("http.request.method", if n.is_multiple_of(4) { "POST" } else { "GET" });
        a.push_str("http.route", route);
        a.push_int("http.response.status_code", if self.random.random_ratio(1, 50) { 500 } else { 200 });
        a.push_str("url.path", &format!("{route}/{}", self.random.random_range(0..2000)));
        a.push_str("url.scheme", "http");
        a.push_str("server.address", SERVICES[n % SERVICES.len()]);
        a.push_int("server.port", 8080);
        a.push_str("client.address", &format!("10.0.{}.{}", n % 8, self.random.random_range(0..255)));
        a.push_str("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) shop-client/2.1");
        a.push_str("app.user.id", &format!("user-{}", self.random.random_range(0..5000)));
        if n.is_multiple_of(2) {
            a.push("app.cart.items", &AnyValue::Int(self.random.random_range(0..20)));
        }
        if n.is_multiple_of(3) {
            a.push_str("db.system.name", "postgresql");
        }
    }

    /// Log lines with an id and a number in most of them.
    pub fn logs(&mut self, count: usize) -> Batch {
        let mut b = LogsBuilder::new(Limits::default());
        let origins = Self::origins(&mut b.origins);
        for n in 0..count {
            self.now += self.random.random_range(0..50_000);
            let id: u64 = self.random.random();
            let ms = self.random.random_range(1..900);
            b.body_str(&match n % 4 {
                0 => format!("GET /product/{} 200 {ms}ms", id % 5000),
                1 => format!("order {id:016x} placed for user {}", id % 5000),
                2 => format!("cache miss for key product:{} after {ms} ms", id % 2000),
                _ => "connection to payment established".to_owned(),
            });
            b.attributes.push_str("logger.name", "shop.http");
            b.attributes.push_int("thread.id", (n % 16) as i64);
            b.attributes.push_str("app.request.id", &format!("{id:016x}"));
            let mut trace_id = [0; 16];
            self.random.fill(&mut trace_id);
            let row = LogRow {
                time: self.now,
                observed_time: self.now + 1_000_000,
                severity_number: 9,
                severity_text: "INFO",
                trace_id,
                span_id: id.to_be_bytes(),
                flags: 1,
                ..LogRow::default()
            };
            b.end_record(origins[n * 7 % origins.len()], &row).expect("ids have their widths");
        }
        b.finish(Tenant::default()).expect("columns are even")
    }

    /// One export of gauges and counters by every instance.
    pub fn metrics(&mut self, count: usize) -> Batch {
        let mut b = MetricsBuilder::new(Limits::default());
        let origins = Self::origins(&mut b.origins);
        self.now += 15_000_000_000;
        for n in 0..count {
            let series = n / origins.len();
            b.push_str("http.route", ROUTES[series % ROUTES.len()]);
            b.push_str("method", if series.is_multiple_of(2) { "GET" } else { "POST" });
            let name = format!("shop.requests.{}", series / 18);
            let metric =
                MetricIdentity { name: &name, unit: "1", temporality: 2, is_monotonic: Some(true), ..MetricIdentity::default() };
            let value = PointValue::Sum(Some(Number::Int(self.now / 1_000_000_000 % 100_000 + n as i64)));
            let row = MetricRow { time: self.now + (n % origins.len()) as i64 * 1_000_000, start_time: 1, flags: 0, value };
            b.end_point(origins[n % origins.len()], &metric, &row);
        }
        b.finish(Tenant::default()).expect("columns are even")
    }
}
