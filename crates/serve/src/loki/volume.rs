//! How much there is: `index/stats`, `index/volume`, `index/volume_range`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use axum::Json;
use axum::extract::State;
use luneta_promql::{Labels, Matcher};
use luneta_query::logql::{Intervals, StreamVolume, Volumes};
use serde_json::{Value, json};

use super::parameters::{HOUR_NS, bounds, limit, matchers, step};
use super::reply::Failure;
use super::request::Asked;
use crate::ServeState;
use crate::parameters::Parameters;

/// `index/stats`: streams, chunks, entries and bytes.
pub async fn stats(State(state): State<ServeState>, asked: Asked) -> Result<Json<Value>, Failure> {
    let times = bounds(&asked.parameters, HOUR_NS)?;
    let (_, volumes) = volumes(&state, &asked, whole(&times)).await?;
    let streams: BTreeSet<&Labels> = volumes.streams.iter().map(|volume| &volume.labels).collect();
    let entries: u64 = volumes.streams.iter().map(|volume| volume.entries).sum();
    let bytes: u64 = volumes.streams.iter().map(|volume| volume.bytes).sum();
    Ok(Json(json!({"streams": streams.len(), "chunks": volumes.chunks, "entries": entries, "bytes": bytes})))
}

/// `index/volume`: bytes by labels over all of the time.
pub async fn instant(State(state): State<ServeState>, asked: Asked) -> Result<Json<Value>, Failure> {
    let times = bounds(&asked.parameters, HOUR_NS)?;
    let (matchers, volumes) = volumes(&state, &asked, whole(&times)).await?;
    let grouping = Grouping::of(&asked.parameters, &matchers)?;
    let most = largest(&grouping, &volumes.streams, limit(&asked.parameters)?);
    let sample = |(labels, bytes): &(Labels, BTreeMap<usize, u64>)| json!({"metric": grouping.metric(labels), "value": point(times.end, bytes.values().sum())});
    Ok(written("vector", &most.iter().map(sample).collect::<Vec<_>>()))
}

/// `index/volume_range`: the same at every step.
pub async fn range(State(state): State<ServeState>, asked: Asked) -> Result<Json<Value>, Failure> {
    let times = bounds(&asked.parameters, HOUR_NS)?;
    let step = step(&asked.parameters, &times)?;
    let count = usize::try_from(times.end.saturating_sub(times.start) / step + 1).unwrap_or(usize::MAX);
    let points_max = state.engine().config().logql.points_max;
    if count > points_max {
        return Err(luneta_logql::LogqlError::TooManyPoints { limit: points_max }.into());
    }
    let intervals = Intervals { start_ns: times.start, width_ns: step, count };
    let (matchers, volumes) = volumes(&state, &asked, intervals).await?;
    let grouping = Grouping::of(&asked.parameters, &matchers)?;
    let most = largest(&grouping, &volumes.streams, limit(&asked.parameters)?);
    let series = |(labels, bytes): &(Labels, BTreeMap<usize, u64>)| {
        let points = bytes.iter().map(|(interval, bytes)| point(times.start + step * *interval as i64, *bytes));
        json!({"metric": grouping.metric(labels), "values": points.collect::<Vec<_>>()})
    };
    Ok(written("matrix", &most.iter().map(series).collect::<Vec<_>>()))
}

fn whole(times: &Range<i64>) -> Intervals {
    Intervals { start_ns: times.start, width_ns: times.end.saturating_sub(times.start).max(1), count: 1 }
}

async fn volumes(state: &ServeState, asked: &Asked, intervals: Intervals) -> Result<(Vec<Matcher>, Volumes), Failure> {
    let config = state.engine().config();
    let matchers = matchers(asked.parameters.first("query"), &config.logql_text)?;
    let volumes = state.engine().log_volumes(&asked.tenant, &matchers, intervals, config.timeout).await?;
    volumes.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    Ok((matchers, volumes))
}

/// What bytes are summed by.
enum Grouping {
    /// Streams that are alike in these labels; in all of them where there are none.
    Series(Vec<String>),
    /// Each of these labels by itself, or every one.
    Labels(Vec<String>),
}

