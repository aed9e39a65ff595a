//! Rows per second by table, and query times: figures that need a memory.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use luneta_model::{Signal, Tenant};
use luneta_store::StoreStats;

/// Samples kept: rates are over this many seconds.
const WINDOW: usize = 10;

/// Accepted rows at moments, oldest first.
type Ring = VecDeque<(Instant, u64)>;

/// Rows accepted over the last seconds, by table.
#[derive(Debug, Default)]
pub struct Rates {
    samples: Mutex<HashMap<(Tenant, Signal), Ring>>,
    last: Mutex<HashMap<(Tenant, Signal), SystemTime>>,
}

impl Rates {
    /// Notes the counters of this moment; called once a second.
    pub fn sample(&self, stats: &StoreStats) {
        let now = Instant::now();
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        for table in &stats.tables {
            let key = (table.tenant.clone(), table.signal);
            let ring = samples.entry(key.clone()).or_default();
            if ring.back().is_none_or(|(_, rows)| *rows < table.accepted_rows) && table.accepted_rows > 0 {
                self.last.lock().unwrap_or_else(PoisonError::into_inner).insert(key, SystemTime::now());
            }
            ring.push_back((now, table.accepted_rows));
            if ring.len() > WINDOW {
                ring.pop_front();
            }
        }
    }

    /// Rows per second of a table.
    pub fn per_second(&self, tenant: &Tenant, signal: Signal) -> f64 {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(ring) = samples.get(&(tenant.clone(), signal)) else { return 0.0 };
        match (ring.front(), ring.back()) {
            (Some((from, first)), Some((to, last))) if to > from => {
                (last - first) as f64 / to.duration_since(*from).as_secs_f64()
            }
            _ => 0.0,
        }
    }

    /// When a row of the table was last accepted, to the second.
    pub fn last_received(&self, tenant: &Tenant, signal: Signal) -> Option<SystemTime> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).get(&(tenant.clone(), signal)).copied()
    }
}

/// Upper bounds of the query time histogram, in seconds.
pub const QUERY_BOUNDS: [f64; 9] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// How long queries took.
#[derive(Debug, Default)]
pub struct QueryTimes {
    buckets: [AtomicU64; QUERY_BOUNDS.len()],
    count: AtomicU64,
    failed: AtomicU64,
    micros: AtomicU64,
}

impl QueryTimes {
    /// Notes one query.
    pub fn record(&self, took: Duration, failed: bool) {
        let seconds = took.as_secs_f64();
        for (bound, bucket) in QUERY_BOUNDS.iter().zip(&self.buckets) {
            if seconds <= *bound {
                bucket.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.failed.fetch_add(u64::from(failed), Ordering::Relaxed);
        self.micros.fetch_add(took.as_micros() as u64, Ordering::Relaxed);
    }

    /// Cumulative counts by bound, then count, failures and sum of seconds.
    pub fn read(&self) -> (Vec<u64>, u64, u64, f64) {
        let buckets = self.buckets.iter().map(|b| b.load(Ordering::Relaxed)).collect();
        let micros = self.micros.load(Ordering::Relaxed);
        (buckets, self.count.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed), micros as f64 / 1e6)
    }
}
