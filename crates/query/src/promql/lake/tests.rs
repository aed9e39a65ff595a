//! Points of every kind, sent in several ways, and the series they become.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use luneta_model::{AnyValue, Batch, Limits as SentLimits, Number, Sink as _, Tenant};
use luneta_model::{MetricIdentity, MetricRow, MetricsBuilder, PointValue};
use luneta_promql::{Hints, Limits, Matcher, Params, ParseOptions, PromqlError, Query, Selection, Series, is_stale};
use luneta_store::{Store, StoreConfig};

use super::MetricsError;
use crate::{QueryConfig, QueryEngine};

mod native;

/// Seconds since 1970 that times of the tests count from.
const START: i64 = 1_700_000_000;
/// Labels that all series have.
const COMMON: [&str; 7] =
    ["instance", "job", "otel_scope_name", "otel_scope_version", "service_instance_id", "service_name", "service_namespace"];
const CUMULATIVE: i32 = 2;
const DELTA: i32 = 1;

fn config(dir: &Path) -> StoreConfig {
    let mut config = StoreConfig::new(dir);
    config.flush_interval = Duration::from_hours(1);
    config.compaction.enabled = false;
    config.compaction.files_min = 2;
    config.retention = [Duration::from_hours(24 * 365 * 100); 3];
    config
}

/// One point.
#[derive(Debug, Clone)]
struct Sent {
    metric: MetricIdentity<'static>,
    attributes: &'static [(&'static str, &'static str)],
    row: MetricRow<'static>,
}

impl Sent {
    fn new(name: &'static str, time: i64, value: PointValue<'static>) -> Self {
        let metric = MetricIdentity { name, ..MetricIdentity::default() };
        Self { metric, attributes: &[], row: MetricRow { time: nanos(time), start_time: 0, flags: 0, value } }
    }

    fn with(mut self, attributes: &'static [(&'static str, &'static str)]) -> Self {
        self.attributes = attributes;
        self
    }

    fn unit(mut self, unit: &'static str) -> Self {
        self.metric.unit = unit;
        self
    }

    fn since(mut self, start: i64) -> Self {
        self.row.start_time = nanos(start);
        self
    }

    fn ended(mut self) -> Self {
        self.row.flags = 1;
        self
    }

    fn of(mut self, temporality: i32) -> Self {
        self.metric.temporality = temporality;
        self
    }
}

fn nanos(seconds: i64) -> i64 {
    (START + seconds) * 1_000_000_000
}

fn gauge(name: &'static str, time: i64, value: f64) -> Sent {
    Sent::new(name, time, PointValue::Gauge(Some(Number::Double(value))))
}

fn counter(time: i64, value: i64) -> Sent {
    let mut sent = Sent::new("hits", time, PointValue::Sum(Some(Number::Int(value)))).of(CUMULATIVE);
    sent.metric.is_monotonic = Some(true);
    sent
}

fn histogram(time: i64, bucket_counts: &'static [u64], sum: f64) -> Sent {
    let explicit_bounds = &[0.5, 10.0][..bucket_counts.len().saturating_sub(1)];
    let count = bucket_counts.iter().sum();
    let value = PointValue::Histogram { count, sum: Some(sum), min: None, max: None, bucket_counts, explicit_bounds };
    Sent::new("lat", time, value).unit("s").of(CUMULATIVE)
}

