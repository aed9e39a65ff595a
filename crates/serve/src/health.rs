//! Luneta's own metrics in Prometheus's text format, and health.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use luneta_model::Signal;

use crate::ServeState;
use crate::rates::QUERY_BOUNDS;

/// The process is alive.
pub async fn healthy() -> &'static str {
    "Luneta is healthy.\n"
}

/// The server takes data and answers queries: recovery ends before it listens.
pub async fn ready() -> &'static str {
    "Luneta is ready.\n"
}

/// A page of metrics under construction.
#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) -> &mut Self {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        self
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) -> &mut Self {
        self.0.push_str(name);
        for (i, (key, text)) in labels.iter().enumerate() {
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.0, "{}{key}=\"{escaped}\"", if i == 0 { '{' } else { ',' });
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
        self
    }

    fn single(&mut self, name: &str, kind: &str, help: &str, value: f64) {
        self.family(name, kind, help).sample(name, &[], value);
    }
}

/// `GET /metrics`.
pub async fn metrics(State(state): State<ServeState>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], own_metrics(&state)).into_response()
}

/// The server's own metrics in Prometheus's text format, as `/metrics` gives them.
pub fn own_metrics(state: &ServeState) -> String {
    let mut page = Page::default();
    intake(state, &mut page);
    series(state, &mut page);
    store(state, &mut page);
    queries(state, &mut page);
    process(state, &mut page);
    page.0
}

fn series(state: &ServeState, page: &mut Page) {
    let name = "luneta_active_series";
    page.family(name, "gauge", "Series of metrics with a point within the last half hour to hour.");
    for (tenant, series) in state.0.cardinality.counts() {
        page.sample(name, &[("tenant", tenant.as_str())], series as f64);
    }
}

fn intake(state: &ServeState, page: &mut Page) {
    let intake = state.0.intake.snapshot();
    let name = "luneta_receive_requests_total";
    page.family(name, "counter", "Requests that reached an intake.");
    for p in &intake.protocols {
        page.sample(name, &[("protocol", p.protocol)], p.requests as f64);
    }
    let name = "luneta_receive_body_bytes_total";
    page.family(name, "counter", "Bytes of request bodies, as sent.");
    for p in &intake.protocols {
        page.sample(name, &[("protocol", p.protocol)], p.body_bytes as f64);
    }
    let name = "luneta_receive_accepted_items_total";
    page.family(name, "counter", "Spans, log records and points acknowledged.");
    for p in &intake.protocols {
        for (signal, count) in p.accepted {
            page.sample(name, &[("signal", signal.table()), ("protocol", p.protocol)], count as f64);
        }
    }
    let each: [(&str, &str, Read<luneta_receive::RefusedCount>); 2] = [
        ("luneta_receive_refused_requests_total", "Whole requests refused, by reason.", |r| r.requests),
        ("luneta_receive_refused_items_total", "Items left out of or repaired in requests otherwise kept, by reason.", |r| {
            r.items
        }),
    ];
    for (name, help, read) in each {
        page.family(name, "counter", help);
        for r in &intake.refused {
            let signal = r.signal.map_or("", Signal::table);
            page.sample(name, &[("signal", signal), ("protocol", r.protocol), ("reason", r.reason.as_str())], read(r) as f64);
        }
    }
}

/// Takes one figure out of many.
type Read<T> = fn(&T) -> u64;

fn store(state: &ServeState, page: &mut Page) {
    let s = state.engine().store().stats();
    page.single("luneta_wal_bytes", "gauge", "Bytes of write-ahead log on disk.", s.wal_bytes as f64);
    page.single("luneta_wal_segments", "gauge", "Segments of write-ahead log on disk.", s.wal_segments as f64);
    page.single("luneta_memory_rows", "gauge", "Rows not yet in a file.", s.memory_rows as f64);
    page.single("luneta_memory_bytes", "gauge", "Bytes of rows not yet in a file.", s.memory_bytes as f64);
    page.single("luneta_memory_limit_bytes", "gauge", "Bound on luneta_memory_bytes.", state.0.info.memory_bytes_max as f64);
    page.single("luneta_flushes_total", "counter", "Flushes that ended well.", s.flushes as f64);
    page.single("luneta_flush_failing", "gauge", "1 while the last flush failed.", f64::from(s.flush_last_error.is_some()));
    page.single("luneta_flush_last_seconds", "gauge", "Duration of the last flush.", s.flush_last_ms as f64 / 1e3);
    page.single("luneta_compactions_total", "counter", "Merges of files that ended well.", s.compactions as f64);
    page.single("luneta_compacted_files_total", "counter", "Files replaced by merges.", s.compacted_files as f64);
    page.single("luneta_retired_files_total", "counter", "Files dropped because of their age.", s.retired_files as f64);
    if let Some(free) = s.disk_free_bytes {
        page.single("luneta_disk_free_bytes", "gauge", "Bytes free on the disk of the data folder.", free as f64);
    }
    let each: [(&str, &str, &str, Read<luneta_store::TableStats>); 4] = [
        ("luneta_table_accepted_rows_total", "counter", "Rows accepted since the start.", |t| t.accepted_rows),
        ("luneta_table_files", "gauge", "Live files.", |t| t.files),
        ("luneta_table_file_bytes", "gauge", "Bytes of live files.", |t| t.file_bytes),
        ("luneta_table_rows", "gauge", "Rows in files and memory.", |t| t.file_rows + t.memory_rows),
    ];
    for (name, kind, help, read) in each {
        page.family(name, kind, help);
        for t in &s.tables {
            page.sample(name, &[("tenant", t.tenant.as_str()), ("table", t.signal.table())], read(t) as f64);
        }
    }
}

fn queries(state: &ServeState, page: &mut Page) {
    let (buckets, count, failed, seconds) = state.queries().read();
    let name = "luneta_query_duration_seconds";
    page.family(name, "histogram", "How long SQL queries took.");
    for (bound, n) in QUERY_BOUNDS.iter().zip(buckets) {
        page.sample("luneta_query_duration_seconds_bucket", &[("le", &bound.to_string())], n as f64);
    }
    page.sample("luneta_query_duration_seconds_bucket", &[("le", "+Inf")], count as f64);
    page.sample("luneta_query_duration_seconds_sum", &[], seconds);
    page.sample("luneta_query_duration_seconds_count", &[], count as f64);
    page.single("luneta_query_failures_total", "counter", "SQL queries that gave no answer.", failed as f64);
}

fn process(state: &ServeState, page: &mut Page) {
    page.family("luneta_build_info", "gauge", "Version of the binary.").sample(
        "luneta_build_info",
        &[("version", state.0.info.version)],
        1.0,
    );
    // Linux only; elsewhere these are left out.
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    if let Some(pages) = read("/proc/self/statm").split_whitespace().nth(1).and_then(|n| n.parse::<f64>().ok()) {
        page.single("process_resident_memory_bytes", "gauge", "Resident memory.", pages * 4096.0);
    }
    let stat = read("/proc/self/stat");
    let ticks: Vec<f64> = stat.rsplit(") ").next().unwrap_or("").split(' ').filter_map(|f| f.parse().ok()).collect();
    // The state letter before does not parse, so user and system time are fields 10 and 11 here.
    if let [user, system] = ticks.get(10..12).unwrap_or_default() {
        page.single("process_cpu_seconds_total", "counter", "User and system time.", (user + system) / 100.0);
    }
    let started = state.0.info.started_at.duration_since(std::time::UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64());
    page.single("process_start_time_seconds", "gauge", "When the process was ready.", started);
}
