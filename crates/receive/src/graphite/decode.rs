//! The decoder of this protocol, as a function of bytes and options.

use std::borrow::Cow;

use luneta_model::{MetricIdentity, MetricRow, MetricsBuilder, Number, PointValue, Tenant};

use super::line::{Line, Time};
use crate::context::{Context, refusal};
use crate::{DecodeOptions, Decoded, Reason, ReceiveError};

/// Bytes a point's fixed columns take, and those of promoted attributes it does not have.
const ROW_BYTES: usize = 256;

/// Gauges of lines. A line that is broken is counted and costs the others nothing.
pub fn plaintext(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let mut context = Context::new(options);
    let mut builder = MetricsBuilder::new(options.limits);
    for bytes in bytes.split(|byte| *byte == b'\n') {
        let text = String::from_utf8_lossy(bytes);
        if text.trim_ascii().is_empty() {
            continue;
        }
        let repaired = matches!(text, Cow::Owned(_));
        context.spend(ROW_BYTES + text.len()).map_err(|fault| refusal(&fault, options))?;
        match add(&text, &mut builder, options.now) {
            Err(reason) => context.tally.reject(reason),
            Ok(()) if repaired => context.tally.warn(Reason::InvalidUtf8),
            Ok(()) => {}
        }
    }
    let batch = builder.finish(tenant).map_err(|e| ReceiveError::Internal(e.to_string()))?;
    Ok(Decoded { batch, tally: context.tally })
}

fn add(text: &str, builder: &mut MetricsBuilder, now: i64) -> Result<(), Reason> {
    let line = Line::read(text).ok_or(Reason::Malformed)?;
    let time = match line.time {
        Time::Arrival => now,
        Time::At(time) => time,
        Time::OutOfRange => return Err(Reason::TimeOutOfRange),
    };
    if builder.origins.is_empty() {
        builder.origins.begin();
        builder.origins.end();
    }
    for (key, value) in &line.tags {
        builder.push_str(key, value);
    }
    let metric = MetricIdentity { name: line.path, ..MetricIdentity::default() };
    let value = PointValue::Gauge(Some(Number::Double(line.value)));
    builder.end_point(0, &metric, &MetricRow { time, start_time: 0, flags: 0, value });
    Ok(())
}
