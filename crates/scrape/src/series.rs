//! [`SeriesCache`]: the series of one target, so that those that vanish can be ended.

use std::collections::HashMap;

use luneta_receive::prometheus::exposition::MetricType;

/// A name and a value.
pub type Pair<'a> = (&'a str, &'a str);

/// What is known of a series.
#[derive(Debug, Clone, Copy)]
pub struct SeriesState {
    /// The scrape it was last in.
    generation: u64,
    /// The scrape it came up in, for the first time or again.
    since: u64,
    /// Its last time, in milliseconds since 1970.
    last_ms: i64,
    /// It ends with a marker when it vanishes.
    tracked: bool,
    /// It has a sample that no marker followed.
    live: bool,
    /// Its type, which the marker has too.
    metric_type: MetricType,
}

/// The series of one target.
#[derive(Debug, Default)]
pub struct SeriesCache {
    generation: u64,
    series: HashMap<Box<[u8]>, SeriesState>,
    key: Vec<u8>,
    /// How many there were after the last scrape that succeeded.
    settled: usize,
}

/// Series that scrapes which failed may leave behind, beside as many as there were before.
const LEFT_BEHIND_MAX: usize = 1000;

/// What became of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// A series that was not there before.
    New,
    /// A series that was.
    Known,
    /// A sample of that time, or a later one, was there before.
    Repeated,
}

impl SeriesCache {
    /// Begins a scrape.
    pub fn begin(&mut self) {
        self.generation += 1;
    }

    /// How many series there are.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Takes note of a sample; labels are sorted.
    pub fn see<'a>(
        &mut self,
        labels: impl Iterator<Item = Pair<'a>>,
        time_ms: i64,
        tracked: bool,
        metric_type: MetricType,
    ) -> Seen {
        self.key.clear();
        for (name, value) in labels {
            for text in [name, value] {
                self.key.extend_from_slice(&(text.len() as u32).to_le_bytes());
                self.key.extend_from_slice(text.as_bytes());
            }
        }
        let generation = self.generation;
        let fresh = SeriesState { generation, since: generation, last_ms: time_ms, tracked, live: true, metric_type };
        let Some(state) = self.series.get_mut(self.key.as_slice()) else {
            self.series.insert(self.key.as_slice().into(), fresh);
            return Seen::New;
        };
        if state.live && time_ms <= state.last_ms {
            state.generation = self.generation;
            return Seen::Repeated;
        }
        *state = SeriesState { since: if state.live { state.since } else { generation }, ..fresh };
        Seen::Known
    }

    /// Ends a scrape: yields the series that are to end, with their types. After one that
    /// succeeded these are forgotten; one that failed stores nothing, and ends all.
    pub fn end(&mut self, succeeded: bool) -> Vec<(Box<[u8]>, MetricType)> {
        let generation = self.generation;
        if succeeded {
            let gone = self.series.extract_if(|_, state| state.generation != generation);
            let ended = gone.filter(|(_, state)| state.live && state.tracked).map(|(key, state)| (key, state.metric_type));
            let ended = ended.collect();
            self.settled = self.series.len();
            return ended;
        }
        let mut ended = Vec::new();
        for (key, state) in &mut self.series {
            // What came with the failed scrape alone was never stored.
            if state.live && state.tracked && state.since < generation {
                ended.push((key.clone(), state.metric_type));
            }
            state.live = false;
        }
        if self.series.len() > 2 * self.settled + LEFT_BEHIND_MAX {
            self.series.clear();
        }
        ended
    }

    /// Ends all series, for a target that is there no more.
    pub fn end_all(&mut self) -> Vec<(Box<[u8]>, MetricType)> {
        self.begin();
        self.end(true)
    }
}

/// The labels of a key of [`SeriesCache`].
pub fn labels_of(key: &[u8]) -> Vec<Pair<'_>> {
    let mut texts = Vec::new();
    let mut rest = key;
    while let Some((len, after)) = rest.split_first_chunk::<4>() {
        let len = u32::from_le_bytes(*len) as usize;
        let Some((text, after)) = after.split_at_checked(len) else { break };
        texts.push(std::str::from_utf8(text).unwrap_or_default());
        rest = after;
    }
    texts.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}
