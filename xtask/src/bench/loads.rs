//! What is sent and what is asked.

/// One signal's payloads, and what is asked of them.
#[derive(Debug)]
pub struct Load {
    /// As `gen_otlp.py` calls it.
    pub signal: &'static str,
    /// Where it is posted.
    pub path: &'static str,
    /// Files of the full load.
    pub batches: u64,
    /// Whether files of one sender follow each other on one connection.
    pub by_shard: bool,
    /// Headers of a request.
    pub headers: &'static [&'static str],
    /// Name, and a statement or a path with its query; `{trace}` stands for the id of a trace that the load
    /// names, `{large trace}` for one of many services, `{start}`
    /// and `{end}` for the time of the load in seconds, `{end-3600}` for an hour before.
    pub queries: &'static [(&'static str, &'static str)],
}

/// Every signal.
pub const LOADS: &[Load] = &[
    Load {
        signal: "traces",
        path: "/v1/traces",
        batches: 2000,
        by_shard: false,
        headers: OTLP,
        queries: &[
            ("trace by id", "SELECT * FROM spans WHERE trace_id = '{trace}'"),
            (
                "count, errors, p50, p99 by service",
                "SELECT service_name, count(*), count(*) FILTER (WHERE status_code = 'ERROR'), \
                 approx_percentile_cont(duration_ns, 0.5), approx_percentile_cont(duration_ns, 0.99) FROM spans GROUP BY 1",
            ),
            (
                "newest 20 slow spans of a service",
                "SELECT trace_id, name, duration_ns FROM spans WHERE service_name = 'checkout' AND duration_ns > 50000000 \
                 ORDER BY start_time DESC LIMIT 20",
            ),
            ("group by an attribute", "SELECT attributes['http.response.status_code'], count(*) FROM spans GROUP BY 1"),
            (
                "rate, errors and duration by service, derived",
                "SELECT service_name, sum(count), sum(count) FILTER (WHERE status_code = 'ERROR'), \
                 duration_quantiles(duration_buckets, duration_counts) FROM span_metrics GROUP BY 1",
            ),
            (
                "calls between services, derived",
                "SELECT client, server, sum(count), sum(errors), duration_quantiles(duration_buckets, duration_counts) \
                 FROM edge_metrics GROUP BY 1, 2",
            ),
            ("trace by id, Tempo's API", "/tempo/api/v2/traces/{trace}?start={start}&end={end}"),
            ("large trace by id, Tempo's API", "/tempo/api/v2/traces/{large trace}?start={start}&end={end}"),
            (
                "search by service and duration, 20 traces",
                "/tempo/api/search?q={resource.service.name=\"payment\" %26%26 duration>100ms}&limit=20&start={start}&end={end}",
            ),
            ("search by structure, 20 traces", "/tempo/api/search?q={} >> {status=error}&limit=20&start={start}&end={end}"),
            (
                "rate by service and minute",
                "/tempo/api/metrics/query_range?q={}|rate()by(resource.service.name)&step=60s&exemplars=0&start={start}&end={end}",
            ),
            (
                "quantiles by service and minute",
                "/tempo/api/metrics/query_range?q={}|quantile_over_time(duration,.5,.99)by(resource.service.name)&step=60s\
                 &exemplars=0&start={start}&end={end}",
            ),
            ("keys of attributes", "/tempo/api/v2/search/tags?start={start}&end={end}"),
            ("values of an attribute", "/tempo/api/v2/search/tag/span.http.route/values?start={start}&end={end}"),
        ],
    },
    Load {
        signal: "logs",
        path: "/v1/logs",
        batches: 3000,
        by_shard: false,
        headers: OTLP,
        queries: &[
            (
                "count by severity and minute",
                "SELECT date_bin(interval '1 minute', time), severity_text, count(*) FROM logs GROUP BY 1, 2",
            ),
            (
                "newest 100 errors",
                "SELECT time, service_name, body FROM logs WHERE severity_number >= 17 ORDER BY time DESC LIMIT 100",
            ),
            ("substring count", "SELECT count(*) FROM logs WHERE body LIKE '%timeout%'"),
            (
                "phrase count, LogQL",
                "/loki/api/v1/query?query=sum(count_over_time({service_name=~\".%2B\"} |= \"request completed\" [24h]))&time={end}",
            ),
            (
                "substring count, LogQL",
                "/loki/api/v1/query?query=sum(count_over_time({service_name=~\".%2B\"} |= \"imeou\" [24h]))&time={end}",
            ),
            (
                "a needle in all, LogQL",
                "/loki/api/v1/query_range?query={service_name=~\".%2B\"} |= \"zanzibarquartz\"&start={start}&end={end}",
            ),
            (
                "by trace id, LogQL",
                "/loki/api/v1/query_range?query={service_name=~\".%2B\"} | trace_id=\"{trace}\"&start={start}&end={end}",
            ),
            (
                "newest 100 rows with a phrase, LogQL",
                "/loki/api/v1/query_range?query={service_name=~\".%2B\"} |= \"request completed\"&limit=100&start={start}&end={end}",
            ),
            (
                "count by level and minute, LogQL",
                "/loki/api/v1/query_range?query=sum by (detected_level) (count_over_time({service_name=~\".%2B\"}[1m]))&step=60\
                 &start={start}&end={end}",
            ),
            (
                "rate of errors by service over 1 h, LogQL",
                "/loki/api/v1/query_range?query=sum by (service_name) (rate({service_name=~\".%2B\"} |= \"error\" [1m]))&step=60\
                 &start={end-3600}&end={end}",
            ),
            ("values of a label, Loki's API", "/loki/api/v1/label/service_name/values?start={start}&end={end}"),
            ("volume by service, Loki's API", "/loki/api/v1/index/volume?query={service_name=~\".%2B\"}&start={start}&end={end}"),
        ],
    },
    Load { signal: "metrics", path: "/v1/metrics", batches: 2100, by_shard: true, headers: OTLP, queries: METRIC_QUERIES },
    Load {
        signal: "remote-write",
        path: "/api/v1/write",
        batches: 2100,
        by_shard: true,
        headers: REMOTE_WRITE,
        queries: METRIC_QUERIES,
    },
];

