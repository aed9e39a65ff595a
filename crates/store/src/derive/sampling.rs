//! How many spans a sampled one stands for.
//!
//! OpenTelemetry's samplers write the rejection threshold into `tracestate` (`ot=th:8`), older ones
//! the negative logarithm of the probability (`ot=p:3`). Others leave attributes: Honeycomb's
//! `SampleRate`, Jaeger's `sampler.param`.

/// Digits of a threshold: 56 bits.
const THRESHOLD_DIGITS: usize = 14;
const THRESHOLD_RANGE: u64 = 1 << 56;
/// The largest exponent that is a probability; one more means none.
const EXPONENT_MAX: u32 = 62;

/// The weight a `tracestate` header tells; `None` when it tells none.
pub(super) fn weight_of(trace_state: &str) -> Option<f64> {
    let own = trace_state.split(',').find_map(|member| member.trim().strip_prefix("ot="))?;
    own.split(';').find_map(|field| match field.split_once(':')? {
        ("th", digits) => of_threshold(digits),
        ("p", exponent) => exponent.parse().ok().filter(|e: &u32| *e <= EXPONENT_MAX).map(|e| (1u64 << e) as f64),
        _ => None,
    })
}

fn of_threshold(digits: &str) -> Option<f64> {
    if digits.is_empty() || digits.len() > THRESHOLD_DIGITS || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let value = u64::from_str_radix(digits, 16).ok()?;
    // Zeros at the end are left out.
    let rejected = value << (4 * (THRESHOLD_DIGITS - digits.len()));
    Some(THRESHOLD_RANGE as f64 / (THRESHOLD_RANGE - rejected) as f64)
}

/// The weight of what is kept with a probability. What is no probability weighs 1.
pub(super) fn weight_at(probability: f64) -> f64 {
    if probability > 0.0 && probability < 1.0 { 1.0 / probability } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights() {
        for (trace_state, expected) in [
            ("", None),
            ("vendor=a:b", None),
            ("ot=th:0", Some(1.0)),
            ("ot=th:8", Some(2.0)),
            ("ot=th:c", Some(4.0)),
            ("vendor=x, ot=rv:0123456789abcd;th:e", Some(8.0)),
            ("ot=th:fd70a3d70a3d7", Some(100.0)),
            ("ot=th:ffffffffffffff", Some(72_057_594_037_927_936.0)),
            ("ot=th:fffffffffffffff", None),
            ("ot=th:", None),
            ("ot=th:xyz", None),
            ("ot=th:+8", None),
            ("ot=p:3;r:5", Some(8.0)),
            ("ot=p:63", None),
            ("ot", None),
        ] {
            let found = weight_of(trace_state);
            let close = found.zip(expected).is_none_or(|(a, b)| (a / b - 1.0).abs() < 1e-6);
            assert!(found.is_some() == expected.is_some() && close, "{trace_state}: {found:?}, not {expected:?}");
        }
        for (probability, expected) in [(0.25, 4.0), (1.0, 1.0), (0.0, 1.0), (-1.0, 1.0), (f64::NAN, 1.0), (7.0, 1.0)] {
            assert!((weight_at(probability) - expected).abs() < 1e-9, "{probability}");
        }
    }
}
