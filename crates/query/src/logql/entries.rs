//! Entries for an evaluation: the samples of a metric query, or the first ones of a log query.

use std::collections::{BTreeMap, BinaryHeap};

use luneta_logql::{Direction, Entry, Evaluation, MetadataNeed, Progress};

use super::LogsError;
use super::fetch::{Chosen, Fetch, Found, lake_fault, ranges};
use super::fields::{Coded, Metadata, Named, Whole};
use super::lines::Lines;

/// Blocks that are read at once when a list begins, and most of them later.
const BLOCKS_FIRST: usize = 1;
const BLOCKS_MAX: usize = 32;
/// Rows whose metadata are read at once for a list that stages may drop entries of.
const ROWS_FIRST: usize = 256;
const ROWS_MAX: usize = 1 << 14;

/// What the metadata of rows is made of.
pub enum Fields<'n> {
    Whole(Whole),
    Named(Named<'n>, Vec<Coded>),
}

/// Gives all entries of a metric query to its evaluation.
pub async fn samples(fetch: &Fetch<'_>, evaluation: &mut Evaluation) -> Result<(), LogsError> {
    let selection = fetch.selection;
    let mut metadata = Metadata::default();
    for chosen in &fetch.sources {
        let blocks = fetch.blocks(chosen);
        for chunk in Fetch::chunks(chosen, &blocks) {
            fetch.check().await?;
            let reads_level = matches!(selection.metadata, MetadataNeed::All);
            let found = fetch.find(chosen, chunk, selection.reads_line || reads_level).await?;
            if found.rows.is_empty() {
                continue;
            }
            let times = fetch.times(chosen, &found.rows).await?;
            let fields = Fields::read(fetch, chosen, &found.rows).await?;
            for (at, row) in found.rows.iter().enumerate() {
                if times[at] < selection.from_ns || times[at] >= selection.until_ns {
                    continue;
                }
                fields.fill(chosen, *row, at, found.line(at), &mut metadata);
                let stream = &chosen.origin(*row).labels;
                let entry = Entry { time_ns: times[at], line: found.line(at), stream, metadata: &metadata.pairs() };
                evaluation.push(fetch.number, &entry)?;
            }
        }
    }
    Ok(())
}

impl<'n> Fields<'n> {
    /// Reads what is needed of rows.
    pub async fn read(fetch: &Fetch<'n>, chosen: &Chosen<'_>, rows: &[usize]) -> Result<Self, LogsError> {
        let (source, ranges) = (&chosen.source, ranges(rows));
        Ok(match &fetch.selection.metadata {
            MetadataNeed::All => Self::Whole(Whole::read(fetch.lake, source, &ranges).await.map_err(lake_fault)?),
            MetadataNeed::Names(needed) => {
                let of_rows = |name: &&str| chosen.accepted().any(|id| !source.index.origins[id].origin.labels.has(name));
                let named = Named::new(source, needed.iter().map(String::as_str).filter(of_rows).collect());
                let coded = named.read(fetch.lake, source, rows, &ranges).await.map_err(lake_fault)?;
                Self::Named(named, coded)
            }
        })
    }

    /// The metadata of one of them.
    pub fn fill(&self, chosen: &Chosen<'_>, row: usize, at: usize, line: &str, metadata: &mut Metadata) {
        let origin = chosen.origin(row);
        metadata.reset(origin);
        match self {
            Self::Whole(whole) => whole.add(at, origin, line, metadata),
            Self::Named(named, coded) => {
                for (name, coded) in named.names().iter().zip(coded) {
                    if let Some(value) = coded.get(at) {
                        metadata.set(name, value);
                    }
                }
            }
        }
    }
}

/// A block of a source, and the rank of its first entry.
type Place = (i64, usize, usize);

/// The entries that come first, as far as is known.
struct First {
    direction: Direction,
    most: usize,
    /// Ranks of the best entries, the worst on top.
    ranks: BinaryHeap<i64>,
}

impl First {
    /// Smaller ranks come first.
    fn rank(&self, time_ns: i64) -> i64 {
        match self.direction {
            Direction::Forward => time_ns,
            Direction::Backward => -time_ns,
        }
    }

