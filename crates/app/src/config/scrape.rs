//! Where jobs that scrape come from: files of Prometheus, our own section, a Collector's receivers.

use std::path::PathBuf;

use luneta_scrape::ConfigSource;
use serde_yaml_ng::{Mapping, Value};

/// All sources. Paths in a file of Prometheus start from its folder, other ones from the folder the
/// server was started in.
pub fn sources(files: &[PathBuf], own: Option<Value>, receivers: Vec<(String, Value)>) -> Vec<ConfigSource> {
    let mut sources: Vec<ConfigSource> = files.iter().cloned().map(ConfigSource::File).collect();
    if let Some(jobs) = own {
        let section = Mapping::from_iter([("scrape_configs".into(), jobs)]);
        sources.push(ConfigSource::Section("luneta".to_owned(), Value::Mapping(section), PathBuf::new()));
    }
    sources.extend(receivers.into_iter().map(|(path, config)| ConfigSource::Section(path, config, PathBuf::new())));
    sources
}
