//! [`Scraper`]: all jobs, what is told of them, and reloads.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use luneta_model::{Limits, Sink};
use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio::task::JoinHandle;

use crate::client::{self, BodyMemory};
use crate::config::{ConfigSource, JobConfig, ScrapeConfig};
use crate::error::ConfigError;
use crate::pool::{Inheritance, Pool, PoolView};
use crate::view::{ScrapeCounts, TargetMetadata, Targets};
use crate::worker::{Counters, Shared, Source};

/// Gives the server's own metrics in the text format.
pub type OwnMetrics = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = String> + Send>> + Send + Sync>;

/// Name of the job that scrapes the server itself.
pub const OWN_JOB: &str = "luneta";
/// How often it does.
const OWN_INTERVAL: Duration = Duration::from_secs(15);

/// Settings that are not Prometheus's.
#[derive(Debug, Clone)]
pub struct ScraperConfig {
    /// Bounds per item.
    pub limits: Limits,
    /// Bytes of one body, whatever its job says.
    pub body_bytes_max: u64,
    /// Bytes of the bodies of all targets at one time.
    pub bodies_bytes_max: usize,
    /// Samples of one body, whatever its job says.
    pub samples_max: usize,
}

impl Default for ScraperConfig {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            body_bytes_max: 128 * 1024 * 1024,
            bodies_bytes_max: 512 * 1024 * 1024,
            samples_max: 1_000_000,
        }
    }
}

/// The server itself as a target.
#[derive(Clone)]
pub struct OwnTarget {
    /// Its address, which becomes the label `instance`.
    pub address: String,
    /// What it tells.
    pub metrics: OwnMetrics,
}

/// All jobs at work. Clones share them; they end when the last clone goes, or with [`Scraper::stop`].
#[derive(Clone)]
pub struct Scraper(Arc<Inner>);

struct Inner {
    sources: Vec<ConfigSource>,
    own: Option<OwnTarget>,
    shared: Arc<Shared>,
    /// Held while jobs are changed.
    jobs: AsyncMutex<BTreeMap<String, Job>>,
    seen: Mutex<SeenJobs>,
}

#[derive(Default)]
struct SeenJobs {
    views: BTreeMap<String, Arc<PoolView>>,
    shown: String,
    notes: Vec<String>,
}

struct Job {
    written: String,
    view: Arc<PoolView>,
    stop: watch::Sender<bool>,
    task: JoinHandle<Inheritance>,
}

impl std::fmt::Debug for Scraper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scraper").field("pools", &self.pools()).finish_non_exhaustive()
    }
}

impl Scraper {
    /// Starts all jobs of the sources.
    ///
    /// # Errors
    /// The fault of the configuration.
    pub async fn start(
        sources: Vec<ConfigSource>,
        own: Option<OwnTarget>,
        sink: Arc<dyn Sink>,
        config: ScraperConfig,
    ) -> Result<Self, ConfigError> {
        let memory = BodyMemory::new(config.bodies_bytes_max);
        let shared = Arc::new(Shared { sink, config, memory, counters: Counters::default() });
        let inner = Inner { sources, own, shared, jobs: AsyncMutex::default(), seen: Mutex::default() };
        let scraper = Self(Arc::new(inner));
        scraper.reload().await?;
        Ok(scraper)
    }

    /// Reads the configuration again. Jobs that did not change go on as if nothing had happened; a
    /// configuration with a fault changes nothing.
    ///
    /// # Errors
    /// The fault of the configuration.
    pub async fn reload(&self) -> Result<(), ConfigError> {
        let inner = &self.0;
        let mut jobs = inner.jobs.lock().await;
        let sources = inner.sources.clone();
        let loaded = tokio::task::spawn_blocking(move || ScrapeConfig::load(&sources)).await;
        let loaded = loaded.map_err(|error| ConfigError::key("scrape_configs", error.to_string()))??;
        let mut wanted = Vec::new();
        for job in loaded.jobs {
            let client = client::build(&job.http, job.enable_compression);
            let client = client.map_err(|reason| ConfigError::key(format!("job {}", job.name), reason))?;
            wanted.push((job, Source::Http(client)));
        }
        wanted.extend(inner.own_job(&wanted)?);
        let gone: Vec<String> = jobs.keys().filter(|name| !wanted.iter().any(|(job, _)| job.name == **name)).cloned().collect();
        for name in gone {
            if let Some(job) = jobs.remove(&name) {
                for worker in job.end().await.into_values() {
                    worker.end().await;
                }
            }
        }
        for (job, source) in wanted {
            if jobs.get(&job.name).is_some_and(|running| running.written == job.written) {
                continue;
            }
            let before = match jobs.remove(&job.name) {
                Some(job) => job.end().await,
                None => Inheritance::default(),
            };
            let name = job.name.clone();
            jobs.insert(name, Job::start(job, source, &inner.shared, before));
        }
        let views = jobs.iter().map(|(name, job)| (name.clone(), Arc::clone(&job.view))).collect();
        let seen = SeenJobs { views, shown: loaded.shown, notes: loaded.notes };
        *inner.seen() = seen;
        Ok(())
    }

