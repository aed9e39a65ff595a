"""Messages for the person who runs the application, one line each."""

import logging
import os
import sys
import time
from contextlib import contextmanager

REPEAT_AFTER_SECONDS = 60


def line(message):
    """Write one line to standard error, or nowhere when it is closed."""
    try:
        sys.stderr.write("luneta: %s\n" % " ".join(str(message).split()))
        sys.stderr.flush()
    except Exception:
        pass


class _OneLine(logging.Handler):
    """Shows a message of the OpenTelemetry SDK once a minute, without its traceback."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self._last_shown = {}

    def emit(self, record):
        now = time.monotonic()
        undelivered = record.name.startswith("opentelemetry.exporter")
        key = "undelivered" if undelivered else (record.name, record.msg)
        if now - self._last_shown.get(key, -REPEAT_AFTER_SECONDS) < REPEAT_AFTER_SECONDS:
            return
        self._last_shown[key] = now
        if undelivered:
            endpoint = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "the server")
            line("telemetry does not reach %s; the application runs on without it" % endpoint)
            return
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text += ": %s" % (record.exc_info[1],)
        line(text[:300])


@contextmanager
def sdk_messages_on_stderr():
    """Keep the SDK's own messages out of the application's logging.

    While instrumentation starts they are dropped, because the exception that
    follows is reported; from then on each is one line.
    """
    logger = logging.getLogger("opentelemetry")
    untouched = not logger.handlers
    if untouched:
        logger.propagate = False
        logger.addHandler(logging.NullHandler())
    try:
        yield
    finally:
        if untouched:
            logger.handlers[:] = [_OneLine()]
