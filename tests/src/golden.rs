//! Whole answers compared with files in `golden/`, field by field.
//!
//! With `LUNETA_TEST_GOLDEN=write` the files are written instead; read what changed before you keep it.

use std::path::Path;

use serde_json::Value;

use crate::expect::difference;

/// Compares an answer with `golden/NAME.json`: every field, and none beside them.
///
/// # Panics
/// When something differs, naming the places.
pub fn check(name: &str, when: &str, mut found: Value) {
    sort_attributes(&mut found);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name).with_extension("json");
    if std::env::var("LUNETA_TEST_GOLDEN").is_ok_and(|word| word == "write") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("{found:#}\n")).unwrap();
        return;
    }
    let text = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let wanted: Value = serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(found == wanted, "{when}, other than {}: {}\n{found}", path.display(), difference(Some(&found), Some(&wanted)));
}

/// Attributes have no order: memory keeps the one they were sent in, files that of their columns.
fn sort_attributes(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(sort_attributes);
            if items.iter().all(|item| item["key"].is_string()) {
                items.sort_by_key(|item| item["key"].to_string());
            }
        }
        Value::Object(fields) => fields.values_mut().for_each(sort_attributes),
        _ => {}
    }
}
