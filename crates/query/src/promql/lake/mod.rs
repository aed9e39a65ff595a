//! TODO
use luneta_model::Tenant;
use luneta_promql::{Labels, Limits, Matcher, Selection};

use super::{MetricsError, Selected};
use crate::QueryEngine;

/// The series of a selection.
pub(super) async fn select(_: &QueryEngine, _: &Tenant, _: &Selection, _: &Limits) -> Result<Selected, MetricsError> {
    Ok(Selected::default())
}

/// The labels of series that match and have a sample after and up to a time.
pub(super) async fn series(_: &QueryEngine, _: &Tenant, _: &[Matcher], _: (i64, i64)) -> Result<Vec<Labels>, MetricsError> {
    Ok(Vec::new())
}
