//! What a query needs of the store, and what of its work the store may do.

use luneta_promql::Matcher;

use crate::error::LogqlError;
use crate::eval::{Leaf, Params, Pushdown, SeriesLabels, leaves};
use crate::pipeline::{DUPLICATE_SUFFIX, ERROR_DETAILS_LABEL, ERROR_LABEL, LineFilter};
use crate::syntax::{Expr, LabelFilter, LogExpr, RangeOp, Stage, changes_line};

/// Most buckets of a [`Fold`]; ranges and steps that would need more are fetched entry by entry.
const BUCKETS_MAX: i64 = 100_000;

/// Which entries come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// The oldest.
    Forward,
    /// The newest.
    #[default]
    Backward,
}

/// What must be fetched. The numbers of selections are those of [`crate::Evaluation::push`].
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Each once, however often the query asks for it.
    pub selections: Vec<Selection>,
    /// For each range aggregation, in the order they are written, its selection.
    pub(crate) of_leaf: Vec<usize>,
}

/// A filter that the store may or must apply.
#[derive(Debug, Clone, PartialEq)]
pub struct Pushed<T> {
    /// The filter.
    pub filter: T,
    /// Whether evaluation asks it again: the store may then apply it as far as it likes. Else it must, exactly.
    pub repeated: bool,
}

/// Which structured metadata an evaluation looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetadataNeed {
    /// All.
    All,
    /// That of these names; maybe none.
    Names(Vec<String>),
}

/// Entries to fetch.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// Conditions on the labels of streams; all must hold.
    pub matchers: Vec<Matcher>,
    /// Entries from here on matter (nanoseconds).
    pub from_ns: i64,
    /// Entries before this matter (nanoseconds).
    pub until_ns: i64,
    /// Conditions on the line as it is stored; all must hold.
    pub line_filters: Vec<Pushed<LineFilter>>,
    /// Conditions on labels of the stream and on structured metadata; all must hold.
    pub label_filters: Vec<Pushed<LabelFilter>>,
    /// Structured metadata that the entries must come with.
    pub metadata: MetadataNeed,
    /// Whether the line is looked at; else the empty line will do.
    pub reads_line: bool,
    /// Which entries matter first, for a log query.
    pub direction: Option<Direction>,
    /// How many entries are enough, where every one that the filters let through is in the answer.
    pub limit: Option<usize>,
    /// What may come instead of entries.
    pub fold: Option<Fold>,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Entries.
    Entries,
    /// Bytes of lines.
    Bytes,
}

/// Numbers that are enough instead of entries: of all that go through the filters of the selection (each of
/// them, exactly), by values of labels and by bucket of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Fold {
    /// What is counted.
    pub counted: Counted,
    /// Labels of the stream, or structured metadata where the stream has none of the name.
    pub by: Vec<String>,
    /// Times later than this are in the first bucket (nanoseconds).
    pub after_ns: i64,
    /// Length of a bucket, whose end belongs to it.
    pub width_ns: i64,
    /// Number of buckets.
    pub buckets: usize,
}

impl Fold {
    /// The bucket of a time.
    pub fn bucket(&self, time_ns: i64) -> Option<usize> {
        let index = time_ns.checked_sub(self.after_ns)?.checked_sub(1)?.div_euclid(self.width_ns);
        usize::try_from(index).ok().filter(|index| *index < self.buckets)
    }

    /// The last time of a bucket.
    pub(crate) fn end_ns(&self, bucket: usize) -> i64 {
        self.after_ns + self.width_ns * (bucket as i64 + 1)
    }
}

/// The plan of a tree.
pub(crate) fn plan(expr: &Expr, params: &Params) -> Result<Plan, LogqlError> {
    params.check()?;
    match expr {
        Expr::Log(log) => {
            let mut selection = filtered(log, params)?;
            let all_pushed = selection.label_filters.is_empty() && log.stages.len() == selection.line_filters.len();
            (selection.from_ns, selection.until_ns) = (params.start_ns, params.end_ns);
            selection.direction = Some(params.direction);
            selection.limit = (all_pushed && params.pushdown == Pushdown::Required).then_some(params.limit);
            Ok(Plan { selections: vec![selection], of_leaf: vec![0] })
        }
        Expr::Metric(metric) => {
            let mut plan = Plan { selections: Vec::new(), of_leaf: Vec::new() };
            for leaf in leaves(metric) {
                let selection = of_leaf(&leaf, params)?;
                let known = plan.selections.iter().position(|known| *known == selection);
                plan.of_leaf.push(known.unwrap_or(plan.selections.len()));
                if known.is_none() {
                    plan.selections.push(selection);
                }
            }
            Ok(plan)
        }
    }
}

