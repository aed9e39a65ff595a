//! One stage of a pipeline, made ready.

use std::borrow::Cow;

use super::format::{Format, NewLabel, decolorized};
use super::json::Json;
use super::json_path::JsonPaths;
use super::labels::Category;
use super::logfmt::Logfmt;
use super::pattern::CapturePattern;
use super::regexp::Regexp;
use super::unpack::unpack;
use super::{DUPLICATE_SUFFIX, ERROR_DETAILS_LABEL, ERROR_LABEL, LabelBuffer, LineFilter, PRESERVE_ERROR_LABEL};
use crate::limits::Limits;
use crate::syntax::{LabelFilter, NamedMatcher, Stage};

/// A stage behind the line filters that come first.
pub(super) enum Step {
    Line(LineFilter),
    Label(LabelFilter),
    Json(Json),
    JsonPaths(JsonPaths),
    Logfmt(Logfmt),
    Regexp(Box<Regexp>),
    Pattern(CapturePattern),
    Unpack,
    LineFormat(Box<Format>),
    LabelFormat(Vec<NewLabel>),
    Decolorize,
    Drop(Vec<NamedMatcher>),
    Keep(Vec<NamedMatcher>),
}

impl Step {
    pub fn new(stage: &Stage, limits: &Limits) -> Result<Self, String> {
        Ok(match stage {
            Stage::Line(filter) => Self::Line(LineFilter::new(filter)?),
            Stage::Label(filter) => Self::Label(filter.clone()),
            Stage::Json(extractions) if extractions.is_empty() => Self::Json(Json::default()),
            Stage::Json(extractions) => Self::JsonPaths(JsonPaths::new(extractions)?),
            Stage::Logfmt { strict, keep_empty, extractions } => Self::Logfmt(Logfmt::new(*strict, *keep_empty, extractions)?),
            Stage::Regexp(pattern) => {
                Self::Regexp(Box::new(Regexp::new(pattern).map_err(|fault| format!("invalid regexp parser: {fault}"))?))
            }
            Stage::Pattern(pattern) => {
                Self::Pattern(CapturePattern::new(pattern).map_err(|fault| format!("invalid pattern parser: {fault}"))?)
            }
            Stage::Unpack => Self::Unpack,
            Stage::LineFormat(template) => {
                let fault = |fault| format!("invalid line template: {fault}");
                Self::LineFormat(Box::new(Format::new(template, limits).map_err(fault)?))
            }
            Stage::LabelFormat(formats) => Self::LabelFormat(NewLabel::all(formats, limits)?),
            Stage::Decolorize => Self::Decolorize,
            Stage::Drop(named) => Self::Drop(named.clone()),
            Stage::Keep(named) => Self::Keep(named.clone()),
        })
    }

    pub fn set_now(&mut self, now_ns: i64) {
        match self {
            Self::LineFormat(format) => format.now_ns = now_ns,
            Self::LabelFormat(formats) => {
                for label in formats {
                    if let NewLabel::Set { format, .. } = label {
                        format.now_ns = now_ns;
                    }
                }
            }
            _ => {}
        }
    }

    /// Changes line and labels; false where the entry is dropped.
    pub fn process(&mut self, time_ns: i64, line: &mut Cow<'_, str>, labels: &mut LabelBuffer) -> bool {
        match self {
            Self::Line(filter) => return filter.matches(line),
            Self::Label(filter) => return filter.process(labels),
            Self::Json(json) => json.process(line, labels),
            Self::JsonPaths(paths) => paths.process(line, labels),
            Self::Logfmt(logfmt) => logfmt.process(line, labels),
            Self::Regexp(regexp) => regexp.process(line, labels),
            Self::Pattern(pattern) => captured(pattern, line, labels),
            Self::Unpack => replace(line, unpack(line, labels)),
            Self::LineFormat(format) => replace(line, format.line(time_ns, line, labels)),
            Self::LabelFormat(formats) => formats.iter().for_each(|label| label.apply(time_ns, line, labels)),
            Self::Decolorize => replace(line, decolorized(line)),
            Self::Drop(named) => named.iter().for_each(|named| drop_label(named, labels)),
            Self::Keep(named) => keep_labels(named, labels),
        }
        true
    }
}

fn replace(line: &mut Cow<'_, str>, new: Option<String>) {
    if let Some(new) = new {
        *line = Cow::Owned(new);
    }
}

fn captured(pattern: &CapturePattern, line: &str, labels: &mut LabelBuffer) {
    if labels.hints.is_done() {
        return;
    }
    pattern.each(line, |name, value| {
        let suffixed;
        let name = if labels.base_has(name) {
            suffixed = format!("{name}{DUPLICATE_SUFFIX}");
            &suffixed
        } else {
            name
        };
        if labels.hints.wants(name) {
            labels.set(Category::Parsed, name, value);
        }
    });
}

fn drop_label(named: &NamedMatcher, labels: &mut LabelBuffer) {
    let name = match named {
        NamedMatcher::Name(name) => name,
        NamedMatcher::Matcher(matcher) if matcher.matches(labels.value(&matcher.name)) => &matcher.name,
        NamedMatcher::Matcher(_) => return,
    };
    match name.as_str() {
        ERROR_LABEL => labels.clear_error(),
        ERROR_DETAILS_LABEL => labels.clear_details(),
        _ => labels.delete(name),
    }
}

fn keep_labels(named: &[NamedMatcher], labels: &mut LabelBuffer) {
    for name in labels.names() {
        if matches!(name.as_str(), ERROR_LABEL | ERROR_DETAILS_LABEL | PRESERVE_ERROR_LABEL) {
            continue;
        }
        let kept = named.iter().any(|named| match named {
            NamedMatcher::Name(kept) => *kept == name,
            NamedMatcher::Matcher(matcher) => matcher.name == name && matcher.matches(labels.value(&name)),
        });
        if !kept {
            labels.delete(&name);
        }
    }
}

/// What a stage reads of the labels that an entry has before it; none where it may read any.
pub(crate) fn reads(stage: &Stage) -> Option<Vec<String>> {
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    let template = |text: &str| Format::new(text, &Limits::default()).ok().and_then(|format| format.fields().map(owned));
    match stage {
        Stage::Label(filter) => {
            let mut names = Vec::new();
            filter.labels(&mut names);
            Some(owned(names))
        }
        Stage::LineFormat(text) => template(text),
        Stage::LabelFormat(formats) => {
            let mut names: Vec<String> = Vec::new();
            for format in formats {
                match format {
                    crate::syntax::LabelFormat::Rename { from, .. } => names.push(from.clone()),
                    crate::syntax::LabelFormat::Template { template: text, .. } => names.extend(template(text)?),
                }
            }
            Some(names)
        }
        Stage::Drop(named) | Stage::Keep(named) => {
            let matcher = |named: &NamedMatcher| match named {
                NamedMatcher::Matcher(matcher) => Some(matcher.name.clone()),
                NamedMatcher::Name(_) => None,
            };
            Some(named.iter().filter_map(matcher).collect())
        }
        _ => Some(Vec::new()),
    }
}
