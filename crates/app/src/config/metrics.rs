//! How metrics are named in PromQL, and the rules over them.

use std::time::Duration;

use anyhow::{Result, bail};
use luneta_alert::RulesConfig;
use luneta_query::{Strategy, Translation};
use serde::Deserialize;

/// Prometheus's section `otlp`, as far as it concerns names.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawOtlp {
    translation_strategy: Option<String>,
    promote_resource_attributes: Option<Vec<String>>,
    promote_all_resource_attributes: bool,
    ignore_resource_attributes: Vec<String>,
    keep_identifying_resource_attributes: bool,
    promote_scope_metadata: Option<bool>,
}

impl RawOtlp {
    /// The names it asks for.
    pub fn translation(self) -> Result<Translation> {
        let default = Translation::default();
        if self.promote_all_resource_attributes && self.promote_resource_attributes.is_some() {
            bail!("luneta.otlp: 'promote_all_resource_attributes' and 'promote_resource_attributes' cannot both be set");
        }
        if !self.promote_all_resource_attributes && !self.ignore_resource_attributes.is_empty() {
            bail!("luneta.otlp: 'ignore_resource_attributes' needs 'promote_all_resource_attributes'");
        }
        let strategy = match self.translation_strategy.as_deref() {
            None => default.strategy,
            Some("UnderscoreEscapingWithSuffixes") => Strategy::UnderscoreEscapingWithSuffixes,
            Some("UnderscoreEscapingWithoutSuffixes") => Strategy::UnderscoreEscapingWithoutSuffixes,
            Some("NoUTF8EscapingWithSuffixes") => Strategy::NoUtf8EscapingWithSuffixes,
            Some("NoTranslation") => Strategy::NoTranslation,
            Some(other) => bail!(
                "luneta.otlp.translation_strategy: {other:?} is none of UnderscoreEscapingWithSuffixes, \
                 UnderscoreEscapingWithoutSuffixes, NoUTF8EscapingWithSuffixes, NoTranslation"
            ),
        };
        Ok(Translation {
            strategy,
            promoted: self.promote_resource_attributes.unwrap_or(default.promoted),
            promote_all: self.promote_all_resource_attributes,
            ignored: self.ignore_resource_attributes,
            keep_identifying: self.keep_identifying_resource_attributes,
            scopes: self.promote_scope_metadata.unwrap_or(default.scopes),
        })
    }
}

/// Rules.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawRules {
    files: Vec<String>,
    evaluation_interval: Option<String>,
    query_offset: Option<String>,
    template_queries_max: Option<usize>,
}

impl RawRules {
    /// The rules of the file and those of flags.
    pub fn resolve(self, flags: &[String]) -> Result<RulesConfig> {
        let default = RulesConfig::default();
        let read = |name: &str, text: Option<String>, default: Duration| match text {
            None => Ok(default),
            Some(text) => super::duration(&format!("luneta.rules.{name}"), &text),
        };
        let interval = read("evaluation_interval", self.evaluation_interval, default.interval)?;
        if interval.is_zero() {
            bail!("luneta.rules.evaluation_interval: must be longer than nothing");
        }
        let files = self.files.into_iter().chain(flags.iter().cloned()).collect();
        let query_offset = read("query_offset", self.query_offset, default.query_offset)?;
        let template_queries_max = self.template_queries_max.unwrap_or(default.template_queries_max);
        Ok(RulesConfig { files, interval, query_offset, template_queries_max })
    }
}
