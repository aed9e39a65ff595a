//! How fast logs become rows. Read records a second as items / time, on one core.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fmt::Write as _;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use luneta_model::Tenant;
use luneta_receive::{DecodeFn, DecodeOptions, elasticsearch, fluent, gelf, loki, splunk, syslog};

const RECORDS: usize = 10_000;
/// Records of a stream, as clients gather them.
const STREAM: usize = 100;
const NOW: i64 = 1_700_000_000_000_000_000;

fn main() {
    divan::main();
}

fn line(i: usize) -> String {
    format!(
        "level=info ts=2023-11-14T22:13:20.{:06}Z caller=server.go:{} msg=\"request done\" path=/cart/{} status=200",
        i,
        i % 997,
        i % 1000
    )
}

fn loki_json() -> Vec<u8> {
    let mut out = String::from("{\"streams\":[");
    for stream in 0..RECORDS / STREAM {
        let comma = if stream > 0 { "," } else { "" };
        write!(
            out,
            "{comma}{{\"stream\":{{\"app\":\"shop-{}\",\"env\":\"prod\",\"pod\":\"pod-{stream}\"}},\"values\":[",
            stream % 10
        )
        .unwrap();
        for i in 0..STREAM {
            let comma = if i > 0 { "," } else { "" };
            let text = serde_json::to_string(&line(i)).unwrap();
            write!(out, "{comma}[\"{}\",{text},{{\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\"}}]", NOW as usize + i)
                .unwrap();
        }
        out.push_str("]}");
    }
    out.push_str("]}");
    out.into_bytes()
}

/// A field of protobuf with a length before it.
fn delimited(number: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut len = content.len();
    while len >= 0x80 {
        out.push((len & 0x7f) as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
    out.extend_from_slice(content);
    out
}

fn loki_protobuf() -> Vec<u8> {
    let entry = |i: usize| {
        // Seconds 1700000000 as a varint.
        let timestamp = delimited(1, &[0x08, 0x80, 0xe2, 0xcf, 0xaa, 0x06]);
        delimited(2, &[timestamp, delimited(2, line(i).as_bytes())].concat())
    };
    let stream = |stream: usize| {
        let labels = format!("{{app=\"shop-{}\", env=\"prod\", pod=\"pod-{stream}\"}}", stream % 10);
        let entries: Vec<u8> = (0..STREAM).flat_map(entry).collect();
        delimited(1, &[delimited(1, labels.as_bytes()), entries].concat())
    };
    (0..RECORDS / STREAM).flat_map(stream).collect()
}

fn bulk() -> Vec<u8> {
    (0..RECORDS)
        .fold(String::new(), |mut out, i| {
            let text = serde_json::to_string(&line(i)).unwrap();
            writeln!(
                out,
                "{{\"create\":{{\"_index\":\"logs-shop-default\"}}}}\n{{\"@timestamp\":\"2023-11-14T22:13:20.{i:06}Z\",\
                 \"message\":{text},\"log\":{{\"level\":\"info\"}},\"service\":{{\"name\":\"shop-{}\"}},\"host\":{{\"name\":\
                 \"node-1\"}},\"http\":{{\"response\":{{\"status_code\":200}}}},\"trace\":{{\"id\":\
                 \"0af7651916cd43dd8448eb211c80319c\"}}}}",
                i / 1000
            )
            .unwrap();
            out
        })
        .into_bytes()
}

fn events() -> Vec<u8> {
    (0..RECORDS)
        .fold(String::new(), |mut out, i| {
            let text = serde_json::to_string(&line(i)).unwrap();
            write!(out, "{{\"time\":1700000000.{i:06},\"host\":\"node-1\",\"sourcetype\":\"shop\",\"event\":{text},\"fields\":{{\"k\":\"v\"}}}}").unwrap();
            out
        })
        .into_bytes()
}

fn rfc5424() -> Vec<u8> {
    (0..RECORDS)
        .fold(String::new(), |mut out, i| {
            writeln!(out, "<14>1 2023-11-14T22:13:20.{i:06}Z node-1 shop 123 - [a@1 k=\"v\"] {}", line(i)).unwrap();
            out
        })
        .into_bytes()
}

fn rfc3164() -> Vec<u8> {
    (0..RECORDS)
        .fold(String::new(), |mut out, i| {
            writeln!(out, "<14>Nov 14 22:13:20 node-1 shop[123]: {}", line(i)).unwrap();
            out
        })
        .into_bytes()
}

/// Text of MessagePack.
fn packed(text: &str) -> Vec<u8> {
    [&[0xda][..], &(text.len() as u16).to_be_bytes(), text.as_bytes()].concat()
}

fn forward() -> Vec<u8> {
    let entry = |i: usize| {
        let time = [&[0x92, 0xd7, 0][..], &1_700_000_000_u32.to_be_bytes(), &(i as u32).to_be_bytes()].concat();
        let record =
            [vec![0x83], packed("log"), packed(&line(i)), packed("level"), packed("info"), packed("status"), vec![0xcd, 0, 200]];
        [time, record.concat()].concat()
    };
    let entries: Vec<u8> = (0..RECORDS).flat_map(entry).collect();
    [vec![0x92], packed("shop.web"), vec![0xc6], (entries.len() as u32).to_be_bytes().to_vec(), entries].concat()
}

fn bench_of(bencher: Bencher<'_, '_>, decode: DecodeFn, bytes: &[u8], records: usize) {
    let options = DecodeOptions::at(NOW);
    assert_eq!(decode(bytes, Tenant::default(), &options).unwrap().batch.len(), records);
    bencher
        .counter(ItemsCount::new(records))
        .counter(BytesCount::new(bytes.len()))
        .bench(|| decode(bytes, Tenant::default(), &options).unwrap().batch);
}

fn bench(bencher: Bencher<'_, '_>, decode: DecodeFn, bytes: &[u8]) {
    bench_of(bencher, decode, bytes, RECORDS);
}

#[divan::bench]
fn loki_json_to_rows(bencher: Bencher<'_, '_>) {
    bench(bencher, loki::decode::json, &loki_json());
}

#[divan::bench]
fn loki_protobuf_to_rows(bencher: Bencher<'_, '_>) {
    bench(bencher, loki::decode::protobuf, &loki_protobuf());
}

#[divan::bench]
fn bulk_to_rows(bencher: Bencher<'_, '_>) {
    bench(bencher, elasticsearch::decode::bulk, &bulk());
}

#[divan::bench]
fn splunk_to_rows(bencher: Bencher<'_, '_>) {
    bench(bencher, splunk::decode::events, &events());
}

#[divan::bench]
fn fluent_to_rows(bencher: Bencher<'_, '_>) {
    bench(bencher, fluent::decode::forward, &forward());
}

#[divan::bench]
fn syslog_rfc5424_to_rows(bencher: Bencher<'_, '_>) {
    bench(bencher, syslog::decode::messages, &rfc5424());
}

#[divan::bench]
fn syslog_rfc3164_to_rows(bencher: Bencher<'_, '_>) {
    bench(bencher, syslog::decode::messages, &rfc3164());
}

#[divan::bench]
fn gelf_to_rows(bencher: Bencher<'_, '_>) {
    let text = serde_json::to_string(&line(1)).unwrap();
    let message = format!(
        "{{\"version\":\"1.1\",\"host\":\"node-1\",\"short_message\":{text},\"timestamp\":1700000000.123,\"level\":6,\"_app\":\"shop\"}}"
    );
    bench_of(bencher, gelf::decode::message, message.as_bytes(), 1);
}
