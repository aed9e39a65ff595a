//! InfluxDB's line protocol: how lines are read, and what they come to.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::borrow::Cow;

use luneta_model::{Limits, Tenant};
use luneta_receive::influx::Precision;
use luneta_receive::influx::decode::{Parameters, Written, lines, logs, metrics};
use luneta_receive::influx::line::{FieldValue, Line, LineFault, Lines};
use luneta_receive::{DecodeOptions, Reason};
use proptest::prelude::*;
use support::{NOW, render};

fn run(text: &str, parameters: &Parameters) -> Written {
    lines(text.as_bytes(), Tenant::default(), &DecodeOptions::at(NOW), parameters).unwrap()
}

fn plain(text: &str) -> Written {
    run(text, &Parameters::default())
}

fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!("{}/src/influx/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn column(rendered: &str, name: &str) -> Vec<String> {
    let prefix = format!("{name} = ");
    rendered.lines().filter_map(|line| line.trim().strip_prefix(&prefix)).map(ToOwned::to_owned).collect()
}

#[test]
fn clients_are_understood() {
    let cases = [
        ("influxdb_client", Precision::Nanoseconds(1)),
        ("influxdb3_python", Precision::Nanoseconds(1)),
        ("influxdb_client_js", Precision::named("ms").unwrap()),
        ("influxdb", Precision::Default),
    ];
    for (client, precision) in cases {
        let parameters = Parameters { database: "shop".into(), precision, whole: false };
        let written = run(&fixture(&format!("{client}.metrics.lp")), &parameters);
        assert_eq!((written.tally.message("lines"), written.broken.len()), (None, 0), "{client}");
        insta::assert_snapshot!(format!("{client}.metrics"), render(&written.metrics));
        insta::assert_snapshot!(format!("{client}.logs"), render(&written.logs));
    }
}

/// The only line of a text.
fn read(text: &str) -> Result<Line<'_>, LineFault> {
    let mut line = Line::default();
    let (_, result) = Lines::new(text).next_into(&mut line).unwrap();
    result.map(|()| line)
}

