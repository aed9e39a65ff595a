"""Sends a trace with py_zipkin. Arguments: `v1-json`, `v2-json` or `v2-protobuf`; host and port."""

import itertools
import json
import sys
import time

from py_zipkin import Encoding, Kind
from py_zipkin.transport import SimpleHTTPTransport
from py_zipkin.zipkin import create_attrs_for_span, zipkin_client_span, zipkin_span

# The clock of its spans, from 2026-01-02T03:04:05.125Z: every look at it is an eighth of a second later.
clock = itertools.count(1_767_323_045.125, 0.125)
time.time = lambda: next(clock)

form, host, port = sys.argv[1:]
encoding = {"v1-json": Encoding.V1_JSON, "v2-json": Encoding.V2_JSON, "v2-protobuf": Encoding.V2_PROTO3}[form]
service = "zipkin-py-" + form
attrs = create_attrs_for_span(sample_rate=100, use_128bit_trace_id=form != "v1-json")
with zipkin_span(
    service_name=service,
    span_name="GET /cart",
    transport_handler=SimpleHTTPTransport(host, int(port)),
    zipkin_attrs=attrs,
    kind=Kind.SERVER,
    host="10.1.2.3",
    port=8080,
    encoding=encoding,
    binary_annotations={"http.path": "/cart", "text": "größe ✓", "int": "42"},
) as parent:
    parent.add_annotation("cache miss")
    with zipkin_client_span(service_name=service, span_name="SELECT") as call:
        call.add_sa_binary_annotation(port=5432, service_name="postgres", host="2001:db8::c001")
        call.update_binary_annotations({"error": "no such column"})
    with zipkin_span(service_name=service, span_name="render") as local:
        local.update_binary_annotations({"template": "cart.html"})

ids = {"TRACE": f"{attrs.trace_id:0>32}", "PARENT": attrs.span_id}
ids |= {"CALL": call.zipkin_attrs.span_id, "LOCAL": local.zipkin_attrs.span_id}
print(json.dumps(ids))
