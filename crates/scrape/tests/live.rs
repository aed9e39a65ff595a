//! The whole scraper against targets on real sockets.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use luneta_scrape::{ConfigSource, OwnTarget, Scraper, ScraperConfig};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use support::server::{Answer, Target};
use support::{MemorySink, section};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{self, pki_types::PrivateKeyDer};

/// Waits until `seen` is true of what was written.
async fn until(sink: &MemorySink, what: &str, seen: impl Fn(&[String]) -> bool) -> Vec<String> {
    for _ in 0..500 {
        let lines = sink.lines();
        if seen(&lines) {
            return lines;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what} did not come: {:#?}", sink.lines());
}

fn has(lines: &[String], name: &str, value: &str) -> bool {
    lines.iter().any(|line| line.starts_with(&format!("{name}{{")) && line.contains(&format!("}} {value} ")))
}

async fn start(sources: Vec<ConfigSource>, sink: &Arc<MemorySink>) -> Scraper {
    Scraper::start(sources, None, Arc::clone(sink) as _, ScraperConfig::default()).await.unwrap()
}

fn yaml(settings: &str) -> String {
    format!("scrape_configs: [{{job_name: shop, scrape_interval: 100ms, scrape_timeout: 100ms, {settings}}}]")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_is_asked_as_prometheus_asks() {
    let mut packed = flate2_gzip(b"# TYPE orders counter\norders 3\n");
    let mut answer = Answer::typed("text/plain; version=0.0.4", std::mem::take(&mut packed));
    answer.headers.push(("Content-Encoding", "gzip".to_owned()));
    let target = Target::start(answer, None).await;
    let sink = MemorySink::shared();
    let settings = format!(
        "basic_auth: {{username: me, password: pw}}, http_headers: {{X-A: {{values: [b]}}}}, static_configs: [{{targets: ['{}']}}]",
        target.address
    );
    let scraper = start(vec![section(&yaml(&settings))], &sink).await;
    let lines = until(&sink, "a sample", |lines| has(lines, "orders", "3")).await;
    assert!(has(&lines, "up", "1") && has(&lines, "scrape_samples_scraped", "1"), "{lines:#?}");
    let request = target.requests.lock().unwrap()[0].to_lowercase();
    for header in [
        "get /metrics http/1.1\r\n",
        "accept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,",
        "accept-encoding: gzip",
        "x-prometheus-scrape-timeout-seconds: 0.1",
        "authorization: basic bwu6chc=",
        "x-a: b",
        "user-agent: luneta/",
    ] {
        assert!(request.contains(header), "{header} in {request}");
    }
    let targets = scraper.targets();
    assert_eq!((targets.active_targets.len(), targets.active_targets[0].health), (1, "up"));
    let shown = serde_json::to_value(&targets).unwrap();
    assert_eq!(shown["activeTargets"][0]["scrapeInterval"], "100ms");
    assert_eq!(shown["droppedTargetCounts"]["shop"], 0);
    let metadata = scraper.metadata(Some("orders"), |_| true, 10);
    assert_eq!((metadata.len(), metadata[0].metric_type), (1, "counter"));
    assert_eq!(scraper.pools(), ["shop"]);
    target.answer(Answer::status("500 Internal Server Error"));
    until(&sink, "the end of the series", |lines| has(lines, "orders", "stale") && has(lines, "up", "0")).await;
    assert_eq!(scraper.targets().active_targets[0].last_error, "the target answered with status 500 Internal Server Error");
    scraper.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_got_and_kept() {
    let target = Target::start(Answer::text("orders 3\n"), None).await;
    let token = |token: &str| {
        let body = format!(r#"{{"access_token": "{token}", "token_type": "bearer", "expires_in": 3600}}"#);
        Answer::typed("application/json", body.into_bytes())
    };
    let server = Target::start(token("one"), None).await;
    let sink = MemorySink::shared();
    let settings = format!(
        "oauth2: {{client_id: me, client_secret: 's:1', token_url: 'http://{}/token', scopes: [read, all], \
         endpoint_params: {{audience: 'a b'}}}}, static_configs: [{{targets: ['{}']}}]",
        server.address, target.address
    );
    let scraper = start(vec![section(&yaml(&settings))], &sink).await;
    assert!(!scraper.configuration().contains("s:1"), "{}", scraper.configuration());
    let asked = |target: &Target, header: &str| {
        target.requests.lock().unwrap().iter().filter(|request| request.to_lowercase().contains(header)).count()
    };
    until(&sink, "two scrapes", |lines| lines.iter().filter(|line| line.starts_with("orders{")).count() > 1).await;
    assert!(asked(&target, "authorization: bearer one") > 1);
    let requests = server.requests.lock().unwrap().clone();
    assert_eq!(requests.len(), 1, "{requests:?}");
    let request = requests[0].to_lowercase();
    for part in [
        "post /token http/1.1\r\n",
        // `me:s%3A1`
        "authorization: basic bwu6cyuzqte=",
        "content-type: application/x-www-form-urlencoded",
        "\r\n\r\ngrant_type=client_credentials&scope=read+all&audience=a+b",
    ] {
        assert!(request.contains(part), "{part} in {request}");
    }
    // A target that takes it no longer gets a new one.
    server.answer(token("two"));
    target.answer(Answer::status("401 Unauthorized"));
    until(&sink, "a failed scrape", |lines| has(lines, "up", "0")).await;
    target.answer(Answer::text("orders 4\n"));
    until(&sink, "a scrape with the second token", |lines| has(lines, "orders", "4")).await;
    assert!(asked(&target, "authorization: bearer two") > 0);
    // Without a token nothing is asked, and the target says why.
    server.answer(Answer {
        status: "400 Bad Request",
        ..Answer::typed("application/json", br#"{"error":"invalid_scope"}"#.to_vec())
    });
    target.answer(Answer::status("401 Unauthorized"));
    for _ in 0..500 {
        if scraper.targets().active_targets[0].last_error.contains("invalid_scope") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let fault = scraper.targets().active_targets[0].last_error.clone();
    assert_eq!(fault, "no token by oauth2: status 400 Bad Request, invalid_scope");
    // The header was tried, then the body.
    assert!(server.requests.lock().unwrap().iter().any(|request| request.contains("&client_id=me&client_secret=s%3A1")));
    scraper.stop().await;
}

fn flate2_gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_fail_a_scrape() {
    let cases = [
        (
            Answer::typed("text/html", b"<html>".to_vec()),
            "",
            "the target sends the content type \"text/html\", and no fallback_scrape_protocol is set",
        ),
        (
            Answer { headers: vec![], ..Answer::text("a 1\n") },
            "",
            "the target sends no content type, and no fallback_scrape_protocol is set",
        ),
        (Answer { headers: vec![], ..Answer::text("a 1\n") }, "fallback_scrape_protocol: PrometheusText0.0.4", ""),
        (Answer::text(&"a 1\n".repeat(1000)), "body_size_limit: 1KB", "the body has more than 1024 bytes"),
        (Answer::text("a"), "", "line 1: expected a value, got the end of the text"),
        (Answer::typed("application/openmetrics-text", b"a 1\n".to_vec()), "", "line 2: the text does not end with `# EOF`"),
        (
            Answer { status: "302 Found", headers: vec![("Location", "/x".into())], body: vec![] },
            "follow_redirects: false",
            "the target answered with status 302 Found",
        ),
        (
            Answer::text("a 1\n"),
            "basic_auth: {username: a, password_file: none}",
            "cannot read /nowhere/none: No such file or directory (os error 2)",
        ),
        (Answer::text("a 1\n"), "target_limit: 1", "target_limit of 1 exceeded: 2 targets"),
    ];
    for (answer, settings, expected) in cases {
        let target = Target::start(answer, None).await;
        let sink = MemorySink::shared();
        let settings = format!("{settings}{}", if settings.is_empty() { "" } else { ", " });
        let addresses = if settings.contains("target_limit") { "'a:1', " } else { "" };
        let settings = format!("{settings}static_configs: [{{targets: [{addresses}'{}']}}]", target.address);
        let scraper = start(vec![section(&yaml(&settings))], &sink).await;
        let up = if expected.is_empty() { "1" } else { "0" };
        until(&sink, expected, |lines| has(lines, "up", up)).await;
        assert!(scraper.targets().active_targets.iter().any(|target| target.last_error == expected), "{:?}", scraper.targets());
        scraper.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_checked() {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
    let target = Target::start(Answer::text("a 1\n"), Some(TlsAcceptor::from(Arc::new(config)))).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), cert.pem()).unwrap();
    let cases = [("", false), (", tls_config: {ca_file: ca.pem}", true), (", tls_config: {insecure_skip_verify: true}", true)];
    for (settings, trusted) in cases {
        let port = target.address.port();
        let text = format!(
            "scrape_configs: [{{job_name: shop, scheme: https, scrape_interval: 1s, static_configs: [{{targets: ['localhost:{port}']}}]{settings}}}]"
        );
        let sink = MemorySink::shared();
        let file = folder.path().join("prometheus.yml");
        std::fs::write(&file, text).unwrap();
        let scraper = start(vec![ConfigSource::File(file)], &sink).await;
        let lines = until(&sink, settings, |lines| !lines.is_empty()).await;
        assert_eq!(has(&lines, "up", "1"), trusted, "{settings}: {:?}", scraper.targets());
        scraper.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_come_and_go_with_their_file() {
    let (one, two) = (Target::start(Answer::text("one 1\n"), None).await, Target::start(Answer::text("two 2\n"), None).await);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("targets.json");
    let write = |targets: &[&Target]| {
        let targets: Vec<String> = targets.iter().map(|target| target.address.to_string()).collect();
        std::fs::write(&file, serde_json::json!([{"targets": targets, "labels": {"from": "file"}}]).to_string()).unwrap();
    };
    write(&[&one]);
    let settings = format!("file_sd_configs: [{{files: ['{}/*.json'], refresh_interval: 1s}}]", folder.path().display());
    let sink = MemorySink::shared();
    let scraper = start(vec![section(&yaml(&settings))], &sink).await;
    until(&sink, "the first target", |lines| lines.iter().any(|l| l.starts_with("one{") && l.contains("from=file"))).await;
    assert_eq!(scraper.targets().active_targets[0].discovered_labels["__meta_filepath"], file.display().to_string());
    write(&[&two]);
    let lines = until(&sink, "the second target", |lines| has(lines, "two", "2") && has(lines, "one", "stale")).await;
    assert!(has(&lines, "up", "stale"), "{lines:#?}");
    // A broken file keeps what there is.
    std::fs::write(&file, "[{").unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(scraper.targets().active_targets.len(), 1);
    scraper.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_come_from_a_url() {
    let target = Target::start(Answer::text("a 1\n"), None).await;
    let list = serde_json::json!([{"targets": [target.address.to_string(), "dropped:1"]}]).to_string();
    let source = Target::start(Answer::typed("application/json", list.into_bytes()), None).await;
    let settings = format!(
        "http_sd_configs: [{{url: 'http://{}/list', authorization: {{credentials: t}}}}], \
         relabel_configs: [{{source_labels: [__address__], regex: 'dropped.*', action: drop}}]",
        source.address
    );
    let sink = MemorySink::shared();
    let scraper = start(vec![section(&yaml(&settings))], &sink).await;
    until(&sink, "a sample", |lines| has(lines, "a", "1")).await;
    let request = source.requests.lock().unwrap()[0].to_lowercase();
    assert!(
        request.contains("authorization: bearer t") && request.contains("x-prometheus-refresh-interval-seconds: 60"),
        "{request}"
    );
    let targets = scraper.targets();
    assert_eq!((targets.dropped_targets.len(), targets.dropped_target_counts["shop"]), (1, 1));
    assert_eq!(targets.active_targets[0].discovered_labels["__meta_url"], format!("http://{}/list", source.address));
    scraper.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reload_keeps_series_and_refuses_faults() {
    let target = Target::start(Answer::text("a 1\n"), None).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prometheus.yml");
    let write = |settings: &str| {
        std::fs::write(&file, yaml(&format!("{settings}static_configs: [{{targets: ['{}']}}]", target.address))).unwrap();
    };
    write("");
    let sink = MemorySink::shared();
    let scraper = start(vec![ConfigSource::File(file.clone())], &sink).await;
    until(&sink, "a sample", |lines| has(lines, "a", "1")).await;
    std::fs::write(&file, "scrape_configs: [{}]").unwrap();
    let error = scraper.reload().await.expect_err("a fault").to_string();
    assert!(error.ends_with("prometheus.yml: scrape_configs[0].job_name: is missing"), "{error}");
    assert_eq!(scraper.targets().active_targets.len(), 1);
    write("sample_limit: 7, ");
    // Servers reload in a task of its own.
    let reloading = scraper.clone();
    tokio::spawn(async move { reloading.reload().await }).await.unwrap().unwrap();
    assert!(scraper.configuration().contains("sample_limit: 7"));
    sink.batches.lock().unwrap().clear();
    let lines = until(&sink, "samples after the reload", |lines| lines.iter().filter(|l| l.starts_with("a{")).count() > 2).await;
    assert!(!has(&lines, "a", "stale"), "{lines:#?}");
    assert!(has(&lines, "scrape_series_added", "0") && !has(&lines, "scrape_series_added", "1"), "{lines:#?}");
    std::fs::write(&file, "{}").unwrap();
    scraper.reload().await.unwrap();
    until(&sink, "the end", |lines| has(lines, "a", "stale") && has(lines, "up", "stale")).await;
    assert!(scraper.pools().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_scrapes_itself_and_retries() {
    let sink = MemorySink::shared();
    let metrics = Arc::new(|| Box::pin(async { "own 1\n".to_owned() }) as std::pin::Pin<Box<dyn Future<Output = String> + Send>>);
    let own = OwnTarget { address: "127.0.0.1:4319".to_owned(), metrics };
    let none = Scraper::start(Vec::new(), Some(own.clone()), Arc::clone(&sink) as _, ScraperConfig::default()).await.unwrap();
    assert_eq!(none.pools(), ["luneta"]);
    none.stop().await;
    // A job of that name in the configuration stands in for it.
    let target = Target::start(Answer::text("other 1\n"), None).await;
    let text = format!(
        "scrape_configs: [{{job_name: luneta, scrape_interval: 100ms, scrape_timeout: 100ms, static_configs: [{{targets: ['{}']}}]}}]",
        target.address
    );
    *sink.refusals.lock().unwrap() = 2;
    let other = Scraper::start(vec![section(&text)], Some(own), Arc::clone(&sink) as _, ScraperConfig::default()).await.unwrap();
    until(&sink, "a sample", |lines| has(lines, "other", "1")).await;
    let counts = other.counts();
    assert_eq!((counts.refused_batches, counts.refused_rows), (1, 6), "{counts:?}");
    other.stop().await;
}
