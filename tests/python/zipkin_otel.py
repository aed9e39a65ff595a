"""Sends a trace with OpenTelemetry's exporters for Zipkin.

Arguments: `v1-json`, `v2-json` or `v2-protobuf`; the address of Zipkin's server.
"""

import sys

import otel_trace

form, address = sys.argv[1:]
place = {"local_node_ipv4": "10.1.2.3", "local_node_port": 8080}
if form == "v2-protobuf":
    from opentelemetry.exporter.zipkin.proto.http import ZipkinExporter

    exporter = ZipkinExporter(f"{address}/api/v2/spans", **place)
else:
    from opentelemetry.exporter.zipkin.encoder import Protocol
    from opentelemetry.exporter.zipkin.json import ZipkinExporter

    if form == "v1-json":
        # Without a length it fails on its own tags.
        exporter = ZipkinExporter(Protocol.V1, f"{address}/api/v1/spans", max_tag_value_length=1000, **place)
    else:
        exporter = ZipkinExporter(Protocol.V2, f"{address}/api/v2/spans", **place)
otel_trace.send(exporter, "zipkin-otel-" + form)
