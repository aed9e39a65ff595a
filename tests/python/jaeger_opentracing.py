"""Sends a trace with Jaeger's own client, in compact thrift over UDP. Arguments: host and port."""

import json
import sys
import time

import jaeger_client
import opentracing

# 2026-01-02T03:04:05.125Z: seconds as a double, which this one is exactly.
START = 1_767_323_045.125

host, port = sys.argv[1:]
config = jaeger_client.Config(
    config={
        "sampler": {"type": "const", "param": 1},
        "local_agent": {"reporting_host": host, "reporting_port": int(port)},
        "generate_128bit_trace_id": True,
        "tags": {"hostname": "shop-1", "ip": "10.0.0.7", "region": "eu", "replicas": 3},
    },
    service_name="jaeger-opentracing",
    validate=True,
)
tracer = config.new_tracer()

tags = {"span.kind": "server", "http.status_code": 503, "float": 0.25, "bool": True, "text": "größe ✓", "list": [1, 2]}
parent = tracer.start_span("GET /cart", tags=tags, start_time=START)
parent.log_kv({"event": "cache miss", "key": "user:42", "tries": 2}, timestamp=START + 0.125)
call = tracer.start_span("SELECT", child_of=parent, start_time=START + 0.25)
call.set_tag("span.kind", "client")
call.set_tag("error", True)
call.log_kv({"message": "no such column", "stack": "line 1\nline 2"}, timestamp=START + 0.375)
call.finish(START + 0.5)
references = [opentracing.follows_from(call.context), opentracing.child_of(parent.context)]
mail = tracer.start_span("mail", references=references, tags={"span.kind": "producer"}, start_time=START + 0.625)
mail.finish(START + 0.75)
parent.finish(START + 1)

ids = {"TRACE": f"{parent.trace_id:032x}"}
for name, span in (("PARENT", parent), ("CALL", call), ("MAIL", mail)):
    ids[name] = f"{span.span_id:016x}"
sent = tracer.close()
deadline = time.monotonic() + 10
while not sent.done():
    assert time.monotonic() < deadline, "the spans were not sent in time"
    time.sleep(0.01)
print(json.dumps(ids))
