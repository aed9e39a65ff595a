//! Groups over series in memory, computed by the evaluator of queries itself.

use async_trait::async_trait;
use luneta_promql::{Limits, Series};

use super::*;
use crate::{LakeError, RuleFile};

/// Series that can be queried and written.
#[derive(Default)]
struct Memory(Mutex<Vec<RuleSample>>);

impl Memory {
    fn put(&self, name: &str, job: &str, time_ms: i64, value: f64) {
        let labels = Labels::new([("__name__", name), ("job", job)]);
        self.0.lock().unwrap().push(RuleSample { labels, time_ms, value: Sample::Float(value) });
    }

    fn series(&self) -> Vec<Series> {
        let mut out: BTreeMap<Labels, (Vec<i64>, Vec<f64>)> = BTreeMap::new();
        for RuleSample { labels, time_ms, value } in self.0.lock().unwrap().iter() {
            if let Sample::Float(value) = value {
                let (times, values) = out.entry(labels.clone()).or_default();
                times.push(*time_ms);
                values.push(*value);
            }
        }
        out.into_iter().map(|(labels, (times, values))| Series::floats(labels, times, values)).collect()
    }

    /// Samples of a time, but those given from outside.
    fn at(&self, time_ms: i64) -> Vec<String> {
        let samples = self.0.lock().unwrap();
        let made = samples.iter().filter(|s| s.time_ms == time_ms && s.labels.metric_name() != "latency");
        let mut out: Vec<String> = made
            .map(|s| match &s.value {
                Sample::Float(value) if value.to_bits() == STALE_NAN.to_bits() => format!("{} ends", s.labels),
                Sample::Float(value) => format!("{} {value}", s.labels),
                Sample::Histogram(_) => s.labels.to_string(),
            })
            .collect();
        out.sort();
        out
    }
}

#[async_trait]
impl Lake for Memory {
    async fn query(&self, query: Query, params: Params) -> Result<Answer, LakeError> {
        let all = self.series();
        let fault = |e: luneta_promql::PromqlError| LakeError(e.to_string());
        let data: Vec<Vec<Series>> = query
            .selections(&params)
            .map_err(fault)?
            .iter()
            .map(|s| all.iter().filter(|series| s.matchers.iter().all(|m| m.accepts(&series.labels))).cloned().collect())
            .collect();
        query.evaluate(&data, &params, &Limits::default(), &mut || None).map_err(fault)
    }

    async fn write(&self, samples: Vec<RuleSample>) -> Result<(), LakeError> {
        self.0.lock().unwrap().extend(samples);
        Ok(())
    }
}

const FILE: &str = "
groups:
- name: g
  interval: 1m
  labels: {from: rules}
  rules:
  - {record: 'job:latency:max', expr: max by (job) (latency)}
  - {record: 'twice', expr: '2 * job:latency:max', labels: {from: ''}}
  - {alert: Slow, expr: 'twice > 10', for: 2m, annotations: {summary: '{{ $labels.job }}: {{ $value }}'}}
  - {record: broken, expr: 'label_replace(latency, \"job\", \"same\", \"\", \"\")'}
";

fn group() -> Group {
    let file = RuleFile::parse(FILE).unwrap();
    Group::new("rules.yml", file.groups[0].clone(), &RulesConfig::default()).unwrap()
}

#[tokio::test]
async fn rules_follow_each_other_and_series_end() {
    let (lake, mut group) = (Memory::default(), group());
    let minute = |n: i64| n * 60_000;
    for n in 0..4 {
        lake.put("latency", "a", minute(n), 7.0);
        if n < 2 {
            lake.put("latency", "b", minute(n), 1.0);
        } else if n == 2 {
            lake.put("latency", "b", minute(n), STALE_NAN);
        }
        group.run(&lake, minute(n)).await;
    }
    let told = group.told();
    let told = told.lock().unwrap().clone();
    assert_eq!(
        lake.at(minute(1)),
        [
            r#"ALERTS_FOR_STATE{alertname="Slow", from="rules", job="a"} 0"#,
            r#"ALERTS{alertname="Slow", alertstate="pending", from="rules", job="a"} 1"#,
            r#"job:latency:max{from="rules", job="a"} 7"#,
            r#"job:latency:max{from="rules", job="b"} 1"#,
            r#"twice{job="a"} 14"#,
            r#"twice{job="b"} 2"#,
        ]
    );
    assert_eq!(
        lake.at(minute(2)),
        [
            r#"ALERTS_FOR_STATE{alertname="Slow", from="rules", job="a"} 0"#,
            r#"ALERTS{alertname="Slow", alertstate="firing", from="rules", job="a"} 1"#,
            r#"ALERTS{alertname="Slow", alertstate="pending", from="rules", job="a"} ends"#,
            r#"broken{from="rules", job="same"} 7"#,
            r#"job:latency:max{from="rules", job="a"} 7"#,
            r#"job:latency:max{from="rules", job="b"} ends"#,
            r#"twice{job="a"} 14"#,
            r#"twice{job="b"} ends"#,
        ]
    );
    let health: Vec<&str> = told.rules.iter().map(|rule| rule.health.word()).collect();
    assert_eq!(health, ["ok", "ok", "ok", "ok"]);
    let RuleKind::Alerting { alerts, state, .. } = &told.rules[2].kind else { panic!("the third rule alerts") };
    assert_eq!((*state, alerts[0].annotations["summary"].as_str()), (AlertState::Firing, "a: 14"));
    group.end(&lake, minute(9)).await;
    assert_eq!(lake.at(minute(9)).len(), 5, "{:?}", lake.at(minute(9)));
}

