//! Layouts: how Go writes times, by the example of Mon Jan 2 15:04:05 MST 2006.

use std::fmt::Write as _;

use super::{MONTHS, Time, WEEKDAYS};

/// What a part of a layout stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    LongMonth,
    ShortMonth,
    /// Two digits at least, if true.
    Month(bool),
    LongWeekday,
    ShortWeekday,
    Day(Pad),
    YearDay(Pad),
    Hour,
    Hour12(bool),
    Minute(bool),
    Second(bool),
    LongYear,
    ShortYear,
    /// In capitals, if true.
    AmPm(bool),
    ZoneName,
    Zone(ZoneForm),
    /// So many digits behind the second, zeros at the end kept.
    Fraction(usize),
    /// So many digits at most, zeros at the end dropped.
    ShortFraction(usize),
}

/// What fills a number that is shorter than its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pad {
    No,
    Space,
    Zero,
}

/// How an offset from Greenwich is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ZoneForm {
    /// `Z` for no offset.
    pub(super) zulu: bool,
    pub(super) colons: bool,
    /// How many numbers: hours, minutes, seconds.
    pub(super) numbers: u8,
}

/// Parts by how they are written, longer ones first where one begins like another.
const PARTS: [(&str, Part); 38] = [
    ("January", Part::LongMonth),
    ("Jan", Part::ShortMonth),
    ("Monday", Part::LongWeekday),
    ("Mon", Part::ShortWeekday),
    ("MST", Part::ZoneName),
    ("01", Part::Month(true)),
    ("002", Part::YearDay(Pad::Zero)),
    ("02", Part::Day(Pad::Zero)),
    ("03", Part::Hour12(true)),
    ("04", Part::Minute(true)),
    ("05", Part::Second(true)),
    ("06", Part::ShortYear),
    ("15", Part::Hour),
    ("1", Part::Month(false)),
    ("2006", Part::LongYear),
    ("2", Part::Day(Pad::No)),
    ("__2", Part::YearDay(Pad::Space)),
    ("_2", Part::Day(Pad::Space)),
    ("3", Part::Hour12(false)),
    ("4", Part::Minute(false)),
    ("5", Part::Second(false)),
    ("PM", Part::AmPm(true)),
    ("pm", Part::AmPm(false)),
    ("-070000", zone(false, false, 3)),
    ("-07:00:00", zone(false, true, 3)),
    ("-0700", zone(false, false, 2)),
    ("-07:00", zone(false, true, 2)),
    ("-07", zone(false, false, 1)),
    ("Z070000", zone(true, false, 3)),
    ("Z07:00:00", zone(true, true, 3)),
    ("Z0700", zone(true, false, 2)),
    ("Z07:00", zone(true, true, 2)),
    ("Z07", zone(true, false, 1)),
    (".0", Part::Fraction(0)),
    (",0", Part::Fraction(0)),
    (".9", Part::ShortFraction(0)),
    (",9", Part::ShortFraction(0)),
    // Underscore and year: the underscore is text.
    ("_2006", Part::LongYear),
];

const fn zone(zulu: bool, colons: bool, numbers: u8) -> Part {
    Part::Zone(ZoneForm { zulu, colons, numbers })
}

/// Cuts a layout at its first part: text before it, the part as written and as meant, and the rest.
pub(super) fn cut(layout: &str) -> Option<(&str, &str, Part, &str)> {
    let bytes = layout.as_bytes();
    for at in 0..bytes.len() {
        if !matches!(bytes[at], b'0'..=b'5' | b'J' | b'M' | b'_' | b'P' | b'p' | b'-' | b'Z' | b'.' | b',') {
            continue;
        }
        let rest = &layout[at..];
        if rest.starts_with("_2006") {
            // Text up to the year, which is found in the next round.
            continue;
        }
        let Some((word, part)) = PARTS.iter().find(|(word, _)| rest.starts_with(word)) else { continue };
        let (length, part) = match part {
            Part::ShortMonth | Part::ShortWeekday if bytes.get(at + 3).is_some_and(u8::is_ascii_lowercase) => continue,
            Part::Fraction(_) | Part::ShortFraction(_) => {
                let digits = rest.as_bytes()[1..].iter().take_while(|&&b| b == rest.as_bytes()[1]).count();
                if rest.as_bytes().get(digits + 1).is_some_and(u8::is_ascii_digit) {
                    continue;
                }
                let zeros = rest.as_bytes()[1] == b'0';
                (digits + 1, if zeros { Part::Fraction(digits) } else { Part::ShortFraction(digits) })
            }
            part => (word.len(), *part),
        };
        return Some((&layout[..at], &rest[..length], part, &rest[length..]));
    }
    None
}

