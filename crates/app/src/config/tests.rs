//! Tests of the configuration.

use super::*;

fn check(yaml: &str) -> Result<Config> {
    let file = std::env::temp_dir().join(format!("luneta-config-{}-{:p}.yaml", std::process::id(), yaml));
    std::fs::write(&file, yaml)?;
    let args = ServeArgs { config: vec![file.clone()], data: Some("/tmp/none".into()), ..ServeArgs::default() };
    let result = Config::load(&args);
    std::fs::remove_file(file)?;
    result
}

#[test]
fn collector_file() {
    let config = check(
        "receivers:\n  otlp:\n    protocols:\n      grpc:\n      http:\n        endpoint: 127.0.0.1:9999\n\
             exporters:\n  luneta:\nservice:\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [luneta]\n\
             luneta:\n  retention: {spans: 1h30m}\n",
    )
    .expect("valid");
    assert_eq!((config.otlp_grpc, config.otlp_http), (vec!["127.0.0.1:4317".to_owned()], vec!["127.0.0.1:9999".to_owned()]));
    assert_eq!(config.retention[0], Duration::from_mins(90));
    assert_eq!(config.retention[1], Duration::from_hours(14 * 24));
}

#[test]
fn a_collector_file_runs_unchanged() {
    let config = check(
        "receivers:\n  otlp:\n    protocols:\n      grpc:\n\
             processors:\n  batch:\n    timeout: 1s\n  memory_limiter: {check_interval: 1s, limit_mib: 400}\n\
             exporters:\n  debug:\n    verbosity: detailed\n  otlp/tempo: {endpoint: \"tempo:4317\", tls: {insecure: true}}\n\
             extensions:\n  health_check:\n\
             service:\n  extensions: [health_check]\n  telemetry: {logs: {level: info}}\n  pipelines:\n\
             \x20   traces: {receivers: [otlp], processors: [memory_limiter, batch], exporters: [debug, otlp/tempo]}\n\
             \x20   metrics/2: {receivers: [otlp], exporters: [debug]}\n",
    )
    .expect("valid");
    let about = |words: &str| config.notes.iter().filter(|n| n.contains(words)).count();
    assert_eq!((about("exporters.otlp/tempo"), about("exporters.debug"), about("extensions.health_check")), (1, 1, 1));
    assert_eq!((about("processors.batch"), about("processors.memory_limiter"), config.notes.len()), (1, 1, 6));
}

#[test]
fn drop_ins_are_a_name_or_a_list() {
    for (yaml, ports) in [
        ("luneta:\n  listen: 127.0.0.1:4319\n", 0),
        ("luneta:\n  drop_in: jaeger\n", 6),
        ("luneta:\n  drop_in: [jaeger]\n", 6),
        ("luneta:\n  drop_in: []\n", 0),
    ] {
        assert_eq!(check(yaml).expect(yaml).drop_in.len(), ports, "{yaml}");
    }
}

#[test]
fn statsd_has_settings() {
    let config = check("luneta:\n  statsd: {flush_interval: 2s, series_max: 500, socket: /run/statsd.sock}\n").expect("valid");
    assert_eq!((config.statsd.flush_interval, config.statsd.series_max), (Duration::from_secs(2), 500));
    assert_eq!(config.statsd_socket, Some(PathBuf::from("/run/statsd.sock")));
    let config = check("luneta:\n  listen: 127.0.0.1:0\n").expect("valid");
    assert_eq!((config.statsd.flush_interval, config.statsd_socket), (Duration::from_secs(10), None));
}

