//! Messages of RFC 3164, which describes what was seen rather than what must be.
//!
//! ```text
//! Oct 11 22:14:15 host app[123]: what it says
//! 2003-10-11T22:14:15.003+02:00 host app[123]: what it says
//! app[123]: what it says
//! ```

use super::line::{Line, Place, word};
use crate::record;

/// Bytes of a program's name.
const TAG_BYTES_MAX: usize = 64;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

pub(super) fn read<'a>(text: &'a str, mut line: Line<'a>, place: Place<'_>) -> Line<'a> {
    let text = text.trim_start_matches(' ');
    let unnumbered = without_number(text);
    let timed = clock(unnumbered, place).or_else(|| iso(unnumbered));
    let Some((time, rest)) = timed else {
        line.message = text;
        // Words before a colon are often part of what is said: a name of a program is plain, or has a process.
        if let Some((app, process, message)) = tag(text)
            && (!process.is_empty() || is_plain(app))
        {
            (line.app, line.process, line.message) = (app, process, message);
        }
        return line;
    };
    line.time = Some(time);
    let rest = rest.trim_start_matches(' ');
    line.message = rest;
    // Without a host, the program comes at once.
    let behind = match word(rest) {
        Some((host, behind)) if !host.ends_with(':') && !host.contains('[') && !behind.is_empty() => {
            line.hostname = host;
            behind.trim_start_matches(' ')
        }
        _ => rest,
    };
    line.message = behind;
    if let Some((app, process, message)) = tag(behind) {
        (line.app, line.process, line.message) = (app, process, message);
    }
    line
}

/// Network devices count their messages first, and mark clocks they do not trust.
fn without_number(text: &str) -> &str {
    let behind = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let unnumbered = if behind.len() < text.len() { behind.strip_prefix(": ").unwrap_or(text) } else { text };
    unnumbered.strip_prefix(['*', '.']).unwrap_or(unnumbered)
}

/// `Oct 11 22:14:15`, with a year before or behind the clock, with a fraction, with a colon at its end.
fn clock<'a>(text: &'a str, place: Place<'_>) -> Option<(i128, &'a str)> {
    let (name, rest) = text.split_at_checked(3)?;
    let month = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name))? as i8 + 1;
    let (day, rest) = number(rest.strip_prefix(' ')?.trim_start_matches(' '), 2)?;
    let mut rest = rest.strip_prefix(' ')?;
    let mut year = None;
    if let Some((before, behind)) = four_digits(rest) {
        (year, rest) = (Some(before), behind.strip_prefix(' ')?);
    }
    let (hour, rest) = number(rest, 2)?;
    let (minute, rest) = number(rest.strip_prefix(':')?, 2)?;
    let (second, rest) = number(rest.strip_prefix(':')?, 2)?;
    let (nanos, mut rest) = fraction(rest);
    if year.is_none()
        && let Some((after, behind)) = rest.strip_prefix(' ').and_then(four_digits)
        && behind.starts_with([' ', ':'])
    {
        (year, rest) = (Some(after), behind);
    }
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    if !rest.is_empty() && !rest.starts_with(' ') {
        return None;
    }
    let (day, time) = (day as i8, (hour as i8, minute as i8, second as i8));
    let time = match year {
        None => record::without_year(month, day, time, nanos, place.zone, place.now)?,
        Some(year) => {
            let time = jiff::civil::DateTime::new(year as i16, month, day, time.0, time.1, time.2, nanos).ok()?;
            time.to_zoned(place.zone.clone()).ok()?.timestamp().as_nanosecond()
        }
    };
    Some((time, rest))
}

/// A time of RFC 3339, as relays send it.
fn iso(text: &str) -> Option<(i128, &str)> {
    let (time, rest) = word(text)?;
    let year = time.bytes().take(4).all(|byte| byte.is_ascii_digit());
    (year && time.len() >= 19).then(|| record::iso(time)).flatten().map(|time| (time, rest))
}

/// `app[123]: message`, `app: message`.
fn tag(text: &str) -> Option<(&str, &str, &str)> {
    let end = text.find([':', '[', ' '])?;
    let (app, rest) = text.split_at_checked(end)?;
    if app.is_empty() || app.len() > TAG_BYTES_MAX {
        return None;
    }
    let (process, rest) = match rest.strip_prefix('[') {
        Some(inner) => inner.split_once(']')?,
        None => ("", rest),
    };
    if process.contains(' ') {
        return None;
    }
    // Some relays leave the colon out where there is a process.
    let message = rest.strip_prefix(':').or((!process.is_empty()).then_some(rest))?;
    // `http://…` and `12:30` are no names of programs.
    if !message.is_empty() && !message.starts_with(' ') {
        return None;
    }
    let message = message.strip_prefix(' ').unwrap_or(message);
    Some((app, process, message.strip_prefix('\u{feff}').unwrap_or(message)))
}

/// Whether it looks like a program, and not like the beginning of a sentence.
fn is_plain(app: &str) -> bool {
    const SAID: [&str; 8] = ["error", "warning", "warn", "info", "debug", "fatal", "critical", "note"];
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.' | b'/');
    app.bytes().all(plain) && app.starts_with(|c: char| c.is_ascii_lowercase()) && !SAID.contains(&app)
}

/// A number of at most so many digits.
fn number(text: &str, digits_max: usize) -> Option<(u8, &str)> {
    let len = text.bytes().take(digits_max).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(len)?;
    Some((digits.parse().ok()?, rest))
}

fn four_digits(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok().map(|year| (year, rest)))?
}

/// Nanoseconds of `.123`, if that is next.
fn fraction(text: &str) -> (i32, &str) {
    let Some(digits) = text.strip_prefix('.') else { return (0, text) };
    let len = digits.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = digits.split_at(len);
    let nanos = digits.bytes().chain(std::iter::repeat(b'0')).take(9).fold(0, |n, digit| n * 10 + i32::from(digit - b'0'));
    if len == 0 { (0, text) } else { (nanos, rest) }
}
