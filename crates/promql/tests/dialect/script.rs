//! Scripts: commands with the lines that belong to them.

use luneta_promql::Severity;

/// A command of a script.
pub enum Command {
    Load { step_ms: i64, series: Vec<String> },
    Clear,
    Eval(Box<Eval>),
}

/// A query and what it should give.
#[derive(Default)]
pub struct Eval {
    /// Line of the file, for messages.
    pub line: usize,
    pub query: String,
    /// Start, end and step; step 0 for instant queries.
    pub times: (i64, i64, i64),
    pub fails: Option<Failure>,
    pub ordered: bool,
    /// Remarks that must be there: severity, and text when it is told.
    pub remarks: Vec<(Severity, Option<String>)>,
    /// Severities of which there must be none.
    pub no_remarks: Vec<Severity>,
    /// Grid of an expected range vector of an instant query.
    pub matrix: Option<(i64, i64, i64)>,
    pub expected: Vec<String>,
}

/// An expected error.
#[derive(Default)]
pub struct Failure {
    pub message: Option<String>,
    pub part: Option<String>,
}

/// The commands of a script. Lines that are indented belong to the command above.
pub fn commands(text: &str) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        let command = without_comment(line);
        if command.is_empty() {
            continue;
        }
        let mut body = Vec::new();
        while let Some((_, next)) = lines.peek() {
            let indented = next.starts_with([' ', '\t']);
            if !indented || next.trim().is_empty() {
                break;
            }
            let line = without_comment(next);
            if !line.is_empty() {
                body.push(line.to_owned());
            }
            lines.next();
        }
        commands.push(parse(command, body, number + 1));
    }
    commands
}

fn without_comment(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with('#') { "" } else { line }
}

fn parse(command: &str, body: Vec<String>, line: usize) -> Command {
    if command == "clear" {
        return Command::Clear;
    }
    if let Some(step) = command.strip_prefix("load ") {
        return Command::Load { step_ms: milliseconds(step.trim()), series: body };
    }
    let (word, rest) = command.split_once(' ').unwrap_or_else(|| panic!("line {line}: {command}"));
    let mut eval = Eval { line, ..Eval::default() };
    match word {
        "eval" => {}
        "eval_fail" => eval.fails = Some(Failure::default()),
        "eval_ordered" => eval.ordered = true,
        "eval_warn" => eval.remarks.push((Severity::Warning, None)),
        "eval_info" => eval.remarks.push((Severity::Info, None)),
        _ => panic!("line {line}: unknown command {word}"),
    }
    let words: Vec<&str> = rest.split_whitespace().collect();
    let (count, times) = match words.as_slice() {
        ["instant", "at", at, ..] => (3, (milliseconds(at), milliseconds(at), 0)),
        ["range", "from", from, "to", to, "step", step, ..] => (7, (milliseconds(from), milliseconds(to), milliseconds(step))),
        _ => panic!("line {line}: {rest}"),
    };
    eval.times = times;
    rest.splitn(count + 1, char::is_whitespace).last().unwrap().clone_into(&mut eval.query);
    for text in body {
        expectation(&mut eval, &text);
    }
    Command::Eval(Box::new(eval))
}

fn expectation(eval: &mut Eval, text: &str) {
    if let Some(message) = text.strip_prefix("expected_fail_message ") {
        eval.fails.get_or_insert_default().message = Some(message.to_owned());
        return;
    }
    let Some(rest) = text.strip_prefix("expect ") else { return eval.expected.push(text.to_owned()) };
    let (word, detail) = rest.split_once(' ').unwrap_or((rest, ""));
    let detail = detail.trim();
    let message = detail.strip_prefix("msg:").map(|message| message.trim().to_owned());
    match word {
        "fail" => {
            let part = detail.strip_prefix("part:").map(|part| part.trim().to_owned());
            eval.fails = Some(Failure { message, part });
        }
        "ordered" => eval.ordered = true,
        "warn" => eval.remarks.push((Severity::Warning, message)),
        "info" => eval.remarks.push((Severity::Info, message)),
        "no_warn" => eval.no_remarks.push(Severity::Warning),
        "no_info" => eval.no_remarks.push(Severity::Info),
        "range" => {
            let words: Vec<&str> = detail.split_whitespace().collect();
            let ["vector", "from", from, "to", to, "step", step] = words.as_slice() else { panic!("{text}") };
            eval.matrix = Some((milliseconds(from), milliseconds(to), milliseconds(step)));
        }
        _ => panic!("line {}: unknown expectation {word}", eval.line),
    }
}

/// `5m`, `1h30m`, `90s`, `1.5` (seconds), with any sign.
fn milliseconds(text: &str) -> i64 {
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds * 1000.0).round() as i64;
    }
    let (sign, mut rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let mut total = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let letters = rest[digits..].bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = match &rest[digits..digits + letters] {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            "y" => 31_536_000_000,
            other => panic!("unknown unit {other} in {text}"),
        };
        total += rest[..digits].parse::<i64>().unwrap() * unit;
        rest = &rest[digits + letters..];
    }
    sign * total
}