impl Grouping {
    fn of(parameters: &Parameters, matchers: &[Matcher]) -> Result<Self, Failure> {
        let targets = parameters.first("targetLabels").unwrap_or_default().split(',').map(str::trim);
        let mut names: Vec<String> = targets.filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect();
        match parameters.first("aggregateBy") {
            Some("labels") => Ok(Self::Labels(names)),
            None | Some("series") => {
                if names.is_empty() {
                    names = matchers.iter().map(|matcher| matcher.name.clone()).collect();
                }
                Ok(Self::Series(names))
            }
            Some(other) => Err(Failure::invalid(format!("invalid aggregation option {other:?}: use series or labels"))),
        }
    }

    /// The labels of a group; one that stands for its name alone has no value.
    fn metric(&self, labels: &Labels) -> BTreeMap<String, String> {
        let value = |value: &str| if matches!(self, Self::Labels(_)) { String::new() } else { value.to_owned() };
        labels.iter().map(|(name, of)| (name.to_owned(), value(of))).collect()
    }

    fn groups(&self, labels: &Labels) -> Vec<Labels> {
        let wanted = |names: &[String], name: &str| names.is_empty() || names.iter().any(|known| known == name);
        match self {
            Self::Series(names) => {
                vec![Labels::new(labels.iter().filter(|(name, _)| wanted(names, name)))]
            }
            // The name stands where its value would.
            Self::Labels(names) => {
                let told = labels.iter().filter(|(name, _)| wanted(names, name));
                told.map(|(name, _)| Labels::new([(name, name)])).collect()
            }
        }
    }
}

/// The groups with the most bytes, by interval.
fn largest(grouping: &Grouping, streams: &[StreamVolume], limit: usize) -> Vec<(Labels, BTreeMap<usize, u64>)> {
    let mut sums: BTreeMap<Labels, BTreeMap<usize, u64>> = BTreeMap::new();
    for volume in streams {
        for labels in grouping.groups(&volume.labels).into_iter().filter(|labels| !labels.is_empty()) {
            *sums.entry(labels).or_default().entry(volume.interval).or_default() += volume.bytes;
        }
    }
    let mut groups: Vec<_> = sums.into_iter().collect();
    groups.sort_by_key(|(_, bytes)| std::cmp::Reverse(bytes.values().sum::<u64>()));
    groups.truncate(limit);
    groups
}

/// A time in seconds, and a number as text.
fn point(time_ns: i64, bytes: u64) -> Value {
    json!([time_ns.div_euclid(1_000_000) as f64 / 1000.0, bytes.to_string()])
}

fn written(kind: &str, result: &[Value]) -> Json<Value> {
    Json(json!({"status": "success", "data": {"resultType": kind, "result": result, "stats": {}}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_grouped() {
        let volume = |app: &str, pod: &str, interval, bytes| StreamVolume {
            labels: Labels::new([("app", app), ("pod", pod)]),
            interval,
            entries: 1,
            bytes,
        };
        let streams = [volume("a", "1", 0, 5), volume("a", "2", 1, 7), volume("b", "3", 0, 20)];
        let shown = |query: &str, limit| {
            let matchers = [Matcher::new("app", luneta_promql::MatchOp::NotEqual, "x").expect("a matcher")];
            let grouping = Grouping::of(&Parameters::of(query), &matchers).expect("a grouping");
            let groups = largest(&grouping, &streams, limit).into_iter();
            groups.map(|(labels, bytes)| format!("{labels} {bytes:?}")).collect::<Vec<_>>()
        };
        assert_eq!(shown("", 9), [r#"{app="b"} {0: 20}"#, r#"{app="a"} {0: 5, 1: 7}"#]);
        assert_eq!(shown("targetLabels=pod", 1), [r#"{pod="3"} {0: 20}"#]);
        assert_eq!(shown("aggregateBy=labels", 9), [r#"{app="app"} {0: 25, 1: 7}"#, r#"{pod="pod"} {0: 25, 1: 7}"#]);
        assert!(Grouping::of(&Parameters::of("aggregateBy=x"), &[]).is_err());
    }
}
