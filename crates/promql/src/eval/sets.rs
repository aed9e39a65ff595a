//! `and`, `or`, `unless`.

use std::collections::HashMap;

use super::Grid;
use super::evaluator::{Evaluated, Evaluator};
use super::matching::signature;
use super::value::Column;
use crate::labels::Labels;
use crate::syntax::{BinaryOp, Matching};

impl Evaluator<'_> {
    pub fn set_operation(
        &mut self,
        op: BinaryOp,
        mut left: Vec<Column>,
        mut right: Vec<Column>,
        matching: &Matching,
        grid: Grid,
    ) -> Evaluated<Vec<Column>> {
        self.worked((left.len() + right.len()) * grid.steps)?;
        if op == BinaryOp::Or {
            let there = presence(&left, matching, grid);
            keep(&mut right, matching, grid, |labels, step| !there.get(labels).is_some_and(|steps| steps[step]));
            left.append(&mut right);
            return self.merged(left);
        }
        let there = presence(&right, matching, grid);
        keep(&mut left, matching, grid, |labels, step| {
            there.get(labels).is_some_and(|steps| steps[step]) == (op == BinaryOp::And)
        });
        Ok(left)
    }
}

/// For the labels that series match by: the steps at which any has a sample.
fn presence(columns: &[Column], matching: &Matching, grid: Grid) -> HashMap<Labels, Vec<bool>> {
    let mut present: HashMap<Labels, Vec<bool>> = HashMap::with_capacity(columns.len());
    for column in columns {
        let steps = present.entry(signature(&column.labels, matching)).or_insert_with(|| vec![false; grid.steps]);
        for (step, there) in steps.iter_mut().enumerate() {
            *there |= column.points.is_present(step);
        }
    }
    present
}

fn keep(columns: &mut Vec<Column>, matching: &Matching, grid: Grid, wanted: impl Fn(&Labels, usize) -> bool) {
    for column in columns.iter_mut() {
        let labels = signature(&column.labels, matching);
        for step in 0..grid.steps {
            if !wanted(&labels, step) {
                column.points.clear(step);
            }
        }
    }
    columns.retain(|column| column.points.has_any());
}
