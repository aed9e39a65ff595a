//! Random series, and their text for Prometheus.

use std::fmt::Write as _;

use luneta_promql::{Labels, METRIC_NAME, Series};

use super::random::Random;

/// First sample (seconds since 1970), some hours before which nothing is asked.
pub const START: i64 = 1_700_000_000;
/// Length of the series in seconds.
pub const LENGTH: i64 = 2 * 3600;

/// Counters with resets and gaps, gauges of all kinds, classic histograms, and info series.
pub fn random_series(random: &mut Random) -> Vec<Series> {
    let mut all = Vec::new();
    for job in ["api", "db"] {
        for instance in ["a", "b", "c"] {
            let with = |name: &str, more: &[(&str, &str)]| {
                let mut pairs = vec![(METRIC_NAME, name), ("job", job), ("instance", instance)];
                pairs.extend(more);
                Labels::new(pairs)
            };
            for code in ["200", "404", "500"] {
                let labels = with("requests_total", &[("code", code)]);
                let gaps = times(random);
                all.push(counter(random, labels, gaps, 100_000));
                let labels = with("steady_total", &[("code", code)]);
                all.push(counter(random, labels, steady_times(), 0));
            }
            let labels = with("temperature", &[]);
            all.push(gauge(random, labels, false));
            let labels = with("wild", &[]);
            all.push(gauge(random, labels, true));
            let labels = with("build_info", &[("version", if random.percent(50) { "1.2" } else { "1.3" })]);
            all.push(constant(random, labels));
            let mut counts = [0.0; 5];
            let bounds = ["0.1", "0.5", "1", "5", "+Inf"];
            let times = steady_times();
            let mut columns: Vec<Vec<f64>> = vec![Vec::new(); 5];
            for _ in &times {
                let grown = random.below(4);
                for _ in 0..grown {
                    let bucket = random.below(5);
                    counts[bucket..].iter_mut().for_each(|count| *count += 1.0);
                }
                columns.iter_mut().zip(counts).for_each(|(column, count)| column.push(count));
            }
            for (bound, values) in bounds.into_iter().zip(columns) {
                all.push(Series::floats(with("latency_bucket", &[("le", bound)]), times.clone(), values));
            }
        }
    }
    all.sort_by(|a, b| a.labels.cmp(&b.labels));
    all
}

/// Every 15 seconds or so, off the whole seconds, with gaps short and long.
fn times(random: &mut Random) -> Vec<i64> {
    let mut times = Vec::new();
    let mut at = START * 1000 + 137;
    while at < (START + LENGTH) * 1000 {
        times.push(at);
        at += 15_000;
        if random.percent(4) {
            at += 15_000 * random.below(4) as i64;
        }
        if random.percent(1) {
            at += 400_000;
        }
        if random.percent(20) {
            at += random.below(40) as i64;
        }
    }
    // Far enough from whole seconds that no window starts or ends on a sample.
    times.into_iter().filter(|time| time % 1000 != 0).collect()
}

/// Every 15 seconds, without gaps, from long before the first question on.
fn steady_times() -> Vec<i64> {
    (-400..LENGTH * 2 / 15).map(|index| START * 1000 + 137 + index * 15_000).collect()
}

/// A counter that starts near a value; one that starts at zero is reset now and then.
fn counter(random: &mut Random, labels: Labels, times: Vec<i64>, start: usize) -> Series {
    let mut value = (start + random.below(100)) as f64;
    let values = times
        .iter()
        .map(|_| {
            value = if start == 0 && random.percent(2) { random.below(5) as f64 } else { value + random.below(7) as f64 };
            value
        })
        .collect();
    Series::floats(labels, times, values)
}

fn gauge(random: &mut Random, labels: Labels, wild: bool) -> Series {
    let times = times(random);
    let mut value = 20.0;
    let values = times
        .iter()
        .map(|_| {
            value += random.unit() * 4.0 - 2.0;
            match random.below(40) {
                0 if wild => f64::NAN,
                1 if wild => f64::INFINITY,
                2 if wild => f64::NEG_INFINITY,
                3 if wild => 0.0,
                4 if wild => -value,
                _ => value,
            }
        })
        .collect();
    Series::floats(labels, times, values)
}

fn constant(random: &mut Random, labels: Labels) -> Series {
    let times = times(random);
    let values = vec![1.0; times.len()];
    Series::floats(labels, times, values)
}

/// The text that promtool makes blocks of.
pub fn open_metrics(data: &[Series]) -> String {
    let mut text = String::new();
    let mut metric = "";
    for series in data {
        if series.labels.metric_name() != metric {
            metric = series.labels.metric_name();
            let _ = writeln!(text, "# TYPE {metric} unknown");
        }
        for (time, value) in series.floats.times.iter().zip(&series.floats.values) {
            let shown = luneta_promql::format_float(*value);
            // The format allows no spaces between labels.
            let labels = series.labels.to_string().replace("\", ", "\",");
            let _ = writeln!(text, "{labels} {shown} {}.{:03}", time / 1000, time % 1000);
        }
    }
    text.push_str("# EOF\n");
    text
}
