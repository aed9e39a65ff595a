//! DogStatsD's events and service checks, which become log records.

use super::line::{container, tags};

/// Severity numbers of OpenTelemetry.
const INFO: i32 = 9;
const WARN: i32 = 13;
const ERROR: i32 = 17;

/// An event or a service check, as it is kept until it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) event_name: &'static str,
    pub(super) body: String,
    pub(super) severity_number: i32,
    pub(super) severity_text: &'static str,
    /// Seconds since 1970, 0 when the sender named none.
    pub(super) seconds: u32,
    /// Nanoseconds since 1970, as it came in.
    pub(super) received: i64,
    /// Attributes of the protocol's own fields.
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) container: String,
    pub(super) tags: Vec<(String, String)>,
}

impl Record {
    /// Reads an event or a service check; `None` when the line is neither, or broken.
    pub(super) fn read(line: &str) -> Option<Self> {
        if let Some(rest) = line.strip_prefix("_e{") {
            return event(rest);
        }
        check(line.strip_prefix("_sc|")?)
    }

    /// Bytes of its texts.
    pub(super) fn bytes(&self) -> usize {
        let fields = self.fields.iter().map(|(_, value)| value.len());
        let tags = self.tags.iter().map(|(key, value)| key.len() + value.len() + 48);
        self.body.len() + self.container.len() + fields.chain(tags).sum::<usize>() + size_of::<Self>()
    }

    fn label(&mut self, list: &str) {
        self.tags = tags(list).into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    }

    /// The host of `|h:` is the tag of that name.
    fn host(&mut self, name: &str) {
        self.tags.retain(|(key, _)| key != "host");
        self.tags.push(("host".to_owned(), name.to_owned()));
    }
}

/// `10,17}:title|text|…`: the lengths are those of UTF-8.
fn event(rest: &str) -> Option<Record> {
    let (lengths, rest) = rest.split_once("}:")?;
    let (title_len, text_len) = lengths.split_once(',')?;
    let (title, rest) = rest.split_at_checked(title_len.parse().ok()?)?;
    let (text, rest) = rest.strip_prefix('|')?.split_at_checked(text_len.parse().ok()?)?;
    let sections = if rest.is_empty() { "" } else { rest.strip_prefix('|')? };
    let mut record = Record { event_name: super::EVENT_NAME, severity_number: INFO, severity_text: "info", ..Record::default() };
    let (title, text) = (title.replace("\\n", "\n"), text.replace("\\n", "\n"));
    record.body = if text.is_empty() { title.clone() } else { format!("{title}\n{text}") };
    record.fields.push(("dogstatsd.title", title));
    let mut host = None;
    for section in sections.split('|') {
        if let Some(list) = section.strip_prefix('#') {
            record.label(list);
            continue;
        }
        let Some((name, value)) = section.split_once(':') else { continue };
        match name {
            "d" => record.seconds = value.parse().ok()?,
            "h" => host = Some(value),
            "p" => record.fields.push(("dogstatsd.priority", value.to_owned())),
            "k" => record.fields.push(("dogstatsd.aggregation_key", value.to_owned())),
            "s" => record.fields.push(("dogstatsd.source_type_name", value.to_owned())),
            "c" => container(value).clone_into(&mut record.container),
            "t" => {
                (record.severity_number, record.severity_text) = alert(value);
                record.fields.push(("dogstatsd.alert_type", value.to_owned()));
            }
            _ => {}
        }
    }
    if let Some(name) = host {
        record.host(name);
    }
    Some(record)
}

fn alert(kind: &str) -> (i32, &'static str) {
    match kind {
        "error" => (ERROR, "error"),
        "warning" => (WARN, "warning"),
        "success" => (INFO, "success"),
        _ => (INFO, "info"),
    }
}

/// `name|status|…`.
fn check(rest: &str) -> Option<Record> {
    let mut sections = rest.split('|');
    let name = sections.next().filter(|name| !name.is_empty())?;
    let (severity_number, severity_text) = match sections.next()? {
        "0" => (INFO, "OK"),
        "1" => (WARN, "WARNING"),
        "2" => (ERROR, "CRITICAL"),
        "3" => (0, "UNKNOWN"),
        _ => return None,
    };
    let mut record = Record { event_name: super::CHECK_NAME, severity_number, severity_text, ..Record::default() };
    record.fields.push(("dogstatsd.check", name.to_owned()));
    record.fields.push(("dogstatsd.status", severity_text.to_owned()));
    record.body = format!("{name} is {severity_text}");
    let mut host = None;
    for section in sections {
        if let Some(list) = section.strip_prefix('#') {
            record.label(list);
        } else if let Some(time) = section.strip_prefix("d:") {
            record.seconds = time.parse().ok()?;
        } else if let Some(id) = section.strip_prefix("c:") {
            container(id).clone_into(&mut record.container);
        } else if let Some(name) = section.strip_prefix("h:") {
            host = Some(name);
        } else if let Some(message) = section.strip_prefix("m:").filter(|message| !message.is_empty()) {
            record.body = message.replace("m\\:", "m:").replace("\\n", "\n");
        }
    }
    if let Some(name) = host {
        record.host(name);
    }
    Some(record)
}
