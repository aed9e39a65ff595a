//! The loop of one target: ask, read, write, at its own moment of every interval.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use luneta_model::{Batch, Sink};
use luneta_receive::DecodeOptions;
use tokio::sync::{Mutex as AsyncMutex, watch};

use crate::append::{Appending, FamilyNote, ScrapeReport};
use crate::client::{self, Body, BodyMemory, Client};
use crate::config::JobConfig;
use crate::config::value::show_duration;
use crate::error::ScrapeError;
use crate::scraper::{OwnMetrics, ScraperConfig};
use crate::series::SeriesCache;
use crate::target::Target;
use crate::view::{ActiveTarget, ScrapeCounts, TargetMetadata, rfc3339};

const NANOS_PER_MILLI: i64 = 1_000_000;
/// Longest wait before a refused batch is tried again.
const RETRY_MAX: Duration = Duration::from_secs(5);

/// What all targets share.
pub struct Shared {
    pub sink: Arc<dyn Sink>,
    pub config: ScraperConfig,
    pub memory: BodyMemory,
    pub counters: Counters,
}

/// Counters of the scraper itself.
#[derive(Debug, Default)]
pub struct Counters {
    scrapes: AtomicU64,
    failed: AtomicU64,
    refused_batches: AtomicU64,
    refused_rows: AtomicU64,
}

impl Counters {
    pub fn snapshot(&self) -> ScrapeCounts {
        ScrapeCounts {
            scrapes: self.scrapes.load(Relaxed),
            failed: self.failed.load(Relaxed),
            refused_batches: self.refused_batches.load(Relaxed),
            refused_rows: self.refused_rows.load(Relaxed),
        }
    }
}

/// How a job's targets are asked.
#[derive(Clone)]
pub enum Source {
    /// Over HTTP.
    Http(Client),
    /// The server itself, without a socket.
    Own(OwnMetrics),
}

/// The series of a target; survives a change of its job.
pub type SharedCache = Arc<AsyncMutex<SeriesCache>>;

/// A target, and how it is.
pub struct Worker {
    pub job: Arc<JobConfig>,
    pub target: Target,
    pub cache: SharedCache,
    pub source: Source,
    pub shared: Arc<Shared>,
    /// Set when the job has more targets than it may: nothing is asked then.
    pub over_limit: Option<ScrapeError>,
    status: Mutex<Status>,
}

#[derive(Debug, Default)]
struct Status {
    last_ms: Option<i64>,
    duration_seconds: f64,
    error: Option<String>,
    families: Arc<Vec<FamilyNote>>,
}

impl Worker {
    pub fn new(
        job: Arc<JobConfig>,
        target: Target,
        cache: SharedCache,
        source: Source,
        shared: Arc<Shared>,
        over_limit: Option<ScrapeError>,
    ) -> Self {
        Self { job, target, cache, source, shared, over_limit, status: Mutex::default() }
    }

