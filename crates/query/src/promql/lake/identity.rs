//! What a series of points is in Prometheus: its names, labels and parts.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use luneta_model::semconv::{PROMETHEUS_NATIVE, PROMETHEUS_SCOPE, PROMETHEUS_TYPE};
use luneta_promql::{BUCKET_LABEL, Labels, METRIC_NAME, Matcher};

use super::names::{NameKind, Strategy};

/// Label that holds the quantile of a summary.
pub const QUANTILE_LABEL: &str = "quantile";
/// Name of the metric that has the attributes of resources.
pub const TARGET_INFO: &str = "target_info";

/// Attributes of resources that say which process it is: `job` and `instance` are made of them.
const IDENTIFYING: [&str; 3] = ["service.namespace", "service.name", "service.instance.id"];

/// Attributes of resources that every series has as labels: those which Prometheus's guide for
/// OpenTelemetry promotes. All others are in `target_info`.
const PROMOTED: [&str; 19] = [
    "service.instance.id",
    "service.name",
    "service.namespace",
    "service.version",
    "cloud.availability_zone",
    "cloud.region",
    "container.name",
    "deployment.environment",
    "deployment.environment.name",
    "k8s.cluster.name",
    "k8s.container.name",
    "k8s.cronjob.name",
    "k8s.daemonset.name",
    "k8s.deployment.name",
    "k8s.job.name",
    "k8s.namespace.name",
    "k8s.pod.name",
    "k8s.replicaset.name",
    "k8s.statefulset.name",
];

/// How series of OTLP are named and which labels they have: Prometheus's settings `otlp`.
#[derive(Debug, Clone)]
pub struct Translation {
    /// Of names.
    pub strategy: Strategy,
    /// Attributes of resources that become labels of every series.
    pub promoted: Vec<String>,
    /// All of them do, but [`Self::ignored`].
    pub promote_all: bool,
    /// Attributes of resources that never do by [`Self::promote_all`].
    pub ignored: Vec<String>,
    /// `target_info` has the attributes that make `job` and `instance` too.
    pub keep_identifying: bool,
    /// Name, version and attributes of scopes are labels.
    pub scopes: bool,
}

impl Default for Translation {
    fn default() -> Self {
        Self {
            strategy: Strategy::default(),
            promoted: PROMOTED.map(str::to_owned).to_vec(),
            promote_all: false,
            ignored: Vec::new(),
            keep_identifying: false,
            scopes: true,
        }
    }
}

impl Translation {
    /// The attributes of a resource that become labels.
    fn promoted<'a>(&'a self, resource: &'a BTreeMap<String, String>) -> Vec<(&'a str, &'a str)> {
        let filled = |(key, value): (&'a String, &'a String)| (!value.is_empty()).then_some((key.as_str(), value.as_str()));
        if self.promote_all {
            return resource.iter().filter(|(key, _)| !self.ignored.contains(key)).filter_map(filled).collect();
        }
        self.promoted.iter().filter_map(|key| resource.get_key_value(key)).filter_map(filled).collect()
    }
}

/// The form of a metric's points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Gauges and sums.
    Number,
    /// Histograms with bounds.
    Histogram,
    /// Exponential histograms.
    Exponential,
    /// Summaries.
    Summary,
}

/// The columns of points that say which metric they are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MetricKey<'a> {
    /// `metric_name`.
    pub name: &'a str,
    /// `type`.
    pub kind: &'a str,
    /// `unit`, or empty.
    pub unit: &'a str,
    /// `temporality`, or empty.
    pub temporality: &'a str,
    /// `is_monotonic`.
    pub monotonic: bool,
}

impl MetricKey<'_> {
    /// The form of the points; `None` for types this version does not know.
    pub fn form(&self) -> Option<Kind> {
        Some(match self.kind {
            "gauge" | "sum" => Kind::Number,
            "histogram" => Kind::Histogram,
            "exponential_histogram" => Kind::Exponential,
            "summary" => Kind::Summary,
            _ => return None,
        })
    }

    fn is_counter(&self) -> bool {
        self.kind == "sum" && self.monotonic
    }

    /// Prometheus's word for the type.
    fn prometheus_type(&self) -> &'static str {
        match self.kind {
            "sum" if self.monotonic => "counter",
            "histogram" | "exponential_histogram" => "histogram",
            "summary" => "summary",
            _ => "gauge",
        }
    }
}

