//! Bounds and settings of the intakes of logs.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio_rustls::rustls::ServerConfig;

use crate::ReceiveError;
use crate::filelog::FileBounds;

const MIB: usize = 1024 * 1024;
const DAY: Duration = Duration::from_hours(24);

/// How far from the time of arrival the times of log records may be. A record beyond gets the time of
/// its arrival, and an attribute with the one that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeBounds {
    /// How far in the past.
    pub past_max: Duration,
    /// How far in the future: clocks of senders are never quite right.
    pub future_max: Duration,
}

impl Default for TimeBounds {
    fn default() -> Self {
        Self { past_max: 3650 * DAY, future_max: DAY }
    }
}

impl TimeBounds {
    /// The time, when it is near `now`; both in nanoseconds since 1970.
    pub(crate) fn admit(&self, nanos: i128, now: i64) -> Option<i64> {
        let now = i128::from(now);
        let bound = |duration: Duration| i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX / 2);
        let near = nanos >= now - bound(self.past_max) && nanos <= now + bound(self.future_max);
        i64::try_from(nanos).ok().filter(|_| near)
    }
}

/// Bounds and settings of the intakes of logs.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// Times of records.
    pub times: TimeBounds,
    /// Bytes of one message of a stream; a longer one is cut, or refused where it cannot be.
    pub message_bytes_max: usize,
    /// Bytes of messages that wait to be written, of each protocol.
    pub queue_bytes_max: usize,
    /// How long messages wait for others, to be written together. One that is to be acknowledged does not.
    pub gather_time: Duration,
    /// Connections of one listener; more wait in its backlog.
    pub connections_max: usize,
    /// A connection on which nothing comes for so long is closed.
    pub idle_time_max: Duration,
    /// Files.
    pub files: FileBounds,
    /// Fluent's forward protocol.
    pub fluent: FluentSettings,
    /// Messages of GELF in chunks.
    pub gelf: GelfSettings,
    /// Syslog.
    pub syslog: SyslogSettings,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            times: TimeBounds::default(),
            message_bytes_max: 16 * MIB,
            queue_bytes_max: 32 * MIB,
            gather_time: Duration::from_millis(200),
            connections_max: 1024,
            idle_time_max: Duration::from_hours(1),
            files: FileBounds::default(),
            fluent: FluentSettings::default(),
            gelf: GelfSettings::default(),
            syslog: SyslogSettings::default(),
        }
    }
}

/// Settings of Fluent's forward protocol.
#[derive(Clone, Default)]
pub struct FluentSettings {
    /// What senders must know; `None` lets everybody in.
    pub shared_key: Option<String>,
    /// The name of this server in the handshake.
    pub hostname: String,
}

/// The key is nobody's to read.
impl std::fmt::Debug for FluentSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keyed = self.shared_key.is_some();
        f.debug_struct("FluentSettings").field("keyed", &keyed).field("hostname", &self.hostname).finish()
    }
}

/// Bounds on messages of GELF that come in chunks.
#[derive(Debug, Clone, Copy)]
pub struct GelfSettings {
    /// How long the chunks of one message may take.
    pub chunk_time_max: Duration,
    /// Messages that wait for their chunks.
    pub chunked_messages_max: usize,
    /// Bytes of all chunks that wait.
    pub chunked_bytes_max: usize,
}

impl Default for GelfSettings {
    fn default() -> Self {
        Self { chunk_time_max: Duration::from_secs(5), chunked_messages_max: 1024, chunked_bytes_max: 16 * MIB }
    }
}

/// Settings of syslog.
#[derive(Debug, Clone)]
pub struct SyslogSettings {
    /// Where clocks of RFC 3164 are, as its times do not say.
    pub time_zone: TimeZone,
    /// The certificate of the port for TLS, as [`crate::tls`] reads it; without one there is no such port.
    pub tls: Option<Arc<ServerConfig>>,
}

impl Default for SyslogSettings {
    fn default() -> Self {
        Self { time_zone: TimeZone::UTC, tls: None }
    }
}

impl SyslogSettings {
    /// Names the time zone, such as `Europe/Berlin`.
    ///
    /// # Errors
    /// [`ReceiveError::Malformed`] when there is no such zone.
    pub fn set_time_zone(&mut self, name: &str) -> Result<(), ReceiveError> {
        let zone = TimeZone::get(name);
        self.time_zone = zone.map_err(|e| ReceiveError::Malformed(format!("`{name}` is no time zone: {e}")))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_zones_have_names() {
        let mut settings = SyslogSettings::default();
        for name in ["UTC", "Europe/Berlin"] {
            settings.set_time_zone(name).unwrap();
        }
        assert_eq!(settings.set_time_zone("Moon/Crater").unwrap_err().reason(), crate::Reason::Malformed);
    }

    #[test]
    fn times_are_near_or_not() {
        let bounds = TimeBounds { past_max: Duration::from_nanos(10), future_max: Duration::from_nanos(5) };
        let cases = [(90, true), (89, false), (105, true), (106, false), (100, true), (-1, false)];
        for (nanos, near) in cases {
            assert_eq!(bounds.admit(nanos, 100), near.then_some(nanos as i64), "{nanos}");
        }
        let wide = TimeBounds { past_max: Duration::MAX, future_max: Duration::MAX };
        assert_eq!(wide.admit(i128::from(i64::MAX) + 1, 0), None);
        assert_eq!(wide.admit(-1, 0), Some(-1));
    }
}