    /// Stops all jobs. Series are not ended: they go on with the next start.
    pub async fn stop(&self) {
        let jobs = std::mem::take(&mut *self.0.jobs.lock().await);
        for job in jobs.into_values() {
            job.end().await;
        }
    }

    /// Targets that are scraped and that were dropped.
    pub fn targets(&self) -> Targets {
        let mut targets = Targets::default();
        for (name, view) in self.0.views() {
            view.add_to(&name, &mut targets);
        }
        targets
    }

    /// Metadata of metrics, of one or of all, of the targets that `matches` says yes to.
    pub fn metadata(
        &self,
        metric: Option<&str>,
        matches: impl Fn(&BTreeMap<String, String>) -> bool,
        limit: usize,
    ) -> Vec<TargetMetadata> {
        let workers = self.0.views().into_iter().flat_map(|(_, view)| view.workers());
        let matching = workers.filter(|worker| matches(&worker.target.labels));
        matching.flat_map(|worker| worker.metadata(metric)).take(limit).collect()
    }

    /// Names of the jobs.
    pub fn pools(&self) -> Vec<String> {
        self.0.seen().views.keys().cloned().collect()
    }

    /// The configuration as YAML, with `<secret>` for what is secret.
    pub fn configuration(&self) -> String {
        self.0.seen().shown.clone()
    }

    /// What of the configuration has no effect, and what to do instead.
    pub fn notes(&self) -> Vec<String> {
        self.0.seen().notes.clone()
    }

    /// Counters of the scraper itself.
    pub fn counts(&self) -> ScrapeCounts {
        self.0.shared.counters.snapshot()
    }
}

impl Inner {
    fn seen(&self) -> std::sync::MutexGuard<'_, SeenJobs> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn views(&self) -> Vec<(String, Arc<PoolView>)> {
        self.seen().views.iter().map(|(name, view)| (name.clone(), Arc::clone(view))).collect()
    }

    /// The job that scrapes the server itself, unless the configuration has one of that name.
    fn own_job(&self, others: &[(JobConfig, Source)]) -> Result<Option<(JobConfig, Source)>, ConfigError> {
        let Some(own) = self.own.as_ref().filter(|_| !others.iter().any(|(job, _)| job.name == OWN_JOB)) else {
            return Ok(None);
        };
        let written = format!(
            "scrape_configs: [{{job_name: {OWN_JOB}, scrape_interval: {}s, static_configs: [{{targets: ['{}']}}]}}]",
            OWN_INTERVAL.as_secs(),
            own.address
        );
        let value = serde_yaml_ng::from_str(&written).map_err(|error| ConfigError::key(OWN_JOB, error.to_string()))?;
        let source = ConfigSource::Section(OWN_JOB.to_owned(), value, std::path::PathBuf::new());
        let job = ScrapeConfig::load(&[source])?.jobs.into_iter().next();
        Ok(job.map(|job| (job, Source::Own(Arc::clone(&own.metrics)))))
    }
}

impl Job {
    fn start(job: JobConfig, source: Source, shared: &Arc<Shared>, inherited: Inheritance) -> Self {
        let (written, view) = (job.written.clone(), Arc::new(PoolView::default()));
        let (stop, stopped) = watch::channel(false);
        let pool = Pool::new(Arc::new(job), source, Arc::clone(shared), Arc::clone(&view), inherited);
        Self { written, view, stop, task: tokio::spawn(pool.run(stopped)) }
    }

    /// Stops the job; yields what its series are carried on with.
    async fn end(self) -> Inheritance {
        self.stop.send_replace(true);
        self.task.await.unwrap_or_default()
    }
}
