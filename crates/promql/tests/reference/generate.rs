//! Random queries that Prometheus 2.42 and 3 understand alike.

use super::random::Random;
use super::series::{LENGTH, START};

/// Start, end and step in seconds; step 0 for an instant query.
pub fn times(random: &mut Random) -> (i64, i64, i64) {
    // Off the minutes, so that no subquery starts on its own border.
    let minute = (START / 60 + 1) * 60 + 17;
    let start = minute + 60 * random.below((LENGTH / 60) as usize) as i64;
    if random.percent(40) {
        return (start, start, 0);
    }
    let step = [30, 60, 120, 330][random.below(4)];
    (start, start + step * random.below(30) as i64, step)
}

pub fn query(random: &mut Random) -> String {
    if random.percent(5) { scalar(random, 3) } else { vector(random, 4) }
}

fn metric(random: &mut Random) -> &'static str {
    random.pick(&["requests_total", "temperature", "wild", "latency_bucket", "build_info", "steady_total", "temperature"])
}

fn selector(random: &mut Random) -> String {
    let matchers = [
        "",
        "",
        "{job=\"api\"}",
        "{instance=~\"a|b\"}",
        "{instance!=\"c\"}",
        "{code!~\"4..\"}",
        "{job=\"api\",instance=\"a\"}",
        "{code=\"\"}",
        "{job=\"none\"}",
    ];
    format!("{}{}", metric(random), matchers[random.below(matchers.len())])
}

fn shift(random: &mut Random) -> String {
    match random.below(12) {
        0 => " offset 5m".to_owned(),
        1 => " offset -3m".to_owned(),
        2 => format!(" @ {}", START + 2003 + 60 * random.below(60) as i64),
        3 => " @ end()".to_owned(),
        4 => " @ start() offset 1m".to_owned(),
        _ => String::new(),
    }
}

fn range(random: &mut Random, depth: usize) -> String {
    let length = random.pick(&["1m", "5m", "10m", "90s", "20m", "1h"]);
    if depth > 1 && random.percent(20) {
        let step = random.pick(&["", "1m", "20s"]);
        // No subquery in a subquery: its windows would start on its own steps.
        return format!("{}[{length}:{step}]{}", operand(random, 1), shift(random));
    }
    format!("{}[{length}]{}", selector(random), shift(random))
}

/// A range of a counter. Where a series starts inside the window, version 3 guesses its zero in another
/// way than version 2: counters with gaps are far above zero and never reset, and those near zero have no gaps.
fn counter_range(random: &mut Random) -> String {
    let metric = random.pick(&["requests_total", "steady_total", "latency_bucket"]);
    let length = random.pick(&["1m", "5m", "10m", "90s", "20m", "1h"]);
    let matcher = random.pick(&["", "{job=\"api\"}", "{instance=~\"a|b\"}"]);
    format!("{metric}{matcher}[{length}]{}", shift(random))
}

/// A vector that may stand on either side of an operator.
fn operand(random: &mut Random, depth: usize) -> String {
    let text = vector(random, depth);
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain { text } else { format!("({text})") }
}

fn vector(random: &mut Random, depth: usize) -> String {
    if depth == 0 {
        return format!("{}{}", selector(random), shift(random));
    }
    match random.below(20) {
        0..=1 => format!("{}{}", selector(random), shift(random)),
        2..=6 => windowed(random, depth),
        7..=10 => aggregation(random, depth),
        11..=14 => binary(random, depth),
        15..=16 => mapped(random, depth),
        17 => labels(random, depth),
        18 => {
            let q = random.pick(&["0.5", "0.9", "0", "1", "0.99"]);
            let inner = random.pick(&[
                "rate(latency_bucket[5m])",
                "sum by (le) (rate(latency_bucket[10m]))",
                "sum by (le, job) (latency_bucket)",
                "latency_bucket",
                "increase(latency_bucket[20m])",
            ]);
            format!("histogram_quantile({q}, {inner})")
        }
        _ => format!("-{}", operand(random, depth - 1)),
    }
}

fn windowed(random: &mut Random, depth: usize) -> String {
    let range = range(random, depth);
    match random.below(32) {
        0..=4 => format!("rate({})", counter_range(random)),
        5..=6 => format!("increase({})", counter_range(random)),
        7 => format!("delta({range})"),
        8 => format!("irate({range})"),
        9 => format!("idelta({range})"),
        10 => format!("deriv({range})"),
        // With @, version 2.42 gives the first step only.
        11 => format!("predict_linear({}[5m], {})", selector(random), random.pick(&["600", "-60", "0"])),
        12 => format!("quantile_over_time({}, {range})", random.pick(&["0.5", "0.95", "0", "1"])),
        13 => format!("absent_over_time({range})"),
        14 => format!("changes({range})"),
        15 => format!("resets({range})"),
        16 => format!("double_exponential_smoothing({range}, 0.3, 0.6)"),
        17 => format!("stddev_over_time({range})"),
        18 => format!("stdvar_over_time({range})"),
        19 => format!("present_over_time({range})"),
        20..=21 => format!("last_over_time({range})"),
        22..=23 => format!("sum_over_time({range})"),
        24..=25 => format!("avg_over_time({range})"),
        26..=27 => format!("min_over_time({range})"),
        28..=29 => format!("max_over_time({range})"),
        _ => format!("count_over_time({range})"),
    }
}

