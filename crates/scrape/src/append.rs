//! One body into rows: labels of the target, relabelling, bounds, staleness. No IO, no clock.

use std::borrow::Cow;
use std::time::Duration;

use luneta_model::{Batch, Tenant};
use luneta_receive::DecodeOptions;
use luneta_receive::prometheus::exposition::{
    Entry, ExpositionFormat, ExpositionOptions, Family, MetricType, Sample, SampleValue, parse,
};
use luneta_receive::prometheus::scraped::{STALE, ScrapedRows, ScrapedSeries};

use crate::config::JobConfig;
use crate::error::ScrapeError;
use crate::relabel::{Labels, is_label_name};
use crate::series::{Pair, Seen, SeriesCache, labels_of};

/// The label that names the metric.
const METRIC_NAME: &str = "__name__";
/// Samples this far in the future are left out, in milliseconds.
const AHEAD_MS_MAX: i64 = 10 * 60 * 1000;
/// Families of a target whose metadata is remembered.
const FAMILIES_MAX: usize = 10_000;
/// Bytes of a help text that is remembered.
const HELP_BYTES_MAX: usize = 1024;
const NANOS_PER_MILLI: i64 = 1_000_000;

/// Metadata of one metric, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyNote {
    /// Name of the family.
    pub name: String,
    /// Its type.
    pub metric_type: MetricType,
    /// Its description.
    pub help: String,
    /// Its unit.
    pub unit: String,
}

/// What one scrape is appended with.
#[derive(Debug, Clone, Copy)]
pub struct Appending<'a> {
    /// The job.
    pub job: &'a JobConfig,
    /// Labels of the target.
    pub labels: &'a Labels,
    /// When the scrape began, in milliseconds since 1970.
    pub now_ms: i64,
    /// Samples a body may have, whatever the job says.
    pub samples_max: usize,
    /// Longest time of the scrape.
    pub timeout: Duration,
}

/// What a scrape came to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ScrapeReport {
    /// Whether it succeeded.
    pub up: bool,
    /// How long it took.
    pub duration_seconds: f64,
    /// Samples in the body.
    pub scraped: u64,
    /// Samples after relabelling.
    pub kept: u64,
    /// Series that were not there before.
    pub added: u64,
    /// Bytes of the body; -1 when it was too large.
    pub body_bytes: i64,
}

/// A body that was read.
pub struct Appended<'o> {
    rows: ScrapedRows<'o>,
    /// Counts so far; the rest of the report is the caller's.
    pub report: ScrapeReport,
    /// Why nothing of the body is kept.
    pub error: Option<ScrapeError>,
    /// Metadata, unless the body was broken.
    pub families: Vec<FamilyNote>,
}

impl Appending<'_> {
    /// Reads a body, or takes note that there is none, and ends what vanished.
    pub fn append<'o>(
        &self,
        body: Result<(&[u8], ExpositionFormat), ScrapeError>,
        cache: &mut SeriesCache,
        options: &'o DecodeOptions,
    ) -> Appended<'o> {
        cache.begin();
        let mut run = Run {
            appending: self,
            cache,
            rows: ScrapedRows::new(options),
            report: ScrapeReport::default(),
            error: None,
            families: Vec::new(),
        };
        match body {
            Ok((bytes, format)) => run.read(bytes, format),
            Err(error) => run.error = Some(error),
        }
        let Run { rows, mut report, error, families, .. } = run;
        let mut appended = Appended { rows, report, error, families };
        if appended.error.is_some() {
            appended.rows = ScrapedRows::new(options);
            appended.families.clear();
        }
        let ended = cache.end(appended.error.is_none());
        appended.mark_stale(&ended, self.now_ms);
        report.up = appended.error.is_none();
        appended.report = report;
        appended
    }

    /// Ends all series of a target that is there no more, those of its reports too.
    pub fn end<'o>(&self, cache: &mut SeriesCache, options: &'o DecodeOptions) -> Appended<'o> {
        let rows = ScrapedRows::new(options);
        let mut appended = Appended { rows, report: ScrapeReport::default(), error: None, families: Vec::new() };
        appended.mark_stale(&cache.end_all(), self.now_ms);
        for (name, _) in reports(&ScrapeReport::default(), self) {
            appended.report_sample(self, name, STALE);
        }
        appended
    }
}

