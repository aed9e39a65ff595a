//! Where records come from, as Loki sees it: labels of a stream, and what else is known of a resource.

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use luneta_model::semconv::LOKI_SCOPE;
use luneta_promql::Labels;

use crate::scan::functions::TYPES_KEY;

/// Attributes of resources that are labels of streams; all others are structured metadata. The list of Loki 3.
pub const INDEX_LABELS: [&str; 18] = [
    "service.name",
    "service.namespace",
    "service.instance.id",
    "deployment.environment",
    "deployment.environment.name",
    "cloud.region",
    "cloud.availability_zone",
    "k8s.cluster.name",
    "k8s.namespace.name",
    "k8s.pod.name",
    "k8s.container.name",
    "container.name",
    "k8s.replicaset.name",
    "k8s.deployment.name",
    "k8s.statefulset.name",
    "k8s.daemonset.name",
    "k8s.cronjob.name",
    "k8s.job.name",
];
/// The label that every stream has.
pub const SERVICE_NAME: &str = "service_name";
/// Its value where nobody told the service.
const UNKNOWN_SERVICE: &str = "unknown_service";

/// A resource with a scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Labels of the stream.
    pub labels: Labels,
    /// Structured metadata that all of its records have, sorted by name.
    pub metadata: Vec<(String, String)>,
    /// Whether the records came as entries of Loki, and have no fields beside their metadata.
    pub of_loki: bool,
}

/// The columns of [`Origin::read`].
pub const COLUMNS: [&str; 4] = ["resource_attributes", "scope_name", "scope_version", "scope_attributes"];

impl Origin {
    /// One row of [`COLUMNS`].
    pub fn read(columns: &[ArrayRef], row: usize, index_labels: &[String]) -> Self {
        let name = text(columns.get(1), row);
        let of_loki = name == LOKI_SCOPE;
        let (mut labels, mut metadata) = (Vec::new(), Vec::new());
        pairs(columns.first(), row, |key, value| {
            let name = label_name(key);
            if of_loki || index_labels.iter().any(|label| label == key) {
                labels.push((name, value.to_owned()));
            } else {
                metadata.push((name, value.to_owned()));
            }
        });
        if !of_loki {
            pairs(columns.get(3), row, |key, value| metadata.push((label_name(key), value.to_owned())));
            for (name, value) in [("scope_name", name), ("scope_version", text(columns.get(2), row))] {
                if !value.is_empty() {
                    metadata.push((name.to_owned(), value.to_owned()));
                }
            }
        }
        if !labels.iter().any(|(name, value)| name == SERVICE_NAME && !value.is_empty()) {
            labels.push((SERVICE_NAME.to_owned(), UNKNOWN_SERVICE.to_owned()));
        }
        metadata.sort();
        metadata.dedup_by(|a, b| a.0 == b.0);
        Self { labels: Labels::new(labels), metadata, of_loki }
    }

    /// The value of a name in the metadata of the resource.
    pub fn metadata(&self, name: &str) -> Option<&str> {
        let at = self.metadata.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
        self.metadata.get(at).map(|(_, value)| value.as_str())
    }

    /// Bytes in memory, about.
    pub fn size(&self) -> usize {
        let labels = self.labels.iter().map(|(name, value)| name.len() + value.len() + 64).sum::<usize>();
        labels + self.metadata.iter().map(|(name, value)| name.len() + value.len() + 48).sum::<usize>() + 64
    }
}

/// The name of a label for a key: what no name may have becomes `_`.
pub fn label_name(key: &str) -> String {
    let mut name = String::with_capacity(key.len() + 1);
    if key.starts_with(|c: char| c.is_ascii_digit()) {
        name.push_str("key_");
    }
    name.extend(key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }));
    name
}

/// A text of a row; empty where there is none.
pub fn text(column: Option<&ArrayRef>, row: usize) -> &str {
    let texts: Option<&StringArray> = column.and_then(|column| column.as_string_opt::<i32>());
    texts.filter(|texts| texts.is_valid(row)).map_or("", |texts| texts.value(row))
}

/// Visits the entries of a row's map.
pub fn pairs(column: Option<&ArrayRef>, row: usize, mut visit: impl FnMut(&str, &str)) {
    let Some(maps) = column.and_then(AsArray::as_map_opt).filter(|maps| maps.is_valid(row)) else { return };
    let (keys, values) = (maps.keys().as_string_opt::<i32>(), maps.values().as_string_opt::<i32>());
    let (Some(keys), Some(values)) = (keys, values) else { return };
    let offsets = maps.value_offsets();
    for at in offsets[row] as usize..offsets[row + 1] as usize {
        // The types of the values are no attribute.
        if keys.is_valid(at) && values.is_valid(at) && keys.value(at) != TYPES_KEY {
            visit(keys.value(at), values.value(at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn map(rows: &[&[(&str, &str)]]) -> ArrayRef {
        use arrow::array::{MapBuilder, StringBuilder};
        let mut maps = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
        for row in rows {
            for (key, value) in *row {
                maps.keys().append_value(key);
                maps.values().append_value(value);
            }
            maps.append(true).expect("keys and values are of one length");
        }
        Arc::new(maps.finish())
    }

    #[test]
    fn resources_are_streams_as_loki_maps_them() {
        let resource: &[(&str, &str)] = &[("service.name", "shop"), ("k8s.pod.name", "p-1"), ("host.name", "h"), ("9.x", "y")];
        let pushed: &[(&str, &str)] = &[("app", "web"), ("host.name", "h")];
        let names: ArrayRef = Arc::new(StringArray::from(vec!["lib", LOKI_SCOPE]));
        let versions: ArrayRef = Arc::new(StringArray::from(vec!["1.0", ""]));
        let columns = [map(&[resource, pushed]), names, versions, map(&[&[("a.b", "c")], &[]])];
        let index_labels = INDEX_LABELS.map(str::to_owned);
        let otlp = Origin::read(&columns, 0, &index_labels);
        assert_eq!(otlp.labels.to_string(), r#"{k8s_pod_name="p-1", service_name="shop"}"#);
        let metadata: Vec<_> = otlp.metadata.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(metadata, ["a_b=c", "host_name=h", "key_9_x=y", "scope_name=lib", "scope_version=1.0"]);
        assert_eq!((otlp.metadata("host_name"), otlp.metadata("service_name")), (Some("h"), None));
        let loki = Origin::read(&columns, 1, &index_labels);
        assert_eq!(loki.labels.to_string(), r#"{app="web", host_name="h", service_name="unknown_service"}"#);
        assert!(loki.metadata.is_empty() && loki.of_loki && !otlp.of_loki);
    }
}
