//! The rows of files that may match, where an index of traces or of words tells.

use std::ops::Range;

use luneta_logql::syntax::{LabelFilter, LineFilterExpr, LineMatch};
use luneta_logql::{Selection, pattern_texts};
use luneta_promql::{MatchOp, go_regex};
use luneta_store::{BodyFilter, Needle};

use super::fetch::Chosen;
use super::fields::has_attribute;
use super::source::Lake;
use crate::scan::bodies::{QUARTERS_MAX, RowFilter, of_regex};

/// The label by which records are found in the index of traces.
const TRACE_ID: &str = "trace_id";

/// What a selection asks that indexes know of.
#[derive(Debug)]
pub struct Pick {
    trace: RowFilter,
    lines: RowFilter,
}

impl Pick {
    /// What all filters of a selection ask for.
    pub fn of(selection: &Selection) -> Self {
        let trace = selection.label_filters.iter().find_map(|pushed| trace_of(&pushed.filter));
        let lines = selection.line_filters.iter().map(|pushed| of_lines(pushed.filter.expr())).collect();
        Self {
            trace: trace.map_or(RowFilter::All(Vec::new()), |trace| RowFilter::Traces(vec![trace])),
            lines: RowFilter::Bodies(BodyFilter::All(lines)),
        }
    }

    /// The rows of a file that may match, in order; `None` where all have to be asked.
    pub async fn rows(&self, lake: &Lake, chosen: &Chosen<'_>) -> Option<Vec<Range<usize>>> {
        let file = chosen.source.as_file()?;
        let mut picked = self.lines.rows(&lake.store, file).await;
        if self.trace.is_selective() && has_indexed_ids(chosen) {
            let of_trace = self.trace.rows(&lake.store, file).await;
            picked = match (picked, of_trace) {
                (Some(lines), Some(of_trace)) => Some(lines.intersection(&of_trace)),
                (lines, of_trace) => lines.or(of_trace),
            };
        }
        let picked = picked.filter(|picked| picked.row_count() * 4 <= file.rows as usize * QUARTERS_MAX)?;
        let mut row = 0;
        let rows = picked.iter().filter_map(|selector| {
            row += selector.row_count;
            (!selector.skip && selector.row_count > 0).then(|| row - selector.row_count..row)
        });
        Some(rows.collect())
    }
}

/// Whether ids of traces are where the index has them from, and nowhere else.
fn has_indexed_ids(chosen: &Chosen<'_>) -> bool {
    let of_stream = |id: usize| {
        let origin = &chosen.source.index.origins[id].origin;
        origin.labels.has(TRACE_ID) || origin.metadata(TRACE_ID).is_some()
    };
    !chosen.accepted().any(of_stream) && !has_attribute(&chosen.source, TRACE_ID)
}

/// The trace that all entries passing a filter belong to, where it names one.
fn trace_of(filter: &LabelFilter) -> Option<[u8; 16]> {
    match filter {
        LabelFilter::Matcher(matcher) if matcher.name == TRACE_ID && matcher.op == MatchOp::Equal => {
            let mut id = [0; 16];
            // Ids are shown in lower case, and so they are compared.
            let lower = !matcher.value.bytes().any(|b| b.is_ascii_uppercase());
            hex::decode_to_slice(&matcher.value, &mut id).ok().filter(|()| lower).map(|()| id)
        }
        LabelFilter::And(left, right) => trace_of(left).or_else(|| trace_of(right)),
        _ => None,
    }
}

/// What a line must hold to pass a filter.
fn of_lines(filter: &LineFilterExpr) -> BodyFilter {
    let alternatives = filter.alternatives.iter().map(|operand| match filter.op {
        _ if operand.is_ip => BodyFilter::Anything,
        LineMatch::Contains => BodyFilter::Text(Needle::anywhere(&operand.text, false)),
        LineMatch::Regex => go_regex(&operand.text).map_or(BodyFilter::Anything, |regex| of_regex(regex.as_str(), false)),
        LineMatch::Pattern => {
            let texts = pattern_texts(&operand.text).into_iter();
            BodyFilter::All(texts.map(|text| BodyFilter::Text(Needle::anywhere(text, false))).collect())
        }
        LineMatch::NotContains | LineMatch::NotRegex | LineMatch::NotPattern => BodyFilter::Anything,
    });
    BodyFilter::Any(alternatives.collect())
}

#[cfg(test)]
mod tests {
    use luneta_logql::syntax::{Expr, Stage};
    use luneta_logql::{ParseOptions, Query};

    use super::*;

    fn stage(text: &str) -> Stage {
        let query = Query::parse(&format!("{{a=\"b\"}} {text}"), &ParseOptions::default()).expect("a query");
        let Expr::Log(log) = query.expr() else { panic!("a log query") };
        log.stages.first().expect("a stage").clone()
    }

    #[test]
    fn traces_are_found_in_filters() {
        let of = |text: &str| {
            let Stage::Label(filter) = stage(&format!("| {text}")) else { panic!("a filter") };
            trace_of(&filter)
        };
        let id = "0102030405060708090a0b0c0d0e0f10";
        let wanted = Some([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
        assert_eq!(of(&format!("trace_id=\"{id}\"")), wanted);
        assert_eq!(of(&format!("a=\"b\" and trace_id=\"{id}\"")), wanted);
        assert_eq!(of(&format!("a=\"b\" or trace_id=\"{id}\"")), None);
        assert_eq!(of(&format!("trace_id!=\"{id}\"")), None);
        assert_eq!(of(&format!("trace_id=\"{}\"", id.to_uppercase())), None);
        assert_eq!(of("trace_id=\"0102\""), None);
    }

    #[test]
    fn words_are_found_in_filters() {
        fn show(filter: &BodyFilter) -> String {
            match filter {
                BodyFilter::Anything => "*".to_owned(),
                BodyFilter::Text(needle) => format!("{}{}", if needle.ignores_case { "~" } else { "" }, needle.text),
                BodyFilter::All(parts) => parts.iter().map(show).collect::<Vec<_>>().join(" & "),
                BodyFilter::Any(parts) => parts.iter().map(show).collect::<Vec<_>>().join(" | "),
            }
        }
        for (text, wanted) in [
            ("|= \"card declined\"", "card declined"),
            ("|= \"a\" or \"b\"", "a | b"),
            ("|= ip(\"10.0.0.0/8\")", "*"),
            ("!= \"declined\"", "*"),
            ("|~ \"(?i)declined|took \\\\d+ms\"", "~declined | ~took  & * & ~ms"),
            ("!~ \"declined\"", "*"),
            ("|> \"<_> took <_> ms\"", " took  &  ms"),
            ("!> \"<_> took <_> ms\"", "*"),
        ] {
            let Stage::Line(filter) = stage(text) else { panic!("a line filter: {text}") };
            assert_eq!(show(&of_lines(&filter)), wanted, "{text}");
        }
    }
}