fn grouping(random: &mut Random) -> &'static str {
    random.pick(&[
        "",
        "",
        " by (job)",
        " by (job, instance)",
        " by (code)",
        " without (instance)",
        " without (code, le)",
        " by (job, le)",
    ])
}

fn aggregation(random: &mut Random, depth: usize) -> String {
    let inner = vector(random, depth - 1);
    let grouping = grouping(random);
    match random.below(16) {
        // Which of several equal values is taken is nobody's promise: these have none.
        0 => format!("topk{grouping} (2, temperature{})", shift(random)),
        1 => format!("bottomk{grouping} (3, avg_over_time(temperature[5m]))"),
        2 => format!("quantile{grouping} ({}, {inner})", random.pick(&["0.5", "0.25", "1"])),
        // Of whole numbers, so that no last digit of a sum makes another label.
        3 => format!("count_values{grouping} (\"value\", round(steady_total{}))", shift(random)),
        // Of a lone NaN version 2 says it deviates by nothing, version 3 that its deviation is NaN.
        4..=5 => format!("{}{grouping} (temperature{})", random.pick(&["stddev", "stdvar"]), shift(random)),
        other => {
            let op = ["sum", "avg", "min", "max", "count", "group", "sum", "avg"][other % 8];
            format!("{op}{grouping} ({inner})")
        }
    }
}

fn binary(random: &mut Random, depth: usize) -> String {
    let arithmetic = random.pick(&["+", "-", "*", "/", "^"]);
    let comparison = random.pick(&["==", "!=", ">", "<", ">=", "<="]);
    let left = operand(random, depth - 1);
    match random.below(10) {
        // Of whole numbers, as a remainder makes much of a rounding error.
        0 if random.percent(20) => format!("steady_total{} % {}", shift(random), scalar(random, 0)),
        0 => format!("{left} {arithmetic} {}", scalar(random, depth - 1)),
        1 => format!("{} {arithmetic} {left}", scalar(random, depth - 1)),
        2 => format!("{left} {comparison} {}", scalar(random, depth - 1)),
        3 => format!("{} {comparison} bool {left}", scalar(random, depth - 1)),
        4 => {
            let op = random.pick(&["and", "or", "unless"]);
            let matching = random.pick(&["", " on (job, instance)", " ignoring (code, le)", " on (job)"]);
            format!("{left} {op}{matching} {}", operand(random, depth - 1))
        }
        5 => format!("{left} {arithmetic} on (job, instance) group_left (version) build_info"),
        6 => format!("build_info {comparison} on (job, instance) group_right () {left}"),
        7 => format!("{left} {comparison} bool ignoring (code) group_left () {}", operand(random, depth - 1)),
        8 => format!("{left} {comparison} {}", operand(random, depth - 1)),
        _ => {
            let matching = random.pick(&["", "", " on (job, instance)", " ignoring (code)", " ignoring (le)"]);
            format!("{left} {arithmetic}{matching} {}", operand(random, depth - 1))
        }
    }
}

fn mapped(random: &mut Random, depth: usize) -> String {
    let inner = vector(random, depth - 1);
    match random.below(24) {
        0 => format!("clamp({inner}, 1, {})", scalar(random, 1)),
        1 => format!("clamp_min({inner}, {})", scalar(random, 1)),
        2 => format!("clamp_max({inner}, {})", scalar(random, 1)),
        3 => format!("round({inner}, {})", random.pick(&["1", "0.1", "5"])),
        4 => format!("timestamp({inner})"),
        5 => format!("absent({inner})"),
        6 => format!("sort({inner})"),
        7 => format!("sort_desc({inner})"),
        8 => format!("vector({})", scalar(random, depth - 1)),
        // Dates of numbers: what NaN is converted to depends on the processor there.
        9..=12 => {
            let names = ["hour", "day_of_week", "days_in_month", "month", "year", "minute", "day_of_year", "day_of_month"];
            format!("{}(temperature * {})", names[random.below(names.len())], random.pick(&["1e6", "-1e6", "86400", "1e7"]))
        }
        // Waves of large numbers turn a last digit into anything.
        13..=14 => format!("{}(temperature)", random.pick(&["sin", "cos", "tan"])),
        other => {
            let names = [
                "abs", "ceil", "floor", "exp", "ln", "log2", "log10", "sqrt", "sgn", "atan", "deg", "rad", "round", "acos",
                "asin", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
            ];
            format!("{}({inner})", names[(other + random.below(names.len())) % names.len()])
        }
    }
}

fn labels(random: &mut Random, depth: usize) -> String {
    let inner = vector(random, depth - 1);
    match random.below(3) {
        0 => format!("label_replace({inner}, \"short\", \"$1-x\", \"job\", \"(.).*\")"),
        1 => format!("label_join({inner}, \"both\", \"/\", \"job\", \"instance\")"),
        _ => format!("label_replace({inner}, \"instance\", \"\", \"instance\", \".*\")"),
    }
}

fn scalar(random: &mut Random, depth: usize) -> String {
    match random.below(8) {
        0 if depth > 0 => format!("scalar({})", vector(random, depth - 1)),
        1 => "(time() % 7)".to_owned(),
        2 if depth > 0 => format!("({} + {})", scalar(random, depth - 1), scalar(random, depth - 1)),
        3 => "pi()".to_owned(),
        4 => "(2 > bool 1)".to_owned(),
        _ => random.pick(&["2", "0.5", "20", "-1", "1e3", "0x10", "0"]).to_owned(),
    }
}
