//! Relabelling: rules that change, keep and drop sets of labels.

use std::collections::BTreeMap;

use md5::{Digest as _, Md5};
use regex::Regex;

use crate::config::raw::RawRelabel;

/// Labels by name, without empty values.
pub type Labels = BTreeMap<String, String>;

/// Bytes a compiled expression may take.
const REGEX_BYTES_MAX: usize = 10 * 1024 * 1024;
/// An expression that matches everything, and the replacement that is all of it.
const REGEX: &str = "(.*)";
const REPLACEMENT: &str = "$1";

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Replace,
    Keep,
    Drop,
    KeepEqual,
    DropEqual,
    HashMod,
    LabelMap,
    LabelDrop,
    LabelKeep,
    Lowercase,
    Uppercase,
}

const ACTIONS: [(&str, Action); 11] = [
    ("replace", Action::Replace),
    ("keep", Action::Keep),
    ("drop", Action::Drop),
    ("keepequal", Action::KeepEqual),
    ("dropequal", Action::DropEqual),
    ("hashmod", Action::HashMod),
    ("labelmap", Action::LabelMap),
    ("labeldrop", Action::LabelDrop),
    ("labelkeep", Action::LabelKeep),
    ("lowercase", Action::Lowercase),
    ("uppercase", Action::Uppercase),
];

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    action: Action,
    source_labels: Vec<String>,
    separator: String,
    target_label: String,
    regex: Regex,
    modulus: u64,
    replacement: String,
    /// Names must be of the old character set.
    legacy_names: bool,
    /// The value is taken over as it is: nothing needs to be matched.
    copies: bool,
}

/// A sequence of rules.
#[derive(Debug, Clone, Default)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks rules.
    ///
    /// # Errors
    /// The index of the rule that is wrong, and how.
    pub fn new(raw: &[RawRelabel], legacy_names: bool) -> Result<Self, (usize, String)> {
        let rules = raw.iter().enumerate().map(|(i, raw)| Rule::new(raw, legacy_names).map_err(|e| (i, e)));
        rules.collect::<Result<_, _>>().map(Self)
    }

    /// Applies the rules in turn; whether the labels are kept.
    pub fn apply(&self, labels: &mut Labels) -> bool {
        self.0.iter().all(|rule| rule.apply(labels))
    }
}

impl Rule {
    fn new(raw: &RawRelabel, legacy_names: bool) -> Result<Self, String> {
        let word = raw.action.as_deref().unwrap_or("replace").to_lowercase();
        let Some((_, action)) = ACTIONS.iter().find(|(name, _)| *name == word) else {
            let known: Vec<&str> = ACTIONS.iter().map(|(name, _)| *name).collect();
            return Err(format!("action: `{word}` is none of {}", known.join(", ")));
        };
        let regex = raw.regex.as_ref().map_or(REGEX, |text| &text.0);
        let anchored = format!("^(?s:{regex})$");
        let compiled = regex::RegexBuilder::new(&anchored).size_limit(REGEX_BYTES_MAX).build();
        let rule = Self {
            action: *action,
            source_labels: raw.source_labels.clone().unwrap_or_default(),
            separator: raw.separator.as_ref().map_or_else(|| ";".to_owned(), |text| text.0.clone()),
            target_label: raw.target_label.clone().unwrap_or_default(),
            regex: compiled.map_err(|error| format!("regex: `{regex}` is no regular expression: {error}"))?,
            modulus: raw.modulus.unwrap_or(0),
            replacement: raw.replacement.as_ref().map_or_else(|| REPLACEMENT.to_owned(), |text| text.0.clone()),
            legacy_names,
            copies: raw.regex.is_none() && raw.replacement.is_none(),
        };
        rule.check(raw)?;
        Ok(rule)
    }