/// A selection with the filters of a pipeline that can be asked of entries as they are stored.
fn filtered(log: &LogExpr, params: &Params) -> Result<Selection, LogqlError> {
    let (mut line_filters, mut label_filters) = (Vec::new(), Vec::new());
    let (mut is_stored_line, mut are_stored_labels) = (true, true);
    for stage in &log.stages {
        match stage {
            Stage::Line(expr) if is_stored_line => {
                let filter = LineFilter::new(expr).map_err(LogqlError::whole)?;
                line_filters.push(Pushed { filter, repeated: params.pushdown == Pushdown::Optional });
            }
            Stage::Label(filter) if are_stored_labels && names_stored_labels(filter) => {
                label_filters.push(Pushed { filter: filter.clone(), repeated: true });
            }
            Stage::Line(_) | Stage::Label(_) | Stage::Decolorize => {}
            _ => are_stored_labels = false,
        }
        is_stored_line &= !changes_line(stage);
    }
    Ok(Selection {
        matchers: log.matchers.clone(),
        from_ns: 0,
        until_ns: 0,
        line_filters,
        label_filters,
        metadata: MetadataNeed::All,
        reads_line: true,
        direction: None,
        limit: None,
        fold: None,
    })
}

/// Whether a filter asks for labels by the names that the store has for them.
fn names_stored_labels(filter: &LabelFilter) -> bool {
    let mut names = Vec::new();
    filter.labels(&mut names);
    !names.iter().any(|name| name.ends_with(DUPLICATE_SUFFIX))
}

fn of_leaf(leaf: &Leaf<'_>, params: &Params) -> Result<Selection, LogqlError> {
    let range = &leaf.range.range;
    let mut selection = filtered(&range.log, params)?;
    let last = params.start_ns + params.step() * (params.steps() as i64 - 1);
    let edge = |time: i64, back: i64| time.checked_sub(back).and_then(|time| time.checked_sub(range.offset_ns));
    let out_of_range = || LogqlError::Parameter("time is out of range".to_owned());
    selection.from_ns = edge(params.start_ns, range.range_ns).and_then(|time| time.checked_add(1)).ok_or_else(out_of_range)?;
    selection.until_ns = edge(last, 0).and_then(|time| time.checked_add(1)).ok_or_else(out_of_range)?;
    if let Some(names) = leaf.needed() {
        selection.metadata = MetadataNeed::Names(with_plain_names(names));
    }
    let only_filters = |stage: &Stage| matches!(stage, Stage::Label(_)) || matches!(stage, Stage::Line(_));
    let filters_only = range.log.stages.iter().all(only_filters);
    let counts = matches!(leaf.range.op, RangeOp::CountOverTime | RangeOp::Rate | RangeOp::AbsentOverTime);
    let repeats_lines = selection.line_filters.iter().any(|pushed| pushed.repeated);
    selection.reads_line = !(filters_only && counts && !repeats_lines);
    selection.fold = fold(leaf, &selection, filters_only, params);
    Ok(selection)
}

/// Names with those that metadata has where the name of the query has the suffix of duplicates.
fn with_plain_names(names: Vec<String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        all.extend(name.strip_suffix(DUPLICATE_SUFFIX).map(str::to_owned));
        all.push(name);
    }
    all.sort();
    all.dedup();
    all
}

/// The counts that are enough, where there are any.
fn fold(leaf: &Leaf<'_>, selection: &Selection, filters_only: bool, params: &Params) -> Option<Fold> {
    let counted = match leaf.range.op {
        RangeOp::CountOverTime | RangeOp::Rate => Counted::Entries,
        RangeOp::BytesOverTime | RangeOp::BytesRate => Counted::Bytes,
        _ => return None,
    };
    let by = match &leaf.labels {
        SeriesLabels::Nothing => Vec::new(),
        SeriesLabels::By(names) => names.clone(),
        SeriesLabels::All | SeriesLabels::Without(_) => return None,
    };
    let plain = leaf.range.range.unwrap.is_none()
        && filters_only
        && range_is_pushed(leaf, selection)
        && selection.label_filters.iter().all(|pushed| cannot_fail(&pushed.filter))
        && by.iter().all(|name| !name.ends_with(DUPLICATE_SUFFIX) && !is_error(name));
    if !plain {
        return None;
    }
    let (range, step) = (leaf.range.range.range_ns, params.step());
    let steps = params.steps() as i64;
    // Windows are whole numbers of buckets, and so are the distances between them.
    let width_ns = if steps == 1 { range } else { gcd(range, step) };
    let buckets = range / width_ns + (steps - 1).checked_mul(step)? / width_ns;
    let after_ns = selection.from_ns - 1;
    (buckets <= BUCKETS_MAX).then_some(Fold { counted, by, after_ns, width_ns, buckets: buckets as usize })
}

/// Whether all stages are among the filters of the selection.
fn range_is_pushed(leaf: &Leaf<'_>, selection: &Selection) -> bool {
    leaf.range.range.log.stages.len() == selection.line_filters.len() + selection.label_filters.len()
}

fn is_error(name: &str) -> bool {
    matches!(name, ERROR_LABEL | ERROR_DETAILS_LABEL)
}

/// Whether a filter gives an answer for all values, and for labels alone.
fn cannot_fail(filter: &LabelFilter) -> bool {
    match filter {
        LabelFilter::Matcher(matcher) => !is_error(&matcher.name) && !matcher.name.ends_with(DUPLICATE_SUFFIX),
        LabelFilter::Compare { .. } | LabelFilter::Ip { .. } => false,
        LabelFilter::And(left, right) | LabelFilter::Or(left, right) => cannot_fail(left) && cannot_fail(right),
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
