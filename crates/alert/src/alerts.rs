//! Alerting rules: which alerts are pending and which fire.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use luneta_promql::{Labels, METRIC_NAME, Sample, VectorSample};

use crate::RuleSample;
use crate::record::with_labels;
use crate::snapshot::{AlertState, AlertView};
use crate::words::Answers;

/// Name of the series that say where alerts stand.
pub const ALERTS: &str = "ALERTS";
/// Name of the series that say since when alerts are active, from which a restart goes on.
pub const ALERTS_FOR_STATE: &str = "ALERTS_FOR_STATE";
/// Label with an alert's name.
pub const ALERT_NAME: &str = "alertname";
const ALERT_STATE: &str = "alertstate";

/// An alert that was restored to pending fires this much later at the earliest.
const GRACE_MS: i64 = 10 * 60_000;

/// What an alerting rule is.
#[derive(Debug, Clone)]
pub struct AlertRule {
    /// Its name.
    pub name: String,
    /// How long before an alert fires.
    pub hold: Duration,
    /// How long an alert fires on.
    pub keep_firing_for: Duration,
    /// Templates of labels.
    pub labels: BTreeMap<String, String>,
    /// Templates of what is said.
    pub annotations: BTreeMap<String, String>,
    /// Most alerts; 0 is no bound.
    pub limit: usize,
}

/// One alert of a rule.
#[derive(Debug, Clone)]
pub struct Alert {
    annotations: BTreeMap<String, String>,
    firing: bool,
    active_at_ms: i64,
    keep_firing_since_ms: Option<i64>,
    value: f64,
}

/// The alerts of a rule that are pending or fire.
#[derive(Debug, Clone, Default)]
pub struct Alerts(HashMap<Labels, Alert>);

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// What the alerts of samples are called, and what is said of them.
pub async fn described(rule: &AlertRule, vector: &[VectorSample], answers: &mut Answers<'_>) -> Vec<(Labels, Alert)> {
    let mut out = Vec::with_capacity(vector.len());
    for sample in vector {
        out.push(described_one(rule, sample, answers).await);
    }
    out
}

async fn described_one(rule: &AlertRule, sample: &VectorSample, answers: &mut Answers<'_>) -> (Labels, Alert) {
    let value = match &sample.sample {
        Sample::Float(value) => *value,
        Sample::Histogram(histogram) => histogram.count,
    };
    let of = sample.labels.without_name();
    let mut said = [BTreeMap::new(), BTreeMap::new()];
    for (said, texts) in said.iter_mut().zip([&rule.labels, &rule.annotations]) {
        for (name, text) in texts {
            said.insert(name.clone(), answers.expand(text, &of, value).await);
        }
    }
    let [set, annotations] = said;
    let set = set.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let labels = with_labels(&of, set.chain([(ALERT_NAME, rule.name.as_str())]));
    (labels, Alert { annotations, firing: false, active_at_ms: 0, keep_firing_since_ms: None, value })
}

impl Alerts {
    /// Takes the alerts of what the rule's query gave at a time.
    pub fn advance(&mut self, rule: &AlertRule, time_ms: i64, described: Vec<(Labels, Alert)>) -> Result<(), String> {
        let mut found: HashMap<Labels, Alert> = HashMap::with_capacity(described.len());
        for (labels, mut alert) in described {
            alert.active_at_ms = time_ms;
            if found.insert(labels, alert).is_some() {
                return Err("vector contains metrics with the same labelset after applying alert labels".to_owned());
            }
        }
        if rule.limit > 0 && found.len() > rule.limit {
            return Err(format!("exceeded limit of {} with {} alerts", rule.limit, found.len()));
        }
        let keep = milliseconds(rule.keep_firing_for);
        self.0.retain(|labels, alert| {
            if found.contains_key(labels) {
                return true;
            }
            let since = *alert.keep_firing_since_ms.get_or_insert(time_ms);
            alert.firing && keep > 0 && time_ms - since < keep
        });
        for (labels, next) in found {
            let alert = self.0.entry(labels).or_insert_with(|| next.clone());
            (alert.value, alert.annotations) = (next.value, next.annotations);
            alert.keep_firing_since_ms = None;
            alert.firing |= time_ms - alert.active_at_ms >= milliseconds(rule.hold);
        }
        Ok(())
    }