fn exponential(time: i64, scale: i32, positive: (i32, &'static [u64])) -> Sent {
    let value = PointValue::ExponentialHistogram {
        count: positive.1.iter().sum::<u64>() + 1,
        sum: Some(3.0),
        min: None,
        max: None,
        scale,
        zero_count: 1,
        zero_threshold: 0.25,
        positive,
        negative: (0, &[]),
    };
    Sent::new("exp", time, value).of(CUMULATIVE)
}

fn summary(time: i64, count: u64, quantiles: &'static [(f64, f64)]) -> Sent {
    Sent::new("sizes", time, PointValue::Summary { count, sum: 7.5, quantiles }).unit("By")
}

fn batch(sent: &[Sent]) -> Batch {
    let mut builder = MetricsBuilder::new(SentLimits::default());
    builder.origins.begin();
    for (key, value) in
        [("service.name", "cart"), ("service.namespace", "shop"), ("service.instance.id", "i-1"), ("host.name", "h1")]
    {
        builder.origins.resource_str(key, value);
    }
    builder.origins.resource_attribute("process.pid", &AnyValue::Int(7));
    builder.origins.scope_facts("lib", "1.0", "", 0);
    let origin = builder.origins.end();
    for Sent { metric, attributes, row } in sent {
        for (key, value) in *attributes {
            builder.push_str(key, value);
        }
        builder.end_point(origin, metric, row);
    }
    builder.finish(Tenant::default()).unwrap()
}

struct Lake {
    engine: QueryEngine,
    store: Arc<Store>,
    _dir: tempfile::TempDir,
}

impl Lake {
    async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(config(dir.path())).await.unwrap();
        let engine = QueryEngine::new(Arc::clone(&store), QueryConfig::default()).unwrap();
        Self { engine, store, _dir: dir }
    }

    async fn send(&self, sent: &[Sent]) {
        if !sent.is_empty() {
            self.store.accept(batch(sent)).await.unwrap();
        }
    }

    /// The series of a selector with samples after one second and up to another.
    async fn select(&self, selector: &str, (after, until): (i64, i64), limits: &Limits) -> Result<Vec<Series>, MetricsError> {
        let (after_ms, until_ms) = ((START + after) * 1000, (START + until) * 1000);
        let selection = Selection { matchers: matchers(selector), after_ms, until_ms, hints: Hints::default() };
        let mut selected = super::select(&self.engine, &Tenant::default(), &selection, limits).await?;
        assert_eq!(selected.warnings, Vec::<String>::new());
        selected.series.sort_by(|a, b| a.labels.cmp(&b.labels));
        Ok(selected.series)
    }
}

fn matchers(selector: &str) -> Vec<Matcher> {
    let query = Query::parse(selector, &ParseOptions::default()).unwrap();
    query.selections(&Params::instant(0)).unwrap().remove(0).matchers
}

/// `name{labels} value@second …`, without the labels that all have.
fn shown(series: &Series) -> String {
    let labels = COMMON.iter().fold(series.labels.clone(), |labels, name| labels.with(name, ""));
    let value = |v: &f64| if is_stale(*v) { "stale".to_owned() } else { v.to_string() };
    let floats = series.floats.times.iter().zip(&series.floats.values).map(|(time, v)| (time, value(v)));
    let histograms = series.histograms.times.iter().zip(&series.histograms.values);
    let histograms = histograms.map(|(time, h)| (time, if is_stale(h.sum) { "stale".to_owned() } else { h.to_string() }));
    let samples = floats.chain(histograms).map(|(time, v)| format!("{v}@{}", *time as f64 / 1000.0 - START as f64));
    format!("{labels} {}", samples.collect::<Vec<_>>().join(" "))
}

/// Sends points in several ways, and asks for the same each time.
async fn check(case: &str, sent: &[Sent], selector: &str, window: (i64, i64), expected: &[&str]) {
    let half = sent.len() / 2;
    for way in ["memory", "a file", "a file and memory", "files", "a merged file", "batches"] {
        let lake = Lake::open().await;
        match way {
            "memory" => lake.send(sent).await,
            "a file" => {
                lake.send(sent).await;
                lake.store.flush().await.unwrap();
            }
            "a file and memory" => {
                lake.send(&sent[..half]).await;
                lake.store.flush().await.unwrap();
                lake.send(&sent[half..]).await;
            }
            "batches" => {
                for one in sent {
                    lake.send(std::slice::from_ref(one)).await;
                }
            }
            _ => {
                for one in sent {
                    lake.send(std::slice::from_ref(one)).await;
                    lake.store.flush().await.unwrap();
                }
                if way == "a merged file" {
                    lake.store.compact().await.unwrap();
                }
            }
        }
        // The second time from what is kept.
        for turn in ["first", "second"] {
            let found = lake.select(selector, window, &Limits::default()).await.unwrap();
            let found: Vec<String> = found.iter().map(shown).collect();
            assert_eq!(found, expected, "{case}, {way}, {turn}");
        }
    }
}

