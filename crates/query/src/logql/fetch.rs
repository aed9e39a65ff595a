//! What a selection finds in the lake: origins first, then blocks, then rows.

use std::ops::Range;
use std::time::Instant;

use arrow::array::AsArray;
use arrow::datatypes::TimestampNanosecondType;
use datafusion::error::DataFusionError;
use futures::TryStreamExt as _;
use luneta_logql::syntax::LabelFilter;
use luneta_logql::{LineFilter, LogqlError, Selection};
use luneta_store::TableSnapshot;
use parquet::errors::ParquetError;

use super::LogsError;
use super::columns::Columns;
use super::fields::{Coded, Named};
use super::index::{BLOCK_ROWS, DELETED};
use super::lines::Lines;
use super::origin::Origin;
use super::pages::Next;
use super::picked::Pick;
use super::source::{Counters, Lake, Source};
use crate::QueryError;

/// Rows that are read at once, unless lines are long.
const CHUNK_ROWS: usize = 1 << 17;
/// Bytes of lines that are read at once.
const CHUNK_BYTES: f64 = 64e6;
/// Rows between others that are read with them, since jumping over them would cost more.
const GAP_ROWS: usize = 64;

/// One selection, asked of a snapshot.
#[derive(Debug)]
pub struct Fetch<'a> {
    /// What files are read through.
    pub lake: &'a Lake,
    /// What is asked.
    pub selection: &'a Selection,
    /// Its number in the plan.
    pub number: usize,
    /// Sources with any record that may match.
    pub sources: Vec<Chosen<'a>>,
    deadline: Instant,
}

/// A source, and what conditions on labels leave of it.
#[derive(Debug)]
pub struct Chosen<'a> {
    /// The rows.
    pub source: Source,
    /// For each origin whether its records may match.
    accepted: Vec<bool>,
    all_accepted: bool,
    /// Filters that rows have to be asked, and what they ask for.
    filters: Vec<&'a LabelFilter>,
    named: Named<'a>,
    /// The only rows that may match, in order, where an index tells.
    picked: Option<Vec<Range<usize>>>,
}

/// Rows of a source that match.
#[derive(Debug)]
pub struct Found {
    /// Their numbers, in order.
    pub rows: Vec<usize>,
    /// The place of each: which of `lines`, and where in them.
    at: Vec<(u32, u32)>,
    /// As they were read, piece by piece; none where they are not asked for.
    lines: Vec<Lines>,
}

impl Found {
    /// The line of the row at a place of `rows`; empty when lines were not read.
    pub fn line(&self, at: usize) -> &str {
        let Some((piece, row)) = self.at.get(at) else { return "" };
        self.lines.get(*piece as usize).map_or("", |lines| lines.get(*row as usize))
    }
}

/// What lines are looked at for, and what was found so far.
struct Looked<'f> {
    filters: &'f [&'f LineFilter],
    with_lines: bool,
    found: Found,
}

impl Looked<'_> {
    /// Adds the rows that are wanted and whose lines pass. There are as many `rows` as lines, or more.
    fn take(&mut self, lake: &Lake, lines: Lines, rows: impl Iterator<Item = (usize, bool)>) -> Result<(), LogsError> {
        let keep = lines.passing(self.filters).map_err(lake_fault)?;
        let found = &mut self.found;
        let before = found.rows.len();
        let mut wanted = 0;
        for (place, (row, is_wanted)) in rows.take(keep.len()).enumerate() {
            wanted += usize::from(is_wanted);
            if is_wanted && keep[place] {
                found.rows.push(row);
                if self.with_lines {
                    lines.check(place).map_err(lake_fault)?;
                    found.at.push((found.lines.len() as u32, place as u32));
                }
            }
        }
        Counters::add(&lake.scanned.rows, wanted);
        Counters::add(&lake.scanned.line_bytes, lines.bytes());
        if self.with_lines && found.rows.len() > before {
            found.lines.push(lines);
        }
        Ok(())
    }
}

fn damaged(why: &str) -> LogsError {
    lake_fault(DataFusionError::ParquetError(Box::new(ParquetError::General(why.to_owned()))))
}

pub(super) fn lake_fault(error: impl Into<QueryError>) -> LogsError {
    LogsError::Lake(error.into())
}

