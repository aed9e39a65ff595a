"""Sends spans, metrics and log records with the OpenTelemetry SDK; prints the ids of its spans."""

import json
import logging
import sys

from opentelemetry import trace
from opentelemetry.metrics import Observation
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

protocol, endpoint = sys.argv[1:]
if protocol == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    def exporter(kind, path):
        return kind(endpoint=endpoint, insecure=True)
else:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    def exporter(kind, path):
        return kind(endpoint=endpoint + path)


resource = Resource.create({"service.name": "python-" + protocol, "service.version": "1.2.3"})

traces = TracerProvider(resource=resource)
traces.add_span_processor(BatchSpanProcessor(exporter(OTLPSpanExporter, "/v1/traces")))
tracer = traces.get_tracer("tests.tracer", "1.0", attributes={"scope.key": "v"})

logs = LoggerProvider(resource=resource)
logs.add_log_record_processor(BatchLogRecordProcessor(exporter(OTLPLogExporter, "/v1/logs")))
logger = logging.getLogger("tests.logger")
logger.addHandler(LoggingHandler(logger_provider=logs))

reader = PeriodicExportingMetricReader(exporter(OTLPMetricExporter, "/v1/metrics"), export_interval_millis=600_000)
exponential = View(instrument_type=Histogram, instrument_name="size", aggregation=ExponentialBucketHistogramAggregation())
metrics = MeterProvider(resource=resource, metric_readers=[reader], views=[exponential])
meter = metrics.get_meter("tests.meter")

ids = {}


def note(span):
    context, parent = span.get_span_context(), span.parent
    ids[span.name] = [f"{context.trace_id:032x}", f"{context.span_id:016x}", f"{parent.span_id:016x}" if parent else None]


attributes = {
    "text": "ü",
    "int": 42,
    "float": 1.5,
    "bool": True,
    "list": ["a", "b"],
    "numbers": [1, 2],
    "http.route": "/cart",
}
with tracer.start_as_current_span("parent", kind=SpanKind.SERVER, attributes=attributes) as parent:
    note(parent)
    parent.add_event("event", {"n": 1})
    with tracer.start_as_current_span("child") as child:
        note(child)
        logger.warning("hello %s", "spam", extra={"order": 7})
    parent.record_exception(ValueError("spam"))
    parent.set_status(Status(StatusCode.ERROR, "it broke"))
link = Link(parent.get_span_context(), {"why": "because"})
with tracer.start_as_current_span("linked", context=trace.set_span_in_context(trace.INVALID_SPAN), links=[link]) as linked:
    note(linked)

meter.create_counter("orders", unit="1").add(5, {"shop": "a"})
meter.create_up_down_counter("open").add(-2)
meter.create_observable_gauge("temperature", callbacks=[lambda options: [Observation(21.5)]])
latency = meter.create_histogram("latency", unit="ms")
for value in (0.5, 10, 50):
    latency.record(value)
size = meter.create_histogram("size", unit="By")
for value in (100, 1000):
    size.record(value)

for provider in (traces, logs, metrics):
    assert provider.force_flush(10_000)
    provider.shutdown()
print(json.dumps(ids))
