//! `rules` and `alerts`: what rules made of their queries.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use luneta_alert::{AlertView, GroupView, Health, RuleKind, RuleView};
use luneta_promql::{Labels, Matcher};
use serde_json::{Map, Value, json};

use super::parameters::selectors;
use super::reply::{Failure, plain};
use super::request::Asked;
use crate::ServeState;
use crate::parameters::Parameters;

/// What a Go program shows of a time that is none.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// Which rules are wanted.
#[derive(Debug, Default)]
struct Wanted {
    alerting: Option<bool>,
    rules: Vec<String>,
    groups: Vec<String>,
    files: Vec<String>,
    matchers: Vec<Vec<Matcher>>,
    without_alerts: bool,
    groups_max: Option<usize>,
    after: Option<String>,
}

impl Wanted {
    fn of(parameters: &Parameters) -> Result<Self, Failure> {
        let alerting = match parameters.first("type").map(str::to_lowercase).as_deref() {
            None => None,
            Some("alert") => Some(true),
            Some("record") => Some(false),
            Some(other) => return Err(Failure::parameter("type", format!("not supported value {other:?}"))),
        };
        let without_alerts = match parameters.first("exclude_alerts") {
            None => false,
            Some(text) => text.parse().map_err(|_| Failure::parameter("exclude_alerts", "must be true or false"))?,
        };
        let groups_max = match parameters.first("group_limit") {
            None => None,
            Some(text) => match text.parse() {
                Ok(number) if number > 0 => Some(number),
                _ => return Err(Failure::parameter("group_limit", "must be a positive number")),
            },
        };
        let after = parameters.first("group_next_token").map(str::to_owned);
        if after.is_some() && groups_max.is_none() {
            return Err(Failure::bad_data("group_limit needs to be present in order to paginate over the groups"));
        }
        let all = |name: &str| parameters.all(name).map(str::to_owned).collect();
        let (rules, groups, files) = (all("rule_name[]"), all("rule_group[]"), all("file[]"));
        Ok(Self { alerting, rules, groups, files, matchers: selectors(parameters)?, without_alerts, groups_max, after })
    }

    fn filters(&self) -> bool {
        self.alerting.is_some() || !self.rules.is_empty() || !self.matchers.is_empty()
    }

    fn has_group(&self, group: &GroupView) -> bool {
        let listed = |list: &[String], name: &String| list.is_empty() || list.contains(name);
        listed(&self.groups, &group.name) && listed(&self.files, &group.file)
    }

    fn has_rule(&self, rule: &RuleView) -> bool {
        let alerts = matches!(rule.kind, RuleKind::Alerting { .. });
        let labels = Labels::new(rule.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        self.alerting.is_none_or(|wanted| wanted == alerts)
            && (self.rules.is_empty() || self.rules.contains(&rule.name))
            && (self.matchers.is_empty() || self.matchers.iter().any(|all| all.iter().all(|matcher| matcher.accepts(&labels))))
    }
}

/// `rules`.
pub async fn rules(State(state): State<ServeState>, asked: Asked) -> Result<Response, Failure> {
    let wanted = Wanted::of(&asked.parameters)?;
    Ok(plain(&listed(state.rules(), &wanted)?))
}

fn token(group: &GroupView) -> String {
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(format!("{};{}", group.file, group.name).as_bytes()))
}

fn listed(groups: Vec<GroupView>, wanted: &Wanted) -> Result<Value, Failure> {
    let mut groups: Vec<GroupView> = groups.into_iter().filter(|group| wanted.has_group(group)).collect();
    if let Some(after) = &wanted.after {
        let place = groups.iter().position(|group| token(group) == *after);
        let place = place.ok_or_else(|| Failure::parameter("group_next_token", "there is no such group any more"))?;
        groups.drain(..=place);
    }
    let mut data = Map::new();
    if let Some(most) = wanted.groups_max.filter(|most| groups.len() > *most) {
        groups.truncate(most);
        let next = groups.last().map(token);
        data.insert("groupNextToken".to_owned(), json!(next));
    }
    let shown = groups.iter().filter_map(|group| {
        let rules: Vec<Value> = group.rules.iter().filter(|rule| wanted.has_rule(rule)).map(|r| written(r, wanted)).collect();
        (!rules.is_empty() || !wanted.filters()).then(|| {
            json!({
                "name": group.name,
                "file": group.file,
                "rules": rules,
                "interval": group.interval.as_secs_f64(),
                "limit": group.limit,
                "evaluationTime": seconds(group.evaluation_time),
                "lastEvaluation": moment(group.last_evaluation),
            })
        })
    });
    data.insert("groups".to_owned(), shown.collect());
    Ok(Value::Object(data))
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

fn moment(time: Option<SystemTime>) -> String {
    time.map_or_else(|| NEVER.to_owned(), |time| DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

fn from_ms(time: i64) -> String {
    let time = DateTime::<Utc>::from_timestamp_millis(time);
    time.map_or_else(|| NEVER.to_owned(), |time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

fn written(rule: &RuleView, wanted: &Wanted) -> Value {
    let mut out = json!({
        "name": rule.name,
        "query": rule.query,
        "health": rule.health.word(),
        "evaluationTime": seconds(rule.evaluation_time),
        "lastEvaluation": moment(rule.last_evaluation),
    });
    if rule.health == Health::Bad {
        out["lastError"] = json!(rule.last_error);
    }
    match &rule.kind {
        RuleKind::Recording => {
            out["type"] = json!("recording");
            if !rule.labels.is_empty() {
                out["labels"] = json!(rule.labels);
            }
        }
        RuleKind::Alerting { hold, keep_firing_for, annotations, alerts, state } => {
            out["type"] = json!("alerting");
            out["labels"] = json!(rule.labels);
            out["state"] = json!(state.word());
            out["duration"] = json!(seconds(*hold));
            out["keepFiringFor"] = json!(seconds(*keep_firing_for));
            out["annotations"] = json!(annotations);
            let shown = if wanted.without_alerts { Vec::new() } else { alerts.iter().map(alert).collect() };
            out["alerts"] = Value::Array(shown);
        }
    }
    out
}

fn alert(alert: &AlertView) -> Value {
    let labels: BTreeMap<&str, &str> = alert.labels.iter().collect();
    let mut out = json!({
        "labels": labels,
        "annotations": alert.annotations,
        "state": alert.state.word(),
        "activeAt": from_ms(alert.active_at_ms),
        "value": exponential(alert.value),
    });
    if let Some(since) = alert.keep_firing_since_ms {
        out["keepFiringSince"] = json!(from_ms(since));
    }
    out
}

/// A number with an exponent of two digits or more, as Go writes it.
fn exponential(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// `alerts`.
pub async fn alerts(State(state): State<ServeState>) -> Response {
    let alerts = state.rules().into_iter().flat_map(|group| group.rules).flat_map(|rule| match rule.kind {
        RuleKind::Alerting { alerts, .. } => alerts,
        RuleKind::Recording => Vec::new(),
    });
    plain(&json!({"alerts": alerts.map(|of| alert(&of)).collect::<Vec<_>>()}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_exponents() {
        for (value, expected) in
            [(1.0, "1e+00"), (0.0, "0e+00"), (-12.5, "-1.25e+01"), (1e-7, "1e-07"), (2e123, "2e+123"), (f64::NAN, "NaN")]
        {
            assert_eq!(exponential(value), expected);
        }
    }
}
