//! One group: its rules evaluated, one after the other.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use luneta_promql::{Answer, Labels, Params, ParseOptions, Query, STALE_NAN, Sample, Value};

use crate::alerts::{ALERT_NAME, ALERTS_FOR_STATE, AlertRule, Alerts, described};
use crate::file::{GroupFile, RuleText};
use crate::record::{record, vector};
use crate::snapshot::{AlertState, GroupView, Health, RuleKind, RuleView};
use crate::words::Answers;
use crate::{Lake, RuleSample, RulesConfig};

/// How long an alert's past is looked for after a restart.
const OUTAGE_MS: i64 = 3_600_000;

/// A group that runs.
#[derive(Debug)]
pub struct Group {
    file: String,
    definition: GroupFile,
    interval: Duration,
    offset_ms: i64,
    template_queries_max: usize,
    rules: Vec<Rule>,
    told: Arc<Mutex<GroupView>>,
}

/// What a group says of all its rules.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// How long before the time of evaluation queries look.
    offset_ms: i64,
    /// Most series or alerts; 0 is no bound.
    limit: usize,
    template_queries_max: usize,
}

#[derive(Debug)]
struct Rule {
    query: Query,
    kind: Kind,
    labels: BTreeMap<String, String>,
    /// The series that the evaluation before gave.
    before: HashSet<Labels>,
    restored: bool,
}

#[derive(Debug)]
enum Kind {
    Recording(String),
    Alerting(AlertRule, Alerts),
}

impl Rule {
    fn new(text: &RuleText, group: &GroupFile) -> Result<Self, String> {
        let mut labels = group.labels.clone();
        labels.extend(text.labels.clone());
        let kind = match (&text.record, &text.alert) {
            (Some(name), _) => Kind::Recording(name.clone()),
            (None, name) => {
                let rule = AlertRule {
                    name: name.clone().unwrap_or_default(),
                    hold: text.hold.unwrap_or_default(),
                    keep_firing_for: text.keep_firing_for.unwrap_or_default(),
                    labels: labels.clone(),
                    annotations: text.annotations.clone(),
                    limit: group.limit,
                };
                Kind::Alerting(rule, Alerts::default())
            }
        };
        Ok(Self { query: text.query()?, kind, labels, before: HashSet::new(), restored: false })
    }

    fn view(&self) -> RuleView {
        let (name, kind) = match &self.kind {
            Kind::Recording(name) => (name, RuleKind::Recording),
            Kind::Alerting(rule, alerts) => {
                let alerts = alerts.view();
                let state = alerts.iter().map(|alert| alert.state).max().unwrap_or(AlertState::Inactive);
                let AlertRule { hold, keep_firing_for, annotations, .. } = rule.clone();
                (&rule.name, RuleKind::Alerting { hold, keep_firing_for, annotations, alerts, state })
            }
        };
        RuleView {
            name: name.clone(),
            query: self.query.expr().to_string(),
            labels: self.labels.clone(),
            health: Health::Unknown,
            last_error: String::new(),
            last_evaluation: None,
            evaluation_time: Duration::ZERO,
            kind,
        }
    }

    /// Evaluates the rule. What it made, and where its series end.
    async fn run(&mut self, lake: &dyn Lake, time_ms: i64, bounds: Bounds) -> Result<Vec<RuleSample>, String> {
        let params = Params::instant(time_ms.saturating_sub(bounds.offset_ms));
        let answer = lake.query(self.query.clone(), params).await.map_err(|e| e.to_string())?;
        let vector = vector(answer)?;
        let mut samples = match &mut self.kind {
            Kind::Recording(name) => record(name, &self.labels, bounds.limit, time_ms, vector)?,
            Kind::Alerting(rule, alerts) => {
                let mut answers = Answers::new(lake, time_ms, bounds.template_queries_max);
                alerts.advance(rule, time_ms, described(rule, &vector, &mut answers).await)?;
                if !self.restored {
                    if !rule.hold.is_zero() && !vector.is_empty() {
                        let before = past(lake, rule, time_ms).await?;
                        alerts.restore(rule, time_ms, &before);
                    }
                    self.restored = true;
                }
                alerts.samples(time_ms)
            }
        };
        let now: HashSet<Labels> = samples.iter().map(|sample| sample.labels.clone()).collect();
        samples.extend(self.before.difference(&now).map(|labels| ended(labels, time_ms)));
        self.before = now;
        Ok(samples)
    }
}

fn ended(labels: &Labels, time_ms: i64) -> RuleSample {
    RuleSample { labels: labels.clone(), time_ms, value: Sample::Float(STALE_NAN) }
}

