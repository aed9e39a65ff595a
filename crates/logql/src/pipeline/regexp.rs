//! The parser `regexp`: named groups become labels.

use luneta_promql::go_regex;
use regex::{CaptureLocations, Regex};

use super::labels::{Category, is_label_name};
use super::{DUPLICATE_SUFFIX, LabelBuffer};

pub(crate) struct Regexp {
    regex: Regex,
    /// Groups that have names.
    groups: Vec<(usize, String)>,
    found: CaptureLocations,
    name: String,
}

impl Regexp {
    pub fn new(pattern: &str) -> Result<Self, String> {
        let regex = go_regex(pattern).map_err(|fault| format!("error parsing regexp: {fault}"))?;
        let mut groups: Vec<(usize, String)> = Vec::new();
        for (index, name) in regex.capture_names().enumerate() {
            let Some(name) = name else { continue };
            if !is_label_name(name) {
                return Err(format!("invalid extracted label name '{name}'"));
            }
            if groups.iter().any(|(_, known)| known == name) {
                return Err(format!("duplicate extracted label name '{name}'"));
            }
            groups.push((index, name.to_owned()));
        }
        if groups.is_empty() {
            return Err("at least one named capture must be supplied".to_owned());
        }
        let found = regex.capture_locations();
        Ok(Self { regex, groups, found, name: String::new() })
    }

    pub fn process(&mut self, line: &str, labels: &mut LabelBuffer) {
        if self.regex.captures_read(&mut self.found, line).is_none() {
            return;
        }
        for (index, group) in &self.groups {
            let value = self.found.get(*index).map_or("", |(start, end)| &line[start..end]);
            self.name.clear();
            self.name.push_str(group);
            if labels.base_has(group) {
                self.name.push_str(DUPLICATE_SUFFIX);
            }
            if labels.hints.wants(&self.name) {
                labels.set(Category::Parsed, &self.name, value);
            }
        }
    }
}
