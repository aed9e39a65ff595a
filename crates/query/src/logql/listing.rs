//! Which streams there are, and how much of them.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::time::{Duration, Instant};

use luneta_logql::{LogqlError, MetadataNeed, Selection};
use luneta_model::{Signal, Tenant};
use luneta_promql::{Labels, Matcher};

use super::fetch::{Chosen, Fetch, lake_fault};
use super::index::{BLOCK_ROWS, DELETED};
use super::source::Lake;
use super::{LogsError, guarded};
use crate::{QueryEngine, QueryError};

/// Intervals of time, one behind the other.
#[derive(Debug, Clone, Copy)]
pub struct Intervals {
    /// Where the first begins (nanoseconds since 1970).
    pub start_ns: i64,
    /// Their length in nanoseconds, at least 1.
    pub width_ns: i64,
    /// How many there are.
    pub count: usize,
}

impl Intervals {
    fn times(&self) -> Range<i64> {
        let length = self.width_ns.saturating_mul(i64::try_from(self.count).unwrap_or(i64::MAX));
        self.start_ns..self.start_ns.saturating_add(length)
    }

    fn of(&self, time_ns: i64) -> Option<usize> {
        let index = time_ns.checked_sub(self.start_ns)?.div_euclid(self.width_ns);
        usize::try_from(index).ok().filter(|index| *index < self.count)
    }
}

/// Records of a stream in an interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamVolume {
    /// The stream.
    pub labels: Labels,
    /// The number of the interval.
    pub interval: usize,
    /// How many there are.
    pub entries: u64,
    /// Bytes of their lines, estimated by those of their neighbours.
    pub bytes: u64,
}

/// How much there is of streams.
#[derive(Debug, Clone, Default)]
pub struct Volumes {
    /// By stream and interval, sorted.
    pub streams: Vec<StreamVolume>,
    /// Parts of files and of memory with records of one stream.
    pub chunks: u64,
    /// Files that proved damaged.
    pub warnings: Vec<String>,
}

/// Entries and bytes by stream and interval.
type Sums = HashMap<(Labels, usize), (u64, f64)>;

impl QueryEngine {
    /// The streams that match any of several lists of matchers and have a record at a time of the window,
    /// sorted; and files that proved damaged.
    ///
    /// # Errors
    /// [`LogsError`].
    pub async fn log_streams(
        &self,
        tenant: &Tenant,
        selectors: &[Vec<Matcher>],
        window: Range<i64>,
        timeout: Duration,
    ) -> Result<(BTreeSet<Labels>, Vec<String>), LogsError> {
        let mut warnings = Vec::new();
        let list = async {
            loop {
                let lake = Lake::new(self);
                let found = guarded(self.streams(&lake, tenant, selectors, &window)).await;
                if let Some(found) = self.damaged(&lake, found, &mut warnings).await {
                    return found;
                }
            }
        };
        let found = tokio::time::timeout(timeout, list).await.map_err(|_| LogqlError::Timeout)??;
        Ok((found, warnings))
    }

    async fn streams(
        &self,
        lake: &Lake,
        tenant: &Tenant,
        selectors: &[Vec<Matcher>],
        window: &Range<i64>,
    ) -> Result<BTreeSet<Labels>, LogsError> {
        let snapshot = self.store().snapshot(tenant, Signal::Logs).await.map_err(QueryError::Store)?;
        let mut found = BTreeSet::new();
        for source in lake.sources(&snapshot, window.clone()).await.map_err(lake_fault)? {
            let origins = source.index.origins.iter().skip(DELETED + 1);
            for held in origins.filter(|held| held.first < window.end && held.last >= window.start) {
                let labels = &held.origin.labels;
                let accepts = |matchers: &Vec<Matcher>| matchers.iter().all(|matcher| matcher.accepts(labels));
                if !found.contains(labels) && selectors.iter().any(accepts) {
                    found.insert(labels.clone());
                }
            }
        }
        Ok(found)
    }

