//! Bodies into rows: labels, relabelling, bounds and staleness, on a clock of the test's own.
#![allow(clippy::unwrap_used, clippy::format_collect)]

mod support;

use std::time::Duration;

use luneta_receive::DecodeOptions;
use luneta_receive::prometheus::exposition::ExpositionFormat;
use luneta_scrape::ScrapeError;
use luneta_scrape::append::{Appending, ScrapeReport};
use luneta_scrape::config::JobConfig;
use luneta_scrape::relabel::Labels;
use luneta_scrape::series::SeriesCache;
use luneta_scrape::target::{Found, find};
use support::{job, lines};

/// A target, scraped every second.
struct Scraping {
    job: JobConfig,
    labels: Labels,
    cache: SeriesCache,
    now_ms: i64,
}

impl Scraping {
    fn new(settings: &str) -> Self {
        let labels = [("instance", "h:1"), ("job", "shop")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { job: job(settings), labels: labels.into(), cache: SeriesCache::default(), now_ms: 1_000_000 }
    }

    fn appending(&self) -> Appending<'_> {
        let timeout = Duration::from_secs(1);
        Appending { job: &self.job, labels: &self.labels, now_ms: self.now_ms, samples_max: 1000, timeout }
    }

    /// Lines but those of the report, the report, and the error.
    fn scrape(&mut self, body: Result<&str, ScrapeError>) -> (Vec<String>, ScrapeReport, Option<ScrapeError>) {
        self.now_ms += 1000;
        let options = DecodeOptions::at(self.now_ms * 1_000_000);
        let mut cache = std::mem::take(&mut self.cache);
        let appending = self.appending();
        let body = body.map(|body| (body.as_bytes(), ExpositionFormat::Text));
        let mut appended = appending.append(body, &mut cache, &options);
        let (report, error) = (appended.report, appended.error.take());
        let all = lines(&appended.finish(&appending, &report).unwrap());
        let (reported, samples) = all.into_iter().partition(|line| line.starts_with("up{") || line.starts_with("scrape_"));
        let reported: Vec<String> = reported;
        assert!(
            reported.iter().any(|line| line.starts_with("up{") && line.contains(if error.is_none() { " 1 " } else { " 0 " }))
        );
        self.cache = cache;
        (samples, report, error)
    }

    fn good(&mut self, body: &str) -> Vec<String> {
        let (samples, _, error) = self.scrape(Ok(body));
        assert_eq!(error, None, "{body}");
        samples
    }

    fn fault(&mut self, body: &str) -> (Vec<String>, String) {
        let (samples, report, error) = self.scrape(Ok(body));
        assert!(!report.up);
        (samples, error.expect(body).to_string())
    }
}

const OWN: &str = "service.instance.id=h:1,service.name=shop";

/// Lines with what every row of the target has.
fn expect(wanted: &[(&str, &str, &str)]) -> Vec<String> {
    let line = |(name, labels, rest): &(&str, &str, &str)| {
        let comma = if labels.is_empty() { "" } else { "," };
        format!("{name}{{{OWN}{comma}{labels}}} {rest}")
    };
    wanted.iter().map(line).collect()
}

#[test]
fn a_series_that_vanishes_ends_once() {
    let mut scraping = Scraping::new("");
    assert_eq!(scraping.good("a 1\nb 2\n"), expect(&[("a", "", "1 gauge @1001000"), ("b", "", "2 gauge @1001000")]));
    assert_eq!(scraping.good("a 1\n"), expect(&[("a", "", "1 gauge @1002000"), ("b", "", "stale gauge @1002000")]));
    assert_eq!(scraping.good("a 1\n"), expect(&[("a", "", "1 gauge @1003000")]));
    assert_eq!(scraping.good("b 1\n"), expect(&[("a", "", "stale gauge @1004000"), ("b", "", "1 gauge @1004000")]));
}

#[test]
fn a_failed_scrape_ends_all_series_and_stores_nothing() {
    let mut scraping = Scraping::new("");
    scraping.good("# TYPE a counter\na 1\n");
    let (samples, error) = scraping.fault("# TYPE a counter\na 2\nnew 1\nbroken\n");
    assert_eq!(samples, expect(&[("a", "", "stale sum @1002000")]));
    assert_eq!(error, "line 4: expected a value, got the end of the line");
    let (samples, report, error) = scraping.scrape(Err(ScrapeError::Timeout("1s".to_owned())));
    assert_eq!((samples, error.unwrap().to_string().as_str()), (vec![], "no answer within 1s"));
    assert_eq!((report.scraped, report.kept, report.added), (0, 0, 0));
    // They are known still: nothing was added when they come back.
    let (samples, report, _) = scraping.scrape(Ok("a 3\n"));
    assert_eq!((samples, report.added), (expect(&[("a", "", "3 gauge @1004000")]), 0));
}