#[test]
fn receivers_of_other_servers() {
    let config = check(
        "receivers:\n  jaeger:\n    protocols:\n      grpc:\n      thrift_compact:\n        endpoint: 127.0.0.1:7000\n\
             \x20       socket_buffer_size: 65_536\n        queue_size: 5_000\n  zipkin:\n    max_request_body_size: 33554432\n\
             service:\n  pipelines:\n    traces: {receivers: [jaeger, zipkin], exporters: [luneta]}\n\
             luneta:\n  drop_in: [jaeger]\n  limits: {udp_buffer_bytes: 1000000}\n",
    )
    .expect("valid");
    let found: Vec<_> = config.drop_in.iter().map(|w| (w.port.name(), w.address.as_deref(), w.buffer_bytes)).collect();
    let expected = [
        ("jaeger_grpc", Some("127.0.0.1:14250"), 1_000_000),
        ("jaeger_compact", Some("127.0.0.1:7000"), 65_536),
        ("zipkin", Some("127.0.0.1:9411"), 1_000_000),
        ("jaeger_http", None, 1_000_000),
        ("jaeger_binary", None, 1_000_000),
        ("jaeger_query", None, 1_000_000),
        ("jaeger_query_grpc", None, 1_000_000),
    ];
    assert_eq!(found, expected);
    assert!(config.otlp_grpc.is_empty() && config.otlp_http.is_empty(), "receivers without otlp");
    assert_eq!(config.bodies.body_bytes_max, 32 << 20);
    assert!(
        config.notes.iter().any(|n| n.starts_with("receivers.jaeger.protocols.thrift_compact: queue_size")),
        "{:?}",
        config.notes
    );
}

#[test]
fn receivers_may_have_names() {
    let config = check(
        "receivers:\n  otlp: {protocols: {grpc: }}\n  otlp/mesh: {protocols: {grpc: {endpoint: \"127.0.0.1:7317\"}, http: }}\n\
             \x20 jaeger: {protocols: {thrift_compact: }}\n  jaeger/2: {protocols: {thrift_compact: {endpoint: \"127.0.0.1:7831\"}}}\n\
             \x20 prometheus/self: {config: {scrape_configs: []}}\n  prometheus/shop: {config: {scrape_configs: []}}\n\
             \x20 statsd/a: {aggregation_interval: 5s}\n  statsd/b: {endpoint: \"127.0.0.1:7125\", aggregation_interval: 3s}\n\
             service:\n  pipelines:\n    traces: {receivers: [otlp, otlp/mesh, jaeger/2], exporters: [luneta]}\n",
    )
    .expect("valid");
    assert_eq!(
        (config.otlp_grpc, config.otlp_http),
        (vec!["127.0.0.1:4317".to_owned(), "127.0.0.1:7317".to_owned()], vec!["127.0.0.1:4318".to_owned()],)
    );
    let found: Vec<_> = config.drop_in.iter().map(|w| (w.id(), w.address.as_deref())).collect();
    let expected = [
        ("jaeger_compact", "127.0.0.1:6831"),
        ("jaeger_compact/2", "127.0.0.1:7831"),
        ("statsd_udp/a", "127.0.0.1:8125"),
        ("statsd_udp/b", "127.0.0.1:7125"),
    ];
    assert_eq!(found, expected.map(|(id, address)| (id.to_owned(), Some(address))));
    assert_eq!((config.scrape.len(), config.statsd.flush_interval), (2, Duration::from_secs(3)));
}

