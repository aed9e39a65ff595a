//! [`Cardinality`]: how many series of metrics are active, and what happens to those beyond a bound.
//!
//! A series is active when a point of it came within the last half hour to hour. Points of new series
//! beyond the bounds of a metric or a tenant are left out, counted, and looked at for the attribute
//! that makes so many of them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::UInt64Type;
use async_trait::async_trait;
use luneta_model::{AttributeScope, Batch, Signal, Sink, SinkError, Tenant};
use xxhash_rust::xxh3::xxh3_64;

use crate::{Reason, Tally};

/// After so many nanoseconds without a point a series may count as gone; after twice as many it does.
const GENERATION_NS: i64 = 30 * 60 * 1_000_000_000;
/// Points of one batch that are looked at for the attribute to blame.
const BLAMED_ROWS_MAX: usize = 1000;
/// Attributes of a metric that are looked at.
const BLAMED_KEYS_MAX: usize = 64;
/// Values of an attribute that are told apart.
const BLAMED_VALUES_MAX: usize = 10_000;
/// Metrics with too many series that are remembered.
const BLAMED_METRICS_MAX: usize = 200;

/// Most series that may be active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesLimits {
    /// Of one metric.
    pub of_metric: usize,
    /// Of all metrics of a tenant.
    pub of_tenant: usize,
}

impl Default for SeriesLimits {
    fn default() -> Self {
        Self { of_metric: 500_000, of_tenant: 2_000_000 }
    }
}

/// A sink behind the bounds, for points that no sender waits for: those of further series are left out and counted.
pub struct BoundedSink {
    sink: Arc<dyn Sink>,
    cardinality: Arc<Cardinality>,
}

impl BoundedSink {
    /// In front of a sink.
    pub fn new(sink: Arc<dyn Sink>, cardinality: Arc<Cardinality>) -> Self {
        Self { sink, cardinality }
    }
}

#[async_trait]
impl Sink for BoundedSink {
    async fn accept(&self, batch: Batch) -> Result<(), SinkError> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
        let batch = self.cardinality.admit(batch, now, &mut Tally::default());
        if batch.is_empty() { Ok(()) } else { self.sink.accept(batch).await }
    }
}

/// Active series of all tenants.
#[derive(Debug)]
pub struct Cardinality {
    limits: SeriesLimits,
    tenants: Mutex<HashMap<Tenant, Arc<Mutex<Active>>>>,
}

/// Active series of a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActiveSeries {
    /// How many there are.
    pub series: usize,
    /// Metrics whose series were refused, those with the most refusals first.
    pub refused: Vec<RefusedSeries>,
}

/// A metric with more series than there may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedSeries {
    /// Its name.
    pub metric: String,
    /// How many of its series are active.
    pub series: usize,
    /// Points left out since the start.
    pub points: u64,
    /// The attribute with the most values among them, and how many it had (10,000 at most are counted).
    pub attribute: Option<(String, usize)>,
}

#[derive(Debug, Default)]
struct Active {
    metrics: HashMap<Box<str>, Metric>,
    series: usize,
    generation: i64,
    refused: BTreeMap<String, Blame>,
}

/// Ids of series are hashes already.
#[derive(Debug, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64(bytes);
    }

    fn write_u64(&mut self, id: u64) {
        self.0 = id;
    }
}

type Ids = HashSet<u64, BuildHasherDefault<AsIs>>;

#[derive(Debug, Default)]
struct Metric {
    /// Seen in this generation.
    now: Ids,
    /// Seen in the one before, and not in this one.
    before: Ids,
}

impl Metric {
    fn len(&self) -> usize {
        self.now.len() + self.before.len()
    }
}

#[derive(Debug, Default)]
struct Blame {
    points: u64,
    values: BTreeMap<String, HashSet<u64>>,
}

impl Cardinality {
    /// Nothing is active yet.
    pub fn new(limits: SeriesLimits) -> Self {
        Self { limits, tenants: Mutex::default() }
    }

    /// The bounds.
    pub fn limits(&self) -> SeriesLimits {
        self.limits
    }

