"""Exports the records of the standard logging module, and prints nothing else for it.

The usual bridge is a handler on the root logger. That changes what an
application prints: with a handler in place `logging.warning()` no longer
configures the default one, and the handler of last resort falls silent. It also
misses loggers that do not propagate, such as those of uvicorn and gunicorn. So
this bridge stands where every record passes, `Logger.callHandlers`.

A program that never chose a level works with WARNING, and its INFO records are
not even made. They are wanted here: they are made for the export alone and not
shown to the application's handlers.
"""

import logging
import os
import re
import sys

from opentelemetry._logs import get_logger_provider
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.instrumentation.utils import is_instrumentation_enabled

_LOGGING_SOURCE = logging.Logger.info.__code__.co_filename
_LOG_CODE = logging.Logger._log.__code__
_PRIMITIVES = (str, bool, int, float, bytes)
_TEXT_LENGTH_MAX = 4096
_TERMINAL_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def export_standard_logging():
    """Send records at INFO and above (or OTEL_PYTHON_LOG_HANDLER_LEVEL) to OpenTelemetry; return the level."""
    handler = _Handler(
        level=_lowest_level(), logger_provider=get_logger_provider(), log_code_attributes=True
    )
    level_choice = _LevelChoice()
    _patch_logger(handler, level_choice)
    return handler.level


def _lowest_level():
    name = os.environ.get("OTEL_PYTHON_LOG_HANDLER_LEVEL", "INFO").strip().upper()
    level = logging.getLevelName(name)
    return level if isinstance(level, int) and level > logging.NOTSET else logging.INFO


class _LevelChoice:
    """Knows whether the application has chosen the root logger's level."""

    def __init__(self):
        root = logging.getLogger()
        self.made = root.level != logging.WARNING
        set_level = root.setLevel

        def remember(level):
            self.made = True
            set_level(level)

        root.setLevel = remember

    def leaves_open(self, logger):
        """Say whether this logger's level is only the default of the root logger."""
        if self.made:
            return False
        while logger.parent is not None and not logger.level:
            logger = logger.parent
        return logger.parent is None


def _patch_logger(handler, level_choice):
    is_enabled = logging.Logger.isEnabledFor
    call_handlers = logging.Logger.callHandlers

    def wanted_for_export(logger, level):
        return (
            level >= handler.level
            and not logger.disabled
            and logger.manager.disable < level
            and level_choice.leaves_open(logger)
        )

    def isEnabledFor(self, level):
        if is_enabled(self, level):
            return True
        # An application that asks gets the true answer; only logging itself,
        # about to make the record, is told to go on.
        asked_by_logging = sys._getframe(1).f_code.co_filename == _LOGGING_SOURCE
        return asked_by_logging and isinstance(level, int) and wanted_for_export(self, level)

    def callHandlers(self, record):
        for_export_only = (
            sys._getframe(2).f_code is _LOG_CODE and not is_enabled(self, record.levelno)
        )
        if not for_export_only:
            call_handlers(self, record)
        if record.levelno >= handler.level:
            handler.export(record)

    logging.Logger.isEnabledFor = isEnabledFor
    logging.Logger.callHandlers = callHandlers


class _Handler(LoggingHandler):
    def export(self, record):
        """Pass one record on; a fault here is no concern of the caller."""
        if record.name.startswith("opentelemetry") or not is_instrumentation_enabled():
            return
        try:
            self.emit(record)
        except Exception:
            pass

    def flush(self):
        """Do nothing: the provider flushes itself, and at exit no thread can start any more."""

    def _translate(self, record):
        translated = super()._translate(record)
        if isinstance(translated.body, str) and "\x1b[" in translated.body:
            translated.body = _TERMINAL_COLOURS.sub("", translated.body)
        return translated

    def _get_attributes(self, record):
        attributes, event_name = super()._get_attributes(record)
        attributes.pop("color_message", None)  # uvicorn's copy for terminals
        for key, value in attributes.items():
            if not isinstance(value, _PRIMITIVES):
                attributes[key] = _plain(value)
        return attributes, event_name


def _plain(value):
    """Turn a value into something an attribute can hold."""
    if isinstance(value, (list, tuple)) and all(isinstance(item, _PRIMITIVES) for item in value):
        return list(value)
    try:
        return str(value)[:_TEXT_LENGTH_MAX]
    except Exception:
        return "<%s>" % type(value).__name__
