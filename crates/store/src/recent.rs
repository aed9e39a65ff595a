//! [`RecentFiles`]: what was learnt of the files looked into last.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Values by number of a data file, up to some bytes; the oldest leave first. Files are never edited, so what was
/// learnt of one stays true.
#[derive(Debug)]
pub(crate) struct RecentFiles<V> {
    state: Mutex<State<V>>,
    bytes_max: usize,
}

#[derive(Debug)]
struct State<V> {
    by_file: HashMap<i64, (Arc<V>, usize)>,
    /// The oldest first.
    order: VecDeque<i64>,
    bytes: usize,
}

impl<V> RecentFiles<V> {
    /// Holds values of at most `bytes_max` bytes in all.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { state: Mutex::new(State { by_file: HashMap::new(), order: VecDeque::new(), bytes: 0 }), bytes_max }
    }

    fn state(&self) -> MutexGuard<'_, State<V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, file: i64) -> Option<Arc<V>> {
        self.state().by_file.get(&file).map(|(value, _)| value.clone())
    }

    /// Keeps a value of so many bytes.
    pub(crate) fn insert(&self, file: i64, value: V, bytes: usize) -> Arc<V> {
        let value = Arc::new(value);
        let mut state = self.state();
        if state.by_file.insert(file, (value.clone(), bytes)).is_some() {
            return value;
        }
        state.order.push_back(file);
        state.bytes += bytes;
        while state.bytes > self.bytes_max {
            let Some(oldest) = state.order.pop_front() else { break };
            state.bytes -= state.by_file.remove(&oldest).map_or(0, |(_, bytes)| bytes);
        }
        value
    }
}
