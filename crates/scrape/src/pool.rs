//! The targets of one job: found, relabelled, and each with a loop of its own.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::config::JobConfig;
use crate::discovery::{self, Update};
use crate::error::ScrapeError;
use crate::relabel::Labels;
use crate::target::{Found, Target, find};
use crate::view::{DroppedTarget, Targets};
use crate::worker::{Shared, SharedCache, Source, Worker, told};

/// Updates that wait to be taken.
const UPDATES_MAX: usize = 64;
/// How long further updates are waited for before targets are made of all.
const SETTLE: Duration = Duration::from_millis(50);
/// How long series of a job that was changed wait for their target to be found again.
const INHERIT: Duration = Duration::from_mins(1);
/// Dropped targets that are remembered, whatever the configuration says.
const DROPPED_MAX: usize = 10_000;

/// What others see of a pool.
#[derive(Default)]
pub struct PoolView(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    workers: Vec<Arc<Worker>>,
    dropped: Vec<Labels>,
    dropped_count: usize,
}

impl PoolView {
    /// The targets that are scraped.
    pub fn workers(&self) -> Vec<Arc<Worker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).workers.clone()
    }

    /// Adds the targets of the pool to those of others.
    pub fn add_to(&self, name: &str, targets: &mut Targets) {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        targets.active_targets.extend(seen.workers.iter().map(|worker| worker.view()));
        let dropped = seen.dropped.iter().cloned();
        let dropped = dropped.map(|discovered_labels| DroppedTarget { discovered_labels, scrape_pool: name.to_owned() });
        targets.dropped_targets.extend(dropped);
        targets.dropped_target_counts.insert(name.to_owned(), seen.dropped_count);
    }
}

/// A target with its loop.
struct Running {
    worker: Arc<Worker>,
    task: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

/// Workers of a pool that ended, whose series go on if another pool finds their targets.
pub type Inheritance = HashMap<String, Arc<Worker>>;

/// A job at work.
pub struct Pool {
    job: Arc<JobConfig>,
    source: Source,
    shared: Arc<Shared>,
    view: Arc<PoolView>,
    running: HashMap<String, Running>,
    inherited: Inheritance,
    found: BTreeMap<String, Vec<Labels>>,
}

impl Pool {
    pub fn new(job: Arc<JobConfig>, source: Source, shared: Arc<Shared>, view: Arc<PoolView>, inherited: Inheritance) -> Self {
        Self { job, source, shared, view, running: HashMap::new(), inherited, found: BTreeMap::new() }
    }

    /// Works until told to stop; yields its workers, whose series have not ended.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) -> Inheritance {
        let (sender, mut updates) = mpsc::channel(UPDATES_MAX);
        let mut sources = JoinSet::new();
        discovery::start(&self.job, &sender, &mut sources);
        let disinherit = tokio::time::sleep(INHERIT);
        tokio::pin!(disinherit);
        loop {
            tokio::select! {
                () = told(&mut stop) => break,
                () = &mut disinherit, if !self.inherited.is_empty() => {
                    for (_, worker) in self.inherited.drain() {
                        worker.end().await;
                    }
                }
                // `sender` is held, so there always may be another.
                Some(update) = updates.recv() => {
                    self.take(update);
                    while let Ok(Some(update)) = tokio::time::timeout(SETTLE, updates.recv()).await {
                        self.take(update);
                    }
                    self.sync().await;
                }
            }
        }
        drop(sources);
        let mut left = std::mem::take(&mut self.inherited);
        for running in self.running.values() {
            running.stop.send_replace(true);
        }
        for (_, running) in self.running.drain() {
            let worker = running.halt().await;
            left.insert(identity(&worker.target), worker);
        }
        left
    }

    fn take(&mut self, update: Update) {
        if update.targets.is_empty() {
            self.found.remove(&update.source);
        } else {
            self.found.insert(update.source, update.targets);
        }
    }

    /// Starts and ends loops as targets came and went.
    async fn sync(&mut self) {
        let mut wanted: BTreeMap<String, Target> = BTreeMap::new();
        let mut dropped = Vec::new();
        for labels in self.found.values().flatten() {
            match find(labels, &self.job) {
                Found::Active(target) => {
                    wanted.insert(target.key(), *target);
                }
                Found::Dropped(labels) => dropped.push(labels),
                Found::Broken(reason) => tracing::warn!(job = self.job.name, reason, "a target cannot be scraped"),
            }
        }
        let limit = self.job.limits.targets;
        let over = limit > 0 && wanted.len() as u64 > limit;
        let what = format!("{} targets", wanted.len());
        let over_limit = over.then_some(ScrapeError::Limit { key: "target_limit", max: limit, what });
        let gone: Vec<String> = self.running.keys().filter(|key| !wanted.contains_key(*key)).cloned().collect();
        let gone: Vec<Running> = gone.iter().filter_map(|key| self.running.remove(key)).collect();
        for running in &gone {
            running.stop.send_replace(true);
        }
        for running in gone {
            running.halt().await.end().await;
        }
        for (key, target) in wanted {
            if self.running.get(&key).is_some_and(|running| running.worker.over_limit == over_limit) {
                continue;
            }
            let before = match self.running.remove(&key) {
                Some(running) => Some(running.halt().await),
                None => self.inherited.remove(&identity(&target)),
            };
            self.start(key, target, before.as_deref(), over_limit.clone());
        }
        self.show(dropped);
    }

    fn start(&mut self, key: String, target: Target, before: Option<&Worker>, over_limit: Option<ScrapeError>) {
        let cache: SharedCache = before.map(|worker| Arc::clone(&worker.cache)).unwrap_or_default();
        let (job, source, shared) = (Arc::clone(&self.job), self.source.clone(), Arc::clone(&self.shared));
        let worker = Arc::new(Worker::new(job, target, cache, source, shared, over_limit));
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(Arc::clone(&worker).run(stopped));
        self.running.insert(key, Running { worker, task, stop });
    }

    fn show(&self, mut dropped: Vec<Labels>) {
        let count = dropped.len();
        let keep = self.job.limits.dropped_targets as usize;
        dropped.truncate(if keep == 0 { DROPPED_MAX } else { keep.min(DROPPED_MAX) });
        let mut workers: Vec<Arc<Worker>> = self.running.values().map(|running| Arc::clone(&running.worker)).collect();
        workers.sort_by_cached_key(|worker| worker.target.key());
        *self.view.0.lock().unwrap_or_else(PoisonError::into_inner) = Seen { workers, dropped, dropped_count: count };
    }
}

impl Running {
    /// Stops the loop, once what it has to write is written.
    async fn halt(self) -> Arc<Worker> {
        self.stop.send_replace(true);
        // A loop that panicked has stopped as well.
        let _ = self.task.await;
        self.worker
    }
}

/// Tells targets apart whose series are the same.
fn identity(target: &Target) -> String {
    format!("{:?}", target.labels)
}
