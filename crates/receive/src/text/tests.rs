//! Lines of every form, and what is read out of them.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_795_300_000_000_000_000;

/// A record as lines: time, severity, body, then what is said besides.
fn show(record: &Record<'_>) -> String {
    let mut out = String::new();
    if let Some(time) = record.time {
        let time = jiff::Timestamp::from_nanosecond(time).unwrap();
        write!(out, "{time} ").unwrap();
    }
    let body = record.body.as_deref().unwrap_or_default();
    write!(out, "{}{}|{body}", record.severity_text, record.severity_number).unwrap();
    let ids = record.ids();
    if ids.found() {
        write!(out, "\n  trace {} {}", hex::encode(ids.trace_id), hex::encode(ids.span_id)).unwrap();
    }
    for (of, pairs) in [("resource", &record.resource), ("", &record.attributes)] {
        for (key, value) in pairs {
            write!(out, "\n  {of}{}{key}={:?}", if of.is_empty() { "" } else { " " }, value.clone().into_any()).unwrap();
        }
    }
    out
}

fn read_auto(text: &str) -> String {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let text = without_colours(text.into());
    show(&read(&text, &Format::Auto, Place { zone: &zone, now: NOW }, &Limits::default()))
}

/// Lines of real loggers and servers, one case a paragraph: names are those of the snapshot.
#[test]
fn lines_are_read() {
    for (name, lines) in [
        ("json", include_str!("fixtures/json.txt")),
        ("python", include_str!("fixtures/python.txt")),
        ("servers", include_str!("fixtures/servers.txt")),
        ("plain", include_str!("fixtures/plain.txt")),
    ] {
        let shown: Vec<_> = lines
            .lines()
            .filter(|line| !line.is_empty())
            .map(|line| {
                let line = line.replace("\\e", "\u{1b}");
                // Texts of JSON have escapes of their own.
                let line = if name == "json" { line } else { line.replace("\\n", "\n").replace("\\t", "\t") };
                read_auto(&line)
            })
            .collect();
        insta::assert_snapshot!(name, shown.join("\n"));
    }
}

#[test]
fn patterns_of_users() {
    let place = Place { zone: &TimeZone::UTC, now: NOW };
    let check = |extraction: Extraction, text: &str, expected: &str| {
        assert_eq!(show(&read(text, &Format::Regex(extraction), place, &Limits::default())), expected);
    };
    let pattern = r"^(?P<time>\S+) (?P<level>\w+) \[(?P<thread_name>[^\]]+)\] (?P<message>.*)$";
    let extraction = Extraction::new(pattern).unwrap();
    let expected = "2026-11-22T10:00:00Z WARN13|low on stock\n  thread.name=String(\"w-1\")";
    check(extraction.clone(), "2026-11-22T10:00:00Z WARN [w-1] low on stock", expected);
    check(extraction, "something else", "0|something else");
    let mut own = Extraction::new(r"^(?P<at>\d+/\d+/\d+) (?P<how>\w+) (?P<route>.*)$").unwrap();
    (own.time_key, own.severity_key) = (Some("at".into()), Some("how".into()));
    own.time_layout = Some("%d/%m/%Y".into());
    check(own.clone(), "22/11/2026 err /cart", "2026-11-22T00:00:00Z err17|22/11/2026 err /cart\n  route=String(\"/cart\")");
    let unread = "err17|99/11/2026 err /cart\n  at=String(\"99/11/2026\")\n  route=String(\"/cart\")";
    check(own.clone(), "99/11/2026 err /cart", unread);
    own.pattern = pattern_of(r"^(?P<at>\S+ \S+) (?P<how>\w+) (?P<route>.*)$");
    own.time_layout = Some("%d/%m/%Y %H:%M:%S".into());
    let expected = "2026-11-22T10:00:00Z err17|22/11/2026 10:00:00 err /cart\n  route=String(\"/cart\")";
    check(own, "22/11/2026 10:00:00 err /cart", expected);
    for broken in ["(", "no groups"] {
        assert_eq!(Extraction::new(broken).unwrap_err().reason(), crate::Reason::Malformed, "{broken}");
    }
}

fn pattern_of(text: &str) -> regex::Regex {
    pattern(text).unwrap()
}

