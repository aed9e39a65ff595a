//! Configurations: what is refused and with which words, and what is taken.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use luneta_scrape::{ConfigSource, ScrapeConfig};
use support::load;

const JOB: &str = "scrape_configs: [{job_name: a, ";

#[test]
fn faults_name_their_path() {
    let cases = [
        ("scrape_config: []", "luneta.scrape_config: unknown field `scrape_config`"),
        ("global: {scrape_intervall: 1s}", "luneta.global.scrape_intervall: unknown field `scrape_intervall`"),
        ("global: {scrape_interval: soon}", "luneta.global.scrape_interval: `soon` is not a time; write 15s, 1m30s or 500ms"),
        ("scrape_configs: [{}]", "luneta.scrape_configs[0].job_name: is missing"),
        ("scrape_configs: [{job_name: a}, {job_name: a}]", "scrape_configs: the job_name `a` is there twice"),
        ("JOBscrape_interval: 5s}]", ""),
        (
            "JOBscrape_interval: 5s, scrape_timeout: 6s}]",
            "luneta.scrape_configs[0].scrape_timeout: 6s is longer than the scrape_interval of 5s",
        ),
        (
            "JOBkubernetes_sd_configs: [{role: pod}]}]",
            "luneta.scrape_configs[0].kubernetes_sd_configs: not supported; targets are found by static_configs, \
          file_sd_configs, dns_sd_configs and http_sd_configs",
        ),
        ("JOBec2_sd_configs: []}]", "luneta.scrape_configs[0].ec2_sd_configs: not supported"),
        ("JOBmetric_path: /m}]", "luneta.scrape_configs[0].metric_path: unknown field `metric_path`"),
        ("JOBscheme: ftp}]", "luneta.scrape_configs[0].scheme: `ftp` is none of http and https"),
        ("JOBbody_size_limit: 10}]", "luneta.scrape_configs[0].body_size_limit: `10` is not a size; write 512KB or 100MB"),
        ("JOBtls_config: {ca_fil: x}}]", "luneta.scrape_configs[0].tls_config.ca_fil: unknown field `ca_fil`"),
        ("JOBtls_config: {server_name: x}}]", "luneta.scrape_configs[0].tls_config.server_name: not supported"),
        ("JOBtls_config: {cert: x}}]", "luneta.scrape_configs[0].tls_config: a certificate needs its key"),
        ("JOBtls_config: {ca_file: none.pem}}]", "luneta.scrape_configs[0].tls_config.ca_file: cannot read none.pem: "),
        ("JOBtls_config: {min_version: TLS10}}]", "luneta.scrape_configs[0].tls_config.min_version: `TLS10` is none of"),
        (
            "JOBtls_config: {min_version: TLS13, max_version: TLS12}}]",
            "luneta.scrape_configs[0].tls_config.max_version: is lower than min_version",
        ),
        ("JOBoauth2: {}}]", "luneta.scrape_configs[0].oauth2.token_url: is missing"),
        ("JOBoauth2: {token_url: 'http://a/t', client_secret: s}}]", "luneta.scrape_configs[0].oauth2.client_id: is missing"),
        ("JOBoauth2: {token_url: here}}]", "luneta.scrape_configs[0].oauth2.token_url: relative URL without a base"),
        (
            "JOBoauth2: {token_url: 'http://a/t', client_secret: s, client_secret_file: f}}]",
            "luneta.scrape_configs[0].oauth2.client_secret_file: cannot be there together with client_secret",
        ),
        (
            "JOBoauth2: {grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer'}}]",
            "luneta.scrape_configs[0].oauth2.grant_type: not supported",
        ),
        ("JOBoauth2: {tls_config: {ca_fil: x}}}]", "luneta.scrape_configs[0].oauth2.tls_config.ca_fil: unknown field `ca_fil`"),
        ("JOBoauth2: {}, bearer_token: x}]", "luneta.scrape_configs[0]: at most one of basic_auth, authorization, oauth2 and"),
        (
            "JOBbasic_auth: {}, bearer_token: x}]",
            "luneta.scrape_configs[0]: at most one of basic_auth, authorization, oauth2 and",
        ),
        (
            "JOBbasic_auth: {password: a, password_file: b}}]",
            "luneta.scrape_configs[0].basic_auth.password_file: cannot be there together with password",
        ),
        ("JOBauthorization: {type: Basic}}]", "luneta.scrape_configs[0].authorization.type: for Basic use basic_auth"),
        (
            "JOBhttp_headers: {User-Agent: {values: [x]}}}]",
            "luneta.scrape_configs[0].http_headers.User-Agent: this header is set by the server itself",
        ),
        ("JOBno_proxy: x}]", "luneta.scrape_configs[0].no_proxy: needs proxy_url"),
        ("JOBhttp_config: {}}]", "luneta.scrape_configs[0].http_config: unknown field"),
        ("JOBscrape_protocols: [Text]}]", "luneta.scrape_configs[0].scrape_protocols: `Text` is none of PrometheusProto, "),
        ("JOBscrape_protocols: []}]", "luneta.scrape_configs[0].scrape_protocols: is empty"),
        (
            "JOBscrape_protocols: [PrometheusProto, PrometheusProto]}]",
            "luneta.scrape_configs[0].scrape_protocols: `PrometheusProto` is there twice",
        ),
        (
            "JOBconvert_classic_histograms_to_nhcb: true}]",
            "luneta.scrape_configs[0].convert_classic_histograms_to_nhcb: not supported; histograms are kept as they are exposed",
        ),
        ("JOBscrape_failure_log_file: x}]", "luneta.scrape_configs[0].scrape_failure_log_file: not supported; failures are"),
        ("JOBnative_histogram_bucket_limit: 5}]", "luneta.scrape_configs[0].native_histogram_bucket_limit: not supported; "),
        (
            "JOBmetric_name_validation_scheme: old}]",
            "luneta.scrape_configs[0].metric_name_validation_scheme: `old` is none of utf8 and legacy",
        ),
        (
            "JOBmetric_name_validation_scheme: legacy, metric_name_escaping_scheme: allow-utf-8}]",
            "luneta.scrape_configs[0].metric_name_escaping_scheme: `allow-utf-8` contradicts",
        ),
        (
            "JOBstatic_configs: [{targets: ['http://x']}]}]",
            "luneta.scrape_configs[0].static_configs[0]: targets: `http://x` is no host and port",
        ),
        (
            "JOBfile_sd_configs: [{files: [x.txt]}]}]",
            "luneta.scrape_configs[0].file_sd_configs[0].files: `x.txt` does not end with .json, .yml or .yaml",
        ),
        ("JOBfile_sd_configs: [{}]}]", "luneta.scrape_configs[0].file_sd_configs[0].files: is missing"),
        ("JOBdns_sd_configs: [{names: [x], type: A}]}]", "luneta.scrape_configs[0].dns_sd_configs[0].port: is missing"),
        ("JOBdns_sd_configs: [{names: [x], type: TXT}]}]", "luneta.scrape_configs[0].dns_sd_configs[0].type: `TXT` is none of"),
        ("JOBhttp_sd_configs: [{url: 'ftp://x'}]}]", "luneta.scrape_configs[0].http_sd_configs[0].url: `ftp://x` is no URL of"),
        (
            "JOBhttp_sd_configs: [{url: 'http://x', basic_auth: {user: x}}]}]",
            "luneta.scrape_configs[0].http_sd_configs[0].basic_auth.user: unknown field `user`",
        ),
        (
            "JOBrelabel_configs: [{action: jump}]}]",
            "luneta.scrape_configs[0].relabel_configs[0].action: `jump` is none of replace",
        ),
        ("JOBrelabel_configs: [{}]}]", "luneta.scrape_configs[0].relabel_configs[0].target_label: this action needs one"),
        (
            "JOBrelabel_configs: [{regex: '(', target_label: a}]}]",
            "luneta.scrape_configs[0].relabel_configs[0].regex: `(` is no regular expression",
        ),
        (
            "JOBrelabel_configs: [{target_label: a, action: hashmod}]}]",
            "luneta.scrape_configs[0].relabel_configs[0].modulus: this action needs one that is not 0",
        ),
        (
            "JOBmetric_relabel_configs: [{regex: a, target_label: b, action: labeldrop}]}]",
            "luneta.scrape_configs[0].metric_relabel_configs[0].target_label: this action takes a regex only",
        ),
        (
            "JOBrelabel_configs: [{target_label: b, replacement: x, action: lowercase}]}]",
            "luneta.scrape_configs[0].relabel_configs[0].replacement: this action takes none",
        ),
    ];
    let mut wrong = Vec::new();
    for (yaml, expected) in cases {
        let got = load(&yaml.replace("JOB", JOB)).map_or_else(|error| error.to_string(), |_| String::new());
        if !got.starts_with(expected) || got.is_empty() != expected.is_empty() {
            wrong.push(format!("{yaml}:\n  {got}\n  {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_file_of_prometheus() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prometheus.yml");
    std::fs::write(folder.path().join("more.yml"), "scrape_configs: [{job_name: more, bearer_token: hidden}]").unwrap();
    std::fs::write(
        &file,
        "global:\n  scrape_interval: 15s\n  external_labels: {site: a}\n  body_size_limit: 1MB\n\
         rule_files: [rules.yml]\nalerting:\n  alertmanagers: []\nscrape_config_files: ['m*.yml']\n\
         scrape_configs:\n- job_name: node\n  basic_auth: {username: me, password: hidden}\n  proxy_url: http://me:hidden@proxy:1\n  \
         static_configs:\n  - targets: ['localhost:9100']\n    labels: {rack: 7}\n",
    )
    .unwrap();
    let config = ScrapeConfig::load(&[ConfigSource::File(file.clone())]).unwrap();
    let names: Vec<&str> = config.jobs.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(names, ["node", "more"]);
    let job = &config.jobs[0];
    assert_eq!((job.interval, job.timeout), (Duration::from_secs(15), Duration::from_secs(10)));
    assert_eq!(job.limits.body_bytes, 1 << 20);
    assert_eq!(config.notes.len(), 3, "{:?}", config.notes);
    assert!(!config.shown.contains("hidden") && config.shown.contains("<secret>"), "{}", config.shown);
    assert!(config.shown.contains("job_name: more"), "{}", config.shown);
    std::fs::write(&file, "scrape_configs: [").unwrap();
    let error = ScrapeConfig::load(&[ConfigSource::File(file.clone())]).unwrap_err().to_string();
    assert!(error.contains("prometheus.yml is not YAML"), "{error}");
    std::fs::remove_file(&file).unwrap();
    let error = ScrapeConfig::load(&[ConfigSource::File(file)]).unwrap_err().to_string();
    assert!(error.starts_with("cannot read "), "{error}");
}
