// Sends spans as OTLP JSON with the OpenTelemetry SDK; prints the ids of its spans.

const { SpanKind, SpanStatusCode, context, trace } = require("@opentelemetry/api");
const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-http");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { BatchSpanProcessor, TracerProvider } = require("@opentelemetry/sdk-trace");

const exporter = new OTLPTraceExporter({ url: process.argv[2] });
const provider = new TracerProvider({
  resource: resourceFromAttributes({ "service.name": "javascript" }),
  spanProcessors: [new BatchSpanProcessor({ exporter })],
});
const tracer = provider.getTracer("tests.tracer", "1.0");

const seconds = Date.UTC(2026, 0, 2, 3, 4, 5) / 1000;
const parent = tracer.startSpan("parent", { startTime: [seconds, 0] });
const child = tracer.startSpan(
  "child",
  {
    kind: SpanKind.CLIENT,
    startTime: [seconds, 123456789],
    attributes: { text: "ü", int: 42, double: 1.5, bool: true, list: ["a", "b"], safe: Number.MAX_SAFE_INTEGER },
  },
  trace.setSpan(context.active(), parent),
);
child.addEvent("event", { n: 1 });
child.setStatus({ code: SpanStatusCode.ERROR, message: "it broke" });
child.end([seconds + 1, 123456790]);
parent.end([seconds + 2, 0]);

const ids = {};
for (const [span, above] of [
  [parent, null],
  [child, parent.spanContext().spanId],
]) {
  ids[span.name] = [span.spanContext().traceId, span.spanContext().spanId, above];
}
provider.shutdown().then(() => console.log(JSON.stringify(ids)));
