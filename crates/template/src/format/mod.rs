//! Values as Go's `fmt` writes them.

mod float;
mod printf;
mod verb;

pub(crate) use float::format_float;
pub(crate) use printf::printf;
use verb::{Style, Writer};

use crate::error::{Bounded, Fault};
use crate::value::Value;

/// A value as `%v` writes it.
pub(crate) fn push_value(out: &mut Bounded, value: &Value<'_>) -> Result<(), Fault> {
    Writer { out, style: Style::default() }.argument(value, 'v')
}

/// A value as a text of its own.
pub(crate) fn to_text(value: &Value<'_>, bytes_max: usize) -> Result<String, Fault> {
    let mut out = Bounded::new(bytes_max);
    push_value(&mut out, value)?;
    Ok(out.into_text())
}

/// As `print` writes values: with spaces between those of which neither is a text.
pub(crate) fn print(values: &[Value<'_>], bytes_max: usize) -> Result<String, Fault> {
    let mut out = Bounded::new(bytes_max);
    let mut after_text = true;
    for value in values {
        let is_text = matches!(value, Value::Text(_) | Value::Safe(_));
        if !is_text && !after_text {
            out.push(" ")?;
        }
        push_value(&mut out, value)?;
        after_text = is_text;
    }
    Ok(out.into_text())
}

/// As `println` writes values: with spaces between all, and a newline at the end.
pub(crate) fn println(values: &[Value<'_>], bytes_max: usize) -> Result<String, Fault> {
    let mut out = Bounded::new(bytes_max);
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(" ")?;
        }
        push_value(&mut out, value)?;
    }
    out.push("\n")?;
    Ok(out.into_text())
}
