//! The order of rows in a file.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, StringArray, UInt64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimestampNanosecondType, UInt64Type};
use luneta_model::Signal;

/// What rows are ordered by, one entry per row.
#[derive(Debug)]
pub(crate) enum SortKeys {
    /// Rank of the origin's service or series, time.
    ByOrigin(Vec<(u32, i64)>),
    /// Rank of the metric, series, time.
    ByMetric(Vec<(u32, u64, i64)>),
}

/// The columns of one batch that decide the order.
pub(crate) struct SortSource<'a> {
    /// Origin of every row.
    pub(crate) origin: &'a [u32],
    /// Time column.
    pub(crate) time: &'a ArrayRef,
    /// Metric names and series, of metrics only.
    pub(crate) metric: Option<(StringArray, UInt64Array)>,
}

impl SortKeys {
    /// Keys for rows of batches one after another. `service_of` ranks origins.
    pub(crate) fn new(signal: Signal, sources: &[SortSource<'_>], service_ranks: &[u32]) -> Self {
        let rows = sources.iter().map(|s| s.origin.len()).sum();
        if signal != Signal::Metrics {
            return Self::by_origin(sources, service_ranks);
        }
        let mut names: Names<'_> = Names::default();
        let mut keys = Vec::with_capacity(rows);
        for source in sources {
            let times = source.time.as_primitive::<TimestampNanosecondType>().values();
            let Some((metric, series)) = &source.metric else { continue };
            for ((name, series), time) in metric.iter().zip(series.values()).zip(times) {
                keys.push((names.id(name.unwrap_or_default()), *series, *time));
            }
        }
        let ranks = ranks(&names.list.iter().map(|n| Some(*n)).collect::<Vec<_>>());
        for key in &mut keys {
            key.0 = ranks[key.0 as usize];
        }
        SortKeys::ByMetric(keys)
    }

    /// Keys for rows whose order is that of their origins, which `ranks` ranks, and their times.
    pub(crate) fn by_origin(sources: &[SortSource<'_>], ranks: &[u32]) -> Self {
        let mut keys = Vec::with_capacity(sources.iter().map(|s| s.origin.len()).sum());
        for source in sources {
            let times = source.time.as_primitive::<TimestampNanosecondType>().values();
            keys.extend(source.origin.iter().zip(times).map(|(o, t)| (ranks[*o as usize], *t)));
        }
        SortKeys::ByOrigin(keys)
    }

    /// Row numbers in order; equal rows stay as they came.
    pub(crate) fn order(self) -> Vec<u32> {
        match self {
            SortKeys::ByOrigin(keys) => {
                let mut order: Vec<(u32, i64, u32)> =
                    keys.into_iter().enumerate().map(|(row, (rank, time))| (rank, time, row as u32)).collect();
                order.sort_unstable();
                order.into_iter().map(|(_, _, row)| row).collect()
            }
            SortKeys::ByMetric(keys) => {
                let mut order: Vec<(u32, u64, i64, u32)> =
                    keys.into_iter().enumerate().map(|(row, (rank, series, time))| (rank, series, time, row as u32)).collect();
                order.sort_unstable();
                order.into_iter().map(|(.., row)| row).collect()
            }
        }
    }
}

/// For every text its place among all, nulls first; equal texts have equal ranks.
pub(crate) fn ranks(texts: &[Option<&str>]) -> Vec<u32> {
    let mut sorted: Vec<usize> = (0..texts.len()).collect();
    sorted.sort_by_key(|i| texts[*i]);
    let mut out = vec![0; texts.len()];
    let mut rank = 0;
    for (n, i) in sorted.iter().enumerate() {
        if n > 0 && texts[sorted[n - 1]] != texts[*i] {
            rank += 1;
        }
        out[*i] = rank;
    }
    out
}

/// The ranks of services by origin.
pub(crate) fn service_ranks(names: Option<&ArrayRef>, origins: usize) -> Vec<u32> {
    match names.and_then(|n| n.as_string_opt::<i32>()) {
        Some(names) => ranks(&names.iter().collect::<Vec<_>>()),
        None => vec![0; origins],
    }
}

/// The ranks of series by metric and number.
pub(crate) fn series_ranks(names: &StringArray, series: &UInt64Array) -> Vec<u32> {
    let key = |row: usize| (names.is_valid(row).then(|| names.value(row)), series.value(row));
    let mut sorted: Vec<usize> = (0..series.len()).collect();
    sorted.sort_unstable_by_key(|row| key(*row));
    let mut out = vec![0; series.len()];
    let mut rank = 0;
    for (n, row) in sorted.iter().enumerate() {
        if n > 0 && key(sorted[n - 1]) != key(*row) {
            rank += 1;
        }
        out[*row] = rank;
    }
    out
}

/// Numbers for metric names; runs of equal names are the rule.
#[derive(Default)]
struct Names<'a> {
    ids: HashMap<&'a str, u32, foldhash::fast::RandomState>,
    list: Vec<&'a str>,
    last: Option<(&'a str, u32)>,
}

impl<'a> Names<'a> {
    fn id(&mut self, name: &'a str) -> u32 {
        if let Some((last, id)) = self.last
            && last == name
        {
            return id;
        }
        let next = self.list.len() as u32;
        let id = *self.ids.entry(name).or_insert(next);
        if id == next {
            self.list.push(name);
        }
        self.last = Some((name, id));
        id
    }
}

/// The metric columns of a batch, where it has them.
pub(crate) fn metric_columns(name: Option<&ArrayRef>, series: Option<&ArrayRef>) -> Option<(StringArray, UInt64Array)> {
    let name = cast(name?, &DataType::Utf8).ok()?.as_string_opt::<i32>()?.clone();
    let series = series?.as_primitive_opt::<UInt64Type>()?.clone();
    (name.len() == series.len()).then_some((name, series))
}
