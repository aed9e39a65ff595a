//! The scripts below `tests/data`: every stage, function and rule, with answers worked out from Loki's
//! documentation and source.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so and ends")]

#[allow(unused_imports, reason = "laws use what scripts do not")]
mod dialect;

fn scripts() -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "test"));
    files.sort();
    let named = |path: std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    files.into_iter().map(named).collect()
}

/// An aggregation that no script asks for fails here.
#[test]
fn scripts_ask_for_everything() {
    let all: String = scripts().into_iter().map(|(_, text)| text).collect();
    let ranges = luneta_logql::syntax::RangeOp::ALL.iter().map(|op| op.as_str());
    let vectors = luneta_logql::syntax::VectorOp::ALL.iter().map(|op| op.as_str());
    for name in ranges.chain(vectors) {
        let asked = [format!("{name}("), format!("{name} by"), format!("{name} without")].iter().any(|call| all.contains(call));
        assert!(asked, "{name} is in no script");
    }
}

#[test]
fn scripts_give_what_they_say() {
    let scripts = scripts();
    assert!(scripts.len() >= 6, "scripts are missing");
    let differences: Vec<String> = scripts.iter().flat_map(|(name, text)| dialect::check(name, text)).collect();
    assert!(differences.is_empty(), "{} evaluations differ\n\n{}", differences.len(), differences.join("\n\n"));
}
