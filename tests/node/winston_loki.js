// Pushes one line with winston-loki. Arguments: where the server listens; `json` or `protobuf`.

const winston = require("winston");
const Loki = require("winston-loki");

const [address, form] = process.argv.slice(2);
const transport = new Loki({
  host: `http://${address}`,
  json: form === "json",
  batching: false,
  labels: { app: "shop" },
  onConnectionError: (error) => {
    console.error(error);
    process.exit(1);
  },
});
const logger = winston.createLogger({ level: "debug", transports: [transport] });
logger.warn({ message: 'größer "quoted"', labels: { env: "prod" } });
setTimeout(() => process.exit(0), 1500);