/// Appends a time as a layout shows it.
pub(super) fn format(out: &mut String, time: &Time, layout: &str) {
    let (offset, abbreviation) = time.offset();
    let civil = time.civil_at(offset);
    let mut rest = layout;
    while let Some((before, word, part, behind)) = cut(rest) {
        out.push_str(before);
        rest = behind;
        match part {
            Part::LongMonth => out.push_str(MONTHS[civil.month as usize - 1]),
            Part::ShortMonth => out.push_str(&MONTHS[civil.month as usize - 1][..3]),
            Part::Month(padded) => push(out, civil.month, usize::from(padded) * 2, '0'),
            Part::LongWeekday => out.push_str(WEEKDAYS[civil.weekday as usize]),
            Part::ShortWeekday => out.push_str(&WEEKDAYS[civil.weekday as usize][..3]),
            Part::Day(pad) => padded(out, civil.day, 2, pad),
            Part::YearDay(pad) => padded(out, civil.year_day, 3, pad),
            Part::Hour => push(out, civil.hour, 2, '0'),
            Part::Hour12(padded) => push(out, (civil.hour + 11) % 12 + 1, usize::from(padded) * 2, '0'),
            Part::Minute(padded) => push(out, civil.minute, usize::from(padded) * 2, '0'),
            Part::Second(padded) => push(out, civil.second, usize::from(padded) * 2, '0'),
            Part::LongYear => {
                if civil.year < 0 {
                    out.push('-');
                }
                push(out, civil.year.unsigned_abs() as u32, 4, '0');
            }
            Part::ShortYear => push(out, civil.year.unsigned_abs() as u32 % 100, 2, '0'),
            Part::AmPm(capitals) => out.push_str(match (civil.hour >= 12, capitals) {
                (true, true) => "PM",
                (true, false) => "pm",
                (false, true) => "AM",
                (false, false) => "am",
            }),
            Part::ZoneName if abbreviation.is_empty() => unnamed_zone(out, offset),
            Part::ZoneName => out.push_str(&abbreviation),
            Part::Zone(form) => push_zone(out, offset, form),
            Part::Fraction(digits) => push_fraction(out, time.subsecond_ns(), digits, &word[..1], true),
            Part::ShortFraction(digits) => push_fraction(out, time.subsecond_ns(), digits, &word[..1], false),
        }
    }
    out.push_str(rest);
}

fn push(out: &mut String, number: u32, width: usize, fill: char) {
    let text = number.to_string();
    out.extend(std::iter::repeat_n(fill, width.saturating_sub(text.len())));
    out.push_str(&text);
}

fn padded(out: &mut String, number: u32, width: usize, pad: Pad) {
    match pad {
        Pad::No => push(out, number, 0, ' '),
        Pad::Space => push(out, number, width, ' '),
        Pad::Zero => push(out, number, width, '0'),
    }
}

fn push_zone(out: &mut String, offset_s: i32, form: ZoneForm) {
    if form.zulu && offset_s == 0 {
        out.push('Z');
        return;
    }
    let size = offset_s.unsigned_abs();
    out.push(if offset_s < 0 { '-' } else { '+' });
    push(out, size / 3600, 2, '0');
    for (wanted, number) in [(form.numbers > 1, size / 60 % 60), (form.numbers > 2, size % 60)] {
        if wanted {
            if form.colons {
                out.push(':');
            }
            push(out, number, 2, '0');
        }
    }
}

/// A zone without a name is called by its offset.
fn unnamed_zone(out: &mut String, offset_s: i32) {
    push_zone(out, offset_s, ZoneForm { zulu: false, colons: false, numbers: 2 });
}

fn push_fraction(out: &mut String, nanoseconds: u32, digits: usize, mark: &str, keep: bool) {
    let text = format!("{nanoseconds:09}");
    let mut shown = text.get(..digits).unwrap_or(&text);
    if !keep {
        shown = shown.trim_end_matches('0');
        if shown.is_empty() {
            return;
        }
    }
    // More digits than nanoseconds have are zeros.
    let zeros = if keep { digits.saturating_sub(9) } else { 0 };
    let _ = write!(out, "{mark}{shown}");
    out.extend(std::iter::repeat_n('0', zeros));
}
