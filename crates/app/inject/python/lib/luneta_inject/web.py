"""Keeps the spans of web servers to one a request."""

import sys


def leave_out_message_spans():
    """Drop the spans for single ASGI messages ("http send", "http receive").

    They triple the number of spans and tell what the request's span tells. An
    application that names `exclude_spans` itself keeps its choice.
    """
    asgi = sys.modules.get("opentelemetry.instrumentation.asgi")
    if asgi is None:
        return
    initialize = asgi.OpenTelemetryMiddleware.__init__

    def initialize_quiet(self, *arguments, **options):
        if options.get("exclude_spans") is None:
            options["exclude_spans"] = ["receive", "send"]
        initialize(self, *arguments, **options)

    asgi.OpenTelemetryMiddleware.__init__ = initialize_quiet
