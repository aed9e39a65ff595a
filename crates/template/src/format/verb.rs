//! One value by one verb.

use std::fmt::Write as _;

use super::format_float;
use crate::error::{Bounded, Fault};
use crate::syntax::{is_printable, push_quoted, push_quoted_char};
use crate::value::{MapKind, Value};

/// What stands between the percent sign and the verb.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "flags of a language that has so many")]
pub(super) struct Style {
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    /// `%+v`: names of fields.
    pub(super) names: bool,
    /// `%#v`: as source of Go.
    pub(super) source: bool,
}

impl Style {
    /// To `v`, the flags `+` and `#` mean something else than to other verbs.
    pub(super) fn of_verb(mut self, verb: char) -> Self {
        if verb == 'v' {
            self.names = std::mem::take(&mut self.plus);
            self.source = std::mem::take(&mut self.sharp);
        }
        self
    }
}

pub(super) struct Writer<'o> {
    pub(super) out: &'o mut Bounded,
    pub(super) style: Style,
}

type Written = Result<(), Fault>;

impl Writer<'_> {
    /// A value by a verb; what does not fit the value is written as Go complains of it.
    pub(super) fn argument(&mut self, value: &Value<'_>, verb: char) -> Written {
        match (value, verb) {
            (Value::Nil, 'T' | 'v') => self.pad("<nil>"),
            (_, 'T') => self.text(value.type_name()),
            _ => self.value(value, verb, false),
        }
    }

    fn value(&mut self, value: &Value<'_>, verb: char, inside: bool) -> Written {
        match value {
            Value::Nil if inside => self.out.push("<nil>"),
            Value::Nil => self.out.push_format(format_args!("%!{verb}(<nil>)")),
            Value::Bool(truth) if matches!(verb, 't' | 'v') => self.pad(if *truth { "true" } else { "false" }),
            Value::Int(number) => self.int(*number, verb, value),
            Value::Float(number) => self.float(*number, verb, value),
            Value::Text(text) | Value::Safe(text) => self.string(text, verb, value),
            Value::Duration(duration) => match verb {
                'v' | 's' | 'x' | 'X' | 'q' if !self.style.source => self.string(&duration.to_string(), verb, value),
                _ => self.int(duration.nanoseconds(), verb, value),
            },
            Value::Named(number, name) => match verb {
                'v' | 's' | 'x' | 'X' | 'q' => self.string(name, verb, value),
                _ => self.int(*number, verb, value),
            },
            Value::Time(time) => self.string(&time.to_string(), verb, value),
            Value::List(items) => {
                self.out.push("[")?;
                for (index, item) in items.iter().enumerate() {
                    self.separate(index)?;
                    self.value(item, verb, true)?;
                }
                self.out.push("]")
            }
            Value::Map(map) => {
                let fields = map.kind() == MapKind::Fields;
                self.out.push(if fields { "{" } else { "map[" })?;
                for (index, (key, item)) in map.entries().iter().enumerate() {
                    self.separate(index)?;
                    if !fields {
                        self.string(key, verb, &Value::from(key.as_ref()))?;
                    } else if self.style.names {
                        self.out.push(key)?;
                    }
                    if !fields || self.style.names {
                        self.out.push(":")?;
                    }
                    self.value(item, verb, true)?;
                }
                self.out.push(if fields { "}" } else { "]" })
            }
            Value::Texts(texts) => {
                let mut entries = texts.entries();
                entries.sort_unstable();
                self.out.push("map[")?;
                for (index, (key, text)) in entries.into_iter().enumerate() {
                    self.separate(index)?;
                    self.string(key, verb, &key.into())?;
                    self.out.push(":")?;
                    self.string(text, verb, &text.into())?;
                }
                self.out.push("]")
            }
            Value::Bool(_) => self.bad_verb(verb, value),
        }
    }

    fn separate(&mut self, index: usize) -> Written {
        if index > 0 { self.out.push(" ") } else { Ok(()) }
    }

    /// `%!d(string=x)`
    fn bad_verb(&mut self, verb: char, value: &Value<'_>) -> Written {
        self.out.push_format(format_args!("%!{verb}({}=", value.type_name()))?;
        match value {
            // What is wrong is shown without the help of its methods.
            Value::Duration(duration) => self.int(duration.nanoseconds(), 'v', value)?,
            Value::Named(number, _) => self.int(*number, 'v', value)?,
            value => self.argument(value, 'v')?,
        }
        self.out.push(")")
    }

    fn int(&mut self, number: i64, verb: char, value: &Value<'_>) -> Written {
        let size = number.unsigned_abs();
        let (digits, prefix) = match verb {
            'v' | 'd' => (size.to_string(), ""),
            'b' => (format!("{size:b}"), if self.style.sharp { "0b" } else { "" }),
            'o' => (format!("{size:o}"), if self.style.sharp { "0" } else { "" }),
            'O' => (format!("{size:o}"), "0o"),
            'x' => (format!("{size:x}"), if self.style.sharp { "0x" } else { "" }),
            'X' => (format!("{size:X}"), if self.style.sharp { "0X" } else { "" }),
            'c' | 'q' | 'U' => return self.character(number, verb),
            _ => return self.bad_verb(verb, value),
        };
        let sign = match (number < 0, self.style.plus, self.style.space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            _ => "",
        };
        let digits_min = match (self.style.precision, self.style.width) {
            (Some(0), width) if number == 0 => return self.out.push_times(' ', width.unwrap_or(0)),
            (Some(precision), _) => precision,
            (None, Some(width)) if self.style.zero => width.saturating_sub(sign.len()),
            _ => 0,
        };
        let zeros = digits_min.saturating_sub(digits.len());
        let prefix = if prefix == "0" && (zeros > 0 || digits == "0") { "" } else { prefix };
        let length = sign.len() + prefix.len() + zeros + digits.len();
        let filled = self.style.width.unwrap_or(0).saturating_sub(length);
        if !self.style.minus {
            self.out.push_times(' ', filled)?;
        }
        self.out.push(sign)?;
        self.out.push(prefix)?;
        self.out.push_times('0', zeros)?;
        self.out.push(&digits)?;
        if self.style.minus { self.out.push_times(' ', filled) } else { Ok(()) }
    }

    fn character(&mut self, number: i64, verb: char) -> Written {
        let c = u32::try_from(number).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
        let text = match verb {
            'c' => c.to_string(),
            'q' => {
                let mut quoted = Bounded::new(16);
                push_quoted_char(&mut quoted, c, self.style.plus)?;
                quoted.into_text()
            }
            _ => {
                let width = self.style.precision.unwrap_or(4).clamp(4, 64);
                let mut text = format!("U+{number:0width$X}");
                if self.style.sharp && i64::from(c as u32) == number && is_printable(c) {
                    let _ = write!(text, " '{c}'");
                }
                text
            }
        };
        self.pad(&text)
    }

    fn float(&mut self, number: f64, verb: char, value: &Value<'_>) -> Written {
        let (verb, precision) = match verb {
            'v' => ('v', self.style.precision),
            'g' | 'G' | 'b' | 'x' | 'X' => (verb, self.style.precision),
            'e' | 'E' | 'f' | 'F' => (verb, Some(self.style.precision.unwrap_or(6))),
            _ => return self.bad_verb(verb, value),
        };
        let text = format_float(number, verb, precision);
        if !number.is_finite() {
            let shown = if number.is_nan() && !self.style.plus { "NaN" } else { &text };
            return self.pad_with(shown, ' ');
        }
        let negative = text.starts_with('-');
        let sign = match (negative, self.style.plus, self.style.space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            _ => "",
        };
        let digits = &text[1..];
        let filled = self.style.width.unwrap_or(0).saturating_sub(sign.len() + digits.len());
        if self.style.zero && filled > 0 {
            self.out.push(sign)?;
            self.out.push_times('0', filled)?;
            return self.out.push(digits);
        }
        self.pad(&format!("{sign}{digits}"))
    }

    fn string(&mut self, text: &str, verb: char, value: &Value<'_>) -> Written {
        match verb {
            'v' if self.style.source => self.quoted(text),
            'v' | 's' => self.text(text),
            'q' => self.quoted(text),
            'x' | 'X' => self.hexadecimal(text, verb == 'X'),
            _ => self.bad_verb(verb, value),
        }
    }

    /// A text, cut to the precision, which counts characters.
    fn text(&mut self, text: &str) -> Written {
        self.pad(self.cut(text))
    }

    fn cut<'t>(&self, text: &'t str) -> &'t str {
        let Some(precision) = self.style.precision else { return text };
        text.char_indices().nth(precision).map_or(text, |(end, _)| &text[..end])
    }

    fn quoted(&mut self, text: &str) -> Written {
        let text = self.cut(text);
        let mut quoted = Bounded::new(text.len().saturating_mul(10) + 2);
        let raw = self.style.sharp && !text.contains(|c: char| c == '`' || c == '\u{feff}' || (c.is_control() && c != '\t'));
        if raw {
            quoted.push("`")?;
            quoted.push(text)?;
            quoted.push("`")?;
        } else {
            push_quoted(&mut quoted, text, self.style.plus)?;
        }
        self.pad(&quoted.into_text())
    }

    fn hexadecimal(&mut self, text: &str, capitals: bool) -> Written {
        let bytes = text.as_bytes();
        let bytes = &bytes[..self.style.precision.unwrap_or(bytes.len()).min(bytes.len())];
        let prefix = match (self.style.sharp, capitals) {
            (false, _) => "",
            (true, false) => "0x",
            (true, true) => "0X",
        };
        let mut digits = String::with_capacity(bytes.len() * 3);
        for (index, byte) in bytes.iter().enumerate() {
            if index > 0 && self.style.space {
                digits.push(' ');
            }
            if index == 0 || self.style.space {
                digits.push_str(prefix);
            }
            let _ = if capitals { write!(digits, "{byte:02X}") } else { write!(digits, "{byte:02x}") };
        }
        self.pad(&digits)
    }

    fn pad(&mut self, text: &str) -> Written {
        self.pad_with(text, if self.style.zero { '0' } else { ' ' })
    }

    fn pad_with(&mut self, text: &str, fill: char) -> Written {
        let Some(width) = self.style.width else { return self.out.push(text) };
        let filled = width.saturating_sub(text.chars().count());
        if self.style.minus {
            self.out.push(text)?;
            return self.out.push_times(' ', filled);
        }
        self.out.push_times(fill, filled)?;
        self.out.push(text)
    }
}
