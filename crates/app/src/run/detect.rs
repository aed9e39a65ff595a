//! Tells which interpreter a command runs, before it runs.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};

/// An interpreter that a command uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runtime {
    /// Python, by the words that start the very interpreter, such as `uv run python`.
    Python(Vec<String>),
    /// Node.js, by its path.
    Node(PathBuf),
}

/// Launchers whose `LAUNCHER run python` is the Python that `LAUNCHER run CMD` uses.
const RUNNERS: [&str; 5] = ["poetry", "pdm", "pipenv", "hatch", "rye"];

/// Commands that run the command that follows.
const PREFIXES: [&str; 4] = ["env", "nohup", "time", "nice"];

/// Programs written for Node.js that start an application.
const NODE_TOOLS: [&str; 8] = ["npm", "npx", "pnpm", "pnpx", "yarn", "tsx", "nodemon", "ts-node"];

/// Options of `uv run` that take a value.
const UV_VALUES: [&str; 15] = [
    "--with",
    "--with-editable",
    "--with-requirements",
    "--extra",
    "--group",
    "--only-group",
    "--no-group",
    "--python",
    "-p",
    "--project",
    "--directory",
    "--package",
    "--env-file",
    "--index",
    "--index-url",
];

/// The interpreters that `command` uses: one when it is plain, several candidates for a shell script or a binary.
pub fn runtimes(command: &[String]) -> Result<Vec<Runtime>> {
    let Some(first) = command.first() else { bail!("no command given") };
    let Some(program) = find(first) else {
        bail!("cannot find {first}: it is neither a file nor on PATH");
    };
    let name = file_name(&program);
    if is_python(name) {
        refuse_isolated(&command[1..])?;
        return Ok(vec![python(&program)]);
    }
    if name == "node" || name == "nodejs" {
        return Ok(vec![Runtime::Node(program)]);
    }
    if NODE_TOOLS.contains(&name) {
        return Ok(find("node").map(Runtime::Node).into_iter().collect());
    }
    if PREFIXES.contains(&name) {
        let rest = command[1..].iter().position(|word| !word.starts_with('-') && !word.contains('='));
        return rest.map_or_else(|| Ok(Vec::new()), |position| runtimes(&command[1 + position..]));
    }
    let next = command.get(1).map(String::as_str);
    if name == "uv" && next == Some("run") {
        return Ok(vec![Runtime::Python(uv_python(command))]);
    }
    if RUNNERS.contains(&name) && next == Some("run") {
        return Ok(vec![Runtime::Python(vec![first.clone(), "run".to_owned(), "python".to_owned()])]);
    }
    if let Some(runtime) = from_shebang(&program)? {
        return Ok(vec![runtime]);
    }
    Ok(candidates(&program))
}

/// `uv run [options] CMD` as `uv run [options] python`.
fn uv_python(command: &[String]) -> Vec<String> {
    let mut words = vec![command[0].clone(), "run".to_owned()];
    let mut rest = command[2..].iter();
    while let Some(word) = rest.next() {
        if !word.starts_with('-') || word == "--" || word == "-m" || word == "--module" || word == "-s" || word == "--script" {
            break;
        }
        words.push(word.clone());
        if UV_VALUES.contains(&word.as_str()) {
            words.extend(rest.next().cloned());
        }
    }
    words.push("python".to_owned());
    words
}

/// `-I`, `-E` and `-S` make Python ignore what the injection needs.
fn refuse_isolated(arguments: &[String]) -> Result<()> {
    let options = arguments.iter().take_while(|word| word.starts_with('-') && *word != "-c" && *word != "-m");
    for option in options.filter(|word| !word.starts_with("--")) {
        if let Some(letter) = option.chars().find(|letter| "IES".contains(*letter)) {
            bail!("python -{letter} ignores PYTHONPATH and site hooks, so it cannot be instrumented; leave the option out");
        }
    }
    Ok(())
}

/// The interpreter that a script's first lines name.
fn from_shebang(program: &Path) -> Result<Option<Runtime>> {
    let mut start = [0_u8; 1024];
    let length = std::fs::File::open(program).and_then(|mut file| file.read(&mut start)).unwrap_or(0);
    let text = String::from_utf8_lossy(&start[..length]);
    let Some(line) = text.strip_prefix("#!").and_then(|rest| rest.lines().next()) else { return Ok(None) };
    let mut words: Vec<&str> = line.split_whitespace().collect();
    if words.first().is_some_and(|word| file_name(Path::new(word)) == "env") {
        words.remove(0);
        words.retain(|word| *word != "-S");
    }
    let Some(interpreter) = words.first() else { return Ok(None) };
    let name = file_name(Path::new(interpreter));
    if is_python(name) {
        let arguments: Vec<String> = words[1..].iter().map(|&word| word.to_owned()).collect();
        refuse_isolated(&arguments)?;
        return Ok(find(interpreter).map(|found| python(&found)));
    }
    if name == "node" {
        return Ok(find(interpreter).map(Runtime::Node));
    }
    if name == "sh" {
        return Ok(from_long_shebang(&text).map(|found| python(&found)));
    }
    Ok(beside(program).map(|found| python(&found)))
}

/// pip writes `'''exec' "/a long/python" "$0" "$@"` where a path does not fit a `#!` line.
fn from_long_shebang(text: &str) -> Option<PathBuf> {
    let line = text.lines().nth(1)?.strip_prefix("'''exec' ")?;
    let path = if let Some(quoted) = line.strip_prefix('"') { quoted.split('"').next()? } else { line.split(' ').next()? };
    find(path)
}

/// A shim of pyenv or asdf starts the tool of the Python whose shim stands beside it.
fn beside(program: &Path) -> Option<PathBuf> {
    let folder = program.parent()?;
    let python = folder.join("python");
    (file_name(folder) == "shims" && python.is_file()).then_some(python)
}

/// What a shell script or a binary may start.
fn candidates(program: &Path) -> Vec<Runtime> {
    let python_found = ["python", "python3"].iter().find_map(|name| find(name));
    let node_project = Path::new("package.json").is_file();
    let mut found: Vec<Runtime> = python_found.map(|path| python(&path)).into_iter().collect();
    if node_project && program.exists() {
        found.extend(find("node").map(Runtime::Node));
    }
    found
}

fn python(program: &Path) -> Runtime {
    Runtime::Python(vec![program.to_string_lossy().into_owned()])
}

fn is_python(name: &str) -> bool {
    let rest = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"));
    rest.is_some_and(|rest| rest.chars().all(|letter| letter.is_ascii_digit() || letter == '.' || letter == 't'))
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// Finds a program as a shell would: by path, or on PATH. Symbolic links stay: a venv's `python` is one.
pub fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        let path = PathBuf::from(program);
        return path.is_file().then_some(path);
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests;