/// Lines of a file, where each entry begins and ends, and what is in it.
fn entries(lines: &Lines, text: &str) -> Vec<String> {
    let mut assembler = Assembler::new(0);
    let mut position = 0;
    for line in text.split_inclusive('\n') {
        position += line.len() as u64;
        assembler.push(lines, line.strip_suffix('\n').unwrap_or(line).as_bytes(), line.len(), position);
    }
    assembler.close();
    let (entries, end) = assembler.take();
    assert_eq!(end, text.len() as u64);
    entries.into_iter().map(|entry| String::from_utf8(entry.bytes).unwrap()).collect()
}

fn auto() -> Lines {
    Lines { bytes_max: 10_000, ..Lines::default() }
}

#[test]
fn lines_that_belong_together() {
    let chained = "ERROR:shop:failed\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\n    1 / 0\n    ~~^~~\n\
                   ZeroDivisionError: division by zero\n\nDuring handling of the above exception, another exception occurred:\n\n\
                   Traceback (most recent call last):\n  File \"a.py\", line 2, in g\n    raise ValueError(\"no\")\nValueError: no";
    let bare =
        "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    1 / 0\nZeroDivisionError: division by zero";
    let group = "  + Exception Group Traceback (most recent call last):\n  |   File \"a.py\", line 1, in f\n  | ExceptionGroup: x (1 sub-exception)\n  +-+---------------- 1 ----------------\n    | ValueError: a\n    +------------------------------------";
    let java = "2026-11-22 10:00:00,123 ERROR [main] c.e.App - failed\njava.lang.IllegalStateException: no\n\tat c.e.App.f(App.java:1)\n\
                \tat c.e.App.main(App.java:2)\nCaused by: java.io.IOException: disk\n\t... 2 more";
    let node = "TypeError: x is not a function\n    at f (/app/a.js:1:1)\n    at g (/app/b.js:2:2)";
    let model = "2026-11-22 10:00:00,123 - shop - ERROR - bad\nTraceback (most recent call last):\n  File \"a.py\", line 1\n\
                 pydantic.ValidationError: 1 error for Item\nname\n  Field required";
    let loguru = "2026-11-22 12:06:31.922 | ERROR    | __main__:f:71 - failed\nTraceback (most recent call last):\n\n  File \"a.py\", line 87, in <module>\n\
                  > File \"a.py\", line 69, in f\n    g()\n    └ <function g at 0x7f31>\n\n  File \"a.py\", line 10, in g\n    raise ValueError(\"no\")\n\nValueError: no";
    let pretty = "{\n  \"a\": 1\n}";
    let cases: [(&str, &[&str]); 13] = [
        ("a\nb\n", &["a", "b"]),
        ("a\r\n\r\n\nb", &["a", "b"]),
        ("a\n  more\n\tand\nb\n", &["a\n  more\n\tand", "b"]),
        (&format!("INFO:x:a\n{chained}\nINFO:x:b\n"), &["INFO:x:a", chained, "INFO:x:b"]),
        // A crash is not the fault of whoever spoke last.
        (&format!("INFO:x:a\n{bare}\nINFO:x:b\n"), &["INFO:x:a", bare, "INFO:x:b"]),
        (&format!("{bare}\n\nend\n"), &[bare, "end"]),
        (&format!("{group}\nend\n"), &[group, "end"]),
        (&format!("{java}\n2026-11-22 10:00:01,123 INFO x\n"), &[java, "2026-11-22 10:00:01,123 INFO x"]),
        (&format!("up\n{node}\ndown\n"), &["up", node, "down"]),
        (&format!("{model}\n2026-11-22 10:00:01,123 - shop - INFO - b\n"), &[model, "2026-11-22 10:00:01,123 - shop - INFO - b"]),
        (
            &format!("{loguru}\n2026-11-22 12:06:32.000 | INFO     | __main__:f:72 - b\n"),
            &[loguru, "2026-11-22 12:06:32.000 | INFO     | __main__:f:72 - b"],
        ),
        (&format!("{pretty}\n{{\"b\":2}}\n"), &[pretty, "{\"b\":2}"]),
        ("  indented\nfirst\n", &["  indented", "first"]),
    ];
    for (text, expected) in cases {
        assert_eq!(entries(&auto(), text), expected, "{text}");
    }
}

