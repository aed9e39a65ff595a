//! How fast lines become rows. Read items a second as lines / time, on one core.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fmt::Write as _;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use luneta_model::Tenant;
use luneta_receive::influx::line::{Line, Lines};
use luneta_receive::{DecodeFn, DecodeOptions, graphite, influx, statsd};

const LINES: usize = 10_000;

fn main() {
    divan::main();
}

/// As Telegraf's plugin `cpu` writes: five tags, four fields.
fn line_protocol() -> String {
    (0..LINES).fold(String::new(), |mut out, i| {
        let host = i % 100;
        writeln!(
            out,
            "cpu,cpu=cpu{},host=node-{host},region=eu-west-1,rack=r{},team=infra usage_user={}.25,usage_system=3.5,usage_idle=92.1,cores=8i {}",
            i % 8,
            host % 7,
            i % 50,
            1_700_000_000_000_000_000 + i as u64 * 1000,
        )
        .unwrap();
        out
    })
}

/// Counters, gauges and distributions with three tags, of a thousand series each.
fn dogstatsd() -> String {
    (0..LINES).fold(String::new(), |mut out, i| {
        let kind = ["c", "g", "d"][i % 3];
        writeln!(out, "shop.orders.{kind}:{}.5|{kind}|#service:checkout,route:/cart/{},env:prod", i % 97, i % 1000).unwrap();
        out
    })
}

fn graphite_lines() -> String {
    (0..LINES).fold(String::new(), |mut out, i| {
        writeln!(out, "servers.node-{}.cpu.user;dc=eu;rack=r{} {}.5 {}", i % 100, i % 7, i % 97, 1_700_000_000 + i).unwrap();
        out
    })
}

fn bench(bencher: Bencher<'_, '_>, decode: DecodeFn, text: &str) {
    let options = DecodeOptions::at(0);
    bencher
        .counter(ItemsCount::new(LINES))
        .counter(BytesCount::new(text.len()))
        .bench(|| decode(text.as_bytes(), Tenant::default(), &options).unwrap().batch);
}

#[divan::bench]
fn influx_to_rows(bencher: Bencher<'_, '_>) {
    bench(bencher, influx::decode::metrics, &line_protocol());
}

#[divan::bench]
fn influx_parse(bencher: Bencher<'_, '_>) {
    let text = line_protocol();
    bencher.counter(ItemsCount::new(LINES)).counter(BytesCount::new(text.len())).bench(|| {
        let (mut lines, mut line, mut fields) = (Lines::new(&text), Line::default(), 0);
        while lines.next_into(&mut line).is_some() {
            fields += line.fields.len();
        }
        fields
    });
}

#[divan::bench]
fn statsd_to_rows(bencher: Bencher<'_, '_>) {
    bench(bencher, statsd::decode::metrics, &dogstatsd());
}

#[divan::bench]
fn graphite_to_rows(bencher: Bencher<'_, '_>) {
    bench(bencher, graphite::decode::plaintext, &graphite_lines());
}
