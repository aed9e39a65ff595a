//! What the values in a window come to.

use crate::syntax::RangeOp;

/// The value of an aggregation over the samples of a window, of which there is at least one, in the order of
/// their times. `seconds` is the length of the range.
pub(super) fn aggregate(op: RangeOp, parameter: Option<f64>, values: &[f64], seconds: f64, scratch: &mut Vec<f64>) -> f64 {
    let sum = || values.iter().sum::<f64>();
    match op {
        RangeOp::SumOverTime | RangeOp::BytesOverTime => sum(),
        RangeOp::Rate | RangeOp::BytesRate => sum() / seconds,
        RangeOp::CountOverTime => values.len() as f64,
        RangeOp::AbsentOverTime => 1.0,
        RangeOp::RateCounter => increase(values) / seconds,
        RangeOp::AvgOverTime => mean(values),
        RangeOp::MinOverTime => values[1..].iter().fold(values[0], |min, v| if *v < min || min.is_nan() { *v } else { min }),
        RangeOp::MaxOverTime => values[1..].iter().fold(values[0], |max, v| if *v > max || max.is_nan() { *v } else { max }),
        RangeOp::StdvarOverTime => variance(values),
        RangeOp::StddevOverTime => variance(values).sqrt(),
        RangeOp::FirstOverTime => values[0],
        RangeOp::LastOverTime => values[values.len() - 1],
        RangeOp::QuantileOverTime => {
            scratch.clear();
            scratch.extend_from_slice(values);
            quantile(parameter.unwrap_or(f64::NAN), scratch)
        }
    }
}

/// How much a counter grew; where it falls, it began anew.
fn increase(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let resets: f64 = values.windows(2).filter(|pair| pair[1] < pair[0]).map(|pair| pair[0]).sum();
    values[values.len() - 1] - values[0] + resets
}

fn mean(values: &[f64]) -> f64 {
    let (mut mean, mut count) = (0.0_f64, 0.0);
    for value in values {
        count += 1.0;
        if mean.is_infinite() && ((value.is_infinite() && (mean > 0.0) == (*value > 0.0)) || value.is_finite()) {
            // An infinite mean stays what it is.
            continue;
        }
        mean += value / count - mean / count;
    }
    mean
}

fn variance(values: &[f64]) -> f64 {
    let (mut squares, mut mean, mut count) = (0.0, 0.0, 0.0);
    for value in values {
        count += 1.0;
        let delta = value - mean;
        mean += delta / count;
        squares += delta * (value - mean);
    }
    squares / count
}

fn quantile(q: f64, values: &mut [f64]) -> f64 {
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    // NaN sorts below everything, as in Loki.
    values.sort_by(|a, b| b.is_nan().cmp(&a.is_nan()).then(a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal)));
    let most = (values.len() - 1) as f64;
    let rank = q * most;
    let (lower, weight) = (rank.floor().max(0.0), rank - rank.floor());
    let upper = (lower + 1.0).min(most);
    values[lower as usize] * (1.0 - weight) + values[upper as usize] * weight
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_give_what_their_names_say() {
        let values = [4.0, 2.0, 6.0, 8.0];
        let cases = [
            (RangeOp::SumOverTime, 20.0),
            (RangeOp::Rate, 2.0),
            (RangeOp::CountOverTime, 4.0),
            (RangeOp::AvgOverTime, 5.0),
            (RangeOp::MinOverTime, 2.0),
            (RangeOp::MaxOverTime, 8.0),
            (RangeOp::FirstOverTime, 4.0),
            (RangeOp::LastOverTime, 8.0),
            (RangeOp::StdvarOverTime, 5.0),
            (RangeOp::StddevOverTime, 5.0_f64.sqrt()),
            (RangeOp::RateCounter, 0.8),
            (RangeOp::QuantileOverTime, 5.0),
        ];
        for (op, wanted) in cases {
            let found = aggregate(op, Some(0.5), &values, 10.0, &mut Vec::new());
            assert!((found - wanted).abs() < 1e-12, "{}: {found}", op.as_str());
        }
        assert_eq!(aggregate(RangeOp::RateCounter, None, &[5.0], 1.0, &mut Vec::new()), 0.0);
        assert_eq!(aggregate(RangeOp::AvgOverTime, None, &[f64::INFINITY, 1.0], 1.0, &mut Vec::new()), f64::INFINITY);
        assert!(aggregate(RangeOp::MinOverTime, None, &[f64::NAN, 1.0], 1.0, &mut Vec::new()) == 1.0);
    }
}
