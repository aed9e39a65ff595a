//! Orders of vectors; they matter to instant queries only, as matrices are sorted by labels.

use std::cmp::Ordering;

use super::Grid;
use super::evaluator::{Evaluated, Evaluator};
use super::value::Column;
use crate::syntax::Expr;

impl Evaluator<'_> {
    /// `sort` and `sort_desc`: floats by value, NaN last.
    pub fn sort_by_value(&mut self, argument: &Expr, grid: Grid, descending: bool) -> Evaluated<Vec<Column>> {
        let mut columns = self.vector(argument, grid)?;
        for column in &mut columns {
            column.points.map_floats(|value| value);
        }
        columns.retain(|column| column.points.has_any());
        if self.params.is_instant() && grid.steps == 1 {
            let value = |column: &Column| column.points.float(0).unwrap_or(f64::NAN);
            columns.sort_by(|a, b| by_value(value(a), value(b), descending));
        }
        Ok(columns)
    }

    /// `sort_by_label` and `sort_by_label_desc`.
    pub fn sort_by_labels(&mut self, arguments: &[Expr], grid: Grid, descending: bool) -> Evaluated<Vec<Column>> {
        let mut columns = self.vector(&arguments[0], grid)?;
        let names = arguments[1..].iter().map(Self::string).collect::<Evaluated<Vec<_>>>()?;
        if self.params.is_instant() {
            columns.sort_by(|a, b| {
                let by_names = names
                    .iter()
                    .map(|name| natural(a.labels.get(name), b.labels.get(name)))
                    .find(|order| order.is_ne())
                    .unwrap_or_else(|| a.labels.cmp(&b.labels));
                if descending { by_names.reverse() } else { by_names }
            });
        }
        Ok(columns)
    }
}

/// By value, NaN last in both directions.
pub(super) fn by_value(a: f64, b: f64, descending: bool) -> Ordering {
    a.is_nan().cmp(&b.is_nan()).then_with(|| {
        let order = a.partial_cmp(&b).unwrap_or(Ordering::Equal);
        if descending { order.reverse() } else { order }
    })
}

/// As people sort: runs of digits compare as numbers.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (Some(x), Some(y)) = (left.chars().next(), right.chars().next()) else {
            return left.len().cmp(&right.len()).then_with(|| a.cmp(b));
        };
        if x.is_ascii_digit() && y.is_ascii_digit() {
            let (number, other) = (digits(left), digits(right));
            let (short, long) = (number.trim_start_matches('0'), other.trim_start_matches('0'));
            let order = short.len().cmp(&long.len()).then_with(|| short.cmp(long));
            if order.is_ne() {
                return order;
            }
            left = &left[number.len()..];
            right = &right[other.len()..];
        } else if x == y {
            left = &left[x.len_utf8()..];
            right = &right[y.len_utf8()..];
        } else {
            return x.cmp(&y);
        }
    }
}

fn digits(text: &str) -> &str {
    &text[..text.bytes().take_while(u8::is_ascii_digit).count()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_sort_as_numbers() {
        let mut names = ["a10", "a2", "a", "b1", "a02", "a2b"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["a", "a02", "a2", "a2b", "a10", "b1"]);
    }
}
