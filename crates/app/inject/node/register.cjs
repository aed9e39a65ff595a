// Starts OpenTelemetry in a Node.js process that `luneta run` launched.
// NODE_OPTIONS names this file; it must never keep the application from starting.
'use strict';

const path = require('node:path');
const { createRequire } = require('node:module');
const { pathToFileURL } = require('node:url');
const { isMainThread } = require('node:worker_threads');

// Package managers start the application; nobody wants their own telemetry.
const TOOLS = /(^|[\\/])(npm|npx|pnpm|pnpx|yarn|yarnpkg|corepack)(-cli)?(\.c?js)?$/;

function start(bundle) {
  const fromBundle = createRequire(path.join(bundle, 'package.json'));
  loadHookForModules(fromBundle);
  const before = process.listeners('SIGTERM');
  const exporter = process.env.OTEL_LOGS_EXPORTER;
  // What is printed into a pipe of `luneta run` is kept there.
  if (isPipe(process.stdout) && process.env.LUNETA_NODE_LOGS_EXPORTER) {
    process.env.OTEL_LOGS_EXPORTER = process.env.LUNETA_NODE_LOGS_EXPORTER;
  }
  fromBundle('@opentelemetry/auto-instrumentations-node/register');
  if (exporter !== undefined) process.env.OTEL_LOGS_EXPORTER = exporter;
  const added = process.listeners('SIGTERM').filter((listener) => !before.includes(listener));
  for (const listener of added) process.removeListener('SIGTERM', listener);
  const flush = () => Promise.all(added.map((listener) => listener()));
  for (const signal of ['SIGTERM', 'SIGINT']) endAfterFlush(signal, flush);
}

// CommonJS needs no help; `import` is instrumented through a loader hook.
function loadHookForModules(fromBundle) {
  const { register } = require('node:module');
  if (typeof register !== 'function') return;
  const hook = fromBundle.resolve('@opentelemetry/instrumentation/hook.mjs');
  register(pathToFileURL(hook));
}

// Says whether a stream is one of the pipes of `luneta run`.
function isPipe(stream) {
  try {
    const { dev, ino } = require('node:fs').fstatSync(stream.fd);
    return (process.env.LUNETA_RUN_OUTPUT || '').split(',').includes(`${dev}:${ino}`);
  } catch {
    return false;
  }
}

// A pipe that stands for a terminal behaves as one.
function joinTerminals() {
  const { WriteStream } = require('node:tty');
  for (const name of (process.env.LUNETA_RUN_TERMINAL || '').split(',').filter(Boolean)) {
    const stream = process[name];
    if (!isPipe(stream)) continue;
    stream.isTTY = true;
    stream.columns = Number(process.env.COLUMNS) || 80;
    stream.rows = Number(process.env.LINES) || 24;
    for (const method of ['clearLine', 'clearScreenDown', 'cursorTo', 'moveCursor', 'getColorDepth', 'hasColors', 'getWindowSize']) {
      stream[method] = WriteStream.prototype[method];
    }
  }
}

// A listener takes away a signal's default effect. So: flush, and when the
// application does not listen itself, end by the same signal after all.
function endAfterFlush(signal, flush) {
  let flushed = false;
  const listener = () => {
    if (process.listenerCount(signal) > 1) {
      // The application decides how to end; whatever it still does is lost at
      // most for the last half second.
      if (!flushed) flush();
      flushed = true;
      return;
    }
    const end = () => {
      process.removeListener(signal, listener);
      process.kill(process.pid, signal);
    };
    const limit = setTimeout(end, 3000);
    flush().finally(() => {
      clearTimeout(limit);
      end();
    });
  };
  process.on(signal, listener);
}

try {
  const bundle = process.env.LUNETA_NODE_BUNDLE;
  // The loader hook lives in a thread that reads NODE_OPTIONS too.
  if (bundle && isMainThread) joinTerminals();
  if (bundle && isMainThread && !TOOLS.test(process.argv[1] || '')) start(bundle);
} catch (fault) {
  process.stderr.write(`luneta: this process runs without instrumentation: ${fault.message}\n`);
}
