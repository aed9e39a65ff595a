//! Scripts: commands with the lines that belong to them.

/// A command of a script.
pub enum Command {
    Clear,
    Load(Vec<String>),
    Eval(Eval),
}

/// How a query is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Entries from the first time up to the second; forward, limit, categorize.
    Logs(bool, usize, bool),
    Instant,
    Range,
}

/// A query and what it should give.
pub struct Eval {
    /// Line of the file, for messages.
    pub line: usize,
    pub query: String,
    pub mode: Mode,
    /// Start, end and step in nanoseconds.
    pub times: (i64, i64, i64),
    /// The error, or a part of it.
    pub fails: Option<String>,
    pub expected: Vec<String>,
}

/// Nanoseconds of `5s`, `1m` or a plain number of seconds.
pub fn time(text: &str) -> i64 {
    match text.parse::<i64>() {
        Ok(seconds) => seconds * 1_000_000_000,
        Err(_) => luneta_template::Duration::parse(text).unwrap_or_else(|_| panic!("{text} is no time")).nanoseconds(),
    }
}

/// The commands of a script. Lines that are indented belong to the command above.
pub fn commands(text: &str) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let mut body = Vec::new();
        while let Some((_, next)) = lines.peek() {
            if !next.starts_with("  ") || next.trim().is_empty() {
                break;
            }
            body.push(next[2..].trim_end().to_owned());
            lines.next();
        }
        commands.push(match line.split_whitespace().next().unwrap() {
            "clear" => Command::Clear,
            "load" => Command::Load(body),
            "eval" => Command::Eval(eval(number + 1, line, body)),
            other => panic!("line {}: no command {other}", number + 1),
        });
    }
    commands
}

fn eval(number: usize, line: &str, mut body: Vec<String>) -> Eval {
    let mut words = line.split_whitespace().skip(1).peekable();
    let (mut mode, mut times) = (Mode::Logs(true, 100, false), (0, 3_600_000_000_000, 0));
    let mut seen = 1;
    while let Some(word) = words.peek().copied() {
        let mut take = |count: usize| -> Vec<String> {
            seen += count;
            (0..count).map(|_| words.next().unwrap().to_owned()).collect()
        };
        match word {
            "backward" | "forward" | "categorize" => {
                take(1);
                if let Mode::Logs(forward, _, categorize) = &mut mode {
                    *forward &= word != "backward";
                    *categorize |= word == "categorize";
                }
            }
            "limit" => {
                let limit = take(2)[1].parse().unwrap();
                if let Mode::Logs(_, most, _) = &mut mode {
                    *most = limit;
                }
            }
            "instant" => {
                let at = time(&take(3)[2]);
                (mode, times) = (Mode::Instant, (at, at, 0));
            }
            "range" => {
                let words = take(7);
                (mode, times) = (Mode::Range, (time(&words[2]), time(&words[4]), time(&words[6])));
            }
            "from" => {
                let words = take(3);
                times = (time(&words[1]), time(&words[2]), 0);
            }
            _ => break,
        }
    }
    // The query is the rest of the line as it is written.
    let mut query = line;
    for _ in 0..seen {
        query = query.trim_start();
        query = &query[query.find(char::is_whitespace).unwrap_or(query.len())..];
    }
    let fails = body.first().and_then(|first| first.strip_prefix("fail ")).map(str::to_owned);
    if fails.is_some() {
        body.remove(0);
    }
    Eval { line: number, query: query.trim().to_owned(), mode, times, fails, expected: body }
}
