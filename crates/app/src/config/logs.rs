//! The section `luneta.logs`: bounds and settings of the intakes of logs.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use luneta_receive::LogSettings;
use serde::Deserialize;

use super::duration;
use super::receivers::RawTls;

/// The section as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawLogs {
    past_max: Option<String>,
    future_max: Option<String>,
    delete_cancel_period: Option<String>,
    message_bytes_max: Option<usize>,
    queue_bytes_max: Option<usize>,
    gather_time: Option<String>,
    connections_max: Option<usize>,
    idle_time_max: Option<String>,
    file_poll_interval: Option<String>,
    file_flush_period: Option<String>,
    file_fingerprint_bytes: Option<usize>,
    file_entry_bytes_max: Option<usize>,
    file_batch_bytes: Option<usize>,
    files_max: Option<usize>,
    fluent_shared_key: Option<String>,
    fluent_hostname: Option<String>,
    gelf_chunk_time_max: Option<String>,
    gelf_chunked_messages_max: Option<usize>,
    gelf_chunked_bytes_max: Option<usize>,
    syslog_time_zone: Option<String>,
    syslog_tls: Option<RawTls>,
}

impl RawLogs {
    /// How long requests to delete records can be cancelled.
    ///
    /// # Errors
    /// Names the path of the fault.
    pub fn delete_cancel_period(&self) -> Result<Option<Duration>> {
        let text = self.delete_cancel_period.as_deref();
        text.map(|text| duration("luneta.logs.delete_cancel_period", text)).transpose()
    }

    /// The settings; `location` and `tls` are what a receiver of syslog says, and our own section goes before it.
    ///
    /// # Errors
    /// Names the path of the fault.
    pub fn settings(self, location: Option<&str>, tls: Option<&RawTls>) -> Result<LogSettings> {
        let mut settings = LogSettings::default();
        let durations = [
            ("past_max", self.past_max, &mut settings.times.past_max),
            ("future_max", self.future_max, &mut settings.times.future_max),
            ("gather_time", self.gather_time, &mut settings.gather_time),
            ("idle_time_max", self.idle_time_max, &mut settings.idle_time_max),
            ("file_poll_interval", self.file_poll_interval, &mut settings.files.poll_interval),
            ("file_flush_period", self.file_flush_period, &mut settings.files.flush_period),
            ("gelf_chunk_time_max", self.gelf_chunk_time_max, &mut settings.gelf.chunk_time_max),
        ];
        for (key, text, into) in durations {
            if let Some(text) = text {
                *into = duration(&format!("luneta.logs.{key}"), &text)?;
            }
        }
        let numbers = [
            ("message_bytes_max", self.message_bytes_max, &mut settings.message_bytes_max),
            ("queue_bytes_max", self.queue_bytes_max, &mut settings.queue_bytes_max),
            ("connections_max", self.connections_max, &mut settings.connections_max),
            ("file_fingerprint_bytes", self.file_fingerprint_bytes, &mut settings.files.fingerprint_bytes),
            ("file_entry_bytes_max", self.file_entry_bytes_max, &mut settings.files.entry_bytes_max),
            ("file_batch_bytes", self.file_batch_bytes, &mut settings.files.batch_bytes),
            ("files_max", self.files_max, &mut settings.files.files_max),
            ("gelf_chunked_messages_max", self.gelf_chunked_messages_max, &mut settings.gelf.chunked_messages_max),
            ("gelf_chunked_bytes_max", self.gelf_chunked_bytes_max, &mut settings.gelf.chunked_bytes_max),
        ];
        for (key, number, into) in numbers {
            if number == Some(0) {
                bail!("luneta.logs.{key}: must be more than nothing");
            }
            *into = number.unwrap_or(*into);
        }
        if self.fluent_shared_key.as_deref() == Some("") {
            bail!("luneta.logs.fluent_shared_key: is empty; leave it out to let every sender in");
        }
        settings.fluent.shared_key = self.fluent_shared_key;
        settings.fluent.hostname = self.fluent_hostname.unwrap_or_else(|| "luneta".to_owned());
        let zone = self.syslog_time_zone.as_deref().map(|zone| ("luneta.logs.syslog_time_zone", zone));
        if let Some((path, zone)) = zone.or_else(|| location.map(|zone| ("receivers.syslog.location", zone))) {
            settings.syslog.set_time_zone(zone).context(path)?;
        }
        let own = self.syslog_tls.as_ref().map(|tls| ("luneta.logs.syslog_tls", tls));
        if let Some((path, tls)) = own.or_else(|| tls.map(|tls| ("receivers.syslog.tcp.tls", tls))) {
            let (Some(certificate), Some(key)) = (&tls.cert_file, &tls.key_file) else {
                bail!("{path}: name cert_file and key_file");
            };
            let config = luneta_receive::tls(&read(path, certificate)?, &read(path, key)?);
            settings.syslog.tls = Some(config.context(path)?);
        }
        Ok(settings)
    }
}

fn read(path: &'static str, file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("{path}: cannot read {}", file.display()))
}
