"""Starts OpenTelemetry in a Python process that `luneta run` launched.

Python imports this module at start-up because its folder stands in PYTHONPATH.
It must never keep the application from starting: every fault ends as one line
on standard error.
"""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _run_next_sitecustomize():
    """Run the sitecustomize that ours hides, as if ours were not there."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    others = [entry for entry in sys.path if os.path.abspath(entry or ".") != _HERE]
    spec = PathFinder.find_spec("sitecustomize", others)
    if spec is None or spec.loader is None:
        return
    module = module_from_spec(spec)
    ours = sys.modules.get("sitecustomize")
    sys.modules["sitecustomize"] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        if ours is not None:
            sys.modules["sitecustomize"] = ours
        raise


def _is_tool_process():
    """Say whether this process only serves other Python processes.

    Package installers and the trackers of multiprocessing are short or idle,
    and nobody wants their telemetry.
    """
    argv = getattr(sys, "orig_argv", [])
    for position, argument in enumerate(argv[1:], start=1):
        following = argv[position + 1] if position + 1 < len(argv) else ""
        if argument == "-m":
            return following.split(".")[0] in ("pip", "venv", "ensurepip", "virtualenv")
        if argument == "-c":
            return following.startswith(
                ("from multiprocessing.resource_tracker", "from multiprocessing.forkserver")
            )
        if not argument.startswith("-"):
            return os.path.basename(argument) in ("pip", "pip3")
    return False


def _start():
    library = os.path.join(os.path.dirname(_HERE), "lib")
    if library not in sys.path:
        sys.path.append(library)
    import luneta_inject

    luneta_inject.start(path_entry=_HERE)


try:
    _run_next_sitecustomize()
finally:
    try:
        if os.environ.get("LUNETA_PYTHON_BUNDLE") and not _is_tool_process():
            _start()
    except Exception as fault:
        sys.stderr.write(
            "luneta: this process runs without instrumentation: %s: %s\n"
            % (type(fault).__name__, fault)
        )