impl<'a> Fetch<'a> {
    /// Chooses sources and origins.
    pub async fn new(
        lake: &'a Lake,
        snapshot: &TableSnapshot,
        (number, selection): (usize, &'a Selection),
        deadline: Instant,
    ) -> Result<Self, LogsError> {
        let sources = lake.sources(snapshot, selection.from_ns..selection.until_ns).await.map_err(lake_fault)?;
        let pick = Pick::of(selection);
        let mut chosen = Vec::new();
        for source in sources {
            if let Some(one) = choose(lake, source, selection, &pick).await {
                chosen.push(one);
            }
        }
        Ok(Self { lake, selection, number, sources: chosen, deadline })
    }

    /// Ends the query when its time is over.
    pub async fn check(&self) -> Result<(), LogsError> {
        if Instant::now() > self.deadline {
            return Err(LogqlError::Timeout.into());
        }
        // Others wait for the thread.
        tokio::task::yield_now().await;
        Ok(())
    }

    /// The blocks of a source with any row that may match.
    pub fn blocks(&self, chosen: &Chosen<'_>) -> Vec<usize> {
        let index = &chosen.source.index;
        let in_time = |at: &usize| {
            let block = &index.blocks[*at];
            block.first < self.selection.until_ns && block.last >= self.selection.from_ns
        };
        if let Some(picked) = &chosen.picked {
            let mut blocks: Vec<usize> =
                picked.iter().flat_map(|rows| rows.start / BLOCK_ROWS..rows.end.div_ceil(BLOCK_ROWS)).collect();
            blocks.dedup();
            return blocks.into_iter().filter(in_time).collect();
        }
        let has_accepted = |at: &usize| chosen.all_accepted || index.rows_of(*at).any(|row| chosen.accepted[index.id(row)]);
        (0..index.blocks.len()).filter(in_time).filter(has_accepted).collect()
    }

    /// Blocks in pieces that are read at once.
    pub fn chunks<'b>(chosen: &Chosen<'_>, blocks: &'b [usize]) -> Vec<&'b [usize]> {
        let mut chunks = Vec::new();
        let mut rest = blocks;
        while !rest.is_empty() {
            let (mut rows, mut bytes) = (0, 0.0);
            let fits = rest.iter().take_while(|at| {
                let fits = rows < CHUNK_ROWS && bytes < CHUNK_BYTES;
                rows += BLOCK_ROWS;
                bytes += f64::from(chosen.source.index.blocks[**at].line_bytes) * BLOCK_ROWS as f64;
                fits
            });
            let (chunk, behind) = rest.split_at(fits.count().max(1));
            chunks.push(chunk);
            rest = behind;
        }
        chunks
    }

    /// The rows of blocks that match, all but for their time where a block reaches beyond that of the selection.
    pub async fn find(&self, chosen: &Chosen<'_>, blocks: &[usize], with_lines: bool) -> Result<Found, LogsError> {
        let filters: Vec<&LineFilter> = self.selection.line_filters.iter().map(|pushed| &pushed.filter).collect();
        let mut found = if filters.is_empty() && !with_lines {
            let candidates = chosen.candidates(blocks);
            Counters::add(&self.lake.scanned.rows, candidates.len());
            Found { at: Vec::new(), rows: candidates, lines: Vec::new() }
        } else {
            self.find_lines(chosen, blocks, &filters, with_lines).await?
        };
        if !chosen.filters.is_empty() && !found.rows.is_empty() {
            let ranges = ranges(&found.rows);
            let coded = chosen.named.read(self.lake, &chosen.source, &found.rows, &ranges).await.map_err(lake_fault)?;
            let keep: Vec<bool> = (0..found.rows.len()).map(|at| chosen.passes(found.rows[at], at, &coded)).collect();
            retain(&mut found.rows, &keep);
            if with_lines {
                retain(&mut found.at, &keep);
            }
        }
        Ok(found)
    }

    async fn find_lines(
        &self,
        chosen: &Chosen<'_>,
        blocks: &[usize],
        filters: &[&LineFilter],
        with_lines: bool,
    ) -> Result<Found, LogsError> {
        let mut looked = Looked { filters, with_lines, found: Found { rows: Vec::new(), at: Vec::new(), lines: Vec::new() } };
        for blocks in blocks.chunk_by(|a, b| chosen.is_whole(*a) == chosen.is_whole(*b)) {
            if chosen.is_whole(blocks[0]) {
                self.look_at_pages(chosen, blocks, &mut looked).await?;
            } else {
                self.look_at_rows(chosen, blocks, &mut looked).await?;
            }
        }
        Ok(looked.found)
    }

    /// Looks at all rows of blocks, page by page where that is how they lie.
    async fn look_at_pages(&self, chosen: &Chosen<'_>, blocks: &[usize], looked: &mut Looked<'_>) -> Result<(), LogsError> {
        let Some(places) = chosen.source.body_pages(blocks) else { return self.look_at_rows(chosen, blocks, looked).await };
        let mut blocks = blocks.iter();
        for place in places {
            let mut pages = chosen.source.read_pages(self.lake, &place).await.map_err(lake_fault)?;
            loop {
                let page = match pages.next().map_err(|error| lake_fault(DataFusionError::from(error)))? {
                    Next::End => break,
                    Next::Lines(page) => Some(page),
                    Next::Other => None,
                };
                let Some(block) = blocks.next() else { break };
                let Some(page) = page else {
                    self.look_at_rows(chosen, std::slice::from_ref(block), looked).await?;
                    continue;
                };
                let rows = chosen.source.index.rows_of(*block);
                if page.rows() != rows.len() {
                    return Err(damaged("a page of lines has other rows than its index"));
                }
                looked.take(self.lake, Lines::Page(page), rows.map(|row| (row, true)))?;
            }
        }
        if blocks.next().is_some() { Err(damaged("pages of lines are missing")) } else { Ok(()) }
    }

    /// Looks at those rows of blocks whose origins may match.
    async fn look_at_rows(&self, chosen: &Chosen<'_>, blocks: &[usize], looked: &mut Looked<'_>) -> Result<(), LogsError> {
        let candidates = chosen.candidates(blocks);
        let ranges = joined(&candidates);
        let body: Vec<usize> = chosen.source.schema().index_of("body").into_iter().collect();
        let mut wanted = candidates.into_iter().peekable();
        let mut rows = ranges.iter().cloned().flatten().map(|row| (row, wanted.next_if_eq(&row).is_some()));
        // Lines are looked at while they are in the processor's cache.
        let mut batches = chosen.source.batches(self.lake, &body, &ranges, BLOCK_ROWS).map_err(lake_fault)?;
        while let Some(batch) = batches.try_next().await.map_err(|error| lake_fault(DataFusionError::from(error)))? {
            let lines = Lines::of(&batch).map_err(lake_fault)?;
            looked.take(self.lake, lines, rows.by_ref())?;
        }
        Ok(())
    }

    /// The times of rows.
    pub async fn times(&self, chosen: &Chosen<'_>, rows: &[usize]) -> Result<Vec<i64>, LogsError> {
        let columns = Columns::new(&chosen.source.schema(), &["time"]).map_err(lake_fault)?;
        let batch = chosen.source.read(self.lake, columns.roots(), &ranges(rows)).await.map_err(lake_fault)?;
        let read = columns.read(&batch).map_err(lake_fault)?;
        Ok(read[0].as_primitive::<TimestampNanosecondType>().values().to_vec())
    }
}

impl Chosen<'_> {
    /// The origin of a row.
    pub fn origin(&self, row: usize) -> &Origin {
        &self.source.index.origins[self.source.index.id(row)].origin
    }