    fn of(&self, tenant: &Tenant) -> Arc<Mutex<Active>> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tenants.get(tenant) {
            return Arc::clone(known);
        }
        Arc::clone(tenants.entry(tenant.clone()).or_default())
    }

    /// The points of a batch whose series may be active; those of others are counted as rejected. Batches of
    /// other signals pass.
    pub fn admit(&self, batch: Batch, now: i64, tally: &mut Tally) -> Batch {
        if batch.signal != Signal::Metrics || batch.rows.num_rows() == 0 {
            return batch;
        }
        let (Some(names), Some(series)) = (
            batch.rows.column_by_name("metric_name").and_then(|column| column.as_string_opt::<i32>()),
            batch.rows.column_by_name("series").and_then(|column| column.as_primitive_opt::<UInt64Type>()),
        ) else {
            return batch;
        };
        let active = self.of(&batch.tenant);
        let mut active = active.lock().unwrap_or_else(PoisonError::into_inner);
        active.advance(now);
        let mut refused: Vec<usize> = Vec::new();
        let mut row = 0;
        while row < batch.rows.num_rows() {
            let name = names.value(row);
            let end = (row..batch.rows.num_rows()).find(|at| names.value(*at) != name).unwrap_or(batch.rows.num_rows());
            active.admit(name, (row..end).map(|at| (at, series.value(at))), self.limits, &mut refused);
            row = end;
        }
        if refused.is_empty() {
            return batch;
        }
        for row in &refused {
            tally.reject(Reason::TooManySeries);
            if let Some(blame) = active.blame(names.value(*row)) {
                blame.points += 1;
            }
        }
        for row in refused.iter().take(BLAMED_ROWS_MAX) {
            if let Some(blame) = active.blame(names.value(*row)) {
                blame.look_at(&batch.rows, *row);
            }
        }
        without(batch, &refused)
    }

    /// Which of some things, given with the name and the id of their series, are of active series.
    pub(crate) fn active_among<'s, T>(&self, tenant: &Tenant, things: impl Iterator<Item = (T, (&'s str, u64))>) -> Vec<T> {
        let active = self.of(tenant);
        let active = active.lock().unwrap_or_else(PoisonError::into_inner);
        let is_active = |(name, id): (&str, u64)| active.metrics.get(name).is_some_and(|metric| metric.now.contains(&id));
        things.filter(|(_, series)| is_active(*series)).map(|(thing, _)| thing).collect()
    }

    /// A number that changes whenever active series are counted anew.
    pub(crate) fn generation(now: i64) -> i64 {
        now.div_euclid(GENERATION_NS)
    }

    /// What is active of a tenant.
    pub fn snapshot(&self, tenant: &Tenant) -> ActiveSeries {
        let known = self.tenants.lock().unwrap_or_else(PoisonError::into_inner).get(tenant).map(Arc::clone);
        let Some(known) = known else { return ActiveSeries::default() };
        let active = known.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = |(metric, blame): (&String, &Blame)| RefusedSeries {
            metric: metric.clone(),
            series: active.metrics.get(metric.as_str()).map_or(0, Metric::len),
            points: blame.points,
            attribute: blame
                .values
                .iter()
                .max_by_key(|(_, values)| values.len())
                .map(|(key, values)| (key.clone(), values.len())),
        };
        let mut refused: Vec<RefusedSeries> = active.refused.iter().map(refused).collect();
        refused.sort_by_key(|of| std::cmp::Reverse(of.points));
        ActiveSeries { series: active.series, refused }
    }

    /// How many series are active, by tenant.
    pub fn counts(&self) -> Vec<(Tenant, usize)> {
        let tenants: Vec<(Tenant, Arc<Mutex<Active>>)> = {
            let known = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
            known.iter().map(|(tenant, active)| (tenant.clone(), Arc::clone(active))).collect()
        };
        let count = |active: &Mutex<Active>| active.lock().unwrap_or_else(PoisonError::into_inner).series;
        let mut out: Vec<(Tenant, usize)> = tenants.iter().map(|(tenant, active)| (tenant.clone(), count(active))).collect();
        out.sort();
        out
    }
}

impl Active {
    /// Forgets series without points for long enough.
    fn advance(&mut self, now: i64) {
        let generation = Cardinality::generation(now);
        if generation <= self.generation {
            return;
        }
        let lapsed = generation > self.generation + 1;
        self.generation = generation;
        for metric in self.metrics.values_mut() {
            metric.before = if lapsed { Ids::default() } else { std::mem::take(&mut metric.now) };
            metric.now = Ids::default();
        }
        self.metrics.retain(|_, metric| metric.len() > 0);
        self.series = self.metrics.values().map(Metric::len).sum();
    }

    fn admit(&mut self, name: &str, rows: impl Iterator<Item = (usize, u64)>, limits: SeriesLimits, refused: &mut Vec<usize>) {
        if !self.metrics.contains_key(name) {
            self.metrics.insert(name.into(), Metric::default());
        }
        let Some(metric) = self.metrics.get_mut(name) else { return };
        for (row, id) in rows {
            if metric.now.contains(&id) {
                continue;
            }
            if metric.before.remove(&id) {
                metric.now.insert(id);
            } else if metric.len() < limits.of_metric && self.series < limits.of_tenant {
                metric.now.insert(id);
                self.series += 1;
            } else {
                refused.push(row);
            }
        }
    }

    fn blame(&mut self, metric: &str) -> Option<&mut Blame> {
        if !self.refused.contains_key(metric) && self.refused.len() < BLAMED_METRICS_MAX {
            self.refused.insert(metric.to_owned(), Blame::default());
        }
        self.refused.get_mut(metric)
    }
}

impl Blame {
    /// Notes the values of a point's attributes.
    fn look_at(&mut self, rows: &RecordBatch, row: usize) {
        let schema = rows.schema();
        for (field, column) in schema.fields().iter().zip(rows.columns()) {
            if let Some((AttributeScope::Item, key)) = AttributeScope::split_column(field.name()) {
                if let Some(texts) = column.as_string_opt::<i32>().filter(|texts| texts.is_valid(row)) {
                    self.note(key, texts.value(row));
                }
            } else if field.name() == AttributeScope::Item.column() {
                self.look_at_map(column, row);
            }
        }
    }