#[test]
fn lines_by_patterns() {
    let start = Lines { grouping: Grouping::Start(pattern_of(r"^\d")), ..auto() };
    assert_eq!(entries(&start, "lost\n1 a\nb\n\n2 c\n"), ["lost", "1 a\nb\n", "2 c"]);
    let end = Lines { grouping: Grouping::End(pattern_of(";$")), ..auto() };
    assert_eq!(entries(&end, "a\nb;\nc;\nd\n"), ["a\nb;", "c;", "d"]);
    let alone = Lines { grouping: Grouping::None, ..auto() };
    assert_eq!(entries(&alone, "a\n  b\n"), ["a", "  b"]);
}

#[test]
fn envelopes_of_containers_come_off() {
    let cri = "2026-11-22T10:00:00.1Z stdout F one\n2026-11-22T10:00:00.2Z stdout P half \n2026-11-22T10:00:00.3Z stderr F Traceback (most recent call last):\n\
               2026-11-22T10:00:00.4Z stdout F and half\n2026-11-22T10:00:00.5Z stderr F   File \"a.py\", line 1\n\
               2026-11-22T10:00:00.6Z stdout F three\n2026-11-22T10:00:00.7Z stderr F ValueError: no\n2026-11-22T10:00:00.8Z stdout F \n";
    assert_eq!(
        entries(&auto(), cri),
        ["one", "half and half", "Traceback (most recent call last):\n  File \"a.py\", line 1\nValueError: no", "three",]
    );
    let docker = "{\"log\":\"one\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-22T10:00:00.1Z\"}\n\
                  {\"log\":\"ha\",\"stream\":\"stdout\",\"time\":\"2026-11-22T10:00:00.2Z\"}\n\
                  {\"log\":\"lf\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-22T10:00:00.3Z\",\"attrs\":{\"tag\":\"x\"}}\n";
    assert_eq!(entries(&auto(), docker), ["one", "half"]);
    // Lines that only look alike stay as they are.
    let alike = "{\"log\":\"one\",\"stream\":\"stdout\",\"time\":\"noon\"}\n2026-11-22T10:00:00Z stdout X one\n";
    assert_eq!(entries(&auto(), alike), alike.lines().collect::<Vec<_>>());
    let off = Lines { wrapping: Wrapping::None, ..auto() };
    assert_eq!(entries(&off, docker).len(), 3);
}

#[test]
fn long_lines_are_cut_and_marked() {
    let lines = Lines { bytes_max: 8, ..Lines::default() };
    let mut assembler = Assembler::new(0);
    assembler.push(&lines, b"01234567", 101, 101);
    assembler.push(&lines, b"ok", 3, 104);
    assembler.push(&lines, b" a", 3, 107);
    assembler.push(&lines, b"  more", 7, 114);
    assembler.close();
    let (entries, end) = assembler.take();
    let shown: Vec<_> = entries.iter().map(|e| (String::from_utf8_lossy(&e.bytes).into_owned(), e.bytes_sent)).collect();
    assert_eq!((shown, end), (vec![("01234567".into(), 100), ("ok\n a".into(), 0), ("  more".into(), 0)], 114));
}

#[test]
fn positions_are_behind_what_was_handed_on() {
    let lines = auto();
    let mut assembler = Assembler::new(100);
    let push = |assembler: &mut Assembler, line: &str, end| assembler.push(&lines, line.as_bytes(), line.len() + 1, end);
    push(&mut assembler, "a", 102);
    assert_eq!((assembler.take().0.len(), assembler.take().1), (0, 100));
    push(&mut assembler, "b", 104);
    let (entries, end) = assembler.take();
    assert_eq!((entries.len(), end), (1, 102));
    // An entry that began before another is handed on with it.
    push(&mut assembler, "2026-11-22T10:00:00Z stderr F Traceback (most recent call last):", 200);
    push(&mut assembler, "2026-11-22T10:00:00Z stdout F x", 240);
    push(&mut assembler, "2026-11-22T10:00:00Z stdout F y", 280);
    let (entries, end) = assembler.take();
    assert_eq!((entries.len(), end), (0, 102));
    assembler.close();
    let (entries, end) = assembler.take();
    assert_eq!((entries.len(), end), (4, 280));
}

