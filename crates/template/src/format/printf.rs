//! Formats: texts with verbs in them.

use super::verb::{Style, Writer};
use crate::error::{Bounded, Fault};
use crate::value::Value;

/// Widths and precisions up to here are taken, as in Go.
const NUMBER_MAX: usize = 1_000_000;

/// Precisions up to here are computed; a float has no more digits.
const PRECISION_MAX: usize = 1_100;

/// A format with its arguments, as Go's `Sprintf` writes them.
pub(crate) fn printf(format: &str, arguments: &[Value<'_>], bytes_max: usize) -> Result<String, Fault> {
    let mut out = Bounded::new(bytes_max);
    let mut state = Format { rest: format, arguments, next: 0, reordered: false, bad_index: false };
    while let Some((before, behind)) = state.rest.split_once('%') {
        out.push(before)?;
        state.rest = behind;
        state.verb(&mut out)?;
    }
    out.push(state.rest)?;
    if !state.reordered && state.next < arguments.len() {
        out.push("%!(EXTRA ")?;
        for (index, value) in arguments[state.next..].iter().enumerate() {
            if index > 0 {
                out.push(", ")?;
            }
            if !matches!(value, Value::Nil) {
                out.push(value.type_name())?;
                out.push("=")?;
            }
            super::push_value(&mut out, value)?;
        }
        out.push(")")?;
    }
    Ok(out.into_text())
}

struct Format<'f, 'v> {
    rest: &'f str,
    arguments: &'f [Value<'v>],
    next: usize,
    /// Whether any verb named its argument.
    reordered: bool,
    bad_index: bool,
}

impl Format<'_, '_> {
    /// What follows a percent sign.
    fn verb(&mut self, out: &mut Bounded) -> Result<(), Fault> {
        let mut style = self.flags();
        self.bad_index = false;
        let mut after_index = self.index();
        if self.rest.starts_with('*') {
            self.rest = &self.rest[1..];
            match self.number_argument() {
                Some(width) => {
                    style.minus |= width < 0;
                    style.width = Some(width.unsigned_abs() as usize);
                }
                None => out.push("%!(BADWIDTH)")?,
            }
            style.zero &= !style.minus;
            after_index = false;
        } else {
            style.width = self.number();
            // `%[3]2d` is wrong: the index belongs before the verb.
            self.bad_index |= after_index && style.width.is_some();
        }
        if self.rest.starts_with('.') {
            self.rest = &self.rest[1..];
            self.bad_index |= after_index;
            after_index = self.index();
            style.precision = self.precision(out)?;
        }
        if !after_index {
            self.index();
        }
        let Some(verb) = self.rest.chars().next() else { return out.push("%!(NOVERB)") };
        self.rest = &self.rest[verb.len_utf8()..];
        style.precision = style.precision.map(|precision| precision.min(PRECISION_MAX.max(self.longest())));
        match self.arguments.get(self.next) {
            _ if verb == '%' => out.push("%"),
            _ if self.bad_index => out.push_format(format_args!("%!{verb}(BADINDEX)")),
            None => out.push_format(format_args!("%!{verb}(MISSING)")),
            Some(value) => {
                self.next += 1;
                Writer { out, style: style.of_verb(verb) }.argument(value, verb)
            }
        }
    }

    /// Length of the next argument, where that is a text.
    fn longest(&self) -> usize {
        self.arguments.get(self.next).and_then(Value::as_text).map_or(0, str::len)
    }

    fn flags(&mut self) -> Style {
        let mut style = Style::default();
        loop {
            match self.rest.as_bytes().first() {
                Some(b'#') => style.sharp = true,
                Some(b'0') => style.zero = true,
                Some(b'+') => style.plus = true,
                Some(b'-') => style.minus = true,
                Some(b' ') => style.space = true,
                _ => break,
            }
            self.rest = &self.rest[1..];
        }
        style.zero &= !style.minus;
        style
    }

    /// `[2]`: the argument to take next.
    fn index(&mut self) -> bool {
        let Some(inner) = self.rest.strip_prefix('[') else { return false };
        self.reordered = true;
        let Some((number, behind)) = inner.split_once(']') else {
            self.bad_index = true;
            self.rest = inner;
            return false;
        };
        self.rest = behind;
        match number.parse::<usize>() {
            Ok(number) if (1..=self.arguments.len()).contains(&number) => {
                self.next = number - 1;
                true
            }
            _ => {
                self.bad_index = true;
                false
            }
        }
    }

    fn number(&mut self) -> Option<usize> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let number = self.rest[..digits].parse().ok().filter(|number| *number <= NUMBER_MAX);
        self.rest = &self.rest[digits..];
        number
    }

    /// A width or precision that is an argument.
    fn number_argument(&mut self) -> Option<i64> {
        let value = self.arguments.get(self.next);
        self.next = (self.next + 1).min(self.arguments.len());
        let number = match value? {
            Value::Int(number) | Value::Named(number, _) => *number,
            Value::Duration(duration) => duration.nanoseconds(),
            _ => return None,
        };
        (number.unsigned_abs() <= NUMBER_MAX as u64).then_some(number)
    }

    fn precision(&mut self, out: &mut Bounded) -> Result<Option<usize>, Fault> {
        if !self.rest.starts_with('*') {
            return Ok(Some(self.number().unwrap_or(0)));
        }
        self.rest = &self.rest[1..];
        let number = self.number_argument();
        if number.is_none_or(|number| number < 0) {
            out.push("%!(BADPREC)")?;
            return Ok(None);
        }
        Ok(number.map(|number| number as usize))
    }
}
