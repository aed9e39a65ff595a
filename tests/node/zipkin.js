// Sends a trace with Zipkin's client; prints the ids it made. Arguments: `v1` or `v2`; the address
// of Zipkin's server.

const { Annotation, BatchRecorder, ExplicitContext, InetAddress, Tracer, jsonEncoder } = require("zipkin");
const { HttpLogger } = require("zipkin-transport-http");

const [version, address] = process.argv.slice(2);
const logger = new HttpLogger({
  endpoint: `${address}/api/${version}/spans`,
  jsonEncoder: version === "v1" ? jsonEncoder.JSON_V1 : jsonEncoder.JSON_V2,
  httpInterval: 100,
});
const service = `zipkin-js-${version}`;
function tracerOf(localServiceName) {
  const recorder = new BatchRecorder({ logger });
  return new Tracer({ ctxImpl: new ExplicitContext(), recorder, localServiceName, traceId128Bit: version === "v2", supportsJoin: true });
}
const tracer = tracerOf(service);
const stock = tracerOf("stock");

// Microseconds; every annotation is an eighth of a second after the one before.
let now = Date.UTC(2026, 0, 2, 3, 4, 5, 125) * 1000;
function record(by, id, ...annotations) {
  by.letId(id, () => annotations.forEach((annotation) => by.recordAnnotation(annotation, (now += 125_000))));
}

const root = tracer.createRootId();
const [call, message] = tracer.letId(root, () => [tracer.createChildId(), tracer.createChildId()]);
record(
  tracer,
  root,
  new Annotation.ServerRecv(),
  new Annotation.ServiceName(service),
  new Annotation.LocalAddr({ host: new InetAddress("10.1.2.3"), port: 8080 }),
  new Annotation.ClientAddr({ host: new InetAddress("10.9.9.9"), port: 54321 }),
  new Annotation.Rpc("GET /cart"),
  new Annotation.BinaryAnnotation("text", "größe ✓"),
  new Annotation.BinaryAnnotation("int", 42),
  new Annotation.Message("cache miss"),
);
record(
  tracer,
  call,
  new Annotation.ClientSend(),
  new Annotation.ServiceName(service),
  new Annotation.ServerAddr({ serviceName: "stock", host: new InetAddress("10.4.4.4"), port: 9000 }),
  new Annotation.Rpc("reserve"),
);
// The server joins the span of its client.
record(
  stock,
  stock.join(call),
  new Annotation.ServerRecv(),
  new Annotation.ServiceName("stock"),
  new Annotation.Rpc("reserve"),
  new Annotation.BinaryAnnotation("error", "sold out"),
  new Annotation.ServerSend(),
);
record(tracer, call, new Annotation.ClientRecv());
record(
  tracer,
  message,
  new Annotation.ProducerStart(),
  new Annotation.MessageAddr({ serviceName: "kafka" }),
  new Annotation.Rpc("send"),
  new Annotation.ProducerStop(),
);

const ids = { TRACE: root.traceId.padStart(32, "0"), PARENT: root.spanId, CALL: call.spanId, SEND: message.spanId };
logger.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
logger.on("success", () => {
  console.log(JSON.stringify(ids));
  process.exit(0);
});
record(tracer, root, new Annotation.ServerSend());
// Nothing of the client keeps the program alive until then.
setTimeout(() => {
  console.error("nothing was sent in time");
  process.exit(1);
}, 10_000);