    fn look_at_map(&mut self, column: &ArrayRef, row: usize) {
        let Some(entries) = column.as_map_opt().filter(|maps| maps.is_valid(row)).map(|maps| maps.value(row)) else { return };
        let (Some(keys), Some(values)) = (entries.column(0).as_string_opt::<i32>(), entries.column(1).as_string_opt::<i32>())
        else {
            return;
        };
        for (key, value) in keys.iter().zip(values) {
            if let (Some(key), Some(value)) = (key, value) {
                self.note(key, value);
            }
        }
    }

    fn note(&mut self, key: &str, value: &str) {
        if !self.values.contains_key(key) {
            if self.values.len() >= BLAMED_KEYS_MAX {
                return;
            }
            self.values.insert(key.to_owned(), HashSet::new());
        }
        if let Some(values) = self.values.get_mut(key).filter(|values| values.len() < BLAMED_VALUES_MAX) {
            values.insert(xxh3_64(value.as_bytes()));
        }
    }
}

/// A batch without some rows, which are in order.
fn without(batch: Batch, rows: &[usize]) -> Batch {
    let mut keep = vec![true; batch.rows.num_rows()];
    for row in rows {
        if let Some(slot) = keep.get_mut(*row) {
            *slot = false;
        }
    }
    match filter_record_batch(&batch.rows, &BooleanArray::from(keep)) {
        Ok(rows) => Batch { rows, ..batch },
        // Nothing is lost where the rows cannot be told apart.
        Err(error) => {
            tracing::warn!(%error, "points of too many series could not be left out");
            batch
        }
    }
}

#[cfg(test)]
mod tests {
    use luneta_model::{Limits, MetricIdentity, MetricRow, MetricsBuilder, Number, PointValue};

    use super::*;

    const HALF_HOUR: i64 = GENERATION_NS;

    /// A tenant, metrics and users of points sent, and how many are kept and rejected.
    type Step = (&'static str, &'static [(&'static str, &'static str)], (usize, u64));

    fn points(tenant: &str, points: &[(&'static str, &str)]) -> Batch {
        let mut builder = MetricsBuilder::new(Limits::default());
        builder.origins.begin();
        let origin = builder.origins.end();
        for (name, user) in points {
            builder.push_str("user", user);
            builder.push_str("region", "one");
            let row = MetricRow { time: 1, start_time: 0, flags: 0, value: PointValue::Gauge(Some(Number::Int(1))) };
            builder.end_point(origin, &MetricIdentity { name, ..MetricIdentity::default() }, &row);
        }
        builder.finish(Tenant::new(tenant).unwrap()).unwrap()
    }

    fn admitted(of: &Cardinality, now: i64, tenant: &str, sent: &[(&'static str, &str)]) -> (usize, u64) {
        let mut tally = Tally::default();
        let batch = of.admit(points(tenant, sent), now, &mut tally);
        (batch.len(), tally.rejected_total())
    }

    #[test]
    fn series_beyond_the_bounds_are_left_out() {
        let of = Cardinality::new(SeriesLimits { of_metric: 2, of_tenant: 3 });
        let steps: [Step; 6] = [
            ("t", &[("a", "1"), ("a", "2"), ("a", "1")], (3, 0)),
            // The metric is full; its series go on.
            ("t", &[("a", "3"), ("a", "2"), ("b", "1")], (2, 1)),
            // The tenant is full.
            ("t", &[("c", "1"), ("b", "1")], (1, 1)),
            ("u", &[("c", "1")], (1, 0)),
            ("t", &[("a", "4"), ("a", "5"), ("a", "3")], (0, 3)),
            ("t", &[("a", "1"), ("a", "2"), ("b", "1")], (3, 0)),
        ];
        for (tenant, sent, expected) in steps {
            assert_eq!(admitted(&of, 1, tenant, sent), expected, "{sent:?}");
        }
        let told = of.snapshot(&Tenant::new("t").unwrap());
        assert_eq!(told.series, 3);
        let refused: Vec<_> = told.refused.iter().map(|r| (r.metric.as_str(), r.series, r.points, r.attribute.clone())).collect();
        assert_eq!(refused, [("a", 2, 4, Some(("user".to_owned(), 3))), ("c", 0, 1, refused[1].3.clone())]);
    }

    #[test]
    fn series_without_points_are_forgotten() {
        let of = Cardinality::new(SeriesLimits { of_metric: 1, of_tenant: 10 });
        for (now, user, expected) in [
            (0, "1", (1, 0)),
            (1, "2", (0, 1)),
            // Within the next half hour the first is still active, and stays so by its point.
            (HALF_HOUR, "2", (0, 1)),
            (HALF_HOUR, "1", (1, 0)),
            (2 * HALF_HOUR, "2", (0, 1)),
            (3 * HALF_HOUR, "2", (1, 0)),
            (30 * HALF_HOUR, "3", (1, 0)),
        ] {
            assert_eq!(admitted(&of, now, "t", &[("a", user)]), expected, "{user} at {now}");
        }
    }
}
