//! How fast remote write becomes rows: unpacked bytes, and packed ones as they arrive. Read samples
//! a second as items of the request / time.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../tests/support/remote_write.rs"]
mod remote_write;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use luneta_model::Tenant;
use luneta_receive::prometheus::decode::{remote_write_v1, remote_write_v2, unpack_snappy};
use luneta_receive::{DecodeFn, DecodeOptions};
use prost::Message as _;
use remote_write::{Series, to_v1, to_v2};

const SAMPLES: usize = 2000;
const T: i64 = 1_790_000_000_000;

fn main() {
    divan::main();
}

/// Series as an HTTP server in Kubernetes has them, of ten labels, each with some samples.
fn series(samples_each: usize) -> Vec<Series> {
    let one = |i: usize| {
        let target = i / 50;
        let (instance, pod) = (format!("10.2.0.{target}:8080"), format!("checkout-7d4b9c6f5-{target:05}"));
        let (route, code) = (format!("/api/cart/{}", i % 50), (200 + i % 5).to_string());
        let labels = [
            ("__name__", "http_server_requests_total"),
            ("code", code.as_str()),
            ("container", "checkout"),
            ("endpoint", "metrics"),
            ("instance", &instance),
            ("job", "shop/checkout"),
            ("method", "GET"),
            ("namespace", "shop"),
            ("pod", &pod),
            ("route", &route),
        ];
        let samples: Vec<_> = (0..samples_each).map(|n| (T + 15_000 * n as i64, (i * n) as f64)).collect();
        let series = Series::new(&labels, &samples);
        if i == 0 { series.with_metadata(1, "Requests served, by route and status.", "") } else { series }
    };
    (0..SAMPLES / samples_each).map(one).collect()
}

fn bench(bencher: Bencher<'_, '_>, decode: DecodeFn, bytes: &[u8]) {
    let options = DecodeOptions::at(0);
    assert_eq!(decode(bytes, Tenant::default(), &options).unwrap().batch.len(), SAMPLES);
    let counted = bencher.counter(ItemsCount::new(SAMPLES)).counter(BytesCount::new(bytes.len()));
    counted.bench(|| decode(bytes, Tenant::default(), &options).unwrap().batch);
}

#[divan::bench(args = [1, 10, 100])]
fn v1(bencher: Bencher<'_, '_>, samples_each: usize) {
    bench(bencher, remote_write_v1, &to_v1(&series(samples_each)).encode_to_vec());
}

#[divan::bench(args = [1, 10, 100])]
fn v2(bencher: Bencher<'_, '_>, samples_each: usize) {
    bench(bencher, remote_write_v2, &to_v2(&series(samples_each)).encode_to_vec());
}

#[divan::bench]
fn v1_packed(bencher: Bencher<'_, '_>) {
    fn decode(
        bytes: &[u8],
        tenant: Tenant,
        options: &DecodeOptions,
    ) -> Result<luneta_receive::Decoded, luneta_receive::ReceiveError> {
        remote_write_v1(&unpack_snappy(bytes, 1 << 26)?, tenant, options)
    }
    let packed = snap::raw::Encoder::new().compress_vec(&to_v1(&series(1)).encode_to_vec()).unwrap();
    bench(bencher, decode, &packed);
}