    /// Scrapes at every interval until told to stop. An answer that is waited for then is given up;
    /// one that came is written.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let interval = self.target.interval;
        let wait = first_wait(&self.target.key(), interval, now_ms());
        let mut next = tokio::time::Instant::now() + wait;
        loop {
            tokio::select! {
                () = told(&mut stop) => return,
                () = tokio::time::sleep_until(next) => {}
            }
            let (now_ms, start) = (now_ms(), Instant::now());
            tokio::select! {
                () = told(&mut stop) => return,
                body = self.ask() => self.keep(body, now_ms, start).await,
            }
            next += interval;
            // What took too long does not bring others out of their time.
            while next <= tokio::time::Instant::now() {
                next += interval;
            }
        }
    }

    async fn ask(&self) -> Result<Body, ScrapeError> {
        match (&self.over_limit, &self.source) {
            (Some(error), _) => Err(error.clone()),
            (None, Source::Own(own)) => Ok(Body::text(own().await)),
            (None, Source::Http(client)) => {
                let max = self.shared.config.body_bytes_max;
                client::fetch(client, &self.job, &self.target, max, &self.shared.memory).await
            }
        }
    }

    /// Writes what came of a scrape that began at `start`, which is `now_ms` for its samples.
    async fn keep(&self, body: Result<Body, ScrapeError>, now_ms: i64, start: Instant) {
        let too_large = matches!(body, Err(ScrapeError::BodyTooLarge(_)));
        let (batch, report, error, families) = self.append(body, now_ms, start, too_large).await;
        self.shared.counters.scrapes.fetch_add(1, Relaxed);
        if let Some(error) = &error {
            self.shared.counters.failed.fetch_add(1, Relaxed);
            tracing::debug!(job = self.job.name, url = %self.target.url, %error, "a scrape failed");
        }
        {
            let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
            if error.is_none() {
                status.families = Arc::new(families);
            }
            status.last_ms = Some(now_ms);
            status.duration_seconds = report.duration_seconds;
            status.error = error.map(|error| error.to_string());
        }
        self.write(batch).await;
    }

    /// Reads a body on a thread that may be busy for a while.
    async fn append(
        &self,
        body: Result<Body, ScrapeError>,
        now_ms: i64,
        start: Instant,
        too_large: bool,
    ) -> (Result<Batch, String>, ScrapeReport, Option<ScrapeError>, Vec<FamilyNote>) {
        let mut cache = Arc::clone(&self.cache).lock_owned().await;
        let (job, labels) = (Arc::clone(&self.job), self.target.labels.clone());
        let (options, samples_max) = (self.options(now_ms), self.shared.config.samples_max);
        let timeout = self.target.timeout;
        let work = move || {
            let appending = Appending { job: &job, labels: &labels, now_ms, samples_max, timeout };
            let read = body.as_ref().map(|body| (body.bytes.as_slice(), body.format)).map_err(Clone::clone);
            let mut appended = appending.append(read, &mut cache, &options);
            let (families, error) = (std::mem::take(&mut appended.families), appended.error.take());
            let mut report = appended.report;
            report.duration_seconds = start.elapsed().as_secs_f64();
            if too_large {
                report.body_bytes = -1;
            }
            (appended.finish(&appending, &report), report, error, families)
        };
        let result = tokio::task::spawn_blocking(work).await;
        result.unwrap_or_else(|error| {
            let error = ScrapeError::Sample(format!("a fault of the server: {error}"));
            (Err(error.to_string()), ScrapeReport::default(), Some(error), Vec::new())
        })
    }

    /// Writes markers for all series of the target, which is there no more.
    pub async fn end(&self) {
        let now_ms = now_ms();
        let (batch, known) = {
            let mut cache = self.cache.lock().await;
            let options = self.options(now_ms);
            let (samples_max, timeout) = (self.shared.config.samples_max, self.target.timeout);
            let appending = Appending { job: &self.job, labels: &self.target.labels, now_ms, samples_max, timeout };
            let known = !cache.is_empty();
            (appending.end(&mut cache, &options).finish_without_report(), known)
        };
        // A target that was never scraped has nothing to end.
        if known || self.status.lock().unwrap_or_else(PoisonError::into_inner).last_ms.is_some() {
            self.write(batch).await;
        }
    }

    fn options(&self, now_ms: i64) -> DecodeOptions {
        let now = now_ms.saturating_mul(NANOS_PER_MILLI);
        DecodeOptions { limits: self.shared.config.limits, ..DecodeOptions::at(now) }
    }

    async fn write(&self, batch: Result<Batch, String>) {
        let batch = match batch {
            Ok(batch) if batch.is_empty() => return,
            Ok(batch) => batch,
            Err(reason) => return tracing::error!(job = self.job.name, reason, "a scrape could not be put into rows"),
        };
        let Err(error) = self.shared.sink.accept(batch.clone()).await else { return };
        tokio::time::sleep(error.retry_after().min(RETRY_MAX).min(self.target.interval / 2)).await;
        let rows = batch.len() as u64;
        if let Err(error) = self.shared.sink.accept(batch).await {
            self.shared.counters.refused_batches.fetch_add(1, Relaxed);
            self.shared.counters.refused_rows.fetch_add(rows, Relaxed);
            tracing::warn!(job = self.job.name, url = %self.target.url, rows, %error, "samples of a scrape are lost");
        }
    }

    /// How the target is.
    pub fn view(&self) -> ActiveTarget {
        let status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        let health = match (&status.last_ms, &status.error) {
            (None, _) => "unknown",
            (Some(_), None) => "up",
            (Some(_), Some(_)) => "down",
        };
        ActiveTarget {
            discovered_labels: self.target.discovered.clone(),
            labels: self.target.labels.clone(),
            scrape_pool: self.job.name.clone(),
            scrape_url: self.target.url.to_string(),
            global_url: self.target.url.to_string(),
            last_error: status.error.clone().unwrap_or_default(),
            // What Prometheus tells of a time that is not there.
            last_scrape: status.last_ms.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), rfc3339),
            last_scrape_duration: status.duration_seconds,
            health,
            scrape_interval: show_duration(self.target.interval),
            scrape_timeout: show_duration(self.target.timeout),
        }
    }

    /// Metadata of the target's metrics, of one or of all.
    pub fn metadata(&self, metric: Option<&str>) -> Vec<TargetMetadata> {
        let families = Arc::clone(&self.status.lock().unwrap_or_else(PoisonError::into_inner).families);
        let wanted = families.iter().filter(|family| metric.is_none_or(|name| name == family.name));
        let told = wanted.map(|family| TargetMetadata {
            target: self.target.labels.clone(),
            metric: family.name.clone(),
            metric_type: family.metric_type.as_str(),
            help: family.help.clone(),
            unit: family.unit.clone(),
        });
        told.collect()
    }
}

/// Waits to be told to stop; that nobody is left to tell is the same.
pub async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// How long until the moment of the interval that is a target's own. It follows from what the target
/// is, so that a restart keeps it, and spreads targets evenly.
pub fn first_wait(key: &str, interval: Duration, now_ms: i64) -> Duration {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let interval_ms = (interval.as_millis() as u64).max(1);
    let offset = hasher.finish() % interval_ms;
    let now = now_ms as u64 % interval_ms;
    Duration::from_millis((offset + interval_ms - now) % interval_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_spread_over_the_interval() {
        let interval = Duration::from_secs(10);
        let waits: Vec<u128> =
            (0..1000).map(|i| first_wait(&format!("target {i}"), interval, 1_700_000_000_123).as_millis()).collect();
        assert!(waits.iter().all(|wait| *wait < 10_000));
        for tenth in 0..10 {
            let count = waits.iter().filter(|wait| **wait / 1000 == tenth).count();
            assert!((60..140).contains(&count), "{count} of 1000 in one of ten parts");
        }
        let later = first_wait("target 1", interval, 1_700_000_000_123 + 2_500).as_millis();
        assert_eq!(later, (waits[1] + 10_000 - 2_500) % 10_000);
    }
}
