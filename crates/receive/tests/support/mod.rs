//! What several test files share: a sink in memory, batches as text, fixtures.
#![allow(dead_code, clippy::unwrap_used, missing_docs)]

pub mod families;
pub mod reference;
pub mod remote_write;
pub mod requests;
pub mod thrift;
pub mod wire;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use arrow::array::{Array as _, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use luneta_model::{Batch, Sink, SinkError, Tenant};
use luneta_receive::{DecodeOptions, Decoded, Format, PROTOCOLS, ReceiveError};

pub const NOW: i64 = 1_800_000_000_000_000_000;

/// Keeps batches; refuses with an error when one is set.
#[derive(Default)]
pub struct MemorySink {
    pub batches: Mutex<Vec<Batch>>,
    pub refusal: Mutex<Option<SinkError>>,
}

#[async_trait::async_trait]
impl Sink for MemorySink {
    async fn accept(&self, batch: Batch) -> Result<(), SinkError> {
        if let Some(error) = self.refusal.lock().unwrap().clone() {
            return Err(error);
        }
        self.batches.lock().unwrap().push(batch);
        Ok(())
    }
}

impl MemorySink {
    pub fn rows(&self) -> usize {
        self.batches.lock().unwrap().iter().map(Batch::len).sum()
    }

    pub fn shared() -> Arc<Self> {
        Arc::new(Self::default())
    }
}

/// A batch as text: one line per value, nulls left out.
pub fn render(batch: &Batch) -> String {
    let mut out = String::new();
    render_rows(&mut out, "origin", &batch.origins);
    render_rows(&mut out, "row", &batch.rows);
    out
}

fn render_rows(out: &mut String, title: &str, rows: &RecordBatch) {
    let options = FormatOptions::default().with_null("null");
    for row in 0..rows.num_rows() {
        writeln!(out, "{title} {row}").unwrap();
        for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
            if column.is_valid(row) {
                let text = ArrayFormatter::try_new(column, &options).unwrap().value(row).to_string();
                writeln!(out, "  {} = {}", field.name(), text.replace('\n', "\\n")).unwrap();
            }
        }
    }
}

/// Two batches hold the same columns and values. NaN equals NaN of the same bits.
pub fn assert_same(left: &Batch, right: &Batch) {
    assert_eq!(left.signal, right.signal);
    for (l, r) in [(&left.origins, &right.origins), (&left.rows, &right.rows)] {
        assert_eq!(l.schema(), r.schema());
        for ((field, a), b) in l.schema().fields().iter().zip(l.columns()).zip(r.columns()) {
            // Only the first difference is told: arrays are long.
            let differs = (0..a.len()).find(|i| a.slice(*i, 1).to_data() != b.slice(*i, 1).to_data());
            if let Some(row) = differs {
                let options = FormatOptions::default().with_null("null");
                let show = |c| ArrayFormatter::try_new(c, &options).unwrap().value(row).to_string();
                panic!("column {}, row {row}:\n  {}\n  {}", field.name(), show(a), show(b));
            }
        }
    }
}

pub fn decode(format: &Format, bytes: &[u8]) -> Result<Decoded, ReceiveError> {
    (format.decode)(bytes, Tenant::default(), &DecodeOptions::at(NOW))
}

/// A captured body and the decoder it belongs to.
pub struct Fixture {
    pub name: String,
    pub format: &'static Format,
    pub bytes: Vec<u8>,
}

/// Folders of protocols that have fixtures. A fixture belongs to a protocol whose name begins with
/// its folder's.
const FOLDERS: [&str; 2] = ["otlp", "jaeger"];

/// Every fixture of every protocol in the table, found by `<client>.<signal>.<format>`.
pub fn fixtures() -> Vec<Fixture> {
    let mut out = Vec::new();
    for folder in FOLDERS {
        let before = out.len();
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src").join(folder).join("fixtures");
        for entry in std::fs::read_dir(path).unwrap() {
            out.extend(fixture(folder, &entry.unwrap().path()));
        }
        assert!(out.len() > before, "{folder}");
    }
    out.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(out.len() >= 14);
    out
}

fn fixture(folder: &str, path: &Path) -> Option<Fixture> {
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut parts = name.rsplit('.');
    let (format, signal) = (parts.next()?, parts.next()?);
    let table = if signal == "traces" { "spans" } else { signal };
    let protocols = PROTOCOLS.iter().filter(|p| p.name.starts_with(folder));
    let routes = protocols.flat_map(|p| p.routes).filter(|r| r.signal.table() == table);
    let format = routes.flat_map(|r| r.formats).find(|f| f.name == format)?;
    Some(Fixture { bytes: std::fs::read(path).unwrap(), name, format })
}