const ASKING: &str = r#"
groups:
- name: g
  rules:
  - alert: Slow
    expr: latency > 5
    labels: {others: '{{ query "count(latency)" | first | value }}'}
    annotations:
      all: '{{ range query "latency" | sortByLabel "job" }}{{ .Labels.job }}={{ .Value }} {{ end }}'
      own: '{{ with printf "latency{job=%q}" $labels.job | query }}{{ . | first | value }}{{ end }}'
      none: '{{ query "nothing" | first }}'
      scalar: '{{ query "1 + 1" | first | value }}'
      bad: '{{ query "1 +" | first }}'
      range: '{{ query "latency[5m]" | first }}'
"#;

fn asking(template_queries_max: usize) -> Group {
    let file = RuleFile::parse(ASKING).unwrap();
    let config = RulesConfig { template_queries_max, ..RulesConfig::default() };
    Group::new("rules.yml", file.groups[0].clone(), &config).unwrap()
}

/// The annotations of the alerts of a group, by their job.
async fn said(mut group: Group, lake: &Memory) -> BTreeMap<String, BTreeMap<String, String>> {
    group.run(lake, 0).await;
    let told = group.told();
    let told = told.lock().unwrap().clone();
    assert_eq!(told.rules[0].last_error, "");
    let RuleKind::Alerting { alerts, .. } = &told.rules[0].kind else { panic!("the rule alerts") };
    alerts.iter().map(|alert| (alert.labels.get("job").to_owned(), alert.annotations.clone())).collect()
}

#[tokio::test]
async fn templates_ask_the_lake() {
    let lake = Memory::default();
    for (job, value) in [("a", 7.0), ("b", 8.5), ("c", 1.0)] {
        lake.put("latency", job, 0, value);
    }
    let said_all = said(asking(200), &lake).await;
    assert_eq!(said_all.keys().collect::<Vec<_>>(), ["a", "b"]);
    let b = &said_all["b"];
    assert_eq!([&b["all"], &b["own"], &b["scalar"]], ["a=7 b=8.5 c=1 ", "8.5", "2"]);
    for (name, fault) in [
        ("none", "first() called on vector with no elements"),
        ("bad", "unexpected end of input"),
        ("range", "rule result is not a vector or scalar"),
    ] {
        assert!(b[name].starts_with("<error expanding template: ") && b[name].contains(fault), "{}", b[name]);
    }
    assert!(lake.at(0).iter().any(|sample| sample.contains(r#"others="3""#)), "{:?}", lake.at(0));
    // Equal questions are asked once, so that what is said of all series alike is still known for the second.
    let bounded = said(asking(7), &lake).await;
    assert_eq!(bounded["a"]["own"], "7");
    assert_eq!(bounded["b"]["all"], b["all"]);
    assert!(bounded["b"]["own"].contains("more than 7 queries"), "{}", bounded["b"]["own"]);
}

#[tokio::test]
async fn faults_are_told_and_others_go_on() {
    let (lake, mut group) = (Memory::default(), group());
    lake.put("latency", "a", 0, 7.0);
    lake.put("latency", "b", 0, 8.0);
    group.run(&lake, 0).await;
    let told = group.told();
    let told = told.lock().unwrap().clone();
    let health: Vec<(&str, bool)> = told.rules.iter().map(|rule| (rule.health.word(), rule.last_error.is_empty())).collect();
    assert_eq!(health, [("ok", true), ("ok", true), ("ok", true), ("err", false)]);
}

#[tokio::test]
async fn a_new_process_goes_on() {
    let lake = Memory::default();
    let mut before = group();
    for n in 0..2 {
        lake.put("latency", "a", n * 60_000, 7.0);
        before.run(&lake, n * 60_000).await;
    }
    let mut after = group();
    lake.put("latency", "a", 180_000, 7.0);
    after.run(&lake, 180_000).await;
    let told = after.told();
    let told = told.lock().unwrap().clone();
    let RuleKind::Alerting { alerts, .. } = &told.rules[2].kind else { panic!("the third rule alerts") };
    // One minute was missing, and fewer than ten: ten minutes of grace from now.
    assert_eq!(alerts[0].active_at_ms, 180_000 + 600_000 - 120_000);
}