impl Appended<'_> {
    fn mark_stale(&mut self, ended: &[(Box<[u8]>, MetricType)], now_ms: i64) {
        for (key, metric_type) in ended {
            let series = ScrapedSeries { metric_type: *metric_type, ..ScrapedSeries::default() };
            // Labels that were stored once can be stored again.
            let _ = self.rows.push(&labels_of(key), &series, now_ms, None, &SampleValue::Number(STALE), &[]);
        }
    }

    fn report_sample(&mut self, appending: &Appending<'_>, name: &'static str, value: f64) {
        let labels = appending.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut labels: Vec<Pair<'_>> = std::iter::once((METRIC_NAME, name)).chain(labels).collect();
        labels.sort_unstable();
        let series = ScrapedSeries { metric_type: MetricType::Gauge, ..ScrapedSeries::default() };
        let _ = self.rows.push(&labels, &series, appending.now_ms, None, &SampleValue::Number(value), &[]);
    }

    /// The rows, with those of the report.
    ///
    /// # Errors
    /// When rows cannot be made of it, which would be a fault of the server.
    pub fn finish(mut self, appending: &Appending<'_>, report: &ScrapeReport) -> Result<Batch, String> {
        for (name, value) in reports(report, appending) {
            self.report_sample(appending, name, value);
        }
        self.finish_without_report()
    }

    /// The rows.
    ///
    /// # Errors
    /// As [`Appended::finish`].
    pub fn finish_without_report(self) -> Result<Batch, String> {
        self.rows.finish(Tenant::default())
    }
}

/// The series every scrape reports.
fn reports(report: &ScrapeReport, appending: &Appending<'_>) -> Vec<(&'static str, f64)> {
    let job = appending.job;
    let mut all = vec![
        ("up", f64::from(u8::from(report.up))),
        ("scrape_duration_seconds", report.duration_seconds),
        ("scrape_samples_scraped", report.scraped as f64),
        ("scrape_samples_post_metric_relabeling", report.kept as f64),
        ("scrape_series_added", report.added as f64),
    ];
    if job.extra_metrics {
        all.push(("scrape_timeout_seconds", appending.timeout.as_secs_f64()));
        all.push(("scrape_sample_limit", job.limits.samples as f64));
        all.push(("scrape_body_size_bytes", report.body_bytes as f64));
    }
    all
}

struct Run<'r, 'a, 'o> {
    appending: &'r Appending<'a>,
    cache: &'r mut SeriesCache,
    rows: ScrapedRows<'o>,
    report: ScrapeReport,
    error: Option<ScrapeError>,
    families: Vec<FamilyNote>,
}

type CowPair<'s> = (Cow<'s, str>, Cow<'s, str>);

impl Run<'_, '_, '_> {
    fn read(&mut self, bytes: &[u8], format: ExpositionFormat) {
        let job = self.appending.job;
        let options = ExpositionOptions {
            samples_max: self.appending.samples_max,
            native_histograms: job.native_histograms,
            always_classic_histograms: job.always_classic_histograms,
            ..ExpositionOptions::default()
        };
        self.report.body_bytes = bytes.len() as i64;
        let result = parse(format, bytes, &options, |entry| match entry {
            Entry::Family(family) => self.note(family),
            Entry::Sample(family, sample) => self.sample(family, sample),
        });
        if let Err(error) = result {
            self.error = Some(error.into());
        }
        let limit = job.limits.samples;
        if limit > 0 && self.report.kept > limit && self.error.is_none() {
            let what = format!("{} samples after relabelling", self.report.kept);
            self.error = Some(ScrapeError::Limit { key: "sample_limit", max: limit, what });
        }
    }

    fn note(&mut self, family: &Family<'_>) {
        if self.families.len() < FAMILIES_MAX {
            self.families.push(FamilyNote {
                name: family.name.to_string(),
                metric_type: family.metric_type,
                help: luneta_model::Limits::cut(&family.help, HELP_BYTES_MAX).to_owned(),
                unit: family.unit.to_string(),
            });
        }
    }

    fn sample(&mut self, family: &Family<'_>, sample: &Sample<'_>) {
        if self.error.is_some() {
            return;
        }
        self.report.scraped += 1;
        let job = self.appending.job;
        let mut labels = joined(sample, self.appending.labels, job.honor_labels);
        if !job.metric_relabel.is_empty() {
            let pairs = labels.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned()));
            let mut changed: Labels = pairs.collect();
            if !job.metric_relabel.apply(&mut changed) {
                return;
            }
            labels = changed.into_iter().map(|(name, value)| (Cow::Owned(name), Cow::Owned(value))).collect();
        }
        if labels.is_empty() {
            return;
        }
        if let Err(error) = check(&labels, job) {
            self.error = Some(error);
            return;
        }
        self.report.kept += 1;
        let limit = job.limits.samples;
        if limit == 0 || self.report.kept <= limit {
            self.add(family, sample, &labels);
        }
    }

    fn add(&mut self, family: &Family<'_>, sample: &Sample<'_>, labels: &[CowPair<'_>]) {
        let Appending { job, now_ms, .. } = *self.appending;
        let own_time = sample.time_ms.filter(|_| job.honor_timestamps);
        let time_ms = own_time.unwrap_or(now_ms);
        if time_ms > now_ms.saturating_add(AHEAD_MS_MAX) || time_ms.checked_mul(NANOS_PER_MILLI).is_none() {
            return;
        }
        let tracked = own_time.is_none() || job.track_timestamps_staleness;
        let labels: Vec<Pair<'_>> = labels.iter().map(|(name, value)| (&**name, &**value)).collect();
        match self.cache.see(labels.iter().copied(), time_ms, tracked, family.metric_type) {
            Seen::Repeated => return,
            Seen::New => self.report.added += 1,
            Seen::Known => {}
        }
        let series = ScrapedSeries { metric_type: family.metric_type, help: &family.help, unit: &family.unit };
        let result = self.rows.push(&labels, &series, time_ms, sample.created_ms, &sample.value, &sample.exemplars);
        if let Err(reason) = result {
            self.error = Some(ScrapeError::Sample(reason));
        }
    }
}

