//! Series of a selection, out of files and memory.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::TimestampNanosecondType;
use luneta_promql::{Labels, Limits, METRIC_NAME, Matcher, PromqlError, Selection, Series, Times};
use luneta_store::{LakeFile, StatValue, TableSnapshot};

use super::expand::{self, Budget, Group};
use super::identity::{Described, Kind, Part, TARGET_INFO};
use super::points::{Points, Rows, asks_buckets, columns, presence_columns};
use super::source::{Lake, Source};
use super::summary::Run;
use crate::QueryError;
use crate::promql::{MetricsError, times_of};

/// Rows decoded at once: what they are decoded to is used again for the next.
const CHUNK_ROWS: usize = 1 << 17;
/// How far apart two series of a resource may end to count as ending together, in nanoseconds.
const TOGETHER_NS: i64 = 60_000_000_000;

/// Times after one and up to another, which is among them.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Milliseconds since 1970.
    pub after_ms: i64,
    /// Milliseconds since 1970.
    pub until_ms: i64,
}

impl Window {
    /// The first nanosecond of the window.
    pub fn first(self) -> i64 {
        self.after_ms.saturating_add(1).saturating_mul(1_000_000)
    }

    /// The first one behind it.
    pub fn end(self) -> i64 {
        self.until_ms.saturating_add(1).saturating_mul(1_000_000)
    }

    /// Whether a time in nanoseconds lies in it.
    pub fn has(self, time: i64) -> bool {
        (self.first()..self.end()).contains(&time)
    }

    pub(super) fn overlaps(self, run: &Run) -> bool {
        run.first < self.end() && run.last >= self.first()
    }
}

pub(super) fn lake_fault(error: impl Into<QueryError>) -> MetricsError {
    MetricsError::Lake(error.into())
}

/// Files and batches with rows of the window; with `history` those with earlier deltas too.
pub(super) async fn sources(
    lake: &Lake,
    snapshot: &TableSnapshot,
    window: Window,
    history: bool,
) -> Result<Vec<Source>, MetricsError> {
    let mut out = Vec::new();
    for file in snapshot.files.iter().filter(|file| is_needed(file, window, history)) {
        out.push(lake.file(file).await.map_err(lake_fault)?);
    }
    for batch in snapshot.memory.iter().filter(|batch| batch.num_rows() > 0) {
        out.push(lake.batch(batch).map_err(lake_fault)?);
    }
    Ok(out)
}

fn is_needed(file: &LakeFile, window: Window, history: bool) -> bool {
    let (first, last) = times_of(file);
    if first.is_some_and(|first| first >= window.end()) {
        return false;
    }
    if last.is_none_or(|last| last >= window.first()) {
        return true;
    }
    let has_delta = || match file.stats.get("temporality").and_then(|s| s.max.as_ref()) {
        Some(StatValue::Text(max)) => max.as_str() >= "delta",
        Some(_) => true,
        None => !file.ours || file.stats.contains_key("temporality"),
    };
    history && has_delta()
}

/// The series of a selection.
pub async fn select(
    lake: &Lake,
    snapshot: &TableSnapshot,
    selection: &Selection,
    limits: &Limits,
) -> Result<Vec<Series>, MetricsError> {
    let window = Window { after_ms: selection.after_ms, until_ms: selection.until_ms };
    let presence = selection.hints.only_presence();
    let sources = sources(lake, snapshot, window, !presence).await?;
    let mut budget = Budget::new(limits.samples_max);
    let mut fetch = Fetch {
        matchers: &selection.matchers,
        series_max: limits.series_max,
        window,
        presence,
        groups: Vec::new(),
        by_series: HashMap::new(),
        known: HashMap::new(),
    };
    let mut rows = 0_usize;
    for source in &sources {
        for (kind, runs) in fetch.choose(source)? {
            rows = rows.saturating_add(fetch.read(lake, source, kind, &runs, limits.samples_max.saturating_sub(rows)).await?);
            if rows > limits.samples_max {
                return Err(PromqlError::TooManySamples { limit: limits.samples_max }.into());
            }
        }
    }
    let mut out = targets(lake, &sources, &selection.matchers, window, &mut budget).await?;
    let mut last = Times::default();
    for group in fetch.groups {
        for mut series in expand::series(group, &selection.matchers, window.after_ms, &mut budget)? {
            // Those of one target are mostly taken together.
            if series.floats.times == last {
                series.floats.times = last.clone();
            } else {
                last = series.floats.times.clone();
            }
            out.push(series);
        }
        if out.len() > limits.series_max {
            return Err(too_many_series(limits.series_max));
        }
    }
    Ok(out)
}