    /// How much there is of the streams that match.
    ///
    /// # Errors
    /// [`LogsError`].
    pub async fn log_volumes(
        &self,
        tenant: &Tenant,
        matchers: &[Matcher],
        intervals: Intervals,
        timeout: Duration,
    ) -> Result<Volumes, LogsError> {
        let deadline = Instant::now() + timeout;
        let selection = of_streams(matchers, intervals.times());
        let mut warnings = Vec::new();
        let sum = async {
            loop {
                let lake = Lake::new(self);
                let found = guarded(self.volumes(&lake, tenant, &selection, intervals, deadline)).await;
                if let Some(found) = self.damaged(&lake, found, &mut warnings).await {
                    return found;
                }
            }
        };
        let (sums, chunks) = tokio::time::timeout_at(deadline.into(), sum).await.map_err(|_| LogqlError::Timeout)??;
        let volume = |((labels, interval), (entries, bytes)): ((Labels, usize), (u64, f64))| StreamVolume {
            labels,
            interval,
            entries,
            bytes: bytes.round() as u64,
        };
        let mut streams: Vec<StreamVolume> = sums.into_iter().map(volume).collect();
        streams.sort_by(|a, b| (&a.labels, a.interval).cmp(&(&b.labels, b.interval)));
        Ok(Volumes { streams, chunks, warnings })
    }

    async fn volumes(
        &self,
        lake: &Lake,
        tenant: &Tenant,
        selection: &Selection,
        intervals: Intervals,
        deadline: Instant,
    ) -> Result<(Sums, u64), LogsError> {
        let snapshot = self.store().snapshot(tenant, Signal::Logs).await.map_err(QueryError::Store)?;
        let fetch = Fetch::new(lake, &snapshot, (0, selection), deadline).await?;
        let (mut sums, mut chunks) = (Sums::new(), 0);
        for chosen in &fetch.sources {
            let mut of_source: HashMap<(usize, usize), (u64, f64)> = HashMap::new();
            let blocks = fetch.blocks(chosen);
            for chunk in Fetch::chunks(chosen, &blocks) {
                fetch.check().await?;
                add(&fetch, chosen, chunk, intervals, &mut of_source).await?;
            }
            let mut streams = BTreeSet::new();
            for ((id, interval), (entries, bytes)) in of_source {
                let labels = &chosen.source.index.origins[id].origin.labels;
                streams.insert(labels);
                let sum = sums.entry((labels.clone(), interval)).or_insert((0, 0.0));
                *sum = (sum.0 + entries, sum.1 + bytes);
            }
            chunks += streams.len() as u64;
        }
        Ok((sums, chunks))
    }
}

/// Adds the rows of blocks, by origin and interval.
async fn add(
    fetch: &Fetch<'_>,
    chosen: &Chosen<'_>,
    chunk: &[usize],
    intervals: Intervals,
    sums: &mut HashMap<(usize, usize), (u64, f64)>,
) -> Result<(), LogsError> {
    let index = &chosen.source.index;
    // Where all of a block is in one interval, times need not be read.
    let whole = |at: usize| intervals.of(index.blocks[at].first).filter(|i| intervals.of(index.blocks[at].last) == Some(*i));
    let (inside, across): (Vec<usize>, Vec<usize>) = chunk.iter().partition(|at| whole(**at).is_some());
    let mut put = |row: usize, interval: usize| {
        let sum = sums.entry((index.id(row), interval)).or_insert((0, 0.0));
        *sum = (sum.0 + 1, sum.1 + f64::from(index.blocks[row / BLOCK_ROWS].line_bytes));
    };
    for row in fetch.find(chosen, &inside, false).await?.rows {
        if let Some(interval) = whole(row / BLOCK_ROWS) {
            put(row, interval);
        }
    }
    let rows = fetch.find(chosen, &across, false).await?.rows;
    if !rows.is_empty() {
        let times = fetch.times(chosen, &rows).await?;
        for (row, time) in rows.into_iter().zip(times) {
            if let Some(interval) = intervals.of(time) {
                put(row, interval);
            }
        }
    }
    Ok(())
}

/// All records of streams.
fn of_streams(matchers: &[Matcher], times: Range<i64>) -> Selection {
    Selection {
        matchers: matchers.to_vec(),
        from_ns: times.start,
        until_ns: times.end,
        line_filters: Vec::new(),
        label_filters: Vec::new(),
        metadata: MetadataNeed::Names(Vec::new()),
        reads_line: false,
        direction: None,
        limit: None,
        fold: None,
    }
}
