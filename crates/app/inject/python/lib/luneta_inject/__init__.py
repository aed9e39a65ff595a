"""What Luneta does inside a Python process before the application's own code runs."""

import os
import sys
import sysconfig
from contextlib import contextmanager

OLDEST_PYTHON = (3, 10)


def start(path_entry):
    """Instrument this process with the bundle that LUNETA_PYTHON_BUNDLE names.

    `path_entry` is the PYTHONPATH folder that brought us here. Faults are
    reported, never raised.
    """
    from luneta_inject import output

    try:
        output.join()
    except Exception:
        pass  # a stream of another kind than Python's own is left alone
    bundle = _bundle_for_this_interpreter()
    if bundle is None:
        return
    from luneta_inject import report, versions

    try:
        versions.make_importable(bundle)
        with _not_inherited(path_entry), report.sdk_messages_on_stderr():
            _initialize()
    except Exception as fault:
        report.line("this process runs without instrumentation: %s" % versions.explain(fault))


def _bundle_for_this_interpreter():
    """Return the bundle's folder, or None when it was built for another Python.

    The bundle holds compiled code, so a child that runs another Python than
    the one `luneta run` looked at must leave it alone.
    """
    tag, _, folder = os.environ["LUNETA_PYTHON_BUNDLE"].partition("=")
    if tag == interpreter_tag():
        return folder
    launched_by_luneta = str(os.getppid()) == os.environ.get("LUNETA_RUN_PID")
    if launched_by_luneta:
        sys.stderr.write(
            "luneta: not instrumented: this is %s, the instrumentation was built for %s\n"
            % (interpreter_tag(), tag)
        )
    return None


def interpreter_tag():
    """Name what a compiled module must match, such as cp311-linux-x86_64."""
    implementation = {"cpython": "cp", "pypy": "pp"}.get(
        sys.implementation.name, sys.implementation.name
    )
    threads = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    return "%s%d%d%s-%s" % (
        implementation,
        sys.version_info[0],
        sys.version_info[1],
        threads,
        sysconfig.get_platform(),
    )


@contextmanager
def _not_inherited(path_entry):
    """Hide our PYTHONPATH entry while instrumentation starts.

    A process that a detector starts meanwhile would otherwise start
    instrumentation again, and so on.
    """
    before = os.environ.get("PYTHONPATH")
    if before is not None:
        kept = [entry for entry in before.split(os.pathsep) if entry != path_entry]
        os.environ["PYTHONPATH"] = os.pathsep.join(kept)
    try:
        yield
    finally:
        if before is not None:
            os.environ["PYTHONPATH"] = before


@contextmanager
def _environment_for_start():
    """Set what only the start reads, without leaving it to child processes."""
    ours = {
        # Our own bridge does this without touching the application's handlers.
        "OTEL_PYTHON_LOG_AUTO_INSTRUMENTATION": "false",
    }
    ours.update(_exporters_without_protobuf())
    added = {name: value for name, value in ours.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _exporters_without_protobuf():
    """Choose OTLP as JSON when the application's protobuf cannot serve the exporter."""
    wanted = [
        name
        for name in ("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER")
        if os.environ.get(name, "otlp") == "otlp"
    ]
    if os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL") != "http/protobuf" or not wanted:
        return {}
    try:
        from opentelemetry.exporter.otlp.proto.http import trace_exporter  # noqa: F401
    except Exception:
        for name in wanted:
            os.environ.pop(name, None)
        return {name: "otlp_json_http" for name in wanted}
    return {}


def _initialize():
    from luneta_inject import databases, lifetime, logs, output, web

    # Left in place: a forked worker reads it again to learn its own process id.
    os.environ.setdefault("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS", "host,os,process")
    own_log_handler = "OTEL_PYTHON_LOG_AUTO_INSTRUMENTATION" not in os.environ
    with _environment_for_start(), _instrumentors_apart():
        from opentelemetry.instrumentation import auto_instrumentation

        auto_instrumentation.initialize(swallow_exceptions=False)
    if own_log_handler:
        level = logs.export_standard_logging()
        if "otlp" in os.environ.get("OTEL_LOGS_EXPORTER", "otlp"):
            output.mark_what_is_exported(level)
    web.leave_out_message_spans()
    databases.record_queries_once()
    lifetime.survive_fork_and_exit()


@contextmanager
def _instrumentors_apart():
    """Let one library that cannot be instrumented cost the others nothing."""
    from luneta_inject import late_django, report
    from opentelemetry.instrumentation.distro import BaseDistro

    load = BaseDistro.load_instrumentor

    def load_reporting(self, entry_point, **arguments):
        try:
            load(self, entry_point, **arguments)
        except ImportError:
            raise  # the library is absent; the SDK passes over it
        except Exception as fault:
            report.line("%s is not instrumented: %s" % (entry_point.name, fault))

    def load_apart(self, entry_point, **arguments):
        if entry_point.name == "django":
            late_django.instrument_when_settings_are_ready(
                lambda: load_reporting(self, entry_point, **arguments)
            )
        else:
            load_reporting(self, entry_point, **arguments)

    BaseDistro.load_instrumentor = load_apart
    try:
        yield
    finally:
        BaseDistro.load_instrumentor = load