pub(super) fn too_many_series(max: usize) -> MetricsError {
    let advice = "narrow it by labels, or raise luneta.limits.promql_series_max";
    PromqlError::Execution(format!("a selector matches more than {max} series; {advice}")).into()
}

/// What is read of one selection.
struct Fetch<'a> {
    series_max: usize,
    matchers: &'a [Matcher],
    window: Window,
    /// Values do not matter.
    presence: bool,
    groups: Vec<Group>,
    by_series: HashMap<(Labels, Kind, bool), usize>,
    /// Groups by the address of the series, which is alive as long as its source; none for those that do
    /// not match.
    known: HashMap<usize, Option<usize>>,
}

/// A run and its group.
type Chosen = (usize, usize);

impl Fetch<'_> {
    /// The runs of a source that match and have rows in the window, or before it where deltas add up.
    fn choose(&mut self, source: &Source) -> Result<BTreeMap<Kind, Vec<Chosen>>, MetricsError> {
        let mut out: BTreeMap<Kind, Vec<Chosen>> = BTreeMap::new();
        for (at, run) in source.summary.runs.iter().enumerate() {
            let adds_up = self.adds_up(&run.of) && run.first < self.window.end();
            if !adds_up && !self.window.overlaps(run) {
                continue;
            }
            if let Some(group) = self.group(&run.of) {
                out.entry(run.of.kind).or_default().push((at, group));
            }
            if self.groups.len() > self.series_max {
                return Err(too_many_series(self.series_max));
            }
        }
        Ok(out)
    }

    /// Whether points before the window matter.
    fn adds_up(&self, of: &Described) -> bool {
        of.delta && !self.presence
    }

    fn group(&mut self, of: &Arc<Described>) -> Option<usize> {
        let address = Arc::as_ptr(of) as usize;
        if let Some(known) = self.known.get(&address) {
            return *known;
        }
        let parts = of.matching(self.matchers);
        let group = of.parts.first().filter(|_| !parts.is_empty()).map(|(_, labels)| {
            let (groups, presence) = (&mut self.groups, self.presence);
            *self.by_series.entry((labels.clone(), of.kind, of.delta)).or_insert_with(|| {
                groups.push(Group { of: Arc::clone(of), parts, points: Points::new(of, presence) });
                groups.len() - 1
            })
        });
        self.known.insert(address, group);
        group
    }

    /// Reads runs of one kind, at most `rows_max` rows. Returns how many there are.
    async fn read(
        &mut self,
        lake: &Lake,
        source: &Source,
        kind: Kind,
        chosen: &[Chosen],
        rows_max: usize,
    ) -> Result<usize, MetricsError> {
        let runs: Vec<&Run> = chosen.iter().filter_map(|(at, _)| source.summary.runs.get(*at)).collect();
        let ranges = narrowed(lake, source, &runs, self.window, !self.presence).await?;
        let rows = ranges.iter().map(Range::len).sum();
        if rows == 0 || rows > rows_max {
            return Ok(rows);
        }
        let parts: Vec<Part> = chosen
            .iter()
            .filter_map(|(_, group)| self.groups.get(*group))
            .flat_map(|group| group.parts.iter().filter_map(|part| group.of.parts.get(*part)).map(|(part, _)| *part))
            .collect();
        let steady = kind == Kind::Histogram
            && asks_buckets(&parts)
            && source.is_steady(lake, chosen.iter().map(|(at, _)| *at)).await.map_err(lake_fault)?;
        let positions = source.summary.positions.filter(|_| steady);
        let names = if self.presence { presence_columns(kind, &parts, steady) } else { columns(kind, &parts, positions) };
        let known = positions.is_some() || (steady && self.presence);
        let mut rest = 0..chosen.len();
        while !rest.is_empty() {
            let mut rows = 0;
            let fits = rest.clone().take_while(|at| {
                rows += ranges[*at].len();
                rows <= CHUNK_ROWS
            });
            let chunk = rest.start..rest.start + fits.count().max(1);
            rest.start = chunk.end;
            let read = source.read(lake, &names, ranges[chunk.clone()].to_vec()).await.map_err(lake_fault)?;
            let values = Rows::new(&names, &read, self.presence);
            let mut at = 0;
            for of in chunk {
                let (run, rows) = (runs[of], at..at + ranges[of].len());
                at = rows.end;
                let after_ms = if self.adds_up(&run.of) { i64::MIN } else { self.window.after_ms };
                let Some(group) = self.groups.get_mut(chosen[of].1) else { continue };
                values.add(rows, Window { after_ms, ..self.window }, known.then_some(&*run.values), &mut group.points);
            }
        }
        Ok(rows)
    }
}