const ALL: (i64, i64) = (-1000, 1000);

#[tokio::test(flavor = "multi_thread")]
async fn numbers() {
    let gauges = [gauge("temp", 10, 1.5), gauge("temp", 20, f64::NAN), gauge("temp", 30, -3.0)];
    check("a gauge", &gauges, "temp", ALL, &["temp 1.5@10 NaN@20 -3@30"]).await;
    check("up to a time", &gauges, "temp", (10, 20), &["temp NaN@20"]).await;
    check("no sample", &gauges, "temp", (30, 40), &[]).await;
    check("another name", &gauges, "temps", ALL, &[]).await;
    let two = [gauge("temp", 10, 1.0).with(&[("room.name", "a")]), gauge("temp", 10, 2.0).with(&[("room.name", "b")])];
    check("labels", &two, "temp", ALL, &[r#"temp{room_name="a"} 1@10"#, r#"temp{room_name="b"} 2@10"#]).await;
    check("a matcher", &two, r#"{room_name=~"b|c"}"#, ALL, &[r#"temp{room_name="b"} 2@10"#]).await;
    check("the job", &two, r#"temp{job="shop/cart",instance="i-1",room_name!="a"}"#, ALL, &[r#"temp{room_name="b"} 2@10"#]).await;
    let clash = [gauge("x", 1, 1.0).with(&[("a.b", "2"), ("a_b", "3"), ("a-b", "1")])];
    check("keys of one name", &clash, "x", ALL, &[r#"x{a_b="1;2;3"} 1@1"#]).await;
    let int = [
        Sent::new("n", 1, PointValue::Gauge(Some(Number::Int(3)))).unit("By"),
        Sent::new("n", 2, PointValue::Gauge(None)).unit("By"),
    ];
    check("an integer, and nothing", &int, "n_bytes", ALL, &["n_bytes 3@1"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_are_sorted_and_single() {
    let sent = [gauge("x", 30, 3.0), gauge("x", 10, 1.0), gauge("x", 20, 2.0), gauge("x", 10, 1.0), gauge("x", 15, 1.5)];
    check("out of order", &sent, "x", ALL, &["x 1@10 1.5@15 2@20 3@30"]).await;
    let ended = [gauge("x", 10, 1.0), gauge("x", 20, 0.0).ended(), gauge("x", 30, 2.0)];
    check("ended", &ended, "x", ALL, &["x 1@10 stale@20 2@30"]).await;
    let without = [gauge("x", 10, 1.0), Sent::new("x", 20, PointValue::Gauge(None)).ended()];
    check("ended, without a value", &without, "x", ALL, &["x 1@10 stale@20"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counters() {
    let plain = [counter(10, 5).since(0), counter(20, 7).since(0), counter(30, 2).since(25)];
    check("a restart that shows", &plain, "hits_total", ALL, &["hits_total 5@10 7@20 2@30"]).await;
    let hidden = [counter(10, 5).since(0), counter(20, 7).since(0), counter(30, 9).since(25)];
    check("a restart that does not", &hidden, "hits_total", ALL, &["hits_total 5@10 7@20 0@25 9@30"]).await;
    let moving = [counter(10, 5).since(0), counter(20, 7).since(10), counter(30, 9).since(20)];
    check("starts that follow the points", &moving, "hits_total", ALL, &["hits_total 5@10 7@20 9@30"]).await;
    let delta = [counter(10, 5).of(DELTA), counter(20, 7).of(DELTA), counter(25, 0).of(DELTA).ended(), counter(30, 1).of(DELTA)];
    check("deltas", &delta, "hits_total", ALL, &["hits_total 5@10 12@20 stale@25 13@30"]).await;
    check("deltas before the window", &delta, "hits_total", (20, 40), &["hits_total stale@25 13@30"]).await;
    let again = [counter(10, 5).of(DELTA), counter(10, 5).of(DELTA), counter(20, 1).of(DELTA)];
    check("deltas sent twice", &again, "hits_total", ALL, &["hits_total 5@10 6@20"]).await;
    let mut level = counter(10, 5);
    level.metric.is_monotonic = Some(false);
    check("a sum that may fall", &[level], "hits", ALL, &["hits 5@10"]).await;
    let both = [gauge("hits", 10, 1.0), counter(10, 5)];
    check("two types of one name", &both, r#"{__name__=~"hits.*"}"#, ALL, &["hits 1@10", "hits_total 5@10"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn histograms() {
    let sent = [histogram(10, &[1, 2, 3], 30.0).since(0), histogram(20, &[2, 2, 4], 50.0).since(0)];
    let buckets = [
        r#"lat_seconds_bucket{le="+Inf"} 6@10 8@20"#,
        r#"lat_seconds_bucket{le="0.5"} 1@10 2@20"#,
        r#"lat_seconds_bucket{le="10"} 3@10 4@20"#,
    ];
    check("buckets", &sent, "lat_seconds_bucket", ALL, &buckets).await;
    check("a bucket", &sent, r#"lat_seconds_bucket{le="10"}"#, ALL, &buckets[2..]).await;
    check("but one", &sent, r#"lat_seconds_bucket{le!="10"}"#, ALL, &buckets[..2]).await;
    check("count", &sent, "lat_seconds_count", ALL, &["lat_seconds_count 6@10 8@20"]).await;
    check("sum", &sent, "lat_seconds_sum", ALL, &["lat_seconds_sum 30@10 50@20"]).await;
    check("no base name", &sent, "lat_seconds", ALL, &[]).await;
    check(
        "no bucket",
        &sent,
        r#"{__name__=~"lat.*",le=""}"#,
        ALL,
        &["lat_seconds_count 6@10 8@20", "lat_seconds_sum 30@10 50@20"],
    )
    .await;
    let delta = [histogram(10, &[1, 2, 3], 30.0).of(DELTA), histogram(20, &[2, 2, 4], 50.0).of(DELTA)];
    let summed = [
        r#"lat_seconds_bucket{le="+Inf"} 14@20"#,
        r#"lat_seconds_bucket{le="0.5"} 3@20"#,
        r#"lat_seconds_bucket{le="10"} 7@20"#,
        "lat_seconds_count 14@20",
        "lat_seconds_sum 80@20",
    ];
    check("deltas", &delta, r#"{__name__=~"lat.*"}"#, (10, 20), &summed).await;
    let coarser = [histogram(10, &[1, 2, 3], 30.0), histogram(20, &[4, 3], 9.0)];
    let changed = [
        r#"lat_seconds_bucket{le="+Inf"} 6@10 7@20"#,
        r#"lat_seconds_bucket{le="0.5"} 1@10 4@20"#,
        r#"lat_seconds_bucket{le="10"} 3@10"#,
    ];
    check("other bounds", &coarser, "lat_seconds_bucket", ALL, &changed).await;
    let restarted = [histogram(10, &[1, 0, 0], 1.0).since(0), histogram(20, &[1, 5, 0], 9.0).since(15)];
    check("a restart", &restarted, "lat_seconds_count", ALL, &["lat_seconds_count 1@10 0@15 6@20"]).await;
    let ended = [histogram(10, &[1, 0, 0], 1.0), histogram(20, &[], 0.0).ended()];
    check("ended", &ended, r#"lat_seconds_bucket{le="0.5"}"#, ALL, &[r#"lat_seconds_bucket{le="0.5"} 1@10 stale@20"#]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn native_histograms_and_summaries() {
    let zero = "[-0.25,0.25]:1";
    let sent = [exponential(10, 0, (0, &[2, 0, 1])), exponential(20, 0, (0, &[2, 1, 1]))];
    let first =
        format!("exp {{count:4, sum:3, {zero}, (1,2]:2, (4,8]:1}}@10 {{count:5, sum:3, {zero}, (1,2]:2, (2,4]:1, (4,8]:1}}@20");
    check("native", &sent, "exp", ALL, &[&first]).await;
    let delta = [exponential(10, 1, (0, &[1, 1])).of(DELTA), exponential(20, 0, (1, &[5])).of(DELTA)];
    let added = "exp {count:9, sum:6, [-0.25,0.25]:2, (1,2]:2, (2,4]:5}@20";
    check("deltas of two scales", &delta, "exp", (10, 30), &[added]).await;
    let coarse = [exponential(10, -5, (0, &[1])), exponential(20, 0, (0, &[1])), exponential(30, 0, (0, &[])).ended()];
    let rest = format!("exp {{count:2, sum:3, {zero}, (1,2]:1}}@20 stale@30");
    check("too coarse, ended", &coarse, "exp", ALL, &[&rest]).await;
    let sent = [summary(10, 3, &[(0.5, 1.0), (1.0, 4.0)]), summary(20, 4, &[(0.5, 2.0), (1.0, 4.0)])];
    let series = [
        r#"sizes_bytes{quantile="0.5"} 1@10 2@20"#,
        r#"sizes_bytes{quantile="1"} 4@10 4@20"#,
        "sizes_bytes_count 3@10 4@20",
        "sizes_bytes_sum 7.5@10 7.5@20",
    ];
    check("a summary", &sent, r#"{__name__=~"sizes.*"}"#, ALL, &series).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_have_their_own_series() {
    let sent = [gauge("x", 10, 1.0), gauge("x", 20, 1.0), gauge("y", 200, 1.0)];
    let target = r#"target_info{host_name="h1", process_pid="7"} 1@10 1@20 1@200"#;
    check("target_info", &sent, "target_info", ALL, &[target]).await;
    let lake = Lake::open().await;
    lake.send(&sent).await;
    let found = lake.select("x", ALL, &Limits::default()).await.unwrap();
    let expected = r#"x{instance="i-1", job="shop/cart", otel_scope_name="lib", otel_scope_version="1.0", service_instance_id="i-1", service_name="cart", service_namespace="shop"}"#;
    assert_eq!(found[0].labels.to_string(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_and_metadata_need_no_points() {
    let sent =
        [histogram(10, &[1, 2, 3], 30.0), counter(20, 1), summary(30, 1, &[(0.5, 1.0)]), gauge("temp", 40, 1.0).unit("Cel")];
    for flushed in [false, true] {
        let lake = Lake::open().await;
        lake.send(&sent).await;
        if flushed {
            lake.store.flush().await.unwrap();
        }
        let tenant = Tenant::default();
        let cases = [
            (r#"{__name__=~"hits.*|temp.*"}"#, (0, 100), vec!["hits_total", "temp_celsius"]),
            (r#"{__name__=~"hits.*|temp.*"}"#, (20, 100), vec!["temp_celsius"]),
            (
                "lat_seconds_bucket",
                (0, 10),
                vec![r#"lat_seconds_bucket{le="+Inf"}"#, r#"lat_seconds_bucket{le="0.5"}"#, r#"lat_seconds_bucket{le="10"}"#],
            ),
            (r#"{quantile!=""}"#, (0, 100), vec![r#"sizes_bytes{quantile="0.5"}"#]),
            ("target_info", (0, 100), vec![r#"target_info{host_name="h1", process_pid="7"}"#]),
        ];
        for (selector, (after, until), expected) in cases {
            let window = ((START + after) * 1000, (START + until) * 1000);
            let mut found = super::series(&lake.engine, &tenant, &matchers(selector), window).await.unwrap();
            found.sort();
            let found: Vec<String> = found
                .into_iter()
                .map(|labels| COMMON.iter().fold(labels, |labels, name| labels.with(name, "")).to_string())
                .collect();
            assert_eq!(found, expected, "{selector}");
        }
        let told = lake.engine.metric_metadata(&tenant).await.unwrap();
        let told: Vec<(&str, &str, &str)> = told.iter().map(|m| (m.name.as_str(), m.kind, m.unit.as_str())).collect();
        let expected = [
            ("hits_total", "counter", ""),
            ("lat_seconds", "histogram", "s"),
            ("sizes_bytes", "summary", "By"),
            ("target_info", "gauge", ""),
            ("temp_celsius", "gauge", "Cel"),
        ];
        assert_eq!(told, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_told() {
    let sent = [gauge("x", 10, 1.0), gauge("x", 20, 1.0), gauge("x", 30, 1.0)];
    let lake = Lake::open().await;
    lake.send(&sent).await;
    let limit = |samples_max| Limits { samples_max, ..Limits::default() };
    let refused = lake.select("x", ALL, &limit(2)).await;
    assert!(matches!(refused, Err(MetricsError::Query(PromqlError::TooManySamples { limit: 2 }))), "{refused:?}");
    assert_eq!(lake.select("x", ALL, &limit(3)).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_files_are_left_out_and_told() {
    let lake = Lake::open().await;
    lake.send(&[gauge("x", 10, 1.0)]).await;
    lake.store.flush().await.unwrap();
    lake.send(&[gauge("x", 20, 2.0)]).await;
    lake.store.flush().await.unwrap();
    let tenant = Tenant::default();
    let files = lake.store.snapshot(&tenant, luneta_model::Signal::Metrics).await.unwrap().files;
    let path = lake.store.lake_dir().join(&files[0].path);
    let mut content = std::fs::read(&path).unwrap();
    let pages = content.len() / 2;
    content[4..pages].fill(0xff);
    std::fs::write(&path, content).unwrap();
    let selection =
        Selection { matchers: matchers("x"), after_ms: START * 1000, until_ms: (START + 100) * 1000, hints: Hints::default() };
    let selected = super::select(&lake.engine, &tenant, &selection, &Limits::default()).await.unwrap();
    assert_eq!(selected.warnings.len(), 1, "{:?}", selected.warnings);
    assert_eq!(selected.series.iter().map(shown).collect::<Vec<_>>(), ["x 2@20"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_are_answered() {
    let lake = Lake::open().await;
    let minutes = (0..=20).flat_map(|minute| [counter(minute * 60, minute * 30).since(-1), histogram(minute * 60, &[], 0.0)]);
    lake.send(&minutes.collect::<Vec<_>>()).await;
    lake.store.flush().await.unwrap();
    let query = Query::parse("sum by (service_name) (rate(hits_total[5m]))", &ParseOptions::default()).unwrap();
    let params = Params::range((START + 600) * 1000, (START + 1200) * 1000, 300_000);
    let timeout = Duration::from_mins(1);
    let answer = lake.engine.promql(&Tenant::default(), query, params, Limits::default(), timeout).await.unwrap();
    assert_eq!(answer.warnings, Vec::<String>::new());
    let luneta_promql::Value::Matrix(series) = answer.answer.value else { panic!("a range query gives a matrix") };
    let shown: Vec<(String, Vec<f64>)> = series.iter().map(|s| (s.labels.to_string(), s.floats.values.clone())).collect();
    assert_eq!(shown, [(r#"{service_name="cart"}"#.to_owned(), vec![0.5, 0.5, 0.5])]);
}