/// The labels of a sample and of its target, sorted, the name of the metric among them.
fn joined<'s>(sample: &'s Sample<'_>, target: &'s Labels, honor: bool) -> Vec<CowPair<'s>> {
    let mut all: Vec<CowPair<'s>> = Vec::with_capacity(1 + sample.labels.len() + target.len());
    all.push((Cow::Borrowed(METRIC_NAME), Cow::Borrowed(&sample.name)));
    let exposed = |name: &str| sample.labels.iter().find(|label| label.name == name);
    for label in sample.labels.iter().filter(|label| !label.value.is_empty()) {
        let value = Cow::Borrowed(&*label.value);
        if honor || !target.contains_key(&*label.name) {
            all.push((Cow::Borrowed(&label.name), value));
            continue;
        }
        let mut name = format!("exported_{}", label.name);
        while exposed(&name).is_some() || target.contains_key(&name) || all.iter().any(|(other, _)| *other == name) {
            name.insert_str(0, "exported_");
        }
        all.push((Cow::Owned(name), value));
    }
    // With `honor_labels` even an empty label keeps that of the target away.
    let attached = target.iter().filter(|(name, _)| !honor || exposed(name).is_none());
    all.extend(attached.map(|(name, value)| (Cow::Borrowed(name.as_str()), Cow::Borrowed(value.as_str()))));
    all.sort_unstable();
    all
}

/// Whether a sample may be stored.
fn check(labels: &[CowPair<'_>], job: &JobConfig) -> Result<(), ScrapeError> {
    let legacy = job.legacy_names;
    let Some((_, metric)) = labels.iter().find(|(name, _)| name == METRIC_NAME) else {
        return Err(ScrapeError::Sample("a sample has no name after relabelling".to_owned()));
    };
    if metric.is_empty() || (legacy && !is_label_name(&metric.replace(':', "_"), true)) {
        return Err(ScrapeError::Sample(format!("`{metric}` is no name of a metric")));
    }
    if let Some((name, _)) = labels.iter().find(|(name, _)| !is_label_name(name, legacy)) {
        return Err(ScrapeError::Sample(format!("`{name}` of `{metric}` is no name of a label")));
    }
    let limits = job.limits;
    let over = |key, max, what| Err(ScrapeError::Limit { key, max, what });
    if limits.labels > 0 && labels.len() as u64 > limits.labels {
        return over("label_limit", limits.labels, format!("`{metric}` has {} labels", labels.len()));
    }
    for (name, value) in labels {
        if limits.label_name_bytes > 0 && name.len() as u64 > limits.label_name_bytes {
            let what = format!("the label `{name}` of `{metric}`");
            return over("label_name_length_limit", limits.label_name_bytes, what);
        }
        if limits.label_value_bytes > 0 && value.len() as u64 > limits.label_value_bytes {
            let what = format!("the value of the label `{name}` of `{metric}` has {} bytes", value.len());
            return over("label_value_length_limit", limits.label_value_bytes, what);
        }
    }
    Ok(())
}
