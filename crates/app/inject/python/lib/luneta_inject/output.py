"""Joins the standard streams with `luneta run`, which reads them through pipes and keeps their lines.

Two things a pipe changes are set right: where it stands for a terminal the
stream says so, and is flushed line by line. And lines that handlers of the
logging module write for records that are exported already bear a mark, which
`luneta run` takes out: they are shown, and not kept a second time. The mark is
written only into these very pipes, never into a file or another pipe that took
their place.
"""

import logging
import os
import sys
import threading

MARK = "\x1b]7741;exported\x07"

_writing = threading.local()


def join():
    """Take care of the streams that are pipes of `luneta run`."""
    pipes = os.environ.get("LUNETA_RUN_OUTPUT", "").split(",")
    terminals = os.environ.get("LUNETA_RUN_TERMINAL", "").split(",")
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or _identity(stream) not in pipes:
            continue
        if name in terminals:
            stream.isatty = lambda: True
            stream.reconfigure(line_buffering=True)
        _mark_lines(stream)


def mark_what_is_exported(level):
    """Mark what handlers write of records that the export takes: those from this level on."""
    handle = logging.Handler.handle

    def handle_marking(self, record):
        if record.levelno < level or record.name.startswith("opentelemetry"):
            return handle(self, record)
        before = getattr(_writing, "marked", False)
        _writing.marked = True
        try:
            return handle(self, record)
        finally:
            _writing.marked = before

    logging.Handler.handle = handle_marking


def _identity(stream):
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError, AttributeError):
        return None
    return "%d:%d" % (status.st_dev, status.st_ino)


def _mark_lines(stream):
    own = _identity(stream)
    write = stream.write

    def write_marked(text):
        # The descriptor may have been given to a file since.
        if not getattr(_writing, "marked", False) or _identity(stream) != own:
            return write(text)
        lines = text.splitlines(keepends=True)
        write("".join(MARK + line if line.strip() else line for line in lines))
        return len(text)

    stream.write = write_marked
