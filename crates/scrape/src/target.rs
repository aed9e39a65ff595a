//! [`Target`]: what discovered labels become.

use std::time::Duration;

use reqwest::Url;

use crate::config::JobConfig;
use crate::config::value::{duration, show_duration};
use crate::relabel::Labels;

/// A target that is scraped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Labels its samples get.
    pub labels: Labels,
    /// Labels before relabelling.
    pub discovered: Labels,
    /// What is asked for.
    pub url: Url,
    /// Time between scrapes.
    pub interval: Duration,
    /// Longest time of a scrape.
    pub timeout: Duration,
}

/// What discovered labels turn out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A target.
    Active(Box<Target>),
    /// Nothing that is wanted, with the labels before relabelling.
    Dropped(Labels),
    /// No target can be made of them.
    Broken(String),
}

impl Target {
    /// Tells targets of a job apart.
    pub fn key(&self) -> String {
        let labels: Vec<String> = self.labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        format!("{} {} {:?} {:?}", self.url, labels.join(","), self.interval, self.timeout)
    }
}

/// Makes a target of discovered labels.
pub fn find(discovered: &Labels, job: &JobConfig) -> Found {
    let mut labels = discovered.clone();
    labels.retain(|_, value| !value.is_empty());
    let mut add = |name: &str, value: String| {
        if !value.is_empty() {
            labels.entry(name.to_owned()).or_insert(value);
        }
    };
    add("job", job.name.clone());
    add("__scrape_interval__", show_duration(job.interval));
    add("__scrape_timeout__", show_duration(job.timeout));
    add("__metrics_path__", job.metrics_path.clone());
    add("__scheme__", job.scheme.clone());
    for (name, values) in &job.params {
        add(&format!("__param_{name}"), values.first().cloned().unwrap_or_default());
    }
    let before = labels.clone();
    if !job.relabel.apply(&mut labels) {
        return Found::Dropped(before);
    }
    match complete(labels, before, job) {
        Ok(target) => Found::Active(Box::new(target)),
        Err(reason) => Found::Broken(reason),
    }
}

fn complete(mut labels: Labels, discovered: Labels, job: &JobConfig) -> Result<Target, String> {
    let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
    let address = label("__address__");
    if address.is_empty() {
        return Err("a target has no address".to_owned());
    }
    if address.contains('/') {
        return Err(format!("`{address}` is no host and port"));
    }
    let time = |name: &str| {
        let text = label(name);
        duration(&text).filter(|time| !time.is_zero()).ok_or_else(|| format!("{name}: `{text}` is not a time"))
    };
    let (interval, timeout) = (time("__scrape_interval__")?, time("__scrape_timeout__")?);
    if timeout > interval {
        return Err(format!("the timeout of {address} is longer than its interval"));
    }
    let url = url(&labels, &address, job)?;
    labels.retain(|name, _| !name.starts_with("__"));
    labels.entry("instance".to_owned()).or_insert(address);
    Ok(Target { labels, discovered, url, interval, timeout })
}

fn url(labels: &Labels, address: &str, job: &JobConfig) -> Result<Url, String> {
    let label = |name: &str| labels.get(name).map_or("", String::as_str);
    let scheme = label("__scheme__");
    if !matches!(scheme, "http" | "https") {
        return Err(format!("the scheme `{scheme}` of {address} is none of http and https"));
    }
    let mut url = Url::parse(&format!("{scheme}://{address}/")).map_err(|e| format!("`{address}` is no address: {e}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address holds credentials".to_owned());
    }
    let path = label("__metrics_path__");
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    url.set_path(path);
    url.set_query(query);
    let mut params = job.params.clone();
    for (name, value) in labels.iter().filter_map(|(name, value)| Some((name.strip_prefix("__param_")?, value))) {
        let values = params.entry(name.to_owned()).or_default();
        match values.first_mut() {
            Some(first) => first.clone_from(value),
            None => values.push(value.clone()),
        }
    }
    let pairs = params.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    let pairs: Vec<_> = pairs.collect();
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    Ok(url)
}
