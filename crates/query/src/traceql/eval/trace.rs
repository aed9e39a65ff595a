//! A trace as queries see it: its spans, how they hang together, and the values a query reads.

use std::collections::HashMap;
use std::sync::Arc;

use super::value::Value;

/// A span of a trace.
#[derive(Debug, Clone, Default)]
pub struct EvalSpan {
    /// Its id.
    pub id: [u8; 8],
    /// The id of its parent; zeros for roots.
    pub parent_id: [u8; 8],
    /// Nanoseconds since 1970.
    pub start_ns: i64,
    /// Nanoseconds.
    pub duration_ns: i64,
    /// Its name.
    pub name: Arc<str>,
    /// Whether its status is an error.
    pub failed: bool,
    /// The service that sent it.
    pub service: Arc<str>,
    /// What the query reads of it, in the order of its [fields](super::Fields).
    pub values: Vec<Value>,
}

impl EvalSpan {
    /// Nanoseconds since 1970.
    pub const fn end_ns(&self) -> i64 {
        self.start_ns.saturating_add(self.duration_ns)
    }
}

/// Where a span stands in its trace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// The parent, where it is known. The first span of a circle has none.
    pub parent: Option<usize>,
    /// Children.
    pub children: u32,
    /// Numbers of the nested set: those of descendants lie between them. 0 for spans that hang
    /// below a parent that is not known, or in a circle.
    pub left: i64,
    /// See `left`.
    pub right: i64,
}

/// A trace with all its spans.
#[derive(Debug, Clone)]
pub struct EvalTrace {
    /// The trace.
    pub id: [u8; 16],
    /// Its spans in the order of their start.
    pub spans: Vec<EvalSpan>,
    /// Where each stands.
    pub places: Vec<Place>,
    /// The first span without parent.
    pub root: Option<usize>,
}

impl EvalTrace {
    /// Puts spans together. Of spans with the same id and kind the first one counts; of those that
    /// share only an id (a client and its server may), children belong to the last.
    pub fn new(id: [u8; 16], mut spans: Vec<EvalSpan>) -> Self {
        spans.sort_by_key(|a| (a.start_ns, a.id));
        let by_id: HashMap<[u8; 8], usize> = spans.iter().enumerate().map(|(at, span)| (span.id, at)).collect();
        let is_root = |span: &EvalSpan| span.parent_id == [0; 8];
        let mut places = vec![Place::default(); spans.len()];
        for (at, span) in spans.iter().enumerate() {
            let parent = by_id.get(&span.parent_id).copied().filter(|parent| !is_root(span) && *parent != at);
            places[at].parent = parent;
            if let Some(parent) = parent {
                places[parent].children += 1;
            }
        }
        cut_circles(&mut places);
        let root = spans.iter().position(is_root);
        let mut trace = Self { id, spans, places, root };
        trace.number();
        trace
    }

    /// Numbers the nested sets below every root, one after the other.
    fn number(&mut self) {
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); self.spans.len()];
        let mut roots = Vec::new();
        for (at, place) in self.places.iter().enumerate() {
            match place.parent {
                Some(parent) => children[parent].push(at),
                None if self.spans[at].parent_id == [0; 8] => roots.push(at),
                None => {}
            }
        }
        let mut next = 1;
        for root in roots {
            // Traces may be deeper than the stack.
            let mut open = vec![(root, 0)];
            self.places[root].left = next;
            while let Some((at, child)) = open.pop() {
                next += 1;
                match children[at].get(child) {
                    Some(below) => {
                        open.push((at, child + 1));
                        self.places[*below].left = next;
                        open.push((*below, 0));
                    }
                    None => self.places[at].right = next,
                }
            }
            next += 1;
        }
    }

    /// The ancestors of a span, the nearest first.
    pub fn ancestors(&self, span: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.places[span].parent, |at| self.places[*at].parent)
    }

    /// When its first span starts.
    pub fn start_ns(&self) -> i64 {
        self.spans.first().map_or(0, |span| span.start_ns)
    }

    /// From its first start to its last end.
    pub fn duration_ns(&self) -> i64 {
        let end = self.spans.iter().map(EvalSpan::end_ns).max().unwrap_or(0);
        end.saturating_sub(self.start_ns())
    }
}

/// Takes away the parent of the first span of every circle, so that whoever walks up comes to an end.
fn cut_circles(places: &mut [Place]) {
    // Which walk came by a span first; 0 for none yet.
    let mut walks = vec![0; places.len()];
    for start in 0..places.len() {
        let mut at = start;
        while walks[at] == 0 {
            walks[at] = start + 1;
            match places[at].parent {
                Some(parent) => at = parent,
                None => break,
            }
        }
        // Back at a span of this very walk, which has a parent: a circle.
        let Some(mut next) = places[at].parent.filter(|_| walks[at] == start + 1) else { continue };
        let mut first = at;
        while next != at {
            first = first.min(next);
            let Some(parent) = places[next].parent else { break };
            next = parent;
        }
        if next == at
            && let Some(parent) = places[first].parent.take()
        {
            places[parent].children -= 1;
        }
    }
}
