//! [`Group`]: what was pushed last under one set of labels.

use std::collections::{BTreeMap, HashSet};

use luneta_model::Limits;
use serde::{Deserialize, Serialize};

use super::native::{Exemplar, Histogram};
use crate::prometheus::exposition::{self, Entry, ExpositionError, ExpositionFormat, ExpositionOptions, MetricType, SampleValue};
use crate::prometheus::native::{HistogramFault, NativeHistogram};
use crate::prometheus::scraped::sparse;

/// Names and values, each name once.
pub(super) type Labels = BTreeMap<String, String>;
/// Metric families by name.
pub(super) type Families = BTreeMap<String, Family>;

/// When the last push was taken, and when one was refused; the gateway adds them to each group.
pub(super) const PUSH_TIME: &str = "push_time_seconds";
pub(super) const PUSH_FAILURE_TIME: &str = "push_failure_time_seconds";

/// Bytes a sample is reckoned at besides its texts, which is more than its row takes.
const SAMPLE_BYTES: usize = 256;
const LABEL_BYTES: usize = 32;
const EXEMPLAR_BYTES: usize = 64;
/// Exemplars of one sample that are kept.
const EXEMPLARS_MAX: usize = 10;

/// Why a push is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum PushError {
    #[error("{0}")]
    Path(String),
    #[error("the body cannot be read: {0}")]
    Body(#[from] ExpositionError),
    #[error("`{0}` has a time, which samples that are pushed must not have")]
    Time(String),
    #[error("`{0}` is a name that the gateway gives itself")]
    Reserved(String),
    #[error("`{0}` is there twice with the same labels")]
    Repeated(String),
    #[error("`{name}` is pushed as {pushed} and known as {known} in another group")]
    Type { name: String, pushed: &'static str, known: &'static str },
    #[error("the native histogram `{name}` is refused: {fault}")]
    Histogram { name: String, fault: HistogramFault },
    #[error("the labels of `{0}` are over the limits")]
    Labels(String),
    #[error("the gateway holds as many {0} as it may; delete groups that are not needed")]
    Full(&'static str),
}

/// What was pushed last under one set of labels.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) labels: Labels,
    pub(super) families: Families,
    /// Nanoseconds since 1970, 0 when there was none.
    pub(super) push_time: i64,
    /// Nanoseconds since 1970, 0 when there was none.
    pub(super) push_failure_time: i64,
}

/// One metric family of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Family {
    /// Number of the type.
    kind: u64,
    pub(super) help: String,
    pub(super) unit: String,
    pub(super) samples: Vec<Sample>,
    /// Number of the push that brought it; 0 after a restart.
    #[serde(skip)]
    pub(super) push: u64,
}

/// One sample of a family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Sample {
    pub(super) name: String,
    /// Those of the group among them.
    pub(super) labels: Labels,
    bits: u64,
    /// In place of the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    native: Option<Box<Histogram>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) exemplars: Vec<Exemplar>,
}

impl Sample {
    pub(super) fn value(&self) -> f64 {
        f64::from_bits(self.bits)
    }

    pub(super) fn native(&self) -> Option<&Histogram> {
        self.native.as_deref()
    }

    fn bytes(&self) -> usize {
        let native = self.native.as_ref().map_or(0, |native| size_of::<Histogram>() + native.bytes());
        let exemplars = self.exemplars.iter().map(|exemplar| EXEMPLAR_BYTES + labels_bytes(&exemplar.labels));
        SAMPLE_BYTES + self.name.len() + labels_bytes(&self.labels) + native + exemplars.sum::<usize>()
    }
}

impl Family {
    pub(super) fn kind(&self) -> MetricType {
        MetricType::from_number(self.kind).unwrap_or_default()
    }

    fn bytes(&self) -> usize {
        self.samples.iter().map(|sample| self.help.len() + sample.bytes()).sum()
    }
}

impl Group {
    /// What the group is reckoned at.
    pub(super) fn bytes(&self) -> usize {
        2 * SAMPLE_BYTES + labels_bytes(&self.labels) + self.families.values().map(Family::bytes).sum::<usize>()
    }