    /// The numbers of origins whose records may match.
    pub fn accepted(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.accepted.len()).filter(|id| self.accepted[*id])
    }

    /// Whether all rows of a block may match.
    fn is_whole(&self, block: usize) -> bool {
        let rows = self.source.index.rows_of(block);
        let is_picked = self.picked.as_ref().is_none_or(|picked| {
            let at = picked.partition_point(|range| range.end < rows.end);
            picked.get(at).is_some_and(|range| range.start <= rows.start)
        });
        let mut accepted = true;
        if is_picked && !self.all_accepted {
            self.source.index.each(rows, |_, id| accepted &= self.accepted[id]);
        }
        is_picked && accepted
    }

    /// The rows of blocks whose origins may match.
    fn candidates(&self, blocks: &[usize]) -> Vec<usize> {
        let index = &self.source.index;
        let mut rows = Vec::new();
        let mut take = |asked: Range<usize>| {
            if self.all_accepted {
                rows.extend(asked);
            } else {
                index.each(asked, |row, id| {
                    if self.accepted[id] {
                        rows.push(row);
                    }
                });
            }
        };
        for block in blocks.iter().map(|block| index.rows_of(*block)) {
            let Some(picked) = &self.picked else {
                take(block);
                continue;
            };
            let first = picked.partition_point(|rows| rows.end <= block.start);
            for rows in picked[first..].iter().take_while(|rows| rows.start < block.end) {
                take(rows.start.max(block.start)..rows.end.min(block.end));
            }
        }
        rows
    }

    fn passes(&self, row: usize, at: usize, coded: &[Coded]) -> bool {
        let origin = self.origin(row);
        let lookup = |name: &str| {
            let label = Some(origin.labels.get(name)).filter(|value| !value.is_empty());
            let of_row = || self.named.place(name).and_then(|place| coded[place].get(at));
            label.or_else(of_row).or_else(|| origin.metadata(name)).map(str::to_owned)
        };
        self.filters.iter().all(|filter| filter.may_accept(&lookup))
    }
}