/// What is behind a series besides its metric, as text.
#[derive(Debug, Clone, Default)]
pub struct Attributes {
    /// The metric's description.
    pub description: String,
    /// The metric's metadata, as the JSON of a map; empty where there is none.
    pub metadata: String,
    /// Of the points.
    pub item: BTreeMap<String, String>,
    /// Of the resource.
    pub resource: BTreeMap<String, String>,
    /// Of the scope.
    pub scope: BTreeMap<String, String>,
    /// Name of the scope.
    pub scope_name: String,
    /// Version of the scope.
    pub scope_version: String,
    /// Schema URL of the scope.
    pub scope_schema_url: String,
}

impl Attributes {
    /// Whether the point came as a sample of Prometheus.
    fn is_sample(&self) -> bool {
        self.scope_name == PROMETHEUS_SCOPE && self.scope_version.is_empty() && self.scope.is_empty()
    }

    /// A text of the metric's metadata.
    fn told(&self, key: &str) -> Option<String> {
        let all: serde_json::Map<_, _> = serde_json::from_str(&self.metadata).ok()?;
        all.get(key)?.as_str().map(str::to_owned)
    }
}

/// Which of the series that a metric becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The number.
    Value,
    /// Buckets up to a bound.
    Bucket,
    /// A quantile.
    Quantile,
    /// The sum.
    Sum,
    /// The count.
    Count,
    /// The whole histogram.
    Native,
}

impl Part {
    /// The label that tells several series of this part apart.
    pub const fn label(self) -> Option<&'static str> {
        match self {
            Self::Bucket => Some(BUCKET_LABEL),
            Self::Quantile => Some(QUANTILE_LABEL),
            _ => None,
        }
    }
}

/// What is told of a metric.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetricMetadata {
    /// Name in Prometheus, without the suffixes of a histogram's or summary's parts.
    pub name: String,
    /// `counter`, `gauge`, `histogram` or `summary`; for samples of Prometheus any type it has.
    pub kind: &'static str,
    /// The description.
    pub help: String,
    /// The unit as it was sent.
    pub unit: String,
}

/// Types of Prometheus.
const TYPES: [&str; 8] = ["counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset", "unknown"];

impl MetricMetadata {
    /// `told` is the type as the sender named it, of the family that a series belongs to.
    fn new(metric: &MetricKey<'_>, help: &str, mut name: String, told: Option<&str>) -> Self {
        let kind = TYPES.into_iter().find(|known| Some(*known) == told).unwrap_or_else(|| metric.prometheus_type());
        let suffixes = match kind {
            _ if told.is_none() || metric.form() != Some(Kind::Number) => [].as_slice(),
            "histogram" => &["_bucket", "_sum", "_count"],
            "gaugehistogram" => &["_bucket", "_gsum", "_gcount"],
            "summary" => &["_sum", "_count"],
            _ => &[],
        };
        if let Some(suffix) = suffixes.iter().find(|suffix| name.ends_with(**suffix)) {
            name.truncate(name.len() - suffix.len());
        }
        Self { name, kind, help: help.to_owned(), unit: metric.unit.to_owned() }
    }
}

/// Texts of labels, each held once however many series have it.
#[derive(Debug, Default)]
pub struct Texts {
    known: HashSet<Arc<str>>,
    /// With more it is asked which are still in use.
    many: usize,
}

/// With fewer texts than this nobody asks which are in use.
const TEXTS_FEW: usize = 1 << 12;

