use super::*;

use std::os::unix::fs::PermissionsExt as _;

fn words(command: &str) -> Vec<String> {
    command.split(' ').map(str::to_owned).collect()
}

/// A folder of executables with the given contents, gone when dropped.
struct Programs(PathBuf);

impl Programs {
    fn new(name: &str, programs: &[(&str, &str)]) -> Programs {
        let folder = std::env::temp_dir().join(format!("luneta-detect-{name}-{}", std::process::id()));
        for (program, content) in programs {
            let path = folder.join(program);
            std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
            std::fs::write(&path, content.replace("HERE", &folder.to_string_lossy())).expect("program");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("mode");
        }
        Programs(folder)
    }

    fn path(&self, program: &str) -> String {
        self.0.join(program).to_string_lossy().into_owned()
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn scripts_name_their_interpreter() {
    let programs = Programs::new(
        "shebang",
        &[
            ("venv/bin/python", "ELF"),
            ("venv/bin/python3.12", "ELF"),
            ("venv/bin/uvicorn", "#!HERE/venv/bin/python3.12\nimport sys\n"),
            ("venv/bin/long", "#!/bin/sh\n'''exec' \"HERE/venv/bin/python\" \"$0\" \"$@\"\n' '''\n"),
            ("venv/bin/isolated", "#!HERE/venv/bin/python -sI\n"),
            ("shims/python", "#!/usr/bin/env bash\n"),
            ("shims/flask", "#!/usr/bin/env bash\n"),
            ("node", "ELF"),
            ("tool", "#!HERE/node\n"),
        ],
    );
    let python = |program: &str| Runtime::Python(vec![programs.path(program)]);
    for (command, expected) in [
        ("venv/bin/python", python("venv/bin/python")),
        ("venv/bin/uvicorn", python("venv/bin/python3.12")),
        ("venv/bin/long", python("venv/bin/python")),
        ("shims/python", python("shims/python")),
        ("shims/flask", python("shims/python")),
        ("node", Runtime::Node(programs.0.join("node"))),
        ("tool", Runtime::Node(programs.0.join("node"))),
    ] {
        assert_eq!(runtimes(&[programs.path(command)]).expect(command), [expected], "{command}");
    }
    assert!(runtimes(&[programs.path("venv/bin/isolated")]).is_err());
    assert!(runtimes(&[programs.path("venv/bin/python"), "-I".to_owned(), "x.py".to_owned()]).is_err());
    assert!(runtimes(&[programs.path("venv/bin/python"), "-c".to_owned(), "-S".to_owned()]).is_ok());
    let through_env = ["env", "A=1", &programs.path("venv/bin/uvicorn")].map(str::to_owned);
    assert_eq!(runtimes(&through_env).expect("env"), [python("venv/bin/python3.12")]);
}

#[test]
fn uv_run_keeps_its_options() {
    for (command, expected) in [
        ("uv run uvicorn app:app --reload", "uv run python"),
        ("uv run --with httpx -p 3.12 --frozen app.py", "uv run --with httpx -p 3.12 --frozen python"),
        ("uv run -m flask run", "uv run python"),
        ("uv run -- python x.py", "uv run python"),
    ] {
        assert_eq!(uv_python(&words(command)).join(" "), expected, "{command}");
    }
}

#[test]
fn names_of_interpreters() {
    for (name, expected) in [
        ("python", true),
        ("python3", true),
        ("python3.11", true),
        ("python3.13t", true),
        ("pypy3", true),
        ("python-config", false),
        ("pythonista", false),
        ("node", false),
    ] {
        assert_eq!(is_python(name), expected, "{name}");
    }
}

#[test]
fn a_missing_program_is_named() {
    let error = runtimes(&words("no-such-program-here --x")).expect_err("missing");
    assert!(error.to_string().contains("no-such-program-here"), "{error}");
}