    /// Goes on from before a restart: `before` are the times since when alerts were active, and of the last
    /// sample that says so, by their labels without a name.
    pub fn restore(&mut self, rule: &AlertRule, time_ms: i64, before: &HashMap<Labels, (i64, i64)>) {
        let hold = milliseconds(rule.hold);
        for (labels, alert) in &mut self.0 {
            let Some((since, seen)) = before.get(labels).copied().filter(|(since, _)| *since <= time_ms) else { continue };
            let remaining = hold - (seen - since);
            alert.active_at_ms = if remaining <= 0 {
                since
            } else if remaining < GRACE_MS {
                time_ms + GRACE_MS - hold
            } else {
                // The time that nobody looked does not count.
                since + (time_ms - seen)
            };
            alert.firing = time_ms - alert.active_at_ms >= hold;
        }
    }

    /// The series of the alerts.
    pub fn samples(&self, time_ms: i64) -> Vec<RuleSample> {
        let of = |labels: &Labels, name: &str, value: f64, state: &str| RuleSample {
            labels: with_labels(labels, [(METRIC_NAME, name), (ALERT_STATE, state)]),
            time_ms,
            value: Sample::Float(value),
        };
        self.0
            .iter()
            .flat_map(|(labels, alert)| {
                let seconds = alert.active_at_ms.div_euclid(1000) as f64;
                [of(labels, ALERTS, 1.0, alert.state().word()), of(labels, ALERTS_FOR_STATE, seconds, "")]
            })
            .collect()
    }

    /// What is told of them, the oldest first.
    pub fn view(&self) -> Vec<AlertView> {
        let mut out: Vec<AlertView> = self
            .0
            .iter()
            .map(|(labels, alert)| AlertView {
                labels: labels.clone(),
                annotations: alert.annotations.clone(),
                state: alert.state(),
                active_at_ms: alert.active_at_ms,
                keep_firing_since_ms: alert.keep_firing_since_ms,
                value: alert.value,
            })
            .collect();
        out.sort_by(|a, b| (a.active_at_ms, &a.labels).cmp(&(b.active_at_ms, &b.labels)));
        out
    }
}

impl Alert {
    fn state(&self) -> AlertState {
        if self.firing { AlertState::Firing } else { AlertState::Pending }
    }
}

#[cfg(test)]
mod tests {
    use luneta_promql::{Answer, Params, Query};

    use super::*;
    use crate::LakeError;

    const MINUTE: i64 = 60_000;

    fn rule(hold: i64, keep: i64) -> AlertRule {
        let text = |name: &str, text: &str| BTreeMap::from([(name.to_owned(), text.to_owned())]);
        AlertRule {
            name: "Slow".to_owned(),
            hold: Duration::from_millis((hold * MINUTE) as u64),
            keep_firing_for: Duration::from_millis((keep * MINUTE) as u64),
            labels: text("severity", "page-{{ $labels.team }}"),
            annotations: text("summary", "{{ $labels.job }} takes {{ $value }}"),
            limit: 2,
        }
    }

    struct NoLake;

    #[async_trait::async_trait]
    impl crate::Lake for NoLake {
        async fn query(&self, _: Query, _: Params) -> Result<Answer, LakeError> {
            Err(LakeError("there is none".to_owned()))
        }

        async fn write(&self, _: Vec<RuleSample>) -> Result<(), LakeError> {
            Ok(())
        }
    }

    /// The alerts of jobs.
    async fn alerts_of(rule: &AlertRule, jobs: &[(&str, f64)]) -> Vec<(Labels, Alert)> {
        described(rule, &vector(jobs), &mut Answers::new(&NoLake, 0, 10)).await
    }

    fn vector(jobs: &[(&str, f64)]) -> Vec<VectorSample> {
        let sample = |(job, value): &(&str, f64)| VectorSample {
            labels: Labels::new([("__name__", "latency"), ("job", *job), ("team", "a")]),
            time_ms: 0,
            sample: Sample::Float(*value),
        };
        jobs.iter().map(sample).collect()
    }

