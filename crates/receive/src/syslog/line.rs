//! One message: its priority, then what either of the two standards says.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::{rfc3164, rfc5424};

/// Priority of messages that name none, as RFC 3164 has it: notices of users.
const PRIORITY: u8 = 13;
/// The greatest there is.
const PRIORITY_MAX: u8 = 191;

/// A message, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line<'a> {
    /// Facility times eight, and the severity.
    pub priority: u8,
    /// Nanoseconds since 1970, where the message has a time.
    pub time: Option<i128>,
    /// Who sends; empty when the message does not say.
    pub hostname: &'a str,
    /// The program; empty when the message does not say.
    pub app: &'a str,
    /// Its process.
    pub process: &'a str,
    /// What kind of message it is.
    pub message_id: &'a str,
    /// Structured data: id, name and value of each parameter.
    pub data: Vec<(&'a str, &'a str, Cow<'a, str>)>,
    /// What it says.
    pub message: &'a str,
    /// It says it follows RFC 5424, and does not.
    pub broken: bool,
}

/// What is to know besides the text.
#[derive(Debug, Clone, Copy)]
pub struct Place<'p> {
    /// Where clocks are whose times do not say.
    pub zone: &'p TimeZone,
    /// Nanoseconds since 1970; the years of times without one are near it.
    pub now: i64,
}

impl<'a> Line<'a> {
    /// Reads a message. Whatever it is, nothing of it is lost.
    pub fn read(text: &'a str, place: Place<'_>) -> Self {
        let text = text.trim_end_matches(['\n', '\r', '\0']);
        let (priority, rest) = priority(text).unwrap_or((PRIORITY, text));
        let line = Line { priority, ..Line::default() };
        if rest.len() < text.len()
            && let Some(rest) = rest.strip_prefix("1 ")
        {
            return rfc5424::read(rest, line);
        }
        rfc3164::read(rest, line, place)
    }

    /// Name of the facility, as RFC 5424 has them.
    pub fn facility(&self) -> &'static str {
        const NAMES: [&str; 24] = [
            "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit",
            "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
        ];
        NAMES.get(usize::from(self.priority >> 3)).copied().unwrap_or("user")
    }

    /// The severity, from 0, the worst, to 7.
    pub fn severity(&self) -> u8 {
        self.priority & 7
    }
}

/// `<13>` and what is behind it.
fn priority(text: &str) -> Option<(u8, &str)> {
    let (digits, rest) = text.strip_prefix('<')?.split_once('>')?;
    if digits.is_empty() || digits.len() > 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let priority = digits.parse().ok()?;
    (priority <= PRIORITY_MAX).then_some((priority, rest))
}

/// Text up to a space, and what is behind it.
pub(super) fn word(text: &str) -> Option<(&str, &str)> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    (!word.is_empty()).then_some((word, rest))
}

/// A dash stands for nothing.
pub(super) fn or_nil(word: &str) -> &str {
    if word == "-" { "" } else { word }
}