    /// Whether an entry of a rank comes too late.
    fn is_late(&self, rank: i64) -> bool {
        self.ranks.len() >= self.most && self.ranks.peek().is_some_and(|worst| rank > *worst)
    }

    fn add(&mut self, rank: i64) {
        self.ranks.push(rank);
        if self.ranks.len() > self.most {
            self.ranks.pop();
        }
    }
}

/// Gives a log query's evaluation the entries that come first, and few others.
pub async fn list(fetch: &Fetch<'_>, limit: usize, evaluation: &mut Evaluation) -> Result<(), LogsError> {
    let direction = fetch.selection.direction.unwrap_or_default();
    let Some(enough) = fetch.selection.limit else {
        let mut first = First { direction, most: limit, ranks: BinaryHeap::new() };
        return piecewise(fetch, &mut first, evaluation).await;
    };
    let mut most = enough;
    loop {
        let mut first = First { direction, most, ranks: BinaryHeap::new() };
        let (found, all) = first_entries(fetch, &mut first).await?;
        let mut accepted = 0;
        for (source, found) in found {
            accepted += push_rows(fetch, &fetch.sources[source], found, evaluation).await?;
        }
        // Of entries that are the same, one counts.
        if accepted >= enough || all {
            return Ok(());
        }
        most = most.saturating_mul(4);
    }
}

/// All blocks, those with the first entries first.
fn ordered(fetch: &Fetch<'_>, first: &First) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for (number, chosen) in fetch.sources.iter().enumerate() {
        for at in fetch.blocks(chosen) {
            let block = &chosen.source.index.blocks[at];
            let best = if first.direction == Direction::Forward { block.first } else { block.last };
            places.push((first.rank(best), number, at));
        }
    }
    places.sort_unstable();
    places
}

/// The next blocks, by source, in the order of rows.
fn next(places: &[Place], count: usize) -> BTreeMap<usize, Vec<usize>> {
    let mut by_source: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (_, source, block) in &places[..count.min(places.len())] {
        by_source.entry(*source).or_default().push(*block);
    }
    for blocks in by_source.values_mut() {
        blocks.sort_unstable();
    }
    by_source
}

/// An entry that may be among the first.
struct Candidate {
    rank: i64,
    row: usize,
    time: i64,
    /// Where lines were looked at.
    line: Box<str>,
}

/// The entries that come first, by source and in the order of rows, and whether there are no others.
async fn first_entries(fetch: &Fetch<'_>, first: &mut First) -> Result<(BTreeMap<usize, Vec<Candidate>>, bool), LogsError> {
    let (mut found, mut all): (BTreeMap<usize, Vec<Candidate>>, bool) = (BTreeMap::new(), true);
    let ordered = ordered(fetch, first);
    // Lines that were looked at are not read again.
    let with_lines = !fetch.selection.line_filters.is_empty();
    let (mut rest, mut count) = (&ordered[..], BLOCKS_FIRST);
    while let Some((rank, ..)) = rest.first() {
        if first.is_late(*rank) {
            all = false;
            break;
        }
        for (source, blocks) in next(rest, count) {
            fetch.check().await?;
            let chosen = &fetch.sources[source];
            let here = fetch.find(chosen, &blocks, with_lines).await?;
            if here.rows.is_empty() {
                continue;
            }
            let times = fetch.times(chosen, &here.rows).await?;
            for (at, (row, time)) in here.rows.iter().zip(times).enumerate() {
                let rank = first.rank(time);
                if time < fetch.selection.from_ns || time >= fetch.selection.until_ns {
                    continue;
                }
                if first.is_late(rank) {
                    all = false;
                    continue;
                }
                first.add(rank);
                found.entry(source).or_default().push(Candidate { rank, row: *row, time, line: here.line(at).into() });
            }
            let before: usize = found.values().map(Vec::len).sum();
            for of in found.values_mut() {
                of.retain(|candidate| !first.is_late(candidate.rank));
            }
            all &= found.values().map(Vec::len).sum::<usize>() == before;
        }
        rest = rest.get(count..).unwrap_or_default();
        count = (count * 2).min(BLOCKS_MAX);
    }
    found.retain(|_, of| !of.is_empty());
    for of in found.values_mut() {
        of.sort_unstable_by_key(|candidate| candidate.row);
    }
    Ok((found, all))
}