    /// Whether the push before this moment was taken.
    pub(super) fn last_push_taken(&self) -> bool {
        self.push_time >= self.push_failure_time
    }

    /// Name and labels of every series, the two of the gateway among them.
    pub(super) fn series(&self) -> impl Iterator<Item = (&str, &Labels)> {
        let own = [(PUSH_TIME, &self.labels), (PUSH_FAILURE_TIME, &self.labels)];
        own.into_iter().chain(self.samples().map(|sample| (sample.name.as_str(), &sample.labels)))
    }

    fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.families.values().flat_map(|family| &family.samples)
    }
}

fn labels_bytes(labels: &Labels) -> usize {
    labels.iter().map(|(name, value)| LABEL_BYTES + name.len() + value.len()).sum()
}

/// Reads what is pushed to a group.
pub(super) fn read(format: ExpositionFormat, body: &[u8], group: &Labels, limits: &Limits) -> Result<Families, PushError> {
    // Groups are also answered as text, which cannot tell native histograms: their classic part is kept too.
    let options = ExpositionOptions { always_classic_histograms: true, ..ExpositionOptions::default() };
    let mut reading = Reading { families: Families::new(), seen: HashSet::new(), fault: None, group, limits };
    exposition::parse(format, body, &options, |entry| match entry {
        Entry::Family(family) => reading.family(family),
        Entry::Sample(family, sample) => reading.sample(&family.name, sample),
    })?;
    // Families without samples say nothing.
    reading.families.retain(|_, family| !family.samples.is_empty());
    match reading.fault {
        Some(fault) => Err(fault),
        None => Ok(reading.families),
    }
}

struct Reading<'g> {
    families: Families,
    seen: HashSet<(String, Labels)>,
    /// The first one.
    fault: Option<PushError>,
    group: &'g Labels,
    limits: &'g Limits,
}

impl Reading<'_> {
    fn family(&mut self, from: &exposition::Family<'_>) {
        let family = self.families.entry(from.name.to_string()).or_insert_with(Family::empty);
        family.kind = from.metric_type.number();
        Limits::cut(&from.help, 1024).clone_into(&mut family.help);
        Limits::cut(&from.unit, 64).clone_into(&mut family.unit);
    }

    fn sample(&mut self, family: &str, from: &exposition::Sample<'_>) {
        if self.fault.is_none() {
            self.fault = self.try_sample(family, from).err();
        }
    }

    fn try_sample(&mut self, family: &str, from: &exposition::Sample<'_>) -> Result<(), PushError> {
        let name = from.name.to_string();
        if from.time_ms.is_some() {
            return Err(PushError::Time(name));
        }
        if name == PUSH_TIME || name == PUSH_FAILURE_TIME {
            return Err(PushError::Reserved(name));
        }
        let pushed = from.labels.iter().filter(|label| !label.value.is_empty());
        let mut labels: Labels = pushed.map(|label| (label.name.to_string(), label.value.to_string())).collect();
        labels.extend(self.group.clone());
        let fits = |(name, value): (&String, &String)| {
            name.len() <= self.limits.key_bytes_max && value.len() <= self.limits.value_bytes_max
        };
        if labels.len() >= self.limits.attributes_max || !labels.iter().all(fits) {
            return Err(PushError::Labels(name));
        }
        if !self.seen.insert((name.clone(), labels.clone())) {
            return Err(PushError::Repeated(name));
        }
        let (value, native) = match &from.value {
            SampleValue::Number(value) => (*value, None),
            SampleValue::Histogram(native) => match NativeHistogram::default().read(&sparse(native)) {
                Ok(()) => (native.count, Some(Box::new(Histogram::new(native)))),
                Err(fault) => return Err(PushError::Histogram { name, fault }),
            },
        };
        let exemplars = from.exemplars.iter().take(EXEMPLARS_MAX).map(Exemplar::new).collect();
        let family = self.families.entry(family.to_owned()).or_insert_with(Family::empty);
        family.samples.push(Sample { name, labels, bits: value.to_bits(), native, exemplars });
        Ok(())
    }
}

impl Family {
    fn empty() -> Self {
        Self { kind: 0, help: String::new(), unit: String::new(), samples: Vec::new(), push: 0 }
    }
}
