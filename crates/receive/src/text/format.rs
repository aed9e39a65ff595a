//! Which form lines have, as the configuration says it.

use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;
use regex::Regex;

use super::{Place, clock};
use crate::ReceiveError;

/// The form of entries.
#[derive(Debug, Clone, Default)]
pub enum Format {
    /// Each entry has the form it looks like.
    #[default]
    Auto,
    /// Text, and nothing is read out of it.
    Plain,
    /// An object.
    Json,
    /// Pairs of keys and values.
    Logfmt,
    /// Access logs of nginx and Apache: common, combined.
    Access,
    /// Error logs of nginx and Apache.
    ServerError,
    /// Forms of Python's `logging`, of loguru and of structlog's console.
    Python,
    /// The named groups of a pattern.
    Regex(Extraction),
}

impl Format {
    /// Names of those without a pattern.
    pub const NAMES: [&'static str; 7] = ["auto", "plain", "json", "logfmt", "access", "server_error", "python"];

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "auto" => Self::Auto,
            "plain" => Self::Plain,
            "json" => Self::Json,
            "logfmt" => Self::Logfmt,
            "access" => Self::Access,
            "server_error" => Self::ServerError,
            "python" => Self::Python,
            _ => return None,
        })
    }
}

/// A pattern whose named groups are fields.
#[derive(Debug, Clone)]
pub struct Extraction {
    pub(super) pattern: Regex,
    /// The group that holds the time.
    pub time_key: Option<String>,
    /// How it is written, as `strptime` has it; without it, the usual forms are tried.
    pub time_layout: Option<String>,
    /// Where clocks are whose times do not say; else that of the file.
    time_zone: Option<TimeZone>,
    /// The group that holds the severity.
    pub severity_key: Option<String>,
}

impl Extraction {
    /// By a pattern with named groups.
    ///
    /// # Errors
    /// [`ReceiveError::Malformed`] when it is no pattern, or has no such groups.
    pub fn new(pattern: &str) -> Result<Self, ReceiveError> {
        let pattern = self::pattern(pattern)?;
        if pattern.capture_names().flatten().next().is_none() {
            return Err(ReceiveError::Malformed(format!("`{pattern}` has no named groups, such as (?P<message>.*)")));
        }
        Ok(Self { pattern, time_key: None, time_layout: None, time_zone: None, severity_key: None })
    }

    /// Names the time zone, such as `Europe/Berlin`, of times that do not say.
    ///
    /// # Errors
    /// [`ReceiveError::Malformed`] when there is no such zone.
    pub fn set_time_zone(&mut self, name: &str) -> Result<(), ReceiveError> {
        let zone = TimeZone::get(name);
        self.time_zone = Some(zone.map_err(|e| ReceiveError::Malformed(format!("`{name}` is no time zone: {e}")))?);
        Ok(())
    }

    /// The groups that have names, by their numbers.
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, usize)> {
        self.pattern.capture_names().enumerate().filter_map(|(at, name)| Some((name?, at)))
    }

    /// The time a group holds.
    pub(super) fn time(&self, text: &str, place: Place<'_>) -> Option<i128> {
        let zone = self.time_zone.as_ref().unwrap_or(place.zone);
        let Some(layout) = &self.time_layout else { return clock::any(text, zone) };
        let parsed = BrokenDownTime::parse(layout, text).ok()?;
        if let Ok(time) = parsed.to_timestamp() {
            return Some(time.as_nanosecond());
        }
        Some(parsed.to_datetime().ok()?.to_zoned(zone.clone()).ok()?.timestamp().as_nanosecond())
    }
}

/// A pattern as the configuration has it.
///
/// # Errors
/// [`ReceiveError::Malformed`] when it is none, or would take too much memory.
pub fn pattern(text: &str) -> Result<Regex, ReceiveError> {
    Regex::new(text).map_err(|e| ReceiveError::Malformed(format!("`{text}` is no pattern: {e}")))
}

/// The envelope in which each line stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wrapping {
    /// Each line has the one it looks like.
    #[default]
    Auto,
    /// None.
    None,
    /// That of Docker's `json-file`.
    Docker,
    /// That of Kubernetes: containerd and CRI-O.
    Cri,
}

/// Which lines belong together.
#[derive(Debug, Clone, Default)]
pub enum Grouping {
    /// Stack traces, and lines that are indented, belong to the line before.
    #[default]
    Auto,
    /// Each is an entry.
    None,
    /// A line that matches begins an entry.
    Start(Regex),
    /// A line that matches ends one.
    End(Regex),
}

/// How lines become entries.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    /// Envelopes.
    pub wrapping: Wrapping,
    /// Which belong together.
    pub grouping: Grouping,
    /// Bytes of an entry that are kept.
    pub bytes_max: usize,
}