/// Gives entries of a source with everything they have; how many are in the answer.
async fn push_rows(
    fetch: &Fetch<'_>,
    chosen: &Chosen<'_>,
    found: Vec<Candidate>,
    evaluation: &mut Evaluation,
) -> Result<usize, LogsError> {
    let rows: Vec<usize> = found.iter().map(|candidate| candidate.row).collect();
    let lines = if fetch.selection.line_filters.is_empty() {
        let body: Vec<usize> = chosen.source.schema().index_of("body").into_iter().collect();
        let batch = chosen.source.read(fetch.lake, &body, &ranges(&rows)).await.map_err(lake_fault)?;
        Some(Lines::of(&batch).map_err(lake_fault)?)
    } else {
        None
    };
    let fields = Fields::read(fetch, chosen, &rows).await?;
    let (mut metadata, mut accepted) = (Metadata::default(), 0);
    for (at, Candidate { row, time, line, .. }) in found.into_iter().enumerate() {
        let line = lines.as_ref().map_or(&*line, |lines| lines.get(at));
        fields.fill(chosen, row, at, line, &mut metadata);
        let stream = &chosen.origin(row).labels;
        let entry = Entry { time_ns: time, line, stream, metadata: &metadata.pairs() };
        accepted += usize::from(evaluation.push(fetch.number, &entry)? == Progress::Accepted);
    }
    Ok(accepted)
}

/// Gives entries piece by piece until those that are left come too late.
async fn piecewise(fetch: &Fetch<'_>, first: &mut First, evaluation: &mut Evaluation) -> Result<(), LogsError> {
    let ordered = ordered(fetch, first);
    let (mut rest, mut count, mut rows_max) = (&ordered[..], BLOCKS_FIRST, ROWS_FIRST);
    while let Some((rank, ..)) = rest.first() {
        if first.is_late(*rank) {
            break;
        }
        for (source, blocks) in next(rest, count) {
            fetch.check().await?;
            let chosen = &fetch.sources[source];
            let found = fetch.find(chosen, &blocks, true).await?;
            if !found.rows.is_empty() {
                push_found(fetch, chosen, &found, first, &mut rows_max, evaluation).await?;
            }
        }
        rest = rest.get(count..).unwrap_or_default();
        count = (count * 2).min(BLOCKS_MAX);
    }
    Ok(())
}

async fn push_found(
    fetch: &Fetch<'_>,
    chosen: &Chosen<'_>,
    found: &Found,
    first: &mut First,
    rows_max: &mut usize,
    evaluation: &mut Evaluation,
) -> Result<(), LogsError> {
    let times = fetch.times(chosen, &found.rows).await?;
    let in_time = |at: &usize| times[*at] >= fetch.selection.from_ns && times[*at] < fetch.selection.until_ns;
    let mut order: Vec<usize> = (0..found.rows.len()).filter(in_time).collect();
    order.sort_by_key(|at| first.rank(times[*at]));
    let mut metadata = Metadata::default();
    let mut rest = &order[..];
    while let Some(at) = rest.first() {
        if first.is_late(first.rank(times[*at])) {
            return Ok(());
        }
        fetch.check().await?;
        let (piece, behind) = rest.split_at(rest.len().min(*rows_max));
        (rest, *rows_max) = (behind, (*rows_max * 2).min(ROWS_MAX));
        let mut piece = piece.to_vec();
        piece.sort_unstable();
        let rows: Vec<usize> = piece.iter().map(|at| found.rows[*at]).collect();
        let fields = Fields::read(fetch, chosen, &rows).await?;
        for (place, at) in piece.into_iter().enumerate() {
            let rank = first.rank(times[at]);
            if first.is_late(rank) {
                continue;
            }
            let line = found.line(at);
            fields.fill(chosen, rows[place], place, line, &mut metadata);
            let stream = &chosen.origin(rows[place]).labels;
            let entry = Entry { time_ns: times[at], line, stream, metadata: &metadata.pairs() };
            if evaluation.push(fetch.number, &entry)? == Progress::Accepted {
                first.add(rank);
            }
        }
    }
    Ok(())
}
