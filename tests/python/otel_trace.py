"""The trace that OpenTelemetry's exporters for other servers are given; its times never change."""

import json

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

# 2026-01-02T03:04:05.125Z. All times are eighths of a second, to stay near what they are when the
# exporter over gRPC makes doubles of them.
START = 1_767_323_045_125_000_000
EIGHTH = 125_000_000


def send(exporter, service):
    """Sends a server's span with a failed call and a second one, prints the ids they got."""
    resource = Resource({"service.name": service, "service.version": "1.2.3", "replicas": 3})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("tests.tracer", "1.0")

    parent = tracer.start_span("GET /cart", kind=SpanKind.SERVER, start_time=START)
    parent.set_attributes({"text": "größe ✓", "int": -42, "float": 0.25, "bool": True, "flags": [True, False]})
    parent.set_attributes({"texts": ["a", "b"], "numbers": [1, 2], "large": 2**53 + 1, "http.status_code": 500})
    parent.add_event("cache miss", {"key": "user:42", "tries": 2}, timestamp=START + EIGHTH)
    parent.add_event("bare", timestamp=START + 2 * EIGHTH)
    below = trace.set_span_in_context(parent)

    link = Link(parent.get_span_context(), {"why": "because"})
    call_start = START + 3 * EIGHTH
    call = tracer.start_span("SELECT", below, SpanKind.CLIENT, {"db.system": "postgresql"}, [link], call_start)
    call.add_event("exception", {"exception.type": "KeyError", "exception.message": "spam"}, timestamp=call_start + EIGHTH)
    call.set_status(Status(StatusCode.ERROR, "no such column"))
    call.end(call_start + 2 * EIGHTH)

    local = tracer.start_span("render", below, start_time=START + 6 * EIGHTH)
    local.set_status(Status(StatusCode.OK))
    local.end(START + 7 * EIGHTH)
    parent.end(START + 8 * EIGHTH)

    provider.shutdown()
    ids = {"TRACE": f"{parent.get_span_context().trace_id:032x}"}
    for name, span in (("PARENT", parent), ("CALL", call), ("LOCAL", local)):
        ids[name] = f"{span.get_span_context().span_id:016x}"
    print(json.dumps(ids))
