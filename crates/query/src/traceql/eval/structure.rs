//! Structural operators: which spans of one spanset stand so to the spans of another.

use std::collections::{HashMap, HashSet};

use super::trace::EvalTrace;
use crate::traceql::ast::{Form, Relation};

/// The spans `left op right` gives, in order.
pub fn related(trace: &EvalTrace, left: &[usize], right: &[usize], relation: Relation, form: Form) -> Vec<usize> {
    let pairs = Pairs::new(trace, left, right, relation);
    match form {
        Form::Plain => right.iter().copied().filter(|span| pairs.has(*span)).collect(),
        Form::Negated => right.iter().copied().filter(|span| !pairs.has(*span)).collect(),
        Form::Union => {
            let mut spans: Vec<usize> = right.iter().copied().filter(|span| pairs.has(*span)).collect();
            // The same relation, looked at from the other side.
            let back = Pairs::new(trace, right, left, inverse(relation));
            spans.extend(left.iter().copied().filter(|span| back.has(*span)));
            spans.sort_unstable();
            spans.dedup();
            spans
        }
    }
}

const fn inverse(relation: Relation) -> Relation {
    match relation {
        Relation::Child => Relation::Parent,
        Relation::Parent => Relation::Child,
        Relation::Descendant => Relation::Ancestor,
        Relation::Ancestor => Relation::Descendant,
        Relation::Sibling => Relation::Sibling,
    }
}

/// Tells for any span of the right side whether a span of the left one stands so to it.
#[derive(Debug)]
struct Pairs<'t> {
    trace: &'t EvalTrace,
    relation: Relation,
    /// Spans whose relation is asked for directly.
    marked: HashSet<usize>,
    /// Of siblings: how many spans of the left side each parent has.
    siblings: HashMap<usize, usize>,
    left: HashSet<usize>,
}

impl<'t> Pairs<'t> {
    fn new(trace: &'t EvalTrace, left: &[usize], right: &[usize], relation: Relation) -> Self {
        let parent = |span: &usize| trace.places[*span].parent;
        let left_set: HashSet<usize> = left.iter().copied().collect();
        let marked = match relation {
            Relation::Child => left_set.clone(),
            Relation::Parent => left.iter().filter_map(parent).collect(),
            Relation::Sibling => HashSet::new(),
            Relation::Ancestor => above(trace, left),
            Relation::Descendant => below(trace, &left_set, right),
        };
        let mut siblings = HashMap::new();
        if relation == Relation::Sibling {
            for parent in left_set.iter().filter_map(parent) {
                *siblings.entry(parent).or_default() += 1;
            }
        }
        Self { trace, relation, marked, siblings, left: left_set }
    }

    fn has(&self, span: usize) -> bool {
        let parent = self.trace.places[span].parent;
        match self.relation {
            Relation::Child => parent.is_some_and(|parent| self.marked.contains(&parent)),
            Relation::Parent | Relation::Ancestor | Relation::Descendant => self.marked.contains(&span),
            Relation::Sibling => {
                let siblings = parent.and_then(|parent| self.siblings.get(&parent)).copied().unwrap_or(0);
                siblings > usize::from(self.left.contains(&span))
            }
        }
    }
}

/// Every ancestor of the spans. Paths that meet are walked once.
fn above(trace: &EvalTrace, spans: &[usize]) -> HashSet<usize> {
    let mut marked = HashSet::new();
    for span in spans {
        for ancestor in trace.ancestors(*span) {
            if !marked.insert(ancestor) {
                break;
            }
        }
    }
    marked
}

/// The spans of `among` that have an ancestor in `roots`. What was found for a span holds for all on
/// the way to it.
fn below(trace: &EvalTrace, roots: &HashSet<usize>, among: &[usize]) -> HashSet<usize> {
    let mut known: Vec<Option<bool>> = vec![None; trace.spans.len()];
    for span in among {
        let mut path = vec![*span];
        let mut outcome = known[*span].unwrap_or(false);
        if known[*span].is_none() {
            for ancestor in trace.ancestors(*span) {
                if roots.contains(&ancestor) {
                    outcome = true;
                    break;
                }
                if let Some(found) = known[ancestor] {
                    outcome = found;
                    break;
                }
                path.push(ancestor);
            }
        }
        for at in path {
            known[at] = Some(outcome);
        }
    }
    among.iter().copied().filter(|span| known[*span] == Some(true)).collect()
}
