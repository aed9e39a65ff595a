//! Counts instead of entries: by labels and buckets of time, column by column.

use std::collections::HashMap;

use luneta_logql::{Counted, Evaluation, Fold, LogqlError};
use luneta_promql::Labels;

use super::LogsError;
use super::fetch::{Chosen, Fetch, Found, lake_fault, ranges};
use super::fields::{Coded, Named};

/// Largest table by which pairs of numbers are numbered.
const TABLE_MAX: usize = 1 << 20;

/// Numbers of entries or bytes so far.
#[derive(Debug)]
struct Counts<'f> {
    fold: &'f Fold,
    cells_max: usize,
    groups: HashMap<Labels, usize>,
    /// By group and bucket; 0 where there is nothing, else one more than the number.
    cells: Vec<Vec<u64>>,
}

/// Counts what a selection finds, and tells the evaluation.
pub async fn count(fetch: &Fetch<'_>, fold: &Fold, cells_max: usize, evaluation: &mut Evaluation) -> Result<(), LogsError> {
    let mut counts = Counts { fold, cells_max, groups: HashMap::new(), cells: Vec::new() };
    for chosen in &fetch.sources {
        // What every stream has among its labels is not looked for in records.
        let of_rows = |name: &&str| chosen.accepted().any(|id| !chosen.source.index.origins[id].origin.labels.has(name));
        let named = Named::new(&chosen.source, fold.by.iter().map(String::as_str).filter(of_rows).collect());
        let blocks = fetch.blocks(chosen);
        for chunk in Fetch::chunks(chosen, &blocks) {
            fetch.check().await?;
            let found = fetch.find(chosen, chunk, fold.counted == Counted::Bytes).await?;
            if !found.rows.is_empty() {
                counts.add(fetch, chosen, chunk, &named, &found).await?;
            }
        }
    }
    for (labels, group) in &counts.groups {
        for (bucket, cell) in counts.cells[*group].iter().enumerate().filter(|(_, cell)| **cell > 0) {
            evaluation.push_count(fetch.number, labels, bucket, cell - 1)?;
        }
    }
    Ok(())
}

impl Counts<'_> {
    async fn add(
        &mut self,
        fetch: &Fetch<'_>,
        chosen: &Chosen<'_>,
        chunk: &[usize],
        named: &Named<'_>,
        found: &Found,
    ) -> Result<(), LogsError> {
        let coded = named.read(fetch.lake, &chosen.source, &found.rows, &ranges(&found.rows)).await.map_err(lake_fault)?;
        let groups = self.groups(chosen, named, found, &coded)?;
        let number = |at: usize| match self.fold.counted {
            Counted::Entries => 1,
            Counted::Bytes => found.line(at).len() as u64,
        };
        if let Some(bucket) = self.only_bucket(chosen, chunk) {
            for (at, group) in groups.iter().enumerate() {
                put(&mut self.cells[*group as usize][bucket], number(at));
            }
            return Ok(());
        }
        let times = fetch.times(chosen, &found.rows).await?;
        // Neighbours are mostly of one bucket.
        let (mut last, mut bucket) = (0..0, 0);
        for (at, (group, time)) in groups.iter().zip(&times).enumerate() {
            if !last.contains(time) {
                let Some(index) = self.fold.bucket(*time) else { continue };
                bucket = index;
                let start = self.fold.after_ns + self.fold.width_ns * index as i64 + 1;
                last = start..start + self.fold.width_ns;
            }
            put(&mut self.cells[*group as usize][bucket], number(at));
        }
        Ok(())
    }

    /// The bucket of all rows of blocks, where it is one.
    fn only_bucket(&self, chosen: &Chosen<'_>, chunk: &[usize]) -> Option<usize> {
        let blocks = chunk.iter().map(|at| &chosen.source.index.blocks[*at]);
        let (first, last) = blocks.fold((i64::MAX, i64::MIN), |(first, last), b| (first.min(b.first), last.max(b.last)));
        self.fold.bucket(first).filter(|bucket| self.fold.bucket(last) == Some(*bucket))
    }

    /// The group of each row.
    fn groups(&mut self, chosen: &Chosen<'_>, named: &Named<'_>, found: &Found, coded: &[Coded]) -> Result<Vec<u32>, LogsError> {
        let index = &chosen.source.index;
        let mut local: Vec<u32> = found.rows.iter().map(|row| index.id(*row) as u32).collect();
        let mut cardinality = index.origins.len();
        for coded in coded {
            cardinality = refine(&mut local, cardinality, coded);
        }
        let mut global = vec![u32::MAX; cardinality];
        for (at, local) in local.iter_mut().enumerate() {
            let known = &mut global[*local as usize];
            if *known == u32::MAX {
                *known = self.group(chosen, named, found.rows[at], at, coded)?;
            }
            *local = *known;
        }
        Ok(local)
    }

    /// The group of one row.
    fn group(
        &mut self,
        chosen: &Chosen<'_>,
        named: &Named<'_>,
        row: usize,
        at: usize,
        coded: &[Coded],
    ) -> Result<u32, LogsError> {
        let origin = chosen.origin(row);
        let value = |name: &String| {
            let label = Some(origin.labels.get(name)).filter(|value| !value.is_empty());
            let of_row = || named.place(name).and_then(|place| coded[place].get(at));
            (name.clone(), label.or_else(of_row).or_else(|| origin.metadata(name)).unwrap_or_default().to_owned())
        };
        let labels = Labels::new(self.fold.by.iter().map(value));
        let next = self.cells.len();
        let group = *self.groups.entry(labels).or_insert(next);
        if group == next {
            if (next + 1).saturating_mul(self.fold.buckets) > self.cells_max {
                return Err(LogqlError::TooManySamples { limit: self.cells_max }.into());
            }
            self.cells.push(vec![0; self.fold.buckets]);
        }
        Ok(group as u32)
    }
}

fn put(cell: &mut u64, number: u64) {
    *cell = (*cell).max(1) + number;
}

/// Tells numbers apart by values too; how many there may be then.
fn refine(numbers: &mut [u32], cardinality: usize, coded: &Coded) -> usize {
    let values = coded.values.len();
    let mut next = 0;
    let mut take = |known: &mut u32| {
        if *known == u32::MAX {
            *known = next;
            next += 1;
        }
        *known
    };
    if cardinality.saturating_mul(values) <= TABLE_MAX {
        let mut table = vec![u32::MAX; cardinality * values];
        for (number, code) in numbers.iter_mut().zip(&coded.codes) {
            *number = take(&mut table[*number as usize * values + *code as usize]);
        }
    } else {
        let mut table: HashMap<(u32, u32), u32, foldhash::fast::RandomState> = HashMap::default();
        for (number, code) in numbers.iter_mut().zip(&coded.codes) {
            *number = take(table.entry((*number, *code)).or_insert(u32::MAX));
        }
    }
    next as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_numbered() {
        let mut numbers = vec![5, 5, 7, 5, 7];
        let coded = Coded { codes: vec![0, 1, 1, 0, 1], values: vec![String::new(), "a".to_owned()] };
        assert_eq!((refine(&mut numbers, 8, &coded), numbers), (3, vec![0, 1, 2, 0, 2]));
        let mut numbers = vec![5, 5, 7, 5, 7];
        assert_eq!((refine(&mut numbers, usize::MAX, &coded), numbers), (3, vec![0, 1, 2, 0, 2]));
    }

    #[test]
    fn nothing_and_no_bytes_differ() {
        let mut cell = 0;
        put(&mut cell, 0);
        assert_eq!(cell, 1);
        put(&mut cell, 7);
        assert_eq!(cell, 8);
    }
}