const OTLP: &[&str] = &["Content-Type: application/x-protobuf"];
/// Headers of Prometheus's remote write.
pub const REMOTE_WRITE: &[&str] =
    &["Content-Type: application/x-protobuf", "Content-Encoding: snappy", "X-Prometheus-Remote-Write-Version: 0.1.0"];

const METRIC_QUERIES: &[(&str, &str)] = &[
    ("points by metric", "SELECT metric_name, count(*) FROM metrics GROUP BY 1"),
    (
        "rate over 1 h at 15 s",
        "/api/v1/query_range?query=sum by (job) (rate(http_requests_total[5m]))&start={end-3600}&end={end}&step=15",
    ),
    (
        "p99 of classic histograms over 1 h at 15 s",
        "/api/v1/query_range?query=histogram_quantile(0.99, sum by (le, job) \
         (rate(http_server_request_duration_seconds_bucket[5m])))&start={end-3600}&end={end}&step=15",
    ),
    (
        "p99 of classic histograms over 5.75 h at 60 s",
        "/api/v1/query_range?query=histogram_quantile(0.99, sum by (le, job) \
         (rate(http_server_request_duration_seconds_bucket[5m])))&start={end-20700}&end={end}&step=60",
    ),
    ("metrics with the most series", "/api/v1/query?query=topk(10, count by (__name__) ({__name__=~\".%2B\"}))&time={end}"),
    ("names of metrics", "/api/v1/label/__name__/values?start={start}&end={end}"),
];

/// Those of [`METRIC_QUERIES`] that Prometheus answers too.
pub fn promql() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    METRIC_QUERIES.iter().filter(|(_, query)| query.starts_with("/api/v1/query"))
}

/// What the best peers reach with the same load on 2 contended cores (2026-11-21).
const PEERS: &[(&str, &str)] = &[
    ("traces: items per CPU-second, settled", "VictoriaTraces 27,000, Tempo 15,000"),
    ("logs: items per CPU-second, settled", "VictoriaLogs 35,600, Loki 17,400"),
    ("metrics: items per CPU-second, settled", "VictoriaMetrics 65,000"),
    ("traces: bytes on disk per item", "VictoriaTraces 95 to 100, Tempo 121"),
    ("logs: bytes on disk per item", "VictoriaLogs 84, Loki 95"),
    ("metrics: bytes on disk per item", "VictoriaMetrics 5.4"),
    ("traces: peak resident", "VictoriaTraces 372 MiB, Tempo 5.2 GiB"),
    ("exec to ready", "30 ms"),
    ("idle resident", "11 MiB"),
    ("traces: trace by id", "VictoriaTraces 15 ms, Tempo 84 ms"),
    ("traces: count, errors, p50, p99 by service", "VictoriaTraces 930 ms"),
    ("traces: search by service and duration, 20 traces", "VictoriaTraces 50 ms, Tempo 152 ms"),
    ("traces: rate by service and minute", "VictoriaTraces 92 ms, Tempo 521 ms"),
    ("traces: quantiles by service and minute", "VictoriaTraces 930 ms, Tempo 892 ms"),
    ("logs: count by severity and minute", "VictoriaLogs 225 ms"),
    ("logs: phrase count, LogQL", "VictoriaLogs 679 ms"),
    ("logs: substring count, LogQL", "VictoriaLogs 551 ms"),
    ("logs: a needle in all, LogQL", "VictoriaLogs 13 ms"),
    ("logs: by trace id, LogQL", "VictoriaLogs 17 ms"),
    ("logs: newest 100 rows with a phrase, LogQL", "VictoriaLogs 186 ms"),
    ("logs: count by level and minute, LogQL", "VictoriaLogs 225 ms"),
    ("remote-write: items per CPU-second, settled", "VictoriaMetrics 563,000, Prometheus 127,000"),
    ("remote-write: bytes on disk per item", "VictoriaMetrics 1.37, Prometheus 3.1"),
    ("metrics: rate over 1 h at 15 s", "VictoriaMetrics 20 ms, Prometheus 38 ms"),
    ("metrics: p99 of classic histograms over 1 h at 15 s", "VictoriaMetrics 69 ms, Prometheus 254 ms"),
    ("metrics: p99 of classic histograms over 5.75 h at 60 s", "VictoriaMetrics 158 ms, Prometheus 675 ms"),
    ("metrics: metrics with the most series", "VictoriaMetrics 63 ms, Prometheus 29 ms"),
];

/// A row with what peers reach.
pub fn beside_peers(row: &str) -> String {
    let figure = row.split(" | ").next().unwrap_or_default();
    let peer = PEERS.iter().find(|(of, _)| *of == figure).map_or("", |(_, peer)| peer);
    format!("{row} | {peer}")
}
