//! The decoders of this protocol, as functions of bytes and options: what one interval comes to of
//! which these bytes were all.

use luneta_model::Tenant;

use super::aggregate::{Aggregator, Interval};
use super::{Settings, rows};
use crate::{DecodeOptions, Decoded, ReceiveError};

/// Points of the metrics in lines.
pub fn metrics(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let interval = interval(bytes, options);
    let batch = rows::metrics(&interval, options.limits, tenant)?;
    Ok(Decoded { batch, tally: interval.metrics_tally })
}

/// Log records of the events and service checks in lines.
pub fn logs(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let interval = interval(bytes, options);
    let batch = rows::logs(&interval, options.limits, tenant)?;
    Ok(Decoded { batch, tally: interval.records_tally })
}

fn interval(bytes: &[u8], options: &DecodeOptions) -> Interval {
    let mut aggregator = Aggregator::new(Settings::default(), options.now);
    aggregator.add(bytes, options.now);
    aggregator.take(options.now)
}
