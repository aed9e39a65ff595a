//! Attribute keys that get a typed column of their own from the first row on, and names the server
//! gives itself.
//!
//! The keys are taken from the OpenTelemetry semantic conventions (attributes that instrumentations set on
//! most items, old and new names alike). A key that is not here starts in the overflow map and may
//! be promoted by the store when it turns out to be frequent.

use crate::attributes::AttributeType;
use crate::attributes::AttributeType::{Bool, Double, Int, Text};

/// Scope name of points that came as samples of Prometheus. Their names and labels are stored as they
/// were, so readers leave them as they are.
pub const PROMETHEUS_SCOPE: &str = "prometheus";

/// Scope name of log records that came as entries of Loki. The attributes of their resource are the labels
/// of the stream, under their own names, so readers leave them as they are.
pub const LOKI_SCOPE: &str = "loki";

/// Attribute of a log record whose body was cut: the bytes it had when it was sent.
pub const BODY_SENT_BYTES: &str = "luneta.body.sent_bytes";

/// Attribute of a log record whose time lay beyond the bounds, and which has that of its arrival instead: the
/// nanoseconds since 1970 that were sent, as text, as they may have more than 64 bits.
pub const TIME_SENT: &str = "luneta.time.sent";

/// Keys of spans, logs and metric points.
pub const ITEM: &[(&str, AttributeType)] = &[
    ("http.request.method", Text),
    ("http.response.status_code", Int),
    ("http.route", Text),
    ("http.request.body.size", Int),
    ("http.response.body.size", Int),
    ("http.request.resend_count", Int),
    ("http.method", Text),
    ("http.status_code", Int),
    ("http.target", Text),
    ("http.url", Text),
    ("http.host", Text),
    ("http.scheme", Text),
    ("http.flavor", Text),
    ("http.user_agent", Text),
    ("http.server_name", Text),
    ("url.full", Text),
    ("url.path", Text),
    ("url.query", Text),
    ("url.scheme", Text),
    ("user_agent.original", Text),
    ("server.address", Text),
    ("server.port", Int),
    ("client.address", Text),
    ("client.port", Int),
    ("network.protocol.name", Text),
    ("network.protocol.version", Text),
    ("network.peer.address", Text),
    ("network.peer.port", Int),
    ("network.transport", Text),
    ("network.type", Text),
    ("net.peer.name", Text),
    ("net.peer.ip", Text),
    ("net.peer.port", Int),
    ("net.host.name", Text),
    ("net.host.port", Int),
    ("peer.service", Text),
    ("zipkin.shared", Bool),
    ("SampleRate", Int),
    ("sampler.type", Text),
    ("sampler.param", Double),
    ("error.type", Text),
    ("exception.type", Text),
    ("exception.message", Text),
    ("exception.stacktrace", Text),
    ("db.system", Text),
    ("db.system.name", Text),
    ("db.name", Text),
    ("db.namespace", Text),
    ("db.statement", Text),
    ("db.query.text", Text),
    ("db.query.summary", Text),
    ("db.operation", Text),
    ("db.operation.name", Text),
    ("db.sql.table", Text),
    ("db.collection.name", Text),
    ("db.user", Text),
    ("db.response.status_code", Text),
    ("rpc.system", Text),
    ("rpc.system.name", Text),
    ("rpc.service", Text),
    ("rpc.method", Text),
    ("rpc.grpc.status_code", Int),
    ("rpc.response.status_code", Text),
    ("messaging.system", Text),
    ("messaging.operation", Text),
    ("messaging.operation.name", Text),
    ("messaging.operation.type", Text),
    ("messaging.destination.name", Text),
    ("messaging.destination.partition.id", Text),
    ("messaging.message.id", Text),
    ("messaging.message.body.size", Int),
    ("messaging.batch.message_count", Int),
    ("messaging.consumer.group.name", Text),
    ("messaging.kafka.message.offset", Int),
    ("messaging.kafka.offset", Int),
    ("enduser.id", Text),
    ("user.id", Text),
    ("user.name", Text),
    ("session.id", Text),
    ("thread.id", Int),
    ("thread.name", Text),
    ("code.function", Text),
    ("code.function.name", Text),
    ("code.namespace", Text),
    ("code.filepath", Text),
    ("code.file.path", Text),
    ("code.lineno", Int),
    ("code.line.number", Int),
    ("log.file.name", Text),
    ("log.file.path", Text),
    ("log.iostream", Text),
    ("logger.name", Text),
    ("gen_ai.system", Text),
    ("gen_ai.provider.name", Text),
    ("gen_ai.operation.name", Text),
    ("gen_ai.request.model", Text),
    ("gen_ai.response.model", Text),
    ("gen_ai.usage.input_tokens", Int),
    ("gen_ai.usage.output_tokens", Int),
    ("gen_ai.request.temperature", Double),
    ("faas.trigger", Text),
    ("faas.invocation_id", Text),
    ("faas.coldstart", Bool),
    ("logfire.msg", Text),
    ("logfire.span_type", Text),
    ("logfire.level_num", Int),
    ("state", Text),
    ("status", Text),
    ("method", Text),
    ("route", Text),
    ("path", Text),
    ("code", Text),
    ("type", Text),
    ("direction", Text),
    ("device", Text),
    ("system.cpu.state", Text),
    ("system.memory.state", Text),
    ("process.cpu.state", Text),
    ("cpu.mode", Text),
    ("network.io.direction", Text),
    ("disk.io.direction", Text),
    ("jvm.memory.type", Text),
    ("jvm.memory.pool.name", Text),
    ("db.client.connection.pool.name", Text),
    ("db.client.connection.state", Text),
];

