//! What holds for all templates and values.

use luneta_template::{ErrorKind, Functions, Limits, Scope, Template, Time, Value};
use proptest::prelude::*;

fn limits() -> Limits {
    Limits { output_bytes_max: 4096, steps_max: 20_000, depth_max: 40 }
}

/// Renders with labels; the length of what came, or the kind of error.
fn render(text: &str, functions: &Functions) -> Result<String, ErrorKind> {
    let labels = vec![("a", "text"), ("n", "12"), ("j", r#"{"x":[1,2,{"y":null}]}"#)];
    let template = Template::parse(text, functions).map_err(|error| error.kind)?;
    template.render(&Scope::new(Value::Texts(&labels)), &limits()).map_err(|error| error.kind)
}

/// Pieces of templates, so that many of them parse.
fn piece() -> impl Strategy<Value = String> {
    let names: Vec<String> = Functions::loki().names().into_iter().map(str::to_owned).collect();
    let words = [
        ".a",
        ".n",
        ".j",
        ".",
        "$",
        "$x",
        "\"\"",
        "\"a1é\"",
        "`2006-01-02 MST`",
        "0",
        "1",
        "-3",
        "2.5",
        "1e300",
        "9223372036854775807",
        "nil",
        "true",
        "'x'",
        "(",
        ")",
        "|",
        "|",
        ":=",
        "=",
        "(fromJson .j)",
        ".x",
        "(toDate `2006` `1999`)",
        "now",
        ".Unix",
        "99999",
        "\"%9999d%v\"",
    ];
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let word = prop_oneof![prop::sample::select(words), prop::sample::select(names)];
    prop::collection::vec(word, 1..6).prop_map(|words| words.join(" "))
}

fn action() -> impl Strategy<Value = String> {
    let control =
        prop::sample::select(vec!["", "", "", "if ", "with ", "range ", "range $i, $x := ", "$x := ", "template \"t\" "]);
    (control, piece()).prop_map(|(control, piece)| {
        let action = format!("{{{{{control}{piece}}}}}");
        if control.starts_with(['i', 'w', 'r']) { format!("{action}<{{{{else}}}}>{{{{.}}}}{{{{end}}}}") } else { action }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in "(\\{\\{|\\}\\}|[-a-z.$\"`|(): =0-9\\\\é\n]){0,40}") {
        let _ = render(&text, &Functions::loki());
        let _ = render(&text, &Functions::prometheus());
    }

    #[test]
    fn no_template_panics_or_grows_beyond_its_bounds(actions in prop::collection::vec(action(), 1..4)) {
        let text = format!("{{{{define \"t\"}}}}{{{{.}}}}{{{{end}}}}{}", actions.concat());
        if let Ok(out) = render(&text, &Functions::loki()) {
            prop_assert!(out.len() <= limits().output_bytes_max);
        }
    }

    #[test]
    fn text_without_actions_stays(text in "[^{]{0,40}") {
        prop_assert_eq!(render(&text, &Functions::loki()), Ok(text));
    }

    #[test]
    fn quoted_texts_read_as_what_they_were(text in "\\PC{0,20}") {
        let mut scope = Scope::new(Value::from(text.as_str()));
        scope.line = &text;
        let functions = Functions::loki();
        let quote = Template::parse("{{printf \"%q\" .}}", &functions).unwrap();
        let quoted = quote.render(&scope, &limits()).unwrap();
        let again = Template::parse(&format!("{{{{{quoted}}}}}"), &functions).unwrap();
        prop_assert_eq!(again.render(&scope, &limits()).unwrap(), text.clone());
        for both_ways in ["{{. | urlencode | urldecode}}", "{{. | b64enc | b64dec}}", "{{__line__}}"] {
            let template = Template::parse(both_ways, &functions).unwrap();
            prop_assert_eq!(template.render(&scope, &limits()).unwrap(), text.clone());
        }
    }

    #[test]
    fn times_read_as_what_they_were(unix_ns in -6_000_000_000_000_000_000_i64..6_000_000_000_000_000_000) {
        let layout = "2006-01-02T15:04:05.999999999Z07:00";
        let text = format!("{{{{toDateInZone \"{layout}\" \"Asia/Kolkata\" .  | unixEpochNanos}}}}");
        let template = Template::parse(&text, &Functions::loki()).unwrap();
        let written = Time::from_unix_ns(unix_ns).format(layout);
        let read = template.render(&Scope::new(Value::from(written)), &limits()).unwrap();
        prop_assert_eq!(read, unix_ns.to_string());
    }

    #[test]
    fn floats_are_written_so_that_they_read_the_same(number in any::<f64>()) {
        prop_assume!(number.is_finite());
        let template = Template::parse("{{.}} {{printf \"%g %e\" . .}}", &Functions::go()).unwrap();
        let out = template.render(&Scope::new(Value::Float(number)), &limits()).unwrap();
        let written = out.split(' ').next().unwrap();
        prop_assert_eq!(written.parse::<f64>().unwrap().to_bits(), number.to_bits());
    }
}

#[test]
fn what_costs_too_much_is_refused() {
    let deep = format!("{}1{}", "(".repeat(60), ")".repeat(60));
    let cases = [
        ("{{range 1000000000}}{{end}}".to_owned(), ErrorKind::Limit),
        ("{{define \"t\"}}{{template \"t\"}}{{end}}{{template \"t\"}}".to_owned(), ErrorKind::Limit),
        ("{{repeat 1000000 \"abc\"}}".to_owned(), ErrorKind::Limit),
        ("{{printf \"%1000000d\" 1}}".to_owned(), ErrorKind::Limit),
        ("{{$x := \"ab\"}}{{range 40}}{{$x = printf \"%s%s\" $x $x}}{{end}}".to_owned(), ErrorKind::Limit),
        ("{{range 5000}}x{{end}}".to_owned(), ErrorKind::Limit),
        ("{{$x := repeat 4000 \"a\"}}{{replace \"\" $x $x}}".to_owned(), ErrorKind::Limit),
        ("{{$x := repeat 4000 \"a\"}}{{regexReplaceAll \".*\" $x (repeat 1000 \"$0\")}}".to_owned(), ErrorKind::Limit),
        ("{{indent 100000 \"a\"}}".to_owned(), ErrorKind::Limit),
        ("{{alignLeft 100000 \"a\"}}".to_owned(), ErrorKind::Limit),
        (format!("{{{{{deep}}}}}"), ErrorKind::Limit),
        (format!("{{{{{}1{}}}}}", "(".repeat(70), ")".repeat(70)), ErrorKind::Syntax),
        ("{{if 1}}".repeat(70) + &"{{end}}".repeat(70), ErrorKind::Syntax),
        ("x".repeat(luneta_template::TEMPLATE_BYTES_MAX + 1), ErrorKind::Limit),
        ("{{regexReplaceAll \"(a{1000}){1000}\" .a \"\"}}".to_owned(), ErrorKind::Execution),
    ];
    for (text, kind) in cases {
        assert_eq!(render(&text, &Functions::loki()), Err(kind), "{}", text.chars().take(80).collect::<String>());
    }
}

#[test]
fn a_failed_rendering_leaves_nothing() {
    let template = Template::parse("before{{index . 1}}", &Functions::go()).unwrap();
    let mut out = "kept".to_owned();
    let scope = Scope::new(Value::from("x"));
    assert!(template.render_into(&mut out, &scope, &Limits::default()).is_err());
    assert_eq!(out, "kept");
}
