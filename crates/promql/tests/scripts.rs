//! The scripts below `tests/data`: every function, operator and rule, with values worked out from the
//! specification.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so and ends")]
#![allow(clippy::float_cmp, reason = "answers are equal, or nearly so")]

mod dialect;

#[test]
fn scripts_give_what_they_say() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "test"));
    files.sort();
    assert!(files.len() >= 18, "scripts are missing: {files:?}");
    let mut differences = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        differences.extend(dialect::check(&path.file_name().unwrap().to_string_lossy(), &text));
    }
    assert!(differences.is_empty(), "{} evaluations differ\n\n{}", differences.len(), differences.join("\n\n"));
}
