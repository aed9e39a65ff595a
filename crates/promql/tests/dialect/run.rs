//! Runs scripts.

use std::collections::BTreeMap;

use luneta_promql::{
    Answer, Histogram, Labels, Limits, Params, ParseOptions, PromqlError, Query, Sample, Selection, Series, SeriesSet, Value,
};

use super::script::{Command, Eval, commands};
use super::values::{labels_and_rest, number, slots};

/// Differences of results below this share are rounding.
const TOLERANCE: f64 = 1e-6;

/// Runs a script and gives what differs, with file and line.
pub fn check(file: &str, text: &str) -> Vec<String> {
    let mut differences = Vec::new();
    let mut store: BTreeMap<Labels, Series> = BTreeMap::new();
    let mut evals = 0;
    for command in commands(text) {
        match command {
            Command::Clear => store.clear(),
            Command::Load { step_ms, series } => series.iter().for_each(|line| load(&mut store, line, step_ms)),
            Command::Eval(eval) => {
                evals += 1;
                if let Err(difference) = check_eval(&store, &eval) {
                    differences.push(format!("{file}:{}: {}\n{difference}", eval.line, eval.query));
                }
            }
        }
    }
    assert!(evals > 0, "{file} evaluates nothing");
    differences
}

fn load(store: &mut BTreeMap<Labels, Series>, line: &str, step_ms: i64) {
    let (labels, values) = labels_and_rest(line);
    let series = store.entry(labels.clone()).or_insert_with(|| Series { labels, ..Series::default() });
    for (index, slot) in slots(values).into_iter().enumerate() {
        let time = step_ms * index as i64;
        match slot {
            Some(Sample::Float(value)) => {
                series.floats.times.push(time);
                series.floats.values.push(value);
            }
            Some(Sample::Histogram(histogram)) => {
                series.histograms.times.push(time);
                series.histograms.values.push(histogram);
            }
            None => {}
        }
    }
}

/// What a storage would give: no sample more than was asked for.
fn fetch(store: &BTreeMap<Labels, Series>, selection: &Selection) -> SeriesSet {
    let inside = |time: i64| time > selection.after_ms && time <= selection.until_ms;
    let matching = store.values().filter(|series| selection.matchers.iter().all(|m| m.accepts(&series.labels)));
    matching
        .map(|series| {
            let mut cut = Series { labels: series.labels.clone(), ..Series::default() };
            for (time, value) in series.floats.times.iter().zip(&series.floats.values).filter(|(t, _)| inside(**t)) {
                cut.floats.times.push(*time);
                cut.floats.values.push(*value);
            }
            for (time, value) in series.histograms.times.iter().zip(&series.histograms.values).filter(|(t, _)| inside(**t)) {
                cut.histograms.times.push(*time);
                cut.histograms.values.push(value.clone());
            }
            cut
        })
        .filter(|series| !series.floats.times.is_empty() || !series.histograms.times.is_empty())
        .collect()
}

fn answer(store: &BTreeMap<Labels, Series>, text: &str, params: &Params) -> Result<Answer, PromqlError> {
    let query = Query::parse(text, &ParseOptions { experimental: true, ..ParseOptions::default() })?;
    let printed = query.to_string();
    let again = Query::parse(&printed, &ParseOptions { experimental: true, ..ParseOptions::default() })?;
    assert_eq!(again.to_string(), printed, "printing {text}");
    let data: Vec<SeriesSet> = query.selections(params)?.iter().map(|selection| fetch(store, selection)).collect();
    query.evaluate(&data, params, &Limits::default(), &mut || None)
}

type Checked = Result<(), String>;

