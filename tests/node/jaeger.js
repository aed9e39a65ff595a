// Sends a trace with Jaeger's client, in binary thrift over UDP; prints the ids it made.
// Arguments: host and port.

const { initTracer, opentracing } = require("jaeger-client");

const [host, port] = process.argv.slice(2);
// Milliseconds; every look at a span's time is given, so that they never change.
const start = Date.UTC(2026, 0, 2, 3, 4, 5, 125);

const tracer = initTracer(
  {
    serviceName: "jaeger-js",
    sampler: { type: "const", param: 1 },
    reporter: { agentHost: host, agentPort: Number(port), flushIntervalMs: 600_000 },
  },
  { tags: { hostname: "shop-1", ip: "10.0.0.7", region: "eu", replicas: 3 }, logger: { info() {}, error: console.error } },
);

const parent = tracer.startSpan("GET /cart", {
  startTime: start,
  tags: { "span.kind": "server", text: "größe ✓", int: 42, float: 0.25, bool: true, list: [1, 2], bytes: Buffer.from([0, 255, 7]) },
});
parent.log({ event: "cache miss", key: "user:42", tries: 2 }, start + 125);
const call = tracer.startSpan("SELECT", { childOf: parent, startTime: start + 250, tags: { "span.kind": "client", error: true } });
call.log({ message: "no such column" }, start + 375);
call.finish(start + 500);
const mail = tracer.startSpan("mail", {
  startTime: start + 625,
  references: [opentracing.childOf(parent.context()), opentracing.followsFrom(call.context())],
});
mail.finish(start + 750);
parent.finish(start + 1000);

const ids = { TRACE: parent.context().traceIdStr.padStart(32, "0"), CLIENT: tracer._tags["client-uuid"] };
for (const [name, span] of Object.entries({ PARENT: parent, CALL: call, MAIL: mail })) {
  ids[name] = span.context().spanIdStr.padStart(16, "0");
}
tracer.close(() => console.log(JSON.stringify(ids)));
