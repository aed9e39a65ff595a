//! Reading times by a layout.

use super::layout::{Pad, Part, ZoneForm, cut};
use super::{MONTHS, Time, WEEKDAYS, Zone, days_of_civil};

/// What was read so far.
struct Read<'t> {
    rest: &'t str,
    year: i64,
    month: Option<u32>,
    day: Option<u32>,
    year_day: Option<u32>,
    hour: u32,
    minute: u32,
    second: u32,
    nanoseconds: u32,
    afternoon: Option<bool>,
    /// Seconds east of Greenwich.
    offset: Option<i32>,
    zone_name: Option<&'t str>,
    utc: bool,
}

/// Reads a time as Go does; `None` where the text is not of the layout. A text without a zone is of
/// the zone given.
pub(crate) fn parse(layout: &str, text: &str, zone: &Zone) -> Option<Time> {
    let mut read = Read {
        rest: text,
        year: 0,
        month: None,
        day: None,
        year_day: None,
        hour: 0,
        minute: 0,
        second: 0,
        nanoseconds: 0,
        afternoon: None,
        offset: None,
        zone_name: None,
        utc: false,
    };
    let mut layout = layout;
    while let Some((before, word, part, behind)) = cut(layout) {
        read.literal(before)?;
        read.part(part, word, behind)?;
        layout = behind;
    }
    read.literal(layout)?;
    if !read.rest.is_empty() {
        return None;
    }
    read.time(zone)
}

impl<'t> Read<'t> {
    /// Text of the layout. Spaces stand for any number of spaces.
    fn literal(&mut self, mut text: &str) -> Option<()> {
        while !text.is_empty() {
            if text.starts_with(' ') {
                if !self.rest.is_empty() && !self.rest.starts_with(' ') {
                    return None;
                }
                text = text.trim_start_matches(' ');
                self.rest = self.rest.trim_start_matches(' ');
                continue;
            }
            let end = text.find(' ').unwrap_or(text.len());
            self.rest = self.rest.strip_prefix(&text[..end])?;
            text = &text[end..];
        }
        Some(())
    }