fn check_eval(store: &BTreeMap<Labels, Series>, eval: &Eval) -> Checked {
    let (start, end, step) = eval.times;
    let params = if step == 0 { Params::instant(start) } else { Params::range(start, end, step) };
    let answer = match (answer(store, &eval.query, &params), &eval.fails) {
        (Ok(answer), None) => answer,
        (Ok(answer), Some(_)) => return Err(format!("should fail, gave {:?}", answer.value)),
        (Err(error), None) => return Err(format!("failed: {error}")),
        (Err(error), Some(failure)) => {
            let error = error.to_string();
            let as_told = failure.message.as_ref().is_none_or(|message| *message == error)
                && failure.part.as_ref().is_none_or(|part| error.contains(part));
            return if as_told { Ok(()) } else { Err(format!("failed with {error:?}")) };
        }
    };
    check_remarks(eval, &answer)?;
    check_value(eval, &answer.value)?;
    let of_whole_query = ["start()", "end()", "step()", "range()"].iter().any(|word| eval.query.contains(word));
    if step == 0 && matches!(answer.value, Value::Vector(_)) && !of_whole_query {
        check_as_range(store, eval, &answer.value)?;
    }
    Ok(())
}

/// An instant query gives what a range query gives at its time.
fn check_as_range(store: &BTreeMap<Labels, Series>, eval: &Eval, value: &Value) -> Checked {
    let at = eval.times.0;
    let params = Params::range(at - 60_000, at + 60_000, 60_000);
    // At other times the data may not allow the query.
    let Ok(as_range) = answer(store, &eval.query, &params) else { return Ok(()) };
    let (Value::Vector(samples), Value::Matrix(ranges)) = (value, as_range.value) else {
        return Err("a range query gives a matrix".to_owned());
    };
    let mut wanted: BTreeMap<Labels, Sample> = samples.iter().map(|s| (s.labels.clone(), s.sample.clone())).collect();
    for range in &ranges {
        if let Some(sample) = sample_at(range, at) {
            let expected = wanted.remove(&range.labels).ok_or_else(|| format!("as a range also {}", range.labels))?;
            same(&expected, &sample).map_err(|e| format!("as a range {}: {e}", range.labels))?;
        }
    }
    wanted.keys().next().map_or(Ok(()), |labels| Err(format!("as a range without {labels}")))
}

fn sample_at(series: &Series, time: i64) -> Option<Sample> {
    let float = series.floats.times.binary_search(&time).ok().map(|at| Sample::Float(series.floats.values[at]));
    let histogram =
        || series.histograms.times.binary_search(&time).ok().map(|at| Sample::Histogram(series.histograms.values[at].clone()));
    float.or_else(histogram)
}

fn check_remarks(eval: &Eval, answer: &Answer) -> Checked {
    for (severity, message) in &eval.remarks {
        let found = answer.annotations.iter().any(|remark| {
            remark.severity == *severity
                && message.as_ref().is_none_or(|wanted| {
                    let shown = remark.render(&eval.query);
                    *wanted == remark.message || shown.contains(wanted.as_str())
                })
        });
        if !found {
            return Err(format!("no {severity:?} {message:?} among {:?}", answer.annotations.iter().collect::<Vec<_>>()));
        }
    }
    for remark in answer.annotations.iter() {
        let refused = eval.no_remarks.contains(&remark.severity);
        if refused {
            return Err(format!("unwanted {remark:?}"));
        }
    }
    Ok(())
}