#[test]
fn receivers_of_single_measurements() {
    let config = check(
        "receivers:\n  statsd:\n    transport: tcp\n    aggregation_interval: 70s\n    enable_simple_tags: true\n\
             \x20   timer_histogram_mapping: [{statsd_type: timing, observer_type: histogram, histogram: {max_size: 170}}]\n\
             \x20 carbon: {endpoint: 127.0.0.1:7001, transport: udp, parser: {type: plaintext}}\n  influxdb:\n\
             service:\n  pipelines:\n    metrics: {receivers: [statsd, carbon, influxdb], exporters: [luneta]}\n",
    )
    .expect("valid");
    let found: Vec<_> = config.drop_in.iter().map(|w| (w.port.name(), w.address.as_deref())).collect();
    let expected =
        [("statsd_tcp", Some("127.0.0.1:8125")), ("graphite_udp", Some("127.0.0.1:7001")), ("influxdb", Some("127.0.0.1:8086"))];
    assert_eq!(found, expected);
    assert_eq!((config.statsd.flush_interval, config.statsd_socket), (Duration::from_secs(70), None));
    assert_eq!(config.notes.len(), 2, "{:?}", config.notes);
    let socket = check("receivers:\n  statsd: {transport: unixgram, endpoint: /run/s.sock}\n").expect("valid");
    assert_eq!((socket.statsd_socket, socket.drop_in.len()), (Some(PathBuf::from("/run/s.sock")), 0));
    let own = check("receivers:\n  statsd: {aggregation_interval: 5s}\nluneta:\n  statsd: {flush_interval: 2s}\n");
    assert_eq!(own.expect("valid").statsd.flush_interval, Duration::from_secs(2));
    for (yaml, words) in [
        ("statsd: {transport: sctp}", "receivers.statsd.transport: write udp, tcp or unixgram"),
        ("statsd: {transport: unixgram}", "receivers.statsd.endpoint: name the path"),
        ("statsd: {aggregation_interval: often}", "receivers.statsd.aggregation_interval: `often` is not a time"),
        ("statsd: {aggregation_interval: 0s}", "receivers.statsd.aggregation_interval: must be longer"),
        ("statsd: {enable_metric_type: true}", "receivers.statsd.enable_metric_type"),
        ("statsd: {socket_permissions: 0622}", "receivers.statsd.socket_permissions"),
        ("statsd: {counter_type: int}", "receivers.statsd.counter_type"),
        ("statsd: {tls: {}}", "receivers.statsd.tls"),
        (
            "statsd: {timer_histogram_mapping: [{statsd_type: timer, observer_type: summary}]}",
            "timer_histogram_mapping.observer_type: `summary`",
        ),
        (
            "statsd: {timer_histogram_mapping: [{statsd_type: gauge, observer_type: histogram}]}",
            "timer_histogram_mapping.statsd_type: `gauge`",
        ),
        ("carbon: {transport: unixgram}", "receivers.carbon.transport: write tcp or udp"),
        ("carbon: {parser: {type: regex, config: {rules: []}}}", "receivers.carbon.parser.type: `regex`"),
        ("carbon: {idle: 1s}", "receivers.carbon.idle"),
        ("influxdb: {auth: {authenticator: x}}", "receivers.influxdb.auth"),
    ] {
        let message = format!("{:#}", check(&format!("receivers:\n  {yaml}\n")).expect_err(yaml));
        assert!(message.contains(words), "{message:?} lacks {words:?}");
    }
}