#[test]
fn requests_of_otlp_say_the_same() {
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use prost::Message as _;
    let text = concat!(
        include_str!("fixtures/json.txt"),
        include_str!("fixtures/python.txt"),
        include_str!("fixtures/servers.txt"),
        include_str!("fixtures/plain.txt")
    );
    let options = crate::DecodeOptions::at(NOW);
    let mut assembler = Assembler::new(0);
    for line in text.lines() {
        assembler.push(&auto(), line.as_bytes(), line.len() + 1, 0);
    }
    assembler.close();
    let source = Source { resource: vec![("service.name".into(), "shop".into())], ..Source::default() };
    let batch = [Sourced { source: source.into(), entries: assembler.take().0 }];
    let tenant = luneta_model::Tenant::default;
    let direct = decode(&batch, tenant(), &options).unwrap().batch;
    let request = otlp(&batch, &options);
    ExportLogsServiceRequest::decode(request.as_slice()).unwrap();
    let sent = crate::otlp::decode::logs_protobuf(&request, tenant(), &options).unwrap().batch;
    // A request repeats a resource where others were between; what it says is the same.
    for (field, column) in direct.rows.schema().fields().iter().zip(direct.rows.columns()).skip(1) {
        assert_eq!(sent.rows.column_by_name(field.name()), Some(column), "{}", field.name());
    }
    assert_eq!(sent.len(), batch[0].entries.len());
}

#[test]
fn colours_are_left_out() {
    for (text, expected) in [
        ("plain", "plain"),
        ("\u{1b}[32mgreen\u{1b}[0m", "green"),
        ("\u{1b}[1;31;40mx\u{1b}[K", "x"),
        ("a\u{1b}", "a\u{1b}"),
        ("a\u{1b}[12", "a\u{1b}[12"),
        ("a\u{1b}]0;title\u{7}b", "a\u{1b}]0;title\u{7}b"),
    ] {
        assert_eq!(without_colours(text.into()), expected);
    }
}

/// Words lines are made of.
fn words() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "{",
        "}",
        "\"",
        "\\",
        "=",
        ":",
        "[",
        "]",
        "|",
        " - ",
        " ",
        "\n",
        "\t",
        "ERROR",
        "info",
        "msg=",
        "a.b",
        "Traceback (most recent call last):",
        "2026-11-22T10:00:00Z",
        "2026/11/22 10:00:00",
        "22/Nov/2026:10:00:00 +0000",
        "] \"",
        "GET / HTTP/1.1",
        "200",
        "#",
        "*1",
        ", client: ",
        "ö",
        "stdout F ",
        "trace_id=",
        "\u{1b}[1m",
        "Nov 22 10:00:00 ",
        "{\"log\":\"",
        "\"text\":1,\"record\":{}",
        "\tat x",
        "ValueError: x",
    ]);
    prop::collection::vec(words, 0..12).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn no_line_panics(text in words()) {
        let place = Place { zone: &TimeZone::UTC, now: NOW };
        for name in Format::NAMES {
            let format = Format::named(name).unwrap();
            let record = read(&text, &format, place, &Limits::default());
            prop_assert!(record.body.is_some());
        }
    }

    /// Whatever the lines are, entries hold them all, and none is twice.
    #[test]
    fn entries_hold_all_lines(texts in prop::collection::vec(words(), 0..20), cut in 0..20_usize) {
        let text: String = texts.iter().map(|text| text.replace(['\n', '\r'], "") + "\n").collect();
        let plain = Lines { wrapping: Wrapping::None, ..auto() };
        let mut assembler = Assembler::new(0);
        let (mut position, mut joined, mut safe) = (0, String::new(), 0);
        for (n, line) in text.split_inclusive('\n').enumerate() {
            position += line.len() as u64;
            assembler.push(&plain, line.trim_end_matches('\n').as_bytes(), line.len(), position);
            if n >= cut {
                let (entries, end) = assembler.take();
                prop_assert!(end >= safe && end <= position);
                safe = end;
                for entry in &entries {
                    joined += std::str::from_utf8(&entry.bytes).unwrap();
                    joined.push('\n');
                }
            }
        }
        assembler.close();
        let (entries, end) = assembler.take();
        prop_assert_eq!(end, position);
        for entry in &entries {
            joined += std::str::from_utf8(&entry.bytes).unwrap();
            joined.push('\n');
        }
        let full = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect::<Vec<_>>();
        prop_assert_eq!(full(&joined), full(&text));
    }
}