/// The rows of runs that lie in the window, with what is before it of deltas.
async fn narrowed(
    lake: &Lake,
    source: &Source,
    runs: &[&Run],
    window: Window,
    history: bool,
) -> Result<Vec<Range<usize>>, MetricsError> {
    let mut ranges: Vec<Range<usize>> = runs.iter().map(|run| run.rows.clone()).collect();
    if !source.is_sorted() {
        return Ok(ranges);
    }
    let from = |run: &Run| if run.of.delta && history { i64::MIN } else { window.first() };
    let cut: Vec<usize> =
        (0..runs.len()).filter(|at| runs[*at].first < from(runs[*at]) || runs[*at].last >= window.end()).collect();
    if cut.is_empty() {
        return Ok(ranges);
    }
    let read =
        source.read(lake, &["time".into()], cut.iter().map(|at| ranges[*at].clone()).collect()).await.map_err(lake_fault)?;
    let Some(times) = read.first().and_then(|column| column.as_primitive_opt::<TimestampNanosecondType>()) else {
        return Ok(ranges);
    };
    let mut rest = times.values().as_ref();
    for at in cut {
        let range = ranges[at].clone();
        let Some((times, behind)) = rest.split_at_checked(range.len()) else { break };
        rest = behind;
        if times.is_sorted() {
            let (first, end) = (from(runs[at]), window.end());
            let (start, end) = (times.partition_point(|time| *time < first), times.partition_point(|time| *time < end));
            ranges[at] = range.start + start..range.start + end.max(start);
        }
    }
    Ok(ranges)
}

/// `target_info`: a sample whenever the resource sent points.
async fn targets(
    lake: &Lake,
    sources: &[Source],
    matchers: &[Matcher],
    window: Window,
    budget: &mut Budget,
) -> Result<Vec<Series>, MetricsError> {
    if !matchers.iter().all(|matcher| matcher.name != METRIC_NAME || matcher.matches(TARGET_INFO)) {
        return Ok(Vec::new());
    }
    let mut times: HashMap<Labels, Vec<i64>> = HashMap::new();
    for source in sources {
        let mut by_target: HashMap<&Labels, Vec<&Run>> = HashMap::new();
        for run in source.summary.runs.iter().filter(|run| window.overlaps(run)) {
            if let Some(target) = run.of.target.as_ref() {
                by_target.entry(target).or_default().push(run);
            }
        }
        by_target.retain(|target, _| matchers.iter().all(|matcher| matcher.accepts(target)));
        let mut chosen: Vec<(&Labels, &Run)> =
            by_target.into_iter().flat_map(|(target, runs)| covering(runs).into_iter().map(move |run| (target, run))).collect();
        chosen.sort_by_key(|(_, run)| run.rows.start);
        let runs: Vec<&Run> = chosen.iter().map(|(_, run)| *run).collect();
        let ranges: Vec<Range<usize>> = runs.iter().map(|run| run.rows.clone()).collect();
        budget.take(ranges.iter().map(Range::len).sum())?;
        let read = source.read(lake, &["time".into()], ranges).await.map_err(lake_fault)?;
        let Some(all) = read.first().and_then(|column| column.as_primitive_opt::<TimestampNanosecondType>()) else { continue };
        let mut all = all.values().iter().map(|time| time.div_euclid(1_000_000));
        for (target, run) in chosen {
            let of = all.by_ref().take(run.rows.len()).filter(|time| window.after_ms < *time && *time <= window.until_ms);
            times.entry(target.clone()).or_default().extend(of);
        }
    }
    let series = times.into_iter().filter(|(_, times)| !times.is_empty()).map(|(labels, mut times)| {
        times.sort_unstable();
        times.dedup();
        let values = vec![1.0; times.len()];
        Series::floats(labels, times, values)
    });
    Ok(series.collect())
}

/// The longest of runs, and those that reach beyond.
fn covering(mut runs: Vec<&Run>) -> Vec<&Run> {
    runs.sort_by_key(|run| std::cmp::Reverse(run.rows.len()));
    let mut covered: Option<(i64, i64)> = None;
    runs.retain(|run| {
        let reaches = covered.is_none_or(|(first, last)| run.first < first - TOGETHER_NS || run.last > last + TOGETHER_NS);
        if reaches {
            let (first, last) = covered.unwrap_or((run.first, run.last));
            covered = Some((first.min(run.first), last.max(run.last)));
        }
        reaches
    });
    runs
}
