//! Entries the moment they are accepted, for live tails.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::TimestampNanosecondType;
use luneta_logql::{Category, Entry, LineFilter, LogqlError, Pairs, Params, Pipeline, Pushdown, Query};
use luneta_model::{Batch, Signal};
use luneta_promql::Matcher;

use super::LogsError;
use super::columns::Columns;
use super::fetch::lake_fault;
use super::fields::{Metadata, Whole};
use super::index::Builder;
use super::lines::Lines;
use super::source::{Lake, Source};
use crate::QueryEngine;
use crate::live::widen;

/// A log query, asked of batches as they come.
pub struct LogTail {
    engine: Arc<QueryEngine>,
    matchers: Vec<Matcher>,
    filters: Vec<LineFilter>,
    pipeline: Pipeline,
}

/// An entry that goes through all stages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailEntry {
    /// Nanoseconds since 1970.
    pub time_ns: i64,
    /// The line, as stages made it.
    pub line: String,
    /// Labels of the stream, sorted by name.
    pub stream: Pairs,
    /// Structured metadata.
    pub metadata: Pairs,
    /// Labels of parsers and formats.
    pub parsed: Pairs,
}

impl std::fmt::Debug for LogTail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogTail").field("matchers", &self.matchers).finish_non_exhaustive()
    }
}

impl LogTail {
    /// A tail of a query.
    ///
    /// # Errors
    /// [`LogqlError`] when the query gives no entries.
    pub fn new(engine: Arc<QueryEngine>, query: &Query) -> Result<Self, LogqlError> {
        let pipeline = query.pipeline(&engine.config().logql)?;
        let params = Params { pushdown: Pushdown::Required, ..Params::range(0, 1, 0) };
        let selection = query.plan(&params)?.selections.into_iter().next();
        let selection = selection.ok_or_else(|| LogqlError::Parameter("only log selector is supported".to_owned()))?;
        let filters = selection.line_filters.into_iter().map(|pushed| pushed.filter).collect();
        Ok(Self { engine, matchers: selection.matchers, filters, pipeline })
    }

    /// The entries of a batch, in the order of their times.
    ///
    /// # Errors
    /// [`LogsError::Lake`] when the batch does not have the layout of its table.
    pub async fn entries(&mut self, batch: &Batch) -> Result<Vec<TailEntry>, LogsError> {
        if batch.signal != Signal::Logs || batch.is_empty() {
            return Ok(Vec::new());
        }
        let wide = widen(batch).map_err(lake_fault)?;
        let labels = &self.engine.config().log_labels;
        let mut builder = Builder::new(&wide.schema(), labels).map_err(lake_fault)?;
        builder.add(&wide, |_| true).map_err(lake_fault)?;
        let source = Source::of_memory(wide.clone(), builder.finish(None, |_| 0.0));
        let lines = Lines::of(&wide).map_err(lake_fault)?;
        let filters: Vec<&LineFilter> = self.filters.iter().collect();
        let accepts = |held: &super::index::Held| self.matchers.iter().all(|matcher| matcher.accepts(&held.origin.labels));
        let accepted: Vec<bool> = source.index.origins.iter().map(accepts).collect();
        let keep = lines.passing(&filters).map_err(lake_fault)?;
        let rows: Vec<usize> = (0..lines.len()).filter(|row| keep[*row] && accepted[source.index.id(*row)]).collect();
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let whole = Whole::read(&Lake::new(&self.engine), &source, std::slice::from_ref(&(0..lines.len()))).await;
        let whole = whole.map_err(lake_fault)?;
        let times = Columns::new(&wide.schema(), &["time"]).and_then(|columns| columns.read(&wide)).map_err(lake_fault)?;
        let times = times[0].as_primitive::<TimestampNanosecondType>().values();
        let mut metadata = Metadata::default();
        let mut entries = Vec::new();
        for row in rows {
            let origin = &source.index.origins[source.index.id(row)].origin;
            metadata.reset(origin);
            whole.add(row, origin, lines.get(row), &mut metadata);
            let entry = Entry { time_ns: times[row], line: lines.get(row), stream: &origin.labels, metadata: &metadata.pairs() };
            entries.extend(self.process(&entry));
        }
        entries.sort_by_key(|entry| entry.time_ns);
        Ok(entries)
    }

    fn process(&mut self, entry: &Entry<'_>) -> Option<TailEntry> {
        self.pipeline.set_now(entry.time_ns);
        let line = self.pipeline.process(entry)?.into_owned();
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
        Some(TailEntry { time_ns: entry.time_ns, line, stream, metadata, parsed })
    }
}
