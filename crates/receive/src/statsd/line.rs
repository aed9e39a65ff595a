//! One line of StatsD, with what DogStatsD adds.

/// What becomes of a metric's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// `c`: added up.
    Counter,
    /// `g`: the last one counts.
    Gauge,
    /// `ms`: a distribution in milliseconds.
    Timer,
    /// `h` and `d`: a distribution.
    Histogram,
    /// `s`: different strings are counted.
    Set,
}

impl Kind {
    pub(super) const ALL: [Kind; 5] = [Kind::Counter, Kind::Gauge, Kind::Timer, Kind::Histogram, Kind::Set];

    fn from_wire(text: &str) -> Option<Self> {
        match text {
            "c" => Some(Kind::Counter),
            "g" => Some(Kind::Gauge),
            "ms" => Some(Kind::Timer),
            "h" | "d" => Some(Kind::Histogram),
            "s" => Some(Kind::Set),
            _ => None,
        }
    }
}

/// Rates below are refused: nobody samples one in a thousand million.
const RATE_MIN: f64 = 1e-9;

/// A line that is a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Metric<'a> {
    pub(super) name: &'a str,
    pub(super) kind: Kind,
    /// One value, or several with colons between them; a set's may hold colons itself.
    values: &'a str,
    /// How many measurements each value stands for.
    pub(super) weight: f64,
    /// `key:value` and bare tags, with commas between them.
    pub(super) tags: &'a str,
    /// Id of the container that sent it, or empty.
    pub(super) container: &'a str,
    /// Seconds since 1970, 0 when the sender named none.
    pub(super) seconds: u32,
}

/// A number, and whether it changes a gauge instead of setting it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Value {
    pub(super) number: f64,
    pub(super) relative: bool,
}

impl<'a> Metric<'a> {
    /// Reads a line without its line end; `None` when it is no metric.
    pub(super) fn read(line: &'a str) -> Option<Self> {
        let (name, rest) = line.split_once(':')?;
        if name.is_empty() || name.contains('|') {
            return None;
        }
        let (values, rest) = rest.split_once('|')?;
        let (kind, sections) = rest.split_once('|').unwrap_or((rest, ""));
        let kind = Kind::from_wire(kind)?;
        let mut metric = Metric { name, kind, values, weight: 1.0, tags: "", container: "", seconds: 0 };
        for section in sections.split('|') {
            metric.section(section)?;
        }
        let sound = kind == Kind::Set || metric.numbers().all(|value| value.is_some());
        sound.then_some(metric)
    }

    fn section(&mut self, section: &'a str) -> Option<()> {
        if let Some(tags) = section.strip_prefix('#') {
            self.tags = tags;
        } else if let Some(rate) = section.strip_prefix('@') {
            let rate: f64 = rate.parse().ok()?;
            if !(RATE_MIN..=1.0).contains(&rate) {
                return None;
            }
            self.weight = 1.0 / rate;
        } else if let Some(id) = section.strip_prefix("c:") {
            self.container = container(id);
        } else if let Some(time) = section.strip_prefix('T') {
            self.seconds = time.parse().ok()?;
        }
        // Whatever else there is, external data among it, comes from a later version.
        Some(())
    }

    /// The values; `None` for one that is no finite number.
    pub(super) fn numbers(&self) -> impl Iterator<Item = Option<Value>> + use<'a> {
        self.values.split(':').map(value)
    }

    /// The string of a set.
    pub(super) fn string(&self) -> &'a str {
        self.values
    }
}

fn value(text: &str) -> Option<Value> {
    let first = *text.as_bytes().first()?;
    // `inf` and `nan` are numbers to the standard library.
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    number.is_finite().then_some(Value { number, relative: matches!(first, b'+' | b'-') })
}

/// The id in `|c:`. Clients that know no id send an inode (`in-…`), which means nothing here.
pub(super) fn container(text: &str) -> &str {
    match text.strip_prefix("ci-") {
        Some(id) => id,
        None if text.starts_with("in-") => "",
        None => text,
    }
}

/// Tags of a list, each key once: the first of several wins. A tag without a value is `true`.
pub(super) fn tags(list: &str) -> Vec<(&str, &str)> {
    let mut tags: Vec<(&str, &str)> = list.split(',').filter_map(tag).collect();
    tags.sort_by(|a, b| a.0.cmp(b.0));
    tags.dedup_by(|later, first| later.0 == first.0);
    tags
}

fn tag(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once(':').unwrap_or((text, "true"));
    (!key.is_empty()).then_some((key, value))
}
