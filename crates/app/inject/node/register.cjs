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
  fromBundle('@opentelemetry/auto-instrumentations-node/register');
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
  if (bundle && isMainThread && !TOOLS.test(process.argv[1] || '')) start(bundle);
} catch (fault) {
  process.stderr.write(`luneta: this process runs without instrumentation: ${fault.message}\n`);
}