#[test]
fn a_target_that_goes_ends_everything() {
    let mut scraping = Scraping::new("extra_scrape_metrics: true");
    scraping.good("a 1\nb 1 5\n");
    scraping.now_ms += 1000;
    let options = DecodeOptions::at(scraping.now_ms * 1_000_000);
    let mut cache = std::mem::take(&mut scraping.cache);
    let ended = lines(&scraping.appending().end(&mut cache, &options).finish_without_report().unwrap());
    let names: Vec<&str> = ended.iter().map(|line| line.split('{').next().unwrap()).collect();
    let expected = [
        "a",
        "scrape_body_size_bytes",
        "scrape_duration_seconds",
        "scrape_sample_limit",
        "scrape_samples_post_metric_relabeling",
        "scrape_samples_scraped",
        "scrape_series_added",
        "scrape_timeout_seconds",
        "up",
    ];
    assert_eq!(names, expected);
    assert!(ended.iter().all(|line| line.contains(" stale ")), "{ended:?}");
    assert!(cache.is_empty());
}

#[test]
fn times_of_the_target() {
    let mut own = Scraping::new("");
    assert_eq!(own.good("a 1 500\n"), expect(&[("a", "", "1 gauge @500")]));
    // Neither stored twice nor ended.
    assert_eq!(own.good("a 1 500\n"), expect(&[]));
    assert_eq!(own.good("a 1 400\n"), expect(&[]));
    assert_eq!(own.good("a 1 600\n"), expect(&[("a", "", "1 gauge @600")]));
    assert_eq!(own.good(""), expect(&[]));
    let mut tracked = Scraping::new("track_timestamps_staleness: true");
    tracked.good("a 1 500\n");
    assert_eq!(tracked.good(""), expect(&[("a", "", "stale gauge @1002000")]));
    let mut ignored = Scraping::new("honor_timestamps: false");
    assert_eq!(ignored.good("a 1 500\n"), expect(&[("a", "", "1 gauge @1001000")]));
    // Too far in the future.
    assert_eq!(own.good("a 1 99999999999999\n"), expect(&[]));
}

#[test]
fn labels_of_the_target_and_of_samples() {
    let mut plain = Scraping::new("");
    let got = plain.good("a{job=\"x\",exported_job=\"y\",z=\"\"} 1\n");
    assert_eq!(got, expect(&[("a", "exported_exported_job=x,exported_job=y", "1 gauge @1001000")]));
    let mut honor = Scraping::new("honor_labels: true");
    let got = honor.good("a{job=\"x\",instance=\"\"} 1\n");
    assert_eq!(got, ["a{service.name=x} 1 gauge @1001000"]);
    let mut twice = Scraping::new("");
    // The first of two equal samples is kept.
    assert_eq!(twice.good("a 1\na 2\n"), expect(&[("a", "", "1 gauge @1001000")]));
}

#[test]
fn metric_relabelling() {
    let settings = "metric_relabel_configs:\n- {source_labels: [__name__], regex: b, action: drop}\n\
                    - {source_labels: [__name__], regex: '(.*)_old', target_label: __name__}\n- {regex: x, action: labeldrop}";
    let mut scraping = Scraping::new(settings);
    let (samples, report, _) = scraping.scrape(Ok("a_old{x=\"1\"} 1\nb 1\nc{y=\"1\"} 1\n"));
    assert_eq!(samples, expect(&[("a", "", "1 gauge @1001000"), ("c", "y=1", "1 gauge @1001000")]));
    assert_eq!((report.scraped, report.kept, report.added), (3, 2, 2));
    let mut nameless = Scraping::new("metric_relabel_configs: [{regex: __name__, action: labeldrop}]");
    assert_eq!(nameless.fault("a 1\n").1, "a sample has no name after relabelling");
}

