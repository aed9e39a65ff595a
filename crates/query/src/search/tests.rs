use proptest::prelude::*;

use super::*;

#[test]
fn searches_become_conditions() {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let of_trace = |text: &str| format!("(trace_id = '{trace}' OR body ILIKE '%{text}%')");
    let uuid = "4BF92F35-77b3-4da6-a3ce-929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let route = "coalesce(CAST(attributes['http.route'] AS VARCHAR), CAST(resource_attributes['http.route'] AS VARCHAR))";
    let cases = [
        ("", "TRUE".to_owned()),
        ("timeout", "body ILIKE '%timeout%'".to_owned()),
        ("time-out isn't", "(body ILIKE '%time-out%' AND body ILIKE '%isn''t%')".to_owned()),
        ("\"connection  refused\"", "body ILIKE '%connection  refused%'".to_owned()),
        ("\"say \\\"no\\\" \\n\"", "body ILIKE '%say \"no\" \\\\n%'".to_owned()),
        ("100% a_b", "(body ILIKE '%100\\%%' AND body ILIKE '%a\\_b%')".to_owned()),
        ("-debug", "((body ILIKE '%debug%') IS NOT TRUE)".to_owned()),
        ("NOT debug", "((body ILIKE '%debug%') IS NOT TRUE)".to_owned()),
        ("a - b --c", "(body ILIKE '%a%' AND body ILIKE '%-%' AND body ILIKE '%b%' AND body ILIKE '%--c%')".to_owned()),
        ("a OR b c", "(body ILIKE '%a%' OR (body ILIKE '%b%' AND body ILIKE '%c%'))".to_owned()),
        ("(a OR b) AND c", "((body ILIKE '%a%' OR body ILIKE '%b%') AND body ILIKE '%c%')".to_owned()),
        ("-(a b)", "(((body ILIKE '%a%' AND body ILIKE '%b%')) IS NOT TRUE)".to_owned()),
        ("call(x)", "body ILIKE '%call(x)%'".to_owned()),
        ("(call(x))", "body ILIKE '%call(x)%'".to_owned()),
        ("ORDER", "body ILIKE '%ORDER%'".to_owned()),
        (trace, of_trace(trace)),
        (uuid, of_trace(uuid)),
        (parent.as_str(), of_trace(&parent)),
        ("00F067aa0ba902b7", "(span_id = '00f067aa0ba902b7' OR body ILIKE '%00f067aa0ba902b7%')".to_owned()),
        ("service:cart", "service_name = 'cart'".to_owned()),
        ("service:\"my cart\"", "service_name = 'my cart'".to_owned()),
        ("http.route:/a/*", format!("{route} ILIKE '/a/%'")),
        ("http.route:*", format!("{route} IS NOT NULL")),
        ("http.route:~A", format!("{route} ILIKE '%A%'")),
        ("http.route:>=5", format!("TRY_CAST({route} AS DOUBLE) >= 5")),
        ("http.route:<x", format!("{route} < 'x'")),
        ("resource:host.name:h1", "CAST(resource_attributes['host.name'] AS VARCHAR) = 'h1'".to_owned()),
        ("scope:shop", "scope_name = 'shop'".to_owned()),
        ("level:error", "severity_number BETWEEN 17 AND 20".to_owned()),
        ("severity:>=WARN", "severity_number >= 13".to_owned()),
        ("severity:notice", "upper(severity_text) = 'NOTICE'".to_owned()),
        ("trace_id:4BF92F35-77b3-4da6-a3ce-929d0e0e4736", format!("trace_id = '{trace}'")),
        ("http://x/y a::b 12:30", "(body ILIKE '%http://x/y%' AND body ILIKE '%a::b%' AND body ILIKE '%12:30%')".to_owned()),
    ];
    for (text, expected) in cases {
        let search = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(condition(&search, ""), expected, "{text}");
    }
    assert_eq!(condition(&Search::Text("a".into()), "l"), "\"l\".body ILIKE '%a%'");
}

#[test]
fn faults_say_where() {
    let cases = [
        ("say \"no", "character 5 of the search: the quote is never closed"),
        ("a (b", "character 3 of the search: the parenthesis is never closed"),
        ("OR a", "character 3 of the search: OR needs something before it"),
        ("a OR", "character 5 of the search: OR needs something behind it"),
        ("a OR OR b", "character 6 of the search: OR needs something behind it"),
        ("(NOT )", "character 6 of the search: NOT needs something behind it"),
        ("http.route:>", "character 13 of the search: a value for `http.route` is missing"),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text).map_err(|error| error.to_string()), Err(expected.to_owned()), "{text}");
    }
    assert!(parse(&"(".repeat(100)).is_err());
    assert!(parse(&"-".repeat(100)).is_ok());
    assert!(parse(&"-(".repeat(100)).is_err());
    assert!(parse(&"a ".repeat(1000)).is_err());
}

proptest! {
    /// Whatever people type is read or refused, and what is read is SQL.
    #[test]
    fn any_text_is_read_or_refused(text in "[-a-z0-9 :\"()\\\\'%_*<>=~é;]{0,40}|(OR |NOT |AND |\\(|\\)|a |-|\"b\" ){0,12}") {
        use datafusion::sql::sqlparser::{dialect::GenericDialect, parser::Parser};
        if let Ok(search) = parse(&text) {
            let sql = condition(&search, "logs");
            let read = Parser::new(&GenericDialect {}).try_with_sql(&sql).and_then(|mut parser| {
                let expr = parser.parse_expr()?;
                parser.expect_token(&datafusion::sql::sqlparser::tokenizer::Token::EOF)?;
                Ok(expr)
            });
            prop_assert!(read.is_ok(), "{text:?}: {sql}: {read:?}");
        }
    }
}