#[test]
fn lines_are_read() {
    use FieldValue::{Boolean, Float, Integer, Text, Unsigned};
    type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a [(&'a str, FieldValue<'a>)], Option<i64>);
    let cases: [Case<'_>; 20] = [
        ("m f=1", "m", &[], &[("f", Float(1.0))], None),
        ("m f=1i 5", "m", &[], &[("f", Integer(1))], Some(5)),
        ("m f=-1i,g=18446744073709551615u -5", "m", &[], &[("f", Integer(-1)), ("g", Unsigned(u64::MAX))], Some(-5)),
        (
            "m f=-1.5e-3,g=.5,h=+2,i=3.",
            "m",
            &[],
            &[("f", Float(-0.0015)), ("g", Float(0.5)), ("h", Float(2.0)), ("i", Float(3.0))],
            None,
        ),
        (
            "m a=t,b=T,c=true,d=True,e=TRUE",
            "m",
            &[],
            &[("a", Boolean(true)), ("b", Boolean(true)), ("c", Boolean(true)), ("d", Boolean(true)), ("e", Boolean(true))],
            None,
        ),
        (
            "m a=f,b=F,c=false,d=False,e=FALSE",
            "m",
            &[],
            &[("a", Boolean(false)), ("b", Boolean(false)), ("c", Boolean(false)), ("d", Boolean(false)), ("e", Boolean(false))],
            None,
        ),
        ("m,a=1,b=x f=1", "m", &[("a", "1"), ("b", "x")], &[("f", Float(1.0))], None),
        (r"m\ a\,b,k\ \=\,=v\ \=\, f\ \=\,=1", "m a,b", &[("k =,", "v =,")], &[("f =,", Float(1.0))], None),
        (r"m=a,k=v=w f=1", "m=a", &[("k", "v=w")], &[("f", Float(1.0))], None),
        (r"m,k=C:\x,l=a\\,n=\\b f=1", "m", &[("k", r"C:\x"), ("l", r"a\,n=\\b")], &[("f", Float(1.0))], None),
        (r#"m f="a, b=c \"d\" \\ \n""#, "m", &[], &[("f", Text(Cow::Borrowed("a, b=c \"d\" \\ \\n")))], None),
        ("m f=\"a\nb # c\r\n\",g=1 7", "m", &[], &[("f", Text(Cow::Borrowed("a\nb # c\r\n"))), ("g", Float(1.0))], Some(7)),
        (r#"m f="""#, "m", &[], &[("f", Text(Cow::Borrowed("")))], None),
        ("m   f=1   7  ", "m", &[], &[("f", Float(1.0))], Some(7)),
        ("m f=1\r\n", "m", &[], &[("f", Float(1.0))], None),
        ("m f=1 7\r", "m", &[], &[("f", Float(1.0))], Some(7)),
        ("m,a=1,a=2 f=1,f=2", "m", &[("a", "1")], &[("f", Float(1.0))], None),
        ("größe,ä=ö ü=\"ß\"", "größe", &[("ä", "ö")], &[("ü", Text(Cow::Borrowed("ß")))], None),
        (r#""m",a="x" f=1"#, "\"m\"", &[("a", "\"x\"")], &[("f", Float(1.0))], None),
        ("m 1=1", "m", &[], &[("1", Float(1.0))], None),
    ];
    for (text, measurement, tags, fields, timestamp) in cases {
        let expected = Line {
            measurement: measurement.into(),
            tags: tags.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
            fields: fields.iter().map(|(key, value)| ((*key).into(), value.clone())).collect(),
            timestamp,
        };
        assert_eq!(read(text), Ok(expected), "{text}");
    }
}

#[test]
fn many_tags_are_told_apart_too() {
    let tags = (0..100).map(|i| format!(",t{}=a{i}", i % 50)).collect::<Vec<_>>().concat();
    let text = format!("m{tags} f=1");
    let line = read(&text).unwrap();
    assert_eq!((line.tags.len(), line.tags[49].1.as_ref()), (50, "a49"));
}

#[test]
fn broken_lines_cost_themselves() {
    let cases = [
        (",a=1 f=1", LineFault::Measurement),
        ("m", LineFault::Fields),
        ("m ", LineFault::Fields),
        ("m,a=1", LineFault::Fields),
        ("m,=1 f=1", LineFault::TagKey),
        ("m, f=1", LineFault::TagKey),
        ("m,a f=1", LineFault::TagValue),
        ("m,a= f=1", LineFault::TagValue),
        ("m =1", LineFault::FieldKey),
        ("m f", LineFault::FieldValue),
        ("m f=", LineFault::FieldValue),
        ("m f=1,", LineFault::FieldKey),
        ("m f=x", LineFault::InvalidFieldValue),
        ("m f=1.5i", LineFault::InvalidFieldValue),
        ("m f=-1u", LineFault::InvalidFieldValue),
        ("m f=9223372036854775808i", LineFault::InvalidFieldValue),
        ("m f=nan", LineFault::InvalidFieldValue),
        ("m f=inf", LineFault::InvalidFieldValue),
        ("m f=1e999", LineFault::InvalidFieldValue),
        ("m f=tRUE", LineFault::InvalidFieldValue),
        ("m f=\"a\"b", LineFault::InvalidFieldValue),
        ("m f=\"a", LineFault::Quotes),
        ("m f=1 x", LineFault::Timestamp),
        ("m f=1 1.5", LineFault::Timestamp),
        ("m f=1 1 2", LineFault::Timestamp),
        ("m f=1 99999999999999999999", LineFault::Timestamp),
        ("m f=1 -1", LineFault::TimeRange),
    ];
    for (line, fault) in cases {
        let written = plain(&format!("# about\n\ngood v=1 5\n{line}\ngood v=2 6\n"));
        let broken: Vec<_> = written.broken.iter().map(|b| (b.number, b.text.as_str(), b.fault)).collect();
        assert_eq!(broken, [(4, line, fault)], "{line}");
        assert_eq!((written.metrics.len(), written.tally.rejected_total()), (2, 1), "{line}");
    }
    // A quote that is never closed does not take the lines behind it.
    let written = plain("a f=\"x\nb g=\"y\"\nc h=\"z\nd i=1\n");
    assert_eq!(written.broken.iter().map(|b| b.number).collect::<Vec<_>>(), [1, 3]);
    assert_eq!((written.metrics.len(), written.logs.len()), (1, 1));
}

#[test]
fn lines_are_counted_as_an_editor_does() {
    let written = plain("m f=\"a\nb\"\n\n# x\nbroken\r\nm f=1\n  broken");
    let broken: Vec<_> = written.broken.iter().map(|b| (b.number, b.text.as_str())).collect();
    assert_eq!(broken, [(5, "broken"), (7, "broken")]);
}

#[test]
fn empty_bodies_are_nothing() {
    for text in ["", "\n", "# only\n#", " \r\n\t"] {
        let written = plain(text);
        assert_eq!((written.metrics.len(), written.logs.len(), written.broken.len()), (0, 0, 0), "{text:?}");
    }
}

#[test]
fn precision_is_that_of_given_times_only() {
    let cases = [
        ("", "1700000000000000000", 1_700_000_000_000_000_000),
        ("n", "1700000000000000000", 1_700_000_000_000_000_000),
        ("ns", "5", 5),
        ("u", "1700000000000000", 1_700_000_000_000_000_000),
        ("us", "5", 5_000),
        ("ms", "1700000000000", 1_700_000_000_000_000_000),
        ("s", "1700000000", 1_700_000_000_000_000_000),
        ("m", "2", 120_000_000_000),
        ("h", "2", 7_200_000_000_000),
        ("nanosecond", "7", 7),
        ("second", "7", 7_000_000_000),
        ("auto", "1700000000", 1_700_000_000_000_000_000),
        ("auto", "1700000000001", 1_700_000_000_001_000_000),
        ("auto", "1700000000000001", 1_700_000_000_000_001_000),
        ("auto", "1700000000000000001", 1_700_000_000_000_000_001),
        ("s", "", NOW),
    ];
    for (name, timestamp, expected) in cases {
        let parameters = Parameters { precision: Precision::named(name).unwrap(), ..Parameters::default() };
        let written = run(&format!("m f=1 {timestamp}"), &parameters);
        let shown = column(&render(&plain(&format!("m f=1 {expected}")).metrics), "time");
        assert_eq!(column(&render(&written.metrics), "time"), shown, "{name} {timestamp}");
    }
    assert_eq!(Precision::named("d"), None);
    let written =
        run("m f=1 9223372036854775807", &Parameters { precision: Precision::named("s").unwrap(), ..Parameters::default() });
    assert_eq!(written.tally.rejected(), [(Reason::TimeOutOfRange, 1)]);
}

#[test]
fn numbers_become_points_and_texts_a_record() {
    let text = "cpu,host=n1,region=eu usage=0.5,cores=8i,big=18446744073709551615u,up=t,value=1,note=\"a \\\"b\\\"\",other=\"c\" 7\n\
                cpu,host=n2 usage=1 8\nonly,note=tag note=\"field\" 9\nmixed v=1\nmixed v=\"text\"\n";
    let written = run(text, &Parameters { database: "shop".into(), ..Parameters::default() });
    insta::assert_snapshot!("influx_points", render(&written.metrics));
    insta::assert_snapshot!("influx_records", render(&written.logs));
}

#[test]
fn a_tag_named_as_the_database_wins() {
    let written = run("m,db=mine f=1", &Parameters { database: "shop".into(), ..Parameters::default() });
    let rendered = render(&written.metrics);
    assert!(rendered.contains("mine") && !rendered.contains("shop"), "{rendered}");
}

#[test]
fn limits_hold() {
    let limits = Limits { attributes_max: 2, value_bytes_max: 4, ..Limits::default() };
    let options = DecodeOptions { limits, ..DecodeOptions::at(NOW) };
    let written = lines(b"m,a=1,b=groesser,c=3 f=\"groesser\",g=1", Tenant::default(), &options, &Parameters::default()).unwrap();
    let rendered = render(&written.metrics) + &render(&written.logs);
    assert!(rendered.contains("groe") && !rendered.contains("c: 3"), "{rendered}");
    let options = DecodeOptions { expanded_bytes_max: 10_000, ..DecodeOptions::at(NOW) };
    let fields: Vec<String> = (0..100).map(|i| format!("{i}=1")).collect();
    let body = format!("m,t={} {}", "x".repeat(200), fields.join(","));
    let error = metrics(body.as_bytes(), Tenant::default(), &options).unwrap_err();
    assert_eq!(error.reason(), Reason::DecompressedTooLarge);
}

#[test]
fn wrong_bytes_are_replaced() {
    let written = lines(b"m,a=\xff f=1", Tenant::default(), &DecodeOptions::at(NOW), &Parameters::default()).unwrap();
    assert_eq!((written.metrics.len(), written.tally.warned()), (1, [(Reason::InvalidUtf8, 1)].as_slice()));
}

/// Writes a line as clients do.
fn written(line: &Line<'_>) -> String {
    let escaped = |text: &str| text.replace(',', "\\,").replace('=', "\\=").replace(' ', "\\ ");
    let tags = line.tags.iter().map(|(key, value)| format!(",{}={}", escaped(key), escaped(value))).collect::<Vec<_>>().concat();
    let field = |value: &FieldValue<'_>| match value {
        FieldValue::Float(number) => format!("{number:?}"),
        FieldValue::Integer(number) => format!("{number}i"),
        FieldValue::Unsigned(number) => format!("{number}u"),
        FieldValue::Boolean(is) => is.to_string(),
        FieldValue::Text(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
    };
    let fields: Vec<_> = line.fields.iter().map(|(key, value)| format!("{}={}", escaped(key), field(value))).collect();
    let time = line.timestamp.map(|time| format!(" {time}")).unwrap_or_default();
    format!("{}{tags} {}{time}", escaped(&line.measurement), fields.join(","))
}

fn name() -> impl Strategy<Value = String> {
    // A name cannot end in a backslash, nor a measurement begin as a comment.
    "[a-zäö\"][a-zA-Z ,=\"\\\\äö]{0,8}[a-zö]"
}

fn any_line() -> impl Strategy<Value = Line<'static>> {
    let value = prop_oneof![
        (-1e300..1e300_f64).prop_map(FieldValue::Float),
        any::<i64>().prop_map(FieldValue::Integer),
        any::<u64>().prop_map(FieldValue::Unsigned),
        any::<bool>().prop_map(FieldValue::Boolean),
        "[a-z \n\r,=\"\\\\#äö]{0,12}".prop_map(|text| FieldValue::Text(text.into())),
    ];
    let tags = prop::collection::btree_map(name(), name(), 0..4);
    let fields = prop::collection::btree_map(name(), value, 1..5);
    (name(), tags, fields, prop::option::of(any::<i64>())).prop_map(|(measurement, tags, fields, timestamp)| Line {
        measurement: measurement.into(),
        tags: tags.into_iter().map(|(key, value)| (key.into(), value.into())).collect(),
        fields: fields.into_iter().map(|(key, value)| (key.into(), value)).collect(),
        timestamp,
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(lines in prop::collection::vec(any_line(), 1..5), ends in prop::sample::select(vec!["\n", "\r\n", "\n\n# x\n"])) {
        let text = lines.iter().map(written).collect::<Vec<_>>().join(ends);
        let (mut reader, mut line, mut read) = (Lines::new(&text), Line::default(), Vec::new());
        while let Some((_, result)) = reader.next_into(&mut line) {
            prop_assert_eq!(result, Ok(()), "{}", text);
            read.push(line.clone());
        }
        prop_assert_eq!(read, lines);
    }

    #[test]
    fn any_cut_is_safe(line in any_line(), cut in any::<prop::sample::Index>()) {
        let text = written(&line);
        let mut bytes = text.into_bytes();
        bytes.truncate(cut.index(bytes.len() + 1));
        logs(&bytes, Tenant::default(), &DecodeOptions::at(NOW)).unwrap();
    }

    #[test]
    fn any_bytes_are_safe(text in "[mf ,=\"\\\\\n\r#1itu.-]{0,80}") {
        let (mut reader, mut line, mut count) = (Lines::new(&text), Line::default(), 0);
        while reader.next_into(&mut line).is_some() {
            count += 1;
        }
        prop_assert!(count <= text.len());
        metrics(text.as_bytes(), Tenant::default(), &DecodeOptions::at(NOW)).unwrap();
    }
}