    fn check(&self, raw: &RawRelabel) -> Result<(), String> {
        use Action::{DropEqual, HashMod, KeepEqual, LabelDrop, LabelKeep, LabelMap, Lowercase, Replace, Uppercase};
        let action = self.action;
        let needs_target = matches!(action, Replace | HashMod | Lowercase | Uppercase | KeepEqual | DropEqual);
        if needs_target && self.target_label.is_empty() {
            return Err("target_label: this action needs one".to_owned());
        }
        let template = action == Replace && self.target_label.contains('$');
        if needs_target && !template && !self.is_name(&self.target_label) {
            return Err(format!("target_label: `{}` is no name of a label", self.target_label));
        }
        if action == HashMod && self.modulus == 0 {
            return Err("modulus: this action needs one that is not 0".to_owned());
        }
        if matches!(action, Lowercase | Uppercase | KeepEqual | DropEqual) && raw.replacement.is_some() {
            return Err("replacement: this action takes none".to_owned());
        }
        if action == LabelMap && !self.replacement.contains('$') && !self.is_name(&self.replacement) {
            return Err(format!("replacement: `{}` is no name of a label", self.replacement));
        }
        let others = [
            ("source_labels", raw.source_labels.is_some()),
            ("target_label", raw.target_label.is_some()),
            ("modulus", raw.modulus.is_some()),
            ("separator", raw.separator.is_some()),
            ("replacement", raw.replacement.is_some()),
        ];
        if matches!(action, LabelDrop | LabelKeep)
            && let Some((key, _)) = others.iter().find(|(_, is)| *is)
        {
            return Err(format!("{key}: this action takes a regex only"));
        }
        if matches!(action, KeepEqual | DropEqual)
            && let Some((key, _)) = [("regex", raw.regex.is_some()), others[2], others[3]].iter().find(|(_, is)| *is)
        {
            return Err(format!("{key}: this action takes source_labels and target_label only"));
        }
        Ok(())
    }

    fn is_name(&self, name: &str) -> bool {
        is_label_name(name, self.legacy_names)
    }

    fn source(&self, labels: &Labels) -> String {
        let values = self.source_labels.iter().map(|name| labels.get(name).map_or("", String::as_str));
        values.collect::<Vec<_>>().join(&self.separator)
    }

    fn apply(&self, labels: &mut Labels) -> bool {
        let target = |labels: &Labels| labels.get(&self.target_label).cloned().unwrap_or_default();
        match self.action {
            Action::Keep => return self.regex.is_match(&self.source(labels)),
            Action::Drop => return !self.regex.is_match(&self.source(labels)),
            Action::KeepEqual => return self.source(labels) == target(labels),
            Action::DropEqual => return self.source(labels) != target(labels),
            Action::Replace => self.replace(labels),
            Action::Lowercase => set(labels, &self.target_label, self.source(labels).to_lowercase()),
            Action::Uppercase => set(labels, &self.target_label, self.source(labels).to_uppercase()),
            Action::HashMod => {
                let hash = hash(&self.source(labels)) % self.modulus;
                set(labels, &self.target_label, hash.to_string());
            }
            Action::LabelMap => self.map_names(labels),
            Action::LabelDrop => labels.retain(|name, _| !self.regex.is_match(name)),
            Action::LabelKeep => labels.retain(|name, _| self.regex.is_match(name)),
        }
        true
    }

    fn replace(&self, labels: &mut Labels) {
        let source = self.source(labels);
        if self.copies && !self.target_label.contains('$') {
            return set(labels, &self.target_label, source);
        }
        let Some(found) = self.regex.captures(&source) else { return };
        let mut name = String::new();
        found.expand(&self.target_label, &mut name);
        // A name that cannot be is left alone, as the rule did not match.
        if !self.is_name(&name) {
            return;
        }
        let mut value = String::new();
        found.expand(&self.replacement, &mut value);
        set(labels, &name, value);
    }

    fn map_names(&self, labels: &mut Labels) {
        let mapped: Vec<(String, String)> = labels
            .iter()
            .filter_map(|(name, value)| {
                let mut to = String::new();
                self.regex.captures(name)?.expand(&self.replacement, &mut to);
                Some((to, value.clone()))
            })
            .collect();
        for (name, value) in mapped {
            set(labels, &name, value);
        }
    }
}

/// Sets a label; an empty value removes it.
fn set(labels: &mut Labels, name: &str, value: String) {
    if value.is_empty() {
        labels.remove(name);
    } else {
        labels.insert(name.to_owned(), value);
    }
}

/// The last half of MD5 as a number, which is what Prometheus counts with.
fn hash(text: &str) -> u64 {
    let digest = Md5::digest(text.as_bytes());
    digest.iter().skip(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// Whether a label may have this name.
pub fn is_label_name(name: &str, legacy: bool) -> bool {
    let plain = |(i, c): (usize, char)| c.is_ascii_alphabetic() || c == '_' || (i > 0 && c.is_ascii_digit());
    !name.is_empty() && (!legacy || name.chars().enumerate().all(plain))
}
