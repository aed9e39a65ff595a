//! `line_format`, `label_format`, `decolorize`.

use std::borrow::Cow;
use std::sync::LazyLock;

use luneta_template::{Functions, Limits as TemplateLimits, Scope, Template, Time, Value};
use regex::Regex;

use super::labels::{Category, is_label_name};
use super::{ERROR_LABEL, LabelBuffer};
use crate::limits::Limits;
use crate::syntax::LabelFormat;

/// `__error__` of entries that a template fails on.
const FAULT: &str = "TemplateFormatErr";

/// A template with what it may use.
pub(crate) struct Format {
    template: Template,
    limits: TemplateLimits,
    pub now_ns: i64,
}

impl Format {
    pub fn new(text: &str, limits: &Limits) -> Result<Self, String> {
        let template = Template::parse(text, &Functions::loki()).map_err(|error| error.to_string())?;
        let limits = TemplateLimits { output_bytes_max: limits.template_bytes_max, ..TemplateLimits::default() };
        Ok(Self { template, limits, now_ns: 0 })
    }

    /// Labels that it reads; none where it may read any.
    pub fn fields(&self) -> Option<Vec<&str>> {
        self.template.fields()
    }

    fn render(&self, time_ns: i64, line: &str, labels: &LabelBuffer) -> Result<String, String> {
        let mut scope = Scope::new(Value::Texts(labels));
        scope.line = line;
        scope.timestamp = Time::from_unix_ns(time_ns);
        scope.now = Time::from_unix_ns(self.now_ns);
        self.template.render(&scope, &self.limits).map_err(|error| error.to_string())
    }

    /// The new line; none where the template fails, which marks the entry.
    pub fn line(&self, time_ns: i64, line: &str, labels: &mut LabelBuffer) -> Option<String> {
        match self.render(time_ns, line, labels) {
            Ok(line) => Some(line),
            Err(fault) => {
                labels.fail(FAULT, Some(&fault));
                None
            }
        }
    }
}

/// One label of `label_format`.
pub(crate) enum NewLabel {
    Rename { to: String, from: String },
    Set { to: String, format: Format },
}

impl NewLabel {
    pub fn all(formats: &[LabelFormat], limits: &Limits) -> Result<Vec<Self>, String> {
        let mut seen: Vec<&str> = Vec::new();
        let mut all = Vec::with_capacity(formats.len());
        for format in formats {
            let (LabelFormat::Rename { to, .. } | LabelFormat::Template { to, .. }) = format;
            if to == ERROR_LABEL {
                return Err(format!("{to} cannot be formatted"));
            }
            if !is_label_name(to) {
                return Err(format!("invalid label name '{to}'"));
            }
            if seen.contains(&to.as_str()) {
                return Err(format!("multiple label name '{to}' not allowed in a single format operation"));
            }
            seen.push(to);
            all.push(match format {
                LabelFormat::Rename { to, from } => Self::Rename { to: to.clone(), from: from.clone() },
                LabelFormat::Template { to, template } => {
                    let fault = |fault| format!("invalid template for label '{to}': {fault}");
                    Self::Set { to: to.clone(), format: Format::new(template, limits).map_err(fault)? }
                }
            });
        }
        Ok(all)
    }

    pub fn apply(&self, time_ns: i64, line: &str, labels: &mut LabelBuffer) {
        match self {
            Self::Rename { to, from } => labels.rename(from, to),
            Self::Set { to, format } => {
                if let Some(value) = format.line(time_ns, line, labels) {
                    labels.set(Category::Parsed, to, &value);
                }
            }
        }
    }
}

/// Sequences that control terminals, as ECMA-48 has them: CSI in both forms, OSC, and the short ones.
static CONTROL_SEQUENCES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let csi = r"(?:\x1b\[|\u{9b})[0-?]*[ -/]*[@-~]";
    let osc = r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)";
    Regex::new(&format!(r"{csi}|{osc}|\x1b[ -/]+[0-~]|\x1b[0-Z\\^-~]")).ok()
});

/// The line without colours; none where it has none.
pub(crate) fn decolorized(line: &str) -> Option<String> {
    memchr::memchr2(0x1b, 0xc2, line.as_bytes())?;
    let regex = CONTROL_SEQUENCES.as_ref()?;
    match regex.replace_all(line, "") {
        Cow::Owned(line) => Some(line),
        Cow::Borrowed(_) => None,
    }
}