#[test]
fn bounds_fail_a_scrape_whole() {
    let cases = [
        ("sample_limit: 2", "a 1\nb 1\nc 1\n", "sample_limit of 2 exceeded: 3 samples after relabelling"),
        ("label_limit: 3", "ok 1\na{b=\"1\"} 1\n", "label_limit of 3 exceeded: `a` has 4 labels"),
        (
            "label_name_length_limit: 8",
            "a{b23456789=\"1\"} 1\n",
            "label_name_length_limit of 8 exceeded: the label `b23456789` of `a`",
        ),
        (
            "label_value_length_limit: 4",
            "a{b=\"12345\"} 1\n",
            "label_value_length_limit of 4 exceeded: the value of the label `b` of `a` has 5 bytes",
        ),
        ("metric_name_validation_scheme: legacy", "{\"a.b\"} 1\n", "`a.b` is no name of a metric"),
        ("metric_name_validation_scheme: legacy", "a{\"b.c\"=\"1\"} 1\n", "`b.c` of `a` is no name of a label"),
    ];
    for (settings, body, expected) in cases {
        let (samples, error) = Scraping::new(settings).fault(body);
        assert_eq!((samples, error.as_str()), (vec![], expected));
    }
    let mut limited = Scraping::new("sample_limit: 2");
    assert_eq!(limited.good("a 1\nb 1\n").len(), 2);
    let (samples, report, _) = limited.scrape(Ok("a 1\nb 1\nc 1\nd 1\n"));
    assert_eq!((report.scraped, report.kept), (4, 4));
    assert_eq!(samples, expect(&[("a", "", "stale gauge @1002000"), ("b", "", "stale gauge @1002000")]));
    let many: String = (0..1001).map(|i| format!("a{i} 1\n")).collect();
    assert_eq!(limited.fault(&many).1, "line 1001: there are more than 1000 samples");
}

#[test]
fn types_come_from_metadata() {
    let mut scraping = Scraping::new("");
    let got = scraping
        .good("# TYPE a counter\na 1\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 2\nh_count 1\n# TYPE g gauge\ng 1\n");
    let kinds: Vec<&str> = got.iter().map(|line| line.split(' ').nth(2).unwrap()).collect();
    assert_eq!(kinds, ["sum", "gauge", "sum", "sum", "sum"]);
}

/// Discovered labels, settings of the job, and the target: its labels and URL.
#[test]
fn targets() {
    let cases = [
        ("__address__=h:1", "", "instance=h:1 job=shop http://h:1/metrics"),
        ("__address__=h:1 a=b", "metrics_path: /m/x", "a=b instance=h:1 job=shop http://h:1/m/x"),
        ("__address__=h", "scheme: https", "instance=h job=shop https://h/metrics"),
        ("__address__=[::1]:9", "", "instance=[::1]:9 job=shop http://[::1]:9/metrics"),
        ("__address__=h:1 job=x", "", "instance=h:1 job=x http://h:1/metrics"),
        ("__address__=h:1", "params: {m: [a, 'b c'], n: [1]}", "instance=h:1 job=shop http://h:1/metrics?m=a&m=b+c&n=1"),
        ("__address__=h:1 __param_m=z", "params: {m: [a, b]}", "instance=h:1 job=shop http://h:1/metrics?m=z&m=b"),
        ("__address__=h:1 __metrics_path__=/p __scheme__=https", "", "instance=h:1 job=shop https://h:1/p"),
        (
            "__address__=h:1 __meta_x=y",
            "relabel_configs: [{source_labels: [__meta_x], target_label: x}]",
            "instance=h:1 job=shop x=y http://h:1/metrics",
        ),
        (
            "__address__=h:1",
            "relabel_configs: [{source_labels: [__address__], target_label: __param_target}, \
          {source_labels: [__param_target], target_label: instance}, {target_label: __address__, replacement: 'b:9115'}]",
            "instance=h:1 job=shop http://b:9115/metrics?target=h%3A1",
        ),
        ("__address__=h:1", "relabel_configs: [{source_labels: [job], regex: shop, action: drop}]", "dropped"),
        ("a=b", "", "a target has no address"),
        ("__address__=h/x", "", "`h/x` is no host and port"),
        ("__address__=h:1 __scheme__=ftp", "", "the scheme `ftp` of h:1 is none of http and https"),
        ("__address__=h:1 __scrape_interval__=1s", "", "the timeout of h:1 is longer than its interval"),
        ("__address__=h:1 __scrape_interval__=x", "", "__scrape_interval__: `x` is not a time"),
        ("__address__=me:pw@h", "", "an address holds credentials"),
    ];
    for (labels, settings, expected) in cases {
        let pairs = labels.split(' ').filter_map(|pair| pair.split_once('='));
        let labels: Labels = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let got = match find(&labels, &job(settings)) {
            Found::Active(target) => {
                let labels: Vec<String> = target.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!("{} {}", labels.join(" "), target.url)
            }
            Found::Dropped(before) => {
                assert!(before.contains_key("__metrics_path__"));
                "dropped".to_owned()
            }
            Found::Broken(reason) => reason,
        };
        assert_eq!(got, expected, "{settings}");
    }
}
