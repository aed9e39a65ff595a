"""Delivers what is still buffered when a process ends, and keeps forks apart."""

import atexit
import os
import signal
import socket
import sys
import threading
import weakref
from urllib.parse import urlsplit

from luneta_inject import report

FLUSH_SECONDS_MAX = 3
CONNECT_SECONDS_MAX = 0.5

_sessions = weakref.WeakSet()


def survive_fork_and_exit():
    """Handle SIGTERM, forked workers and multiprocessing children.

    At a normal exit the providers flush by themselves; all there is to do is
    to keep them from waiting for a server that is gone.
    """
    atexit.register(_leave_at_once_when_unreachable)
    _flush_on_sigterm()
    if hasattr(os, "register_at_fork"):
        _remember_sessions()
        os.register_at_fork(after_in_child=_after_fork)


def flush():
    """Send everything buffered, waiting no longer than FLUSH_SECONDS_MAX.

    It runs in a thread of its own: a signal may have interrupted the very code
    that holds a lock the flush needs.
    """
    if not _server_answers():
        return
    worker = threading.Thread(target=_flush_providers, name="luneta-flush", daemon=True)
    try:
        worker.start()
    except RuntimeError:
        return  # the interpreter is ending, and its exit flushes
    worker.join(FLUSH_SECONDS_MAX)


def _providers():
    from opentelemetry._logs import get_logger_provider
    from opentelemetry.metrics import get_meter_provider
    from opentelemetry.trace import get_tracer_provider

    return get_tracer_provider(), get_logger_provider(), get_meter_provider()


def _server_answers():
    """Say whether anything listens where telemetry goes; in doubt, yes."""
    try:
        url = urlsplit(os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""))
        if not url.hostname:
            return True
        port = url.port or (443 if url.scheme == "https" else 80)
        socket.create_connection((url.hostname, port), CONNECT_SECONDS_MAX).close()
    except OSError:
        return False
    except Exception:
        return True
    return True


def _leave_at_once_when_unreachable():
    """Spare a finished program the exporters' retries, half a minute of them."""
    if _server_answers():
        return
    if str(os.getppid()) == os.environ.get("LUNETA_RUN_PID"):
        report.line("no server answers any more; the last telemetry of this process is lost")
    for provider in _providers():
        shutdown = getattr(provider, "shutdown", None)
        if shutdown is not None:
            atexit.unregister(shutdown)


def _flush_providers():
    for provider in _providers():
        try:
            force_flush = getattr(provider, "force_flush", None)
            if force_flush is not None:
                force_flush()
        except Exception:
            pass


def _flush_on_sigterm():
    """Flush before SIGTERM ends the process as it always would.

    A handler that the application installs later replaces ours; servers such as
    uvicorn and gunicorn do, and leave through a normal exit.
    """
    try:
        if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
            return
        signal.signal(signal.SIGTERM, _on_sigterm)
    except (ValueError, OSError):
        pass  # not in the main thread of the main interpreter


def _on_sigterm(number, frame):
    flush()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _remember_sessions():
    """Keep track of the exporters' HTTP sessions, to close them in a forked child."""
    try:
        for exporter in _exporters():
            for holder in _reachable(exporter):
                session = getattr(holder, "_session", None)
                if session is not None and hasattr(session, "close"):
                    _sessions.add(session)
    except Exception as fault:
        report.line("forked workers share a connection: %s" % fault)


def _exporters():
    tracer_provider, logger_provider, meter_provider = _providers()
    spans = getattr(tracer_provider, "_active_span_processor", None)
    logs = getattr(logger_provider, "_multi_log_record_processor", None)
    processors = list(getattr(spans, "_span_processors", ()))
    processors += list(getattr(logs, "_log_record_processors", ()))
    for processor in processors:
        batch = getattr(processor, "_batch_processor", processor)
        yield getattr(batch, "_exporter", None)
    for reader in getattr(meter_provider, "_metric_readers", ()) or ():
        yield getattr(reader, "_exporter", None)


def _reachable(exporter):
    client = getattr(exporter, "_client", None)
    return (exporter, client, getattr(client, "_transport", None))


def _after_fork():
    """Run in a forked child: own connections, and a flush before it ends."""
    for session in list(_sessions):
        try:
            # Closes this process's copy of the socket, not the parent's connection.
            session.close()
        except Exception:
            pass
    for name in ("multiprocessing.util", "billiard.util"):
        util = sys.modules.get(name)
        if util is not None and hasattr(util, "register_after_fork"):
            # These children leave through os._exit, past atexit. The registry of
            # finalizers is emptied first thing in the child; this hook runs after.
            util.register_after_fork(_flush_at_exit, _register_finalizer(util))


class _Token:
    """Something that a weak-keyed registry can hold."""


_flush_at_exit = _Token()


def _register_finalizer(util):
    def register(_token):
        util.Finalize(None, flush, exitpriority=100)

    return register