    /// What the query gives at a minute, and which alerts stand where after it.
    type Step<'a> = (&'a [(&'a str, f64)], &'a [&'a str]);

    async fn check(what: &str, rule: &AlertRule, steps: &[Step<'_>]) {
        let mut alerts = Alerts::default();
        for (minute, (jobs, expected)) in (0..).zip(steps) {
            alerts.advance(rule, minute * MINUTE, alerts_of(rule, jobs).await).unwrap();
            let shown = |a: &AlertView| format!("{} {} {}", a.labels.get("job"), a.state.word(), a.active_at_ms / MINUTE);
            let found: Vec<String> = alerts.view().iter().map(shown).collect();
            assert_eq!(found, *expected, "{what}, minute {minute}");
        }
    }

    #[tokio::test]
    async fn alerts_wait_fire_and_go() {
        let a: &[(&str, f64)] = &[("a", 1.0)];
        let both: &[(&str, f64)] = &[("a", 1.0), ("b", 2.0)];
        check(
            "at once",
            &rule(0, 0),
            &[(a, &["a firing 0"]), (both, &["a firing 0", "b firing 1"]), (&[], &[]), (a, &["a firing 3"])],
        )
        .await;
        check(
            "after two minutes",
            &rule(2, 0),
            &[(a, &["a pending 0"]), (both, &["a pending 0", "b pending 1"]), (a, &["a firing 0"]), (&[], &[])],
        )
        .await;
        check("anew after a gap", &rule(2, 0), &[(a, &["a pending 0"]), (&[], &[]), (a, &["a pending 2"])]).await;
        check(
            "fires on",
            &rule(1, 2),
            &[
                (a, &["a pending 0"]),
                (&[], &[]),
                (a, &["a pending 2"]),
                (a, &["a firing 2"]),
                (&[], &["a firing 2"]),
                (&[], &["a firing 2"]),
                (&[], &[]),
            ],
        )
        .await;
    }

    #[tokio::test]
    async fn alerts_say_what_they_are() {
        let mut alerts = Alerts::default();
        alerts.advance(&rule(5, 0), 90_000, alerts_of(&rule(5, 0), &[("a", 1.5)]).await).unwrap();
        let view = alerts.view();
        assert_eq!(view[0].labels.to_string(), r#"{alertname="Slow", job="a", severity="page-a", team="a"}"#);
        assert_eq!(view[0].annotations["summary"], "a takes 1.5");
        let mut samples: Vec<String> = alerts
            .samples(90_000)
            .into_iter()
            .map(|s| match s.value {
                Sample::Float(value) => format!("{} {value}", s.labels),
                Sample::Histogram(_) => s.labels.to_string(),
            })
            .collect();
        samples.sort();
        let expected = [
            r#"ALERTS_FOR_STATE{alertname="Slow", job="a", severity="page-a", team="a"} 90"#,
            r#"ALERTS{alertname="Slow", alertstate="pending", job="a", severity="page-a", team="a"} 1"#,
        ];
        assert_eq!(samples, expected);
        let three = alerts_of(&rule(5, 0), &[("a", 1.0), ("b", 1.0), ("c", 1.0)]).await;
        assert!(alerts.advance(&rule(5, 0), 0, three).unwrap_err().contains("exceeded limit of 2 with 3 alerts"));
        let twice = alerts_of(&rule(5, 0), &[("a", 1.0), ("a", 2.0)]).await;
        assert!(alerts.advance(&rule(5, 0), 0, twice).unwrap_err().contains("same labelset"));
    }

    #[tokio::test]
    async fn a_restart_goes_on() {
        let now = 1000 * MINUTE;
        // hold, active since, last seen, active at after it, fires
        let cases =
            [(20, 900, 998, 900, true), (20, 995, 998, 997, false), (12, 990, 998, 998, false), (20, 1001, 1002, 1000, false)];
        for (hold, since, seen, expected, firing) in cases {
            let mut alerts = Alerts::default();
            let rule = rule(hold, 0);
            alerts.advance(&rule, now, alerts_of(&rule, &[("a", 1.0)]).await).unwrap();
            let labels = alerts.view()[0].labels.clone();
            alerts.restore(&rule, now, &HashMap::from([(labels, (since * MINUTE, seen * MINUTE))]));
            let view = alerts.view();
            assert_eq!(
                (view[0].active_at_ms / MINUTE, view[0].state == AlertState::Firing),
                (expected, firing),
                "{hold} {since} {seen}"
            );
        }
    }
}