async fn choose<'a>(lake: &Lake, source: Source, selection: &'a Selection, pick: &Pick) -> Option<Chosen<'a>> {
    let window = selection.from_ns..selection.until_ns;
    let filters: Vec<&LabelFilter> = selection.label_filters.iter().map(|pushed| &pushed.filter).collect();
    let mut of_rows = vec![false; filters.len()];
    let mut accepted = vec![false; source.index.origins.len()];
    for (id, held) in source.index.origins.iter().enumerate().skip(DELETED + 1) {
        let labels = &held.origin.labels;
        let in_time = held.first < window.end && held.last >= window.start;
        if !in_time || !selection.matchers.iter().all(|matcher| matcher.accepts(labels)) {
            continue;
        }
        accepted[id] = true;
        for (filter, of_rows) in filters.iter().zip(&mut of_rows) {
            let mut names = Vec::new();
            filter.labels(&mut names);
            if names.iter().all(|name| labels.has(name)) {
                accepted[id] &= filter.may_accept(&|name| Some(labels.get(name).to_owned()));
            } else {
                *of_rows = true;
            }
        }
    }
    if !accepted.contains(&true) {
        return None;
    }
    let filters: Vec<&LabelFilter> =
        filters.into_iter().zip(of_rows).filter(|(_, asked)| *asked).map(|(filter, _)| filter).collect();
    let mut asked = Vec::new();
    for filter in &filters {
        filter.labels(&mut asked);
    }
    asked.sort_unstable();
    asked.dedup();
    let all_accepted =
        accepted.iter().skip(DELETED + 1).all(|accepted| *accepted) && source.index.origins[DELETED].first == i64::MAX;
    let named = Named::new(&source, asked);
    let mut chosen = Chosen { source, accepted, all_accepted, filters, named, picked: None };
    chosen.picked = pick.rows(lake, &chosen).await;
    let is_empty = chosen.picked.as_ref().is_some_and(Vec::is_empty);
    (!is_empty).then_some(chosen)
}

fn retain<T>(items: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    items.retain(|_| keep.next().is_some_and(|keep| *keep));
}

/// Rows as ranges.
pub fn ranges(rows: &[usize]) -> Vec<Range<usize>> {
    with_gaps(rows, 0)
}

/// The same, with rows between where they are few.
fn joined(rows: &[usize]) -> Vec<Range<usize>> {
    with_gaps(rows, GAP_ROWS)
}

fn with_gaps(rows: &[usize], gap: usize) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for row in rows {
        match ranges.last_mut() {
            Some(last) if *row <= last.end + gap => last.end = row + 1,
            _ => ranges.push(*row..row + 1),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_ranges() {
        assert_eq!(ranges(&[1, 2, 3, 5, 9]), [1..4, 5..6, 9..10]);
        assert_eq!(with_gaps(&[1, 2, 5, 20], 3), [1..6, 20..21]);
        assert!(ranges(&[]).is_empty());
    }
}
