//! Rules in Prometheus's files: queries on a clock, the series they record and the alerts they raise.
//!
//! ```text
//! files -> groups -> every interval: query -> samples, alerts -> Lake::write
//! ```
//!
//! A group runs on its own clock and its rules one after the other, so that a rule may read what the rule
//! before it recorded. What is queried and written through is a [`Lake`]; nothing here knows the store.

mod alerts;
mod clock;
mod file;
mod group;
mod record;
mod rules;
mod snapshot;
mod words;

pub use file::{FileError, GroupFile, RuleFile, RuleText};
pub use rules::{Rules, RulesConfig};
pub use snapshot::{AlertState, AlertView, GroupView, Health, RuleKind, RuleView};

use async_trait::async_trait;
use luneta_promql::{Answer, Labels, Params, Query, Sample};

/// A sample that a rule made.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleSample {
    /// The series, its name included.
    pub labels: Labels,
    /// Milliseconds since 1970.
    pub time_ms: i64,
    /// Its value; a stale marker where the series ends.
    pub value: Sample,
}

/// Why a rule could not be evaluated, or what it made not be kept.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct LakeError(pub String);

/// Where rules read and write.
#[async_trait]
pub trait Lake: Send + Sync + 'static {
    /// Computes a query.
    async fn query(&self, query: Query, params: Params) -> Result<Answer, LakeError>;

    /// Keeps samples; they are durable when it returns.
    async fn write(&self, samples: Vec<RuleSample>) -> Result<(), LakeError>;
}
