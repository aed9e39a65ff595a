//! Bodies of functions: from one value or one window to one sample.

pub(crate) mod calendar;
pub(crate) mod histogram_values;
pub(crate) mod mathematics;
pub(crate) mod over_time;
pub(crate) mod rates;
pub(crate) mod regression;
pub(crate) mod windows;