fn check_value(eval: &Eval, value: &Value) -> Checked {
    let expected: Vec<&str> = eval.expected.iter().map(String::as_str).collect();
    match value {
        Value::Scalar(_, value) => match expected.as_slice() {
            [text] => same(&Sample::Float(number(text)), &Sample::Float(*value)),
            _ => Err(format!("gave the scalar {value}")),
        },
        Value::String(_, text) => match expected.as_slice() {
            [wanted] if wanted.trim_matches('"') == text => Ok(()),
            _ => Err(format!("gave the string {text:?}")),
        },
        Value::Vector(samples) => {
            let found: Vec<(Labels, Vec<Option<Sample>>)> =
                samples.iter().map(|s| (s.labels.clone(), vec![Some(s.sample.clone())])).collect();
            check_series(eval, &expected, &found)
        }
        Value::Matrix(ranges) => {
            let (start, end, step) = eval.matrix.unwrap_or(eval.times);
            let times: Vec<i64> = (start..=end).step_by(step.max(1) as usize).collect();
            let counted: usize = ranges.iter().map(|r| r.floats.times.len() + r.histograms.times.len()).sum();
            let found: Vec<(Labels, Vec<Option<Sample>>)> =
                ranges.iter().map(|r| (r.labels.clone(), times.iter().map(|t| sample_at(r, *t)).collect())).collect();
            let on_grid: usize = found.iter().map(|(_, slots)| slots.iter().flatten().count()).sum();
            if counted != on_grid {
                return Err(format!("samples off the grid: {ranges:?}"));
            }
            check_series(eval, &expected, &found)
        }
    }
}

fn check_series(eval: &Eval, expected: &[&str], found: &[(Labels, Vec<Option<Sample>>)]) -> Checked {
    let shown = || {
        let lines: Vec<String> = found.iter().map(|(labels, slots)| format!("  {labels} {slots:?}")).collect();
        format!("gave\n{}", lines.join("\n"))
    };
    if expected.len() != found.len() {
        return Err(format!("{} series expected, {}", expected.len(), shown()));
    }
    for (place, line) in expected.iter().enumerate() {
        let (labels, values) = labels_and_rest(line);
        let at = found.iter().position(|(other, _)| *other == labels);
        let Some(at) = at else { return Err(format!("{labels} is missing; {}", shown())) };
        if eval.ordered && at != place {
            return Err(format!("{labels} is number {at}, not {place}; {}", shown()));
        }
        let mut wanted = slots(values);
        wanted.resize(found[at].1.len().max(wanted.len()), None);
        for (step, (wanted, given)) in wanted.iter().zip(&found[at].1).enumerate() {
            let equal = match (wanted, given) {
                (None, None) => Ok(()),
                (Some(wanted), Some(given)) => same(wanted, given),
                _ => Err(format!("expected {wanted:?}, got {given:?}")),
            };
            equal.map_err(|difference| format!("{labels}, step {step}: {difference}; {}", shown()))?;
        }
        if wanted.len() != found[at].1.len() {
            return Err(format!("{labels}: {} values expected; {}", wanted.len(), shown()));
        }
    }
    Ok(())
}

fn near(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= TOLERANCE * a.abs().max(b.abs()) || (a - b).abs() < 1e-12
}

fn same(wanted: &Sample, given: &Sample) -> Checked {
    let equal = match (wanted, given) {
        (Sample::Float(a), Sample::Float(b)) => near(*a, *b),
        (Sample::Histogram(a), Sample::Histogram(b)) => same_histogram(a, b),
        _ => false,
    };
    if equal { Ok(()) } else { Err(format!("expected {wanted:?}, got {given:?}")) }
}

fn same_histogram(a: &Histogram, b: &Histogram) -> bool {
    let filled = |buckets: &[(i32, f64)]| buckets.iter().filter(|b| b.1 != 0.0).copied().collect::<Vec<_>>();
    let same_buckets = |x: &[(i32, f64)], y: &[(i32, f64)]| {
        let (x, y) = (filled(x), filled(y));
        x.len() == y.len() && x.iter().zip(&y).all(|(p, q)| p.0 == q.0 && near(p.1, q.1))
    };
    a.schema == b.schema
        && near(a.count, b.count)
        && near(a.sum, b.sum)
        && near(a.zero_count, b.zero_count)
        && near(a.zero_threshold, b.zero_threshold)
        && a.custom_bounds == b.custom_bounds
        && a.counter_reset_hint == b.counter_reset_hint
        && same_buckets(&a.positive, &b.positive)
        && same_buckets(&a.negative, &b.negative)
}
