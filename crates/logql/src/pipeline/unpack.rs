//! The parser `unpack`: what Promtail's and Alloy's stage `pack` packed, a line with its labels.

use super::json::{Cursor, FAULT, Raw};
use super::labels::Category;
use super::{DUPLICATE_SUFFIX, LabelBuffer};

/// The member that has the line.
const ENTRY: &str = "_entry";

/// Gives the line that was packed, if one was, and sets the labels beside it.
pub(crate) fn unpack(line: &str, labels: &mut LabelBuffer) -> Option<String> {
    if line.is_empty() || labels.hints.is_done() {
        return None;
    }
    if !line.trim_start().starts_with('{') {
        labels.fail(FAULT, Some("expecting json object(6), but it is not"));
        return None;
    }
    let (mut entry, mut members, mut buffer) = (None, Vec::new(), String::new());
    let walked = Cursor::new(line).members::<&'static str>(|key, value| {
        if !matches!(value, Raw::Text(_)) {
            return Ok(());
        }
        let text = value.text(&mut buffer).to_owned();
        if key == ENTRY {
            entry = Some(text);
        } else {
            members.push((key, text));
        }
        Ok(())
    });
    if let Err(fault) = walked {
        labels.fail(FAULT, Some(fault));
        return None;
    }
    let entry = entry?;
    for (key, text) in members {
        let name = if labels.base_has(key) { format!("{key}{DUPLICATE_SUFFIX}") } else { key.to_owned() };
        if labels.hints.wants(&name) {
            labels.set(Category::Parsed, &name, &text);
        }
    }
    Some(entry)
}