    fn take(&mut self, length: usize) -> Option<&'t str> {
        let taken = self.rest.get(..length)?;
        self.rest = &self.rest[length..];
        Some(taken)
    }

    /// A number of exactly so many digits.
    fn digits(&mut self, count: usize) -> Option<u32> {
        let text = self.take(count)?;
        text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
    }

    /// A number of one or two digits; of two, where that is demanded.
    fn number(&mut self, two: bool) -> Option<u32> {
        let second = self.rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        if two && !second {
            return None;
        }
        self.digits(if second { 2 } else { 1 })
    }

    fn name(&mut self, names: &[&str], short: bool) -> Option<u32> {
        for (index, name) in names.iter().enumerate() {
            let name = if short { &name[..3] } else { name };
            if self.rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
                self.rest = &self.rest[name.len()..];
                return Some(index as u32);
            }
        }
        None
    }

    fn part(&mut self, part: Part, word: &str, behind: &str) -> Option<()> {
        match part {
            Part::LongYear => self.year = i64::from(self.digits(4)?),
            Part::ShortYear => {
                let year = i64::from(self.digits(2)?);
                self.year = year + if year >= 69 { 1900 } else { 2000 };
            }
            Part::LongMonth => self.month = Some(self.name(&MONTHS, false)? + 1),
            Part::ShortMonth => self.month = Some(self.name(&MONTHS, true)? + 1),
            Part::Month(two) => self.month = Some(self.number(two)?).filter(|month| (1..=12).contains(month)),
            Part::LongWeekday => {
                self.name(&WEEKDAYS, false)?;
            }
            Part::ShortWeekday => {
                self.name(&WEEKDAYS, true)?;
            }
            Part::Day(pad) => {
                if pad == Pad::Space {
                    self.rest = self.rest.strip_prefix(' ').unwrap_or(self.rest);
                }
                self.day = Some(self.number(pad == Pad::Zero)?);
            }
            Part::YearDay(pad) => {
                let spaces = if pad == Pad::Space { self.rest.bytes().take(2).take_while(|&b| b == b' ').count() } else { 0 };
                self.rest = &self.rest[spaces..];
                self.year_day = Some(self.digits(3 - spaces)?);
            }
            Part::Hour => self.hour = self.number(false).filter(|hour| *hour < 24)?,
            Part::Hour12(two) => self.hour = self.number(two).filter(|hour| *hour <= 12)?,
            Part::Minute(two) => self.minute = self.number(two).filter(|minute| *minute < 60)?,
            Part::Second(two) => {
                self.second = self.number(two).filter(|second| *second < 60)?;
                self.unasked_fraction(behind)?;
            }
            Part::AmPm(capitals) => {
                let (am, pm) = if capitals { ("AM", "PM") } else { ("am", "pm") };
                self.afternoon = Some(match self.take(2)? {
                    word if word == am => false,
                    word if word == pm => true,
                    _ => return None,
                });
            }
            Part::Zone(form) => self.zone_offset(form)?,
            Part::ZoneName => self.zone_name()?,
            Part::Fraction(_) => self.fraction(word.len())?,
            Part::ShortFraction(_) => {
                if let Some(length) = self.fraction_length() {
                    self.fraction(length)?;
                }
            }
        }
        // Numbers that are out of range leave nothing behind.
        (!matches!(part, Part::Month(_)) || self.month.is_some()).then_some(())
    }

    /// Length of a mark and digits, if they are next.
    fn fraction_length(&self) -> Option<usize> {
        let bytes = self.rest.as_bytes();
        let marked = matches!(bytes.first(), Some(b'.' | b','));
        let digits = bytes.iter().skip(1).take_while(|b| b.is_ascii_digit()).count();
        (marked && digits > 0).then_some(digits + 1)
    }

    /// Behind seconds a fraction is read although the layout has none.
    fn unasked_fraction(&mut self, behind: &str) -> Option<()> {
        let asked = matches!(cut(behind), Some(("", _, Part::Fraction(_) | Part::ShortFraction(_), _)));
        match self.fraction_length() {
            Some(length) if !asked => self.fraction(length),
            _ => Some(()),
        }
    }

    fn fraction(&mut self, length: usize) -> Option<()> {
        let text = self.take(length)?;
        let digits = text.strip_prefix(['.', ','])?;
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let kept = &digits[..digits.len().min(9)];
        self.nanoseconds = kept.parse::<u32>().ok()? * 10_u32.pow(9 - kept.len() as u32);
        Some(())
    }

    fn zone_offset(&mut self, form: ZoneForm) -> Option<()> {
        if form.zulu && self.rest.starts_with('Z') {
            self.rest = &self.rest[1..];
            self.utc = true;
            return Some(());
        }
        let negative = match self.take(1)? {
            "+" => false,
            "-" => true,
            _ => return None,
        };
        let mut seconds = self.digits(2).filter(|hours| *hours <= 24)? * 3600;
        for (wanted, unit) in [(form.numbers > 1, 60), (form.numbers > 2, 1)] {
            if wanted {
                if form.colons {
                    self.rest = self.rest.strip_prefix(':')?;
                }
                seconds += self.digits(2).filter(|number| *number < 60)? * unit;
            }
        }
        self.offset = Some(if negative { -(seconds as i32) } else { seconds as i32 });
        Some(())
    }

    /// `UTC`, `CEST`, `GMT-3` or, of zones without a name, `+03`.
    fn zone_name(&mut self) -> Option<()> {
        if let Some(rest) = self.rest.strip_prefix("UTC") {
            self.rest = rest;
            self.utc = true;
            return Some(());
        }
        let signed = |text: &str| -> usize {
            let digits = text.bytes().skip(1).take(2).take_while(u8::is_ascii_digit).count();
            if text.starts_with(['+', '-']) && digits > 0 { digits + 1 } else { 0 }
        };
        let letters = self.rest.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
        let length = match letters {
            0 => Some(signed(self.rest)).filter(|length| *length == 3)?,
            3 if self.rest.starts_with("GMT") => 3 + signed(&self.rest[3..]),
            3 => 3,
            4 if self.rest[..4].ends_with('T') || self.rest.starts_with("WITA") => 4,
            5 if self.rest[..5].ends_with('T') => 5,
            _ => return None,
        };
        self.zone_name = self.take(length);
        Some(())
    }

    fn time(self, zone: &Zone) -> Option<Time> {
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let day = self.days()?;
        let clock = day * 86_400 + i64::from(hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        if self.utc {
            return Some(Time::from_unix(clock, i64::from(self.nanoseconds)));
        }
        if let Some(offset) = self.offset {
            let time = Time::from_unix(clock - i64::from(offset), i64::from(self.nanoseconds));
            // The zone given is kept where it agrees.
            let (there, name) = zone.at(time.unix_s());
            let agrees = there == offset && self.zone_name.is_none_or(|read| read == name);
            let fixed = || Zone::Fixed(offset, self.zone_name.unwrap_or_default().into());
            return Some(time.with_zone(if agrees { zone.clone() } else { fixed() }));
        }
        let Some(name) = self.zone_name else {
            return Some(Time::from_clock(clock, self.nanoseconds, zone.clone()));
        };
        let local = Time::from_clock(clock, self.nanoseconds, zone.clone());
        if local.offset().1 == name {
            return Some(local);
        }
        // Winter time may be written in summer.
        for half_year in [-182, 182] {
            let (offset, there) = zone.at(clock + half_year * 86_400);
            if there == name {
                return Some(Time::from_unix(clock - i64::from(offset), i64::from(self.nanoseconds)).with_zone(zone.clone()));
            }
        }
        // Go makes up a zone for a name that it does not know.
        let hours: i32 = name.strip_prefix("GMT").and_then(|hours| hours.parse().ok()).unwrap_or(0);
        // The clock is read as UTC, and shown in that zone.
        Some(Time::from_unix(clock, i64::from(self.nanoseconds)).with_zone(Zone::Fixed(hours * 3600, name.into())))
    }

    /// Days after 1970, by month and day or by the day of the year.
    fn days(&self) -> Option<i64> {
        let first = days_of_civil(self.year, 1, 1);
        if let Some(year_day) = self.year_day {
            let length = days_of_civil(self.year + 1, 1, 1) - first;
            let day = first + i64::from(year_day) - 1;
            let dated = self.month.zip(self.day);
            let agrees = dated.is_none_or(|(month, d)| days_of_civil(self.year, i64::from(month), i64::from(d)) == day);
            return (year_day >= 1 && i64::from(year_day) <= length && agrees).then_some(day);
        }
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        let start = days_of_civil(self.year, i64::from(month), 1);
        let length = days_of_civil(self.year, i64::from(month) + 1, 1) - start;
        (day >= 1 && i64::from(day) <= length).then(|| start + i64::from(day) - 1)
    }
}