impl Texts {
    fn labels(&mut self, pairs: &BTreeMap<String, String>) -> Labels {
        if self.known.len() > self.many.max(TEXTS_FEW) {
            self.known.retain(|text| Arc::strong_count(text) > 1);
            self.many = self.known.len() * 2;
        }
        Labels::new(pairs.iter().map(|(name, value)| (self.shared(name), self.shared(value))))
    }

    /// The one that is held of a text.
    pub(super) fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.known.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.known.insert(Arc::clone(&new));
        new
    }
}

/// Points of one metric, resource, scope and set of attributes.
#[derive(Debug)]
pub struct Described {
    /// Form of the points.
    pub kind: Kind,
    /// Whether points say what came since the point before.
    pub delta: bool,
    /// Whether values only grow, until a restart.
    pub monotonic: bool,
    /// Whether points are samples of Prometheus, to be given back as they came.
    pub is_sample: bool,
    /// The series in Prometheus; each lacks its [`Part::label`].
    pub parts: Vec<(Part, Labels)>,
    /// About the metric.
    pub metadata: MetricMetadata,
    /// `target_info` of the resource, unless it has none.
    pub target: Option<Labels>,
}

impl Described {
    /// What a series is in Prometheus; `None` where it cannot be told.
    pub fn new(metric: &MetricKey<'_>, attributes: &Attributes, how: &Translation, texts: &mut Texts) -> Option<Self> {
        let kind = metric.form()?;
        let is_sample = attributes.is_sample();
        let name = if is_sample {
            metric.name.to_owned()
        } else {
            how.strategy.metric_name(metric.name, metric.unit, name_kind(metric))?
        };
        let labels = if is_sample { sample_labels(attributes) } else { labels(attributes, how) };
        let parts = match kind {
            Kind::Histogram if is_sample && attributes.told(PROMETHEUS_NATIVE).as_deref() == Some("custom") => {
                vec![(Part::Native, "")]
            }
            Kind::Number => vec![(Part::Value, "")],
            Kind::Exponential => vec![(Part::Native, "")],
            Kind::Histogram => vec![(Part::Bucket, "_bucket"), (Part::Sum, "_sum"), (Part::Count, "_count")],
            Kind::Summary => vec![(Part::Quantile, ""), (Part::Sum, "_sum"), (Part::Count, "_count")],
        };
        let mut named = |(part, suffix): (Part, &str)| {
            let mut labels = labels.clone();
            labels.insert(METRIC_NAME.to_owned(), format!("{name}{suffix}"));
            // The label of the part is its own.
            part.label().map(|label| labels.remove(label));
            (part, texts.labels(&labels))
        };
        let parts = parts.into_iter().map(&mut named).collect();
        let told = if is_sample { attributes.told(PROMETHEUS_TYPE) } else { None };
        let metadata = MetricMetadata::new(metric, &attributes.description, name, told.as_deref());
        let monotonic = metric.is_counter() || matches!(kind, Kind::Histogram | Kind::Exponential);
        let target = if is_sample { None } else { target(attributes, how, texts) };
        Some(Self { kind, delta: metric.temporality == "delta", monotonic, is_sample, parts, metadata, target })
    }

    /// Bytes of memory, roughly.
    pub fn size(&self) -> usize {
        let of = |labels: &Labels| labels.iter().map(|(name, value)| name.len() + value.len() + 64).sum::<usize>();
        let parts: usize = self.parts.iter().map(|(_, labels)| of(labels)).sum();
        200 + parts + self.target.as_ref().map_or(0, of) + self.metadata.help.len() + self.metadata.name.len()
    }

    /// The parts whose labels pass; matchers of a part's own label are left for its values.
    pub fn matching(&self, matchers: &[Matcher]) -> Vec<usize> {
        let passes = |(part, labels): &(Part, Labels)| {
            matchers.iter().all(|matcher| part.label().is_some_and(|label| matcher.name == label) || matcher.accepts(labels))
        };
        (0..self.parts.len()).filter(|at| passes(&self.parts[*at])).collect()
    }
}

