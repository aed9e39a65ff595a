//! What several test files share: a sink in memory, jobs from YAML, batches as lines.
#![allow(dead_code, clippy::unwrap_used, clippy::format_collect, missing_docs)]

pub mod server;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::{Float64Type, TimestampNanosecondType, UInt32Type};
use arrow::util::display::array_value_to_string;
use luneta_model::{Batch, Sink, SinkError};
use luneta_scrape::config::JobConfig;
use luneta_scrape::{ConfigError, ConfigSource, ScrapeConfig};

/// Keeps batches; refuses as many as it is told to.
#[derive(Default)]
pub struct MemorySink {
    pub batches: Mutex<Vec<Batch>>,
    pub refusals: Mutex<usize>,
}

#[async_trait::async_trait]
impl Sink for MemorySink {
    async fn accept(&self, batch: Batch) -> Result<(), SinkError> {
        let mut refusals = self.refusals.lock().unwrap();
        if *refusals > 0 {
            *refusals -= 1;
            return Err(SinkError::ShuttingDown);
        }
        self.batches.lock().unwrap().push(batch);
        Ok(())
    }
}

impl MemorySink {
    pub fn shared() -> Arc<Self> {
        Arc::default()
    }

    /// Lines of all batches.
    pub fn lines(&self) -> Vec<String> {
        self.batches.lock().unwrap().iter().flat_map(lines).collect()
    }
}

pub fn section(yaml: &str) -> ConfigSource {
    ConfigSource::Section("luneta".to_owned(), serde_yaml_ng::from_str(yaml).unwrap(), PathBuf::from("/nowhere"))
}

pub fn load(yaml: &str) -> Result<ScrapeConfig, ConfigError> {
    ScrapeConfig::load(&[section(yaml)])
}

/// The job of settings, each on a line of its own.
pub fn job(settings: &str) -> JobConfig {
    let lines: String = settings.lines().map(|line| format!("    {line}\n")).collect();
    load(&format!("scrape_configs:\n  - job_name: shop\n{lines}")).unwrap().jobs.remove(0)
}

/// A batch as sorted lines: name, labels, value, time in milliseconds, `stale` for a marker.
pub fn lines(batch: &Batch) -> Vec<String> {
    let rows = &batch.rows;
    let number = column(rows, "value_double");
    let (number, flags) = (number.as_primitive::<Float64Type>(), column(rows, "flags"));
    let (flags, time) = (flags.as_primitive::<UInt32Type>(), column(rows, "time"));
    let time = time.as_primitive::<TimestampNanosecondType>();
    let origins = column(rows, "origin");
    let origins = origins.as_primitive::<UInt32Type>();
    let mut all: Vec<String> = (0..rows.num_rows())
        .map(|row| {
            let mut labels = attributes(&batch.origins, origins.value(row) as usize, "resource");
            labels.extend(attributes(rows, row, "attributes"));
            let value = if flags.value(row) == 1 {
                assert_eq!(number.value(row).to_bits(), 0x7ff0_0000_0000_0002);
                "stale".to_owned()
            } else if number.is_null(row) {
                "histogram".to_owned()
            } else {
                number.value(row).to_string()
            };
            let name = array_value_to_string(&column(rows, "metric_name"), row).unwrap();
            let kind = array_value_to_string(&column(rows, "type"), row).unwrap();
            format!("{name}{{{}}} {value} {kind} @{}", labels.join(","), time.value(row) / 1_000_000)
        })
        .collect();
    all.sort();
    all
}

fn column(rows: &RecordBatch, name: &str) -> ArrayRef {
    Arc::clone(rows.column_by_name(name).unwrap_or_else(|| panic!("{name} in {:?}", rows.schema())))
}

/// Attributes of a row, in columns of their own and in the map of the others, sorted.
fn attributes(rows: &RecordBatch, row: usize, prefix: &str) -> Vec<String> {
    let map = if prefix == "resource" { "resource_attributes" } else { "attributes" };
    let mut found = Vec::new();
    for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
        let name = field.name();
        if column.is_null(row) {
            continue;
        }
        let value = array_value_to_string(column, row).unwrap();
        if name == map {
            let value = value.trim_matches(['{', '}']);
            found.extend(value.split(", ").filter(|pair| !pair.is_empty()).map(|pair| pair.replacen(": ", "=", 1)));
        } else if name == "service_name" && prefix == "resource" {
            found.push(format!("service.name={value}"));
        } else if let Some(key) = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')) {
            found.push(format!("{key}={value}"));
        }
    }
    found.sort();
    found
}