/// Keys of resources. `service.name` is not listed: it has the column `service_name`.
pub const RESOURCE: &[(&str, AttributeType)] = &[
    ("service.namespace", Text),
    ("service.version", Text),
    ("service.instance.id", Text),
    ("deployment.environment", Text),
    ("deployment.environment.name", Text),
    ("host.name", Text),
    ("host.id", Text),
    ("host.arch", Text),
    ("host.type", Text),
    ("os.type", Text),
    ("os.description", Text),
    ("process.pid", Int),
    ("process.command", Text),
    ("process.executable.name", Text),
    ("process.executable.path", Text),
    ("process.runtime.name", Text),
    ("process.runtime.version", Text),
    ("process.runtime.description", Text),
    ("process.owner", Text),
    ("container.id", Text),
    ("container.name", Text),
    ("container.image.name", Text),
    ("k8s.cluster.name", Text),
    ("k8s.namespace.name", Text),
    ("k8s.node.name", Text),
    ("k8s.pod.name", Text),
    ("k8s.pod.uid", Text),
    ("k8s.pod.ip", Text),
    ("k8s.container.name", Text),
    ("k8s.deployment.name", Text),
    ("k8s.statefulset.name", Text),
    ("k8s.daemonset.name", Text),
    ("k8s.job.name", Text),
    ("k8s.replicaset.name", Text),
    ("cloud.provider", Text),
    ("cloud.platform", Text),
    ("cloud.region", Text),
    ("cloud.availability_zone", Text),
    ("cloud.account.id", Text),
    ("faas.name", Text),
    ("telemetry.sdk.language", Text),
    ("telemetry.sdk.name", Text),
    ("telemetry.sdk.version", Text),
    ("telemetry.auto.version", Text),
    ("telemetry.distro.name", Text),
    ("telemetry.distro.version", Text),
];

/// Key of a metric's metadata that holds the type that Prometheus knows it by, as the OpenTelemetry
/// specification of compatibility has it.
pub const PROMETHEUS_TYPE: &str = "prometheus.type";

/// Key of a metric's metadata that is `custom` where a histogram is one with custom buckets (schema -53).
pub const PROMETHEUS_NATIVE: &str = "prometheus.native";

/// Keys of instrumentation scopes.
pub const SCOPE: &[(&str, AttributeType)] = &[];