/// The labels of a bucket or quantile, if they pass the matchers that [`Described::matching`] left.
pub fn with_value(labels: &Labels, part: Part, value: f64, matchers: &[Matcher]) -> Option<Labels> {
    let label = part.label()?;
    let text = value_text(value);
    let passes = matchers.iter().filter(|matcher| matcher.name == label).all(|matcher| matcher.matches(&text));
    passes.then(|| labels.with(label, &text))
}

/// A bound or quantile as the value of its label.
pub fn value_text(value: f64) -> String {
    if value == f64::INFINITY { "+Inf".to_owned() } else { value.to_string() }
}

/// Values of keys that have one name in Prometheus stand in one label, in the order of the keys.
fn insert(into: &mut BTreeMap<String, String>, name: String, value: &str) {
    match into.entry(name) {
        std::collections::btree_map::Entry::Occupied(mut known) => {
            known.get_mut().push(';');
            known.get_mut().push_str(value);
        }
        std::collections::btree_map::Entry::Vacant(free) => {
            free.insert(value.to_owned());
        }
    }
}

fn name_kind(metric: &MetricKey<'_>) -> NameKind {
    match metric.kind {
        "gauge" => NameKind::Gauge,
        _ if metric.is_counter() => NameKind::Counter,
        _ => NameKind::Other,
    }
}

/// All labels but the name of a sample that came from Prometheus, as they came.
fn sample_labels(attributes: &Attributes) -> BTreeMap<String, String> {
    let mut out = attributes.item.clone();
    for (label, key) in [("job", "service.name"), ("instance", "service.instance.id")] {
        if let Some(value) = attributes.resource.get(key) {
            out.insert(label.to_owned(), value.clone());
        }
    }
    out
}

/// All labels but the name.
fn labels(attributes: &Attributes, how: &Translation) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for (key, value) in &attributes.item {
        if let Some(name) = how.strategy.label_name(key) {
            insert(&mut out, name, value);
        }
    }
    for (key, value) in how.promoted(&attributes.resource) {
        if let Some(name) = how.strategy.label_name(key) {
            // Attributes of the point say more.
            out.entry(name).or_insert_with(|| value.to_owned());
        }
    }
    if how.scopes && !attributes.scope_name.is_empty() {
        for (key, value) in &attributes.scope {
            if let Some(name) = how.strategy.label_name(&format!("otel_scope_{key}")) {
                out.insert(name, value.clone());
            }
        }
        out.insert("otel_scope_name".to_owned(), attributes.scope_name.clone());
        out.insert("otel_scope_version".to_owned(), attributes.scope_version.clone());
        out.insert("otel_scope_schema_url".to_owned(), attributes.scope_schema_url.clone());
    }
    identify(&mut out, &attributes.resource);
    out
}

/// Adds `job` and `instance`.
fn identify(labels: &mut BTreeMap<String, String>, resource: &BTreeMap<String, String>) {
    let of = |key: &str| resource.get(key).filter(|value| !value.is_empty());
    if let Some(name) = of("service.name") {
        let job = of("service.namespace").map_or_else(|| name.clone(), |namespace| format!("{namespace}/{name}"));
        labels.insert("job".to_owned(), job);
    }
    if let Some(instance) = of("service.instance.id") {
        labels.insert("instance".to_owned(), instance.clone());
    }
}

/// The labels of `target_info`, for resources that say who they are and something more.
fn target(attributes: &Attributes, how: &Translation, texts: &mut Texts) -> Option<Labels> {
    let mut labels = BTreeMap::new();
    for (key, value) in &attributes.resource {
        if (how.keep_identifying || !IDENTIFYING.contains(&key.as_str()))
            && let Some(name) = how.strategy.label_name(key)
        {
            insert(&mut labels, name, value);
        }
    }
    if labels.is_empty() {
        return None;
    }
    identify(&mut labels, &attributes.resource);
    if !["service.name", "service.instance.id"].iter().any(|key| attributes.resource.get(*key).is_some_and(|v| !v.is_empty())) {
        return None;
    }
    labels.insert(METRIC_NAME.to_owned(), TARGET_INFO.to_owned());
    Some(texts.labels(&labels))
}
