//! Guesses a service's name from its command, when nobody says it.

use std::path::Path;

/// Servers and launchers whose argument, not whose name, tells what runs.
const SERVERS: [&str; 8] = ["uvicorn", "gunicorn", "hypercorn", "granian", "daphne", "waitress-serve", "fastapi", "flask"];

/// File names that say nothing; the folder's name does.
const NAMELESS: [&str; 11] = ["app", "main", "api", "server", "index", "wsgi", "asgi", "manage", "run", "__main__", "src"];

/// A name for what `command` runs.
pub fn guess(command: &[String]) -> String {
    if let Ok(name) = std::env::var("OTEL_SERVICE_NAME")
        && !name.is_empty()
    {
        return name;
    }
    let folder = std::env::current_dir().ok();
    let folder = folder.as_deref().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or("app");
    from_command(command, folder)
}

fn from_command(command: &[String], folder: &str) -> String {
    let target = target(command);
    let Some(target) = target else { return tidy(folder) };
    // `shop.web:create_app()` is the package `shop`; `src/shop/main.py` the folder `shop`.
    let path = target.split(':').next().unwrap_or(target);
    let path = [".py", ".js", ".mjs", ".cjs", ".ts", ".sh"].iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path);
    let pieces: Vec<&str> = path.split(['/', '.']).filter(|piece| !piece.is_empty()).collect();
    let named = if target.contains('/') {
        pieces.iter().rev().find(|piece| !NAMELESS.contains(piece))
    } else {
        pieces.iter().find(|piece| !NAMELESS.contains(piece))
    };
    tidy(named.copied().unwrap_or(folder))
}

/// The word of the command that names the application.
fn target(command: &[String]) -> Option<&str> {
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    let app = |flags: &[&str]| {
        words.iter().enumerate().find_map(|(position, word)| {
            let (flag, value) = word.split_once('=').unwrap_or((word, ""));
            let value = if value.is_empty() { words.get(position + 1).copied().unwrap_or("") } else { value };
            (flags.contains(&flag) && !value.is_empty()).then_some(value)
        })
    };
    let is = |word: &str, names: &[&str]| {
        Path::new(word).file_name().and_then(|name| name.to_str()).is_some_and(|name| names.contains(&name))
    };
    if words.iter().any(|word| is(word, &["celery", "flask"])) {
        return app(&["-A", "--app"]);
    }
    if let Some(server) = words.iter().position(|word| is(word, &SERVERS)) {
        return words[server + 1..].iter().copied().find(|word| !word.starts_with('-') && (word.contains(':') || is_file(word)));
    }
    if let Some(module) = words.iter().position(|word| *word == "-m") {
        return words.get(module + 1).copied();
    }
    words.iter().copied().find(|word| is_file(word))
}

fn is_file(word: &str) -> bool {
    [".py", ".js", ".mjs", ".cjs", ".ts", ".sh"].iter().any(|end| word.ends_with(end))
}

fn tidy(name: &str) -> String {
    let name = name.trim_matches(|letter: char| !letter.is_alphanumeric());
    if name.is_empty() { "app".to_owned() } else { name.replace('_', "-").to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_module_file_or_folder() {
        let cases = [
            ("uvicorn shop:app --reload", "shop"),
            ("uvicorn app:app", "folder"),
            ("uvicorn --workers 2 shop.web:app", "shop"),
            ("python -m uvicorn spam.app:app", "spam"),
            ("/venv/bin/gunicorn -w 2 mysite.wsgi", "folder"),
            ("gunicorn -w 2 mysite.wsgi:application", "mysite"),
            ("flask --app dice run", "dice"),
            ("flask run", "folder"),
            ("celery -A tasks worker -l info", "tasks"),
            ("python manage.py runserver", "folder"),
            ("python etl/run.py", "etl"),
            ("python train_model.py --epochs 3", "train-model"),
            ("python -m http.server", "http"),
            ("fastapi dev main.py", "folder"),
            ("node src/server.js", "folder"),
            ("npm start", "folder"),
            ("./start.sh", "start"),
        ];
        for (command, expected) in cases {
            let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
            assert_eq!(from_command(&words, "folder"), expected, "{command}");
        }
    }
}
