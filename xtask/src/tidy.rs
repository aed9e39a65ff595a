//! Rules of structure that the compiler does not check, and the other checks.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::shell::{cargo, root, run, step};

/// Lines a source file may have.
const FILE_LINES_MAX: usize = 600;
/// Lines a function may have, from its signature to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;
/// Names that say nothing of what is inside.
const BANNED_NAMES: &[&str] = &["util", "utils", "common", "helper", "helpers", "core", "manager", "misc", "infra"];
/// Crates that may name a dependency; everybody else may not.
const RESERVED: &[(&str, &[&str])] =
    &[("datafusion", &["query", "cluster"]), ("sqlx", &["store"]), ("axum", &["receive", "serve", "app"])];

/// Formatting, lints, structure, licences.
///
/// # Errors
/// The first check that fails.
pub fn check() -> Result<()> {
    step("formatting", || run(&mut cargo(&["fmt", "--all", "--check"])))?;
    step("lints", || run(&mut cargo(&["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"])))?;
    step("structure", structure)?;
    let deny = std::process::Command::new("cargo-deny").arg("--version").output().is_ok();
    if deny {
        step("licences and duplicates", || run(&mut cargo(&["deny", "check", "bans", "licenses", "sources"])))?;
    } else {
        println!("cargo-deny is not installed: licences were not checked (`cargo install cargo-deny`)");
    }
    Ok(())
}

/// File and function length, names, and who may use which dependency.
///
/// # Errors
/// Lists everything that breaks a rule.
pub fn structure() -> Result<()> {
    let mut faults = Vec::new();
    let mut files = Vec::new();
    for dir in ["crates", "xtask", "tests", "ui/src"] {
        sources(&root().join(dir), &mut files)?;
    }
    for file in &files {
        let shown = file.strip_prefix(root())?.display().to_string();
        let text = std::fs::read_to_string(file)?;
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().to_string();
        if BANNED_NAMES.contains(&stem.as_str()) {
            faults.push(format!("{shown}: name the file by what it does"));
        }
        let is_test = shown.contains("/tests") || shown.starts_with("tests/") || shown.contains(".test.");
        let code = text.split("#[cfg(test)]").next().unwrap_or(&text);
        if code.lines().count() > FILE_LINES_MAX && !is_test {
            faults.push(format!("{shown}: {} lines, more than {FILE_LINES_MAX}", code.lines().count()));
        }
        if Path::new(&shown).extension().is_some_and(|e| e == "rs") && !is_test {
            faults.extend(long_functions(code).into_iter().map(|(line, n)| format!("{shown}:{line}: a function of {n} lines")));
        }
    }
    faults.extend(layers()?);
    println!("{} files", files.len());
    if faults.is_empty() {
        return Ok(());
    }
    bail!("structure:\n  {}", faults.join("\n  "))
}

fn sources(dir: &Path, into: &mut Vec<PathBuf>) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Ok(()) };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().to_string();
        if path.is_dir() && !matches!(name.as_str(), "node_modules" | "dist" | "target" | "fixtures" | "generated") {
            sources(&path, into)?;
        } else if matches!(path.extension().and_then(|e| e.to_str()), Some("rs" | "ts" | "tsx")) {
            into.push(path);
        }
    }
    Ok(())
}

/// Functions over the budget: first line and length. Code is formatted, so a function ends at the
/// first `}` in the column of its signature.
fn long_functions(code: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = code.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let words: Vec<&str> = line.split_whitespace().take(5).collect();
        if !words.contains(&"fn") || line.trim_start().starts_with("//") {
            continue;
        }
        let end = lines[at..]
            .iter()
            .position(|l| l.len() > indent && l[indent..].starts_with('}') && l.trim_start().len() == l.len() - indent);
        let signature_only = lines[at..].iter().take_while(|l| !l.contains('{')).any(|l| l.trim_end().ends_with(';'));
        if let Some(length) = end.filter(|_| !signature_only)
            && length + 1 > FUNCTION_LINES_MAX
        {
            found.push((at + 1, length + 1));
        }
    }
    found
}

fn layers() -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for entry in std::fs::read_dir(root().join("crates"))?.flatten() {
        let name = entry.file_name().to_string_lossy().to_string();
        let manifest = std::fs::read_to_string(entry.path().join("Cargo.toml")).unwrap_or_default();
        let dependencies = manifest.split("[dev-dependencies]").next().unwrap_or_default();
        for (dependency, allowed) in RESERVED {
            let uses = dependencies
                .lines()
                .any(|l| l.starts_with(&format!("{dependency}.")) || l.starts_with(&format!("{dependency} ")));
            if uses && !allowed.contains(&name.as_str()) {
                faults.push(format!("crates/{name} uses {dependency}, which only {} may", allowed.join(", ")));
            }
        }
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_long_functions() {
        let short = "fn a() {\n    b();\n}\n";
        let long = format!("    pub async fn c() {{\n{}    }}\n", "        d();\n".repeat(70));
        assert_eq!(long_functions(short), []);
        assert_eq!(long_functions(&long), [(1, 72)]);
    }
}
