//! What is told of rules.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use luneta_promql::Labels;

/// A group.
#[derive(Debug, Clone)]
pub struct GroupView {
    /// Its name.
    pub name: String,
    /// The file it is in.
    pub file: String,
    /// Time from one evaluation to the next.
    pub interval: Duration,
    /// Most series or alerts of a rule; 0 is no bound.
    pub limit: usize,
    /// Its rules, in their order.
    pub rules: Vec<RuleView>,
    /// When it was last evaluated.
    pub last_evaluation: Option<SystemTime>,
    /// How long that took.
    pub evaluation_time: Duration,
}

/// A rule.
#[derive(Debug, Clone)]
pub struct RuleView {
    /// Name of the record or alert.
    pub name: String,
    /// The query, as Prometheus would write it.
    pub query: String,
    /// Labels that are added.
    pub labels: BTreeMap<String, String>,
    /// How it went.
    pub health: Health,
    /// What was wrong, or nothing.
    pub last_error: String,
    /// When it was last evaluated.
    pub last_evaluation: Option<SystemTime>,
    /// How long that took.
    pub evaluation_time: Duration,
    /// What only one kind of rule has.
    pub kind: RuleKind,
}

/// Kinds of rules.
#[derive(Debug, Clone)]
pub enum RuleKind {
    /// It records a series.
    Recording,
    /// It raises alerts.
    Alerting {
        /// How long before an alert fires.
        hold: Duration,
        /// How long an alert fires on.
        keep_firing_for: Duration,
        /// What is said of alerts; templates.
        annotations: BTreeMap<String, String>,
        /// The alerts that are pending or fire.
        alerts: Vec<AlertView>,
        /// The worst of their states.
        state: AlertState,
    },
}

/// How an evaluation went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Health {
    /// There was none yet.
    #[default]
    Unknown,
    /// Well.
    Good,
    /// There was a fault.
    Bad,
}

impl Health {
    /// Prometheus's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Good => "ok",
            Self::Bad => "err",
        }
    }
}

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum AlertState {
    /// Its series is gone.
    #[default]
    Inactive,
    /// Its series is there, not long enough.
    Pending,
    /// It fires.
    Firing,
}

impl AlertState {
    /// Prometheus's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
        }
    }
}

/// An alert.
#[derive(Debug, Clone)]
pub struct AlertView {
    /// Its labels, its name among them.
    pub labels: Labels,
    /// What is said of it.
    pub annotations: BTreeMap<String, String>,
    /// Where it stands.
    pub state: AlertState,
    /// Since when, milliseconds since 1970.
    pub active_at_ms: i64,
    /// Since when it fires without its series.
    pub keep_firing_since_ms: Option<i64>,
    /// What the query gave last.
    pub value: f64,
}