#[test]
fn receivers_of_logs() {
    let config = check(
        "receivers:\n  loki: {protocols: {http: {endpoint: 127.0.0.1:3101}}, use_incoming_timestamp: true}\n  elasticsearch:\n\
             \x20 fluentforward: {endpoint: 127.0.0.1:8006}\n  gelf: {tcp: {endpoint: 127.0.0.1:12202}}\n\
             \x20 syslog: {tcp: {listen_address: 127.0.0.1:54526}, udp: , protocol: rfc5424, location: UTC}\n\
             \x20 splunk_hec: {max_request_body_size: 33_554_432, ack: {}}\n\
             luneta:\n  logs: {past_max: 7d, future_max: 10m, queue_bytes_max: 1000000, fluent_shared_key: secret}\n\
             service:\n  pipelines:\n    logs:\n      receivers: [loki, elasticsearch, fluentforward, gelf, syslog, splunk_hec]\n\
             \x20     exporters: [luneta]\n",
    )
    .expect("valid");
    let found: Vec<_> = config.drop_in.iter().map(|w| (w.port.name(), w.address.as_deref().unwrap_or_default())).collect();
    let expected = [
        ("loki", "127.0.0.1:3101"),
        ("elasticsearch", "127.0.0.1:9200"),
        ("fluent", "127.0.0.1:8006"),
        ("gelf_tcp", "127.0.0.1:12202"),
        ("syslog_tcp", "127.0.0.1:54526"),
        ("syslog_udp", "127.0.0.1:5140"),
        ("splunk_hec", "127.0.0.1:8088"),
    ];
    assert_eq!(found, expected);
    assert_eq!((config.notes.len(), config.bodies.body_bytes_max), (2, 32 << 20), "{:?}", config.notes);
    let times = config.logs.times;
    assert_eq!((times.past_max, times.future_max), (Duration::from_hours(7 * 24), Duration::from_mins(10)));
    assert_eq!((config.logs.queue_bytes_max, config.logs.fluent.shared_key.as_deref()), (1_000_000, Some("secret")));
    // Without a certificate, the port for TLS stays closed.
    let all = check("luneta:\n  drop_in: [syslog]\n").expect("valid");
    assert_eq!(all.drop_in.iter().map(|w| w.port.name()).collect::<Vec<_>>(), ["syslog_udp", "syslog_tcp"]);
    for (yaml, words) in [
        ("loki:", "receivers.loki.protocols: name http"),
        ("loki: {protocols: {http: , grpc: }, use_incoming_timestamp: false}", "receivers.loki.use_incoming_timestamp"),
        ("loki: {protocols: {grpc: {endpoint: x}}}", "receivers.loki.protocols.grpc: not supported"),
        ("fluentforward: {endpoint: 'unix:///run/f'}", "receivers.fluentforward.endpoint: Unix sockets"),
        ("syslog:", "receivers.syslog: name tcp or udp"),
        ("syslog: {udp: , protocol: rfc1}", "receivers.syslog.protocol"),
        ("syslog: {udp: , location: Moon/Crater}", "receivers.syslog.location"),
        ("syslog: {tcp: {tls: {cert_file: /nowhere}}}", "receivers.syslog.tcp.tls: name cert_file and key_file"),
        ("syslog: {tcp: {tls: {cert_file: /nowhere, key_file: /nowhere}}}", "cannot read /nowhere"),
        ("splunk_hec: {access_token_passthrough: true}", "receivers.splunk_hec.access_token_passthrough"),
        ("splunk_hec: {splitting: none}", "receivers.splunk_hec.splitting"),
        ("gelf: {http: }", "receivers.gelf.http"),
    ] {
        let message = format!("{:#}", check(&format!("receivers:\n  {yaml}\n")).expect_err(yaml));
        assert!(message.contains(words), "{message:?} lacks {words:?}");
    }
    for (yaml, words) in [
        ("{past_max: long}", "luneta.logs.past_max: `long` is not a time"),
        ("{queue_bytes_max: 0}", "luneta.logs.queue_bytes_max: must be more"),
        ("{fluent_shared_key: ''}", "luneta.logs.fluent_shared_key: is empty"),
        ("{queue: 1}", "luneta.logs.queue"),
    ] {
        let message = format!("{:#}", check(&format!("luneta:\n  logs: {yaml}\n")).expect_err(yaml));
        assert!(message.contains(words), "{message:?} lacks {words:?}");
    }
}

