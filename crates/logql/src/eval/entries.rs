//! A log query: the first entries in its direction, and no more of them than asked for.

use std::collections::BTreeMap;
use std::hash::Hasher as _;

use luneta_promql::Labels;
use twox_hash::XxHash64;

use super::answer::{Pairs, Stream, StreamEntry, Value, pairs_text};
use super::evaluation::Progress;
use super::{Params, Pushdown};
use crate::error::LogqlError;
use crate::limits::Limits;
use crate::pipeline::{Category, Entry, Pipeline};
use crate::plan::Direction;
use crate::syntax::LogExpr;

/// Where an entry stands: by time in the direction of the query, then by stream, then as it came.
type Place = (i64, Labels, u64);

struct Kept {
    /// Of what was stored: the same entry is not given twice.
    hash: u64,
    line: String,
    stream: Pairs,
    metadata: Pairs,
    parsed: Pairs,
}

impl Kept {
    fn bytes(&self) -> usize {
        let pairs = |pairs: &Pairs| pairs.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        self.line.len() + pairs(&self.stream) + pairs(&self.metadata) + pairs(&self.parsed)
    }
}

/// The entries of a log query so far.
pub(super) struct Collector {
    pipeline: Pipeline,
    params: Params,
    kept: BTreeMap<Place, Kept>,
    bytes: usize,
    bytes_max: usize,
    came: u64,
}

impl Collector {
    pub fn new(log: &LogExpr, params: &Params, limits: &Limits) -> Result<Self, LogqlError> {
        if params.limit == 0 {
            return Err(LogqlError::Parameter("limit must be a positive value".to_owned()));
        }
        if params.limit > limits.entries_max {
            return Err(LogqlError::TooManyEntries { asked: params.limit, limit: limits.entries_max });
        }
        let filter_lines = params.pushdown == Pushdown::Optional;
        let mut pipeline =
            Pipeline::hinted(&log.stages, limits, crate::pipeline::Hints::default(), filter_lines).map_err(LogqlError::whole)?;
        pipeline.set_now(params.now_ns);
        let bytes_max = limits.entry_bytes_max;
        Ok(Self { pipeline, params: params.clone(), kept: BTreeMap::new(), bytes: 0, bytes_max, came: 0 })
    }

    pub fn push(&mut self, entry: &Entry<'_>) -> Result<Progress, LogqlError> {
        if entry.time_ns < self.params.start_ns || entry.time_ns >= self.params.end_ns {
            return Ok(Progress::Dropped);
        }
        let rank = match self.params.direction {
            Direction::Forward => entry.time_ns,
            Direction::Backward => -entry.time_ns,
        };
        let is_full = self.kept.len() >= self.params.limit;
        if is_full && self.kept.last_key_value().is_some_and(|(last, _)| rank > last.0) {
            return Ok(Progress::Beyond);
        }
        let Some(line) = self.pipeline.process(entry) else { return Ok(Progress::Dropped) };
        let hash = stored_hash(entry);
        let alike = (rank, entry.stream.clone(), 0)..=(rank, entry.stream.clone(), u64::MAX);
        if self.kept.range(alike).any(|(_, kept)| kept.hash == hash) {
            return Ok(Progress::Dropped);
        }
        let [mut stream, mut metadata, mut parsed] = [const { Pairs::new() }; 3];
        self.pipeline.each_label(|name, value, category| {
            let into = match category {
                Category::Stream => &mut stream,
                Category::Metadata => &mut metadata,
                Category::Parsed => &mut parsed,
            };
            into.push((name.to_owned(), value.to_owned()));
        });
        for pairs in [&mut stream, &mut metadata, &mut parsed] {
            pairs.sort();
        }
        let kept = Kept { hash, line: line.into_owned(), stream, metadata, parsed };
        self.bytes += kept.bytes();
        self.came += 1;
        self.kept.insert((rank, entry.stream.clone(), self.came), kept);
        if is_full && let Some((_, beyond)) = self.kept.pop_last() {
            self.bytes -= beyond.bytes();
        }
        if self.bytes > self.bytes_max {
            return Err(LogqlError::TooManyBytes { limit: self.bytes_max });
        }
        Ok(Progress::Accepted)
    }

    pub fn finish(self) -> Value {
        let mut streams: BTreeMap<String, Stream> = BTreeMap::new();
        for ((rank, _, _), kept) in self.kept {
            let time_ns = if self.params.direction == Direction::Forward { rank } else { -rank };
            let Kept { line, stream: mut labels, mut metadata, mut parsed, .. } = kept;
            if !self.params.categorize {
                labels.append(&mut metadata);
                labels.append(&mut parsed);
                labels.sort();
            }
            let entry = StreamEntry { time_ns, line, metadata, parsed };
            let stream = streams.entry(pairs_text(&labels)).or_insert_with(|| Stream { labels, entries: Vec::new() });
            stream.entries.push(entry);
        }
        Value::Streams(streams.into_values().collect())
    }
}

/// Of a line and its metadata, in whatever order that is.
fn stored_hash(entry: &Entry<'_>) -> u64 {
    let mut hash = XxHash64::oneshot(0, entry.line.as_bytes());
    for (name, value) in entry.metadata {
        let mut hasher = XxHash64::with_seed(1);
        hasher.write(name.as_bytes());
        hasher.write_u8(0xff);
        hasher.write(value.as_bytes());
        hash = hash.wrapping_add(hasher.finish());
    }
    hash
}