/// Since when alerts of a rule were active before the restart, and when that was last said.
async fn past(lake: &dyn Lake, rule: &AlertRule, time_ms: i64) -> Result<HashMap<Labels, (i64, i64)>, String> {
    let selector = format!("{ALERTS_FOR_STATE}{{{ALERT_NAME}={}}}", quoted(&rule.name));
    let params = Params { lookback_ms: OUTAGE_MS, ..Params::instant(time_ms) };
    let mut found: [HashMap<Labels, i64>; 2] = Default::default();
    for (of, text) in found.iter_mut().zip([selector.clone(), format!("timestamp({selector})")]) {
        let query = Query::parse(&text, &ParseOptions::default()).map_err(|e| e.to_string())?;
        let answer = lake.query(query, params.clone()).await.map_err(|e| e.to_string())?;
        of.extend(seconds(answer));
    }
    let [since, mut seen] = found;
    Ok(since.into_iter().filter_map(|(labels, since)| Some((labels.clone(), (since, seen.remove(&labels)?)))).collect())
}

/// The values of an answer, which are seconds, as milliseconds.
fn seconds(answer: Answer) -> Vec<(Labels, i64)> {
    let Value::Vector(samples) = answer.value else { return Vec::new() };
    let of = |sample: &Sample| if let Sample::Float(value) = sample { Some((value * 1000.0) as i64) } else { None };
    samples.iter().filter_map(|sample| Some((sample.labels.without_name(), of(&sample.sample)?))).collect()
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

impl Group {
    /// A group of a file that was found sound.
    pub fn new(file: &str, definition: GroupFile, config: &RulesConfig) -> Result<Self, String> {
        let rules = definition.rules.iter().map(|rule| Rule::new(rule, &definition)).collect::<Result<Vec<_>, _>>()?;
        let interval = definition.interval.unwrap_or(config.interval);
        let offset = definition.query_offset.unwrap_or(config.query_offset);
        let view = GroupView {
            name: definition.name.clone(),
            file: file.to_owned(),
            interval,
            limit: definition.limit,
            rules: rules.iter().map(Rule::view).collect(),
            last_evaluation: None,
            evaluation_time: Duration::ZERO,
        };
        let offset_ms = i64::try_from(offset.as_millis()).unwrap_or(i64::MAX);
        let template_queries_max = config.template_queries_max;
        let told = Arc::new(Mutex::new(view));
        Ok(Self { file: file.to_owned(), definition, interval, offset_ms, template_queries_max, rules, told })
    }

    /// Time from one evaluation to the next.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// Its file and its name.
    pub fn name(&self) -> (&str, &str) {
        (&self.file, &self.definition.name)
    }

    /// What is told of it, kept current.
    pub fn told(&self) -> Arc<Mutex<GroupView>> {
        Arc::clone(&self.told)
    }

    /// Evaluates all rules for a time.
    pub async fn run(&mut self, lake: &dyn Lake, time_ms: i64) {
        let (started, at) = (Instant::now(), SystemTime::now());
        let Self { offset_ms, template_queries_max, .. } = *self;
        let bounds = Bounds { offset_ms, limit: self.definition.limit, template_queries_max };
        for (place, rule) in self.rules.iter_mut().enumerate() {
            let (began, when) = (Instant::now(), SystemTime::now());
            let done = match rule.run(lake, time_ms, bounds).await {
                Ok(samples) if samples.is_empty() => Ok(()),
                Ok(samples) => lake.write(samples).await.map_err(|e| e.to_string()),
                Err(fault) => Err(fault),
            };
            let mut view = rule.view();
            if let Err(fault) = done {
                tracing::warn!(group = self.definition.name, rule = view.name, fault, "a rule failed");
                view.last_error = fault;
            }
            view.health = if view.last_error.is_empty() { Health::Good } else { Health::Bad };
            (view.last_evaluation, view.evaluation_time) = (Some(when), began.elapsed());
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(of) = told.rules.get_mut(place) {
                *of = view;
            }
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        (told.last_evaluation, told.evaluation_time) = (Some(at), started.elapsed());
    }

    /// Says that the series of all rules end, as when the group is there no longer.
    pub async fn end(self, lake: &dyn Lake, time_ms: i64) {
        let samples: Vec<RuleSample> = self.rules.iter().flat_map(|rule| &rule.before).map(|l| ended(l, time_ms)).collect();
        if !samples.is_empty()
            && let Err(error) = lake.write(samples).await
        {
            tracing::warn!(%error, group = self.definition.name, "the end of a group's series could not be written");
        }
    }
}

#[cfg(test)]
mod tests;