#[test]
fn faults_name_their_path() {
    for (yaml, words) in [
        ("luneta:\n  retension: 1d\n", "luneta.retension"),
        ("receivers:\n  otlp:\n    protocols:\n      grpcc:\n", "receivers.otlp.protocols.grpcc"),
        ("luneta:\n  drop_in: [yeager]\n", "drop_in: `yeager` is not known"),
        ("luneta:\n  statsd: {flush_interval: often}\n", "luneta.statsd.flush_interval: `often` is not a time"),
        ("luneta:\n  statsd: {flush: 1s}\n", "luneta.statsd.flush"),
        ("luneta:\n  retention: {spans: soon}\n", "luneta.retention.spans: `soon` is not a time"),
        ("service:\n  pipelines:\n    traces:\n      receivers: [kafka]\n", "service.pipelines.traces.receivers: `kafka`"),
        ("exporters:\n  spam:\n    endpoint: x\n", "exporters.spam"),
        ("processors:\n  attributes/pii:\n    actions: []\n", "processors.attributes/pii"),
        ("extensions:\n  oidc:\n", "extensions.oidc"),
        ("service:\n  extensions: [zpages]\n", "service.extensions: `zpages`"),
        ("service:\n  pipelines:\n    traces:\n      exporters: [debug]\n", "service.pipelines.traces.exporters: `debug`"),
        ("service:\n  pipelines:\n    profiles:\n", "service.pipelines.profiles"),
        ("luneta: [1]\n", "luneta"),
        ("receivers:\n  kafka:\n", "receivers.kafka: not known here; these are: otlp, jaeger"),
        ("receivers:\n  otlp:\n", "receivers.otlp.protocols: name at least one of grpc, http"),
        (
            "receivers:\n  syslog/a: {udp: , location: UTC}\n  syslog/b: {udp: , location: America/Sao_Paulo}\n",
            "type syslog name several locations or certificates",
        ),
        ("receivers:\n  jaeger/2:\n", "receivers.jaeger/2.protocols: name at least one of grpc, thrift_http"),
        ("receivers:\n  zipkin/2: {endpiont: a}\n", "receivers.zipkin/2.endpiont"),
        ("receivers:\n  jaeger:\n", "receivers.jaeger.protocols: name at least one of grpc, thrift_http"),
        ("receivers:\n  jaeger:\n    protocols:\n      thrift_udp:\n", "receivers.jaeger.protocols.thrift_udp"),
        ("receivers:\n  jaeger:\n    protocols: {grpc: {queue_size: 7}}\n", "receivers.jaeger.protocols.grpc.queue_size"),
        ("receivers:\n  zipkin: {endpiont: a}\n", "receivers.zipkin.endpiont"),
        (
            "receivers:\n  zipkin: {max_request_body_size: big}\n",
            "receivers.zipkin.max_request_body_size: `big` is no whole number",
        ),
        ("receivers:\n  zipkin: {parse_string_tags: true}\n", "receivers.zipkin.parse_string_tags"),
        (
            "receivers:\n  zipkin:\nservice:\n  pipelines:\n    traces: {receivers: [otlp]}\n",
            "`otlp` is not defined under receivers",
        ),
    ] {
        let message = format!("{:#}", check(yaml).expect_err(yaml));
        assert!(message.contains(words), "{message:?} lacks {words:?}");
    }
}

#[test]
fn variables() {
    let lookup = |name: &str| (name == "PORT").then(|| "4317".to_owned());
    for (text, out, whole) in [
        ("${env:PORT}", "4317", true),
        ("127.0.0.1:${PORT}", "127.0.0.1:4317", false),
        ("${env:NONE:-7}", "7", true),
        ("$$x ${env:NONE}", "$x ", false),
        ("a$b", "a$b", false),
    ] {
        assert_eq!(substitute(text, &lookup).expect(text), (out.to_owned(), whole), "{text}");
    }
    assert!(substitute("${env:PORT", &lookup).is_err());
}

#[test]
fn files_are_a_receiver() {
    let config = check(
        "receivers:\n  filelog/nginx:\n    include: [/var/log/nginx/*.log]\n    exclude: ['*.gz']\n    start_at: beginning\n\
             \x20   poll_interval: 1s\n    max_log_size: 1MiB\n    fingerprint_size: 2kb\n    resource: {service.name: web, n: 1}\n\
             \x20   storage: file_storage\n    multiline: {line_start_pattern: '^\\d'}\n    operators:\n      - type: container\n\
             \x20       format: docker\n      - type: regex_parser\n        regex: '^(?P<at>\\S+) (?P<sev>\\w+)'\n\
             \x20       timestamp: {parse_from: attributes.at, layout: '%Y'}\n        severity: {parse_from: attributes.sev}\n\
             luneta:\n  logs: {files_max: 7, file_flush_period: 2s}\n",
    )
    .expect("valid");
    let [files] = &*config.files else { panic!("one receiver") };
    let bounds = files.bounds;
    assert_eq!((bounds.poll_interval, bounds.flush_period), (Duration::from_secs(1), Duration::from_secs(2)));
    assert_eq!((bounds.entry_bytes_max, bounds.fingerprint_bytes, bounds.files_max), (1024 * 1024, 2000, 7));
    assert_eq!(files.resource, [("n".to_owned(), "1".to_owned()), ("service.name".to_owned(), "web".to_owned())]);
    assert_eq!(files.checkpoints, Some(PathBuf::from("/tmp/none/filelog/filelog_nginx.json")));
    assert!(config.notes.iter().any(|note| note.starts_with("receivers.filelog/nginx.storage: ")), "{:?}", config.notes);
}
