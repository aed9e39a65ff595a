"""Sends a trace with OpenTelemetry's exporters for Jaeger.

Arguments: `udp`, `http` or `grpc`; the host and port, or the address, to send to.
"""

import os
import sys

import otel_trace

way, address = sys.argv[1:]
if way == "grpc":
    # Its messages were generated for a protobuf of long ago.
    os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"
    from opentelemetry.exporter.jaeger.proto.grpc import JaegerExporter

    exporter = JaegerExporter(collector_endpoint=address, insecure=True)
else:
    from opentelemetry.exporter.jaeger.thrift import JaegerExporter

    if way == "udp":
        host, port = address.split(":")
        exporter = JaegerExporter(agent_host_name=host, agent_port=int(port))
    else:
        exporter = JaegerExporter(collector_endpoint=address)
otel_trace.send(exporter, "jaeger-otel-" + way)
