"""Makes the bundle importable beside whatever the application installed itself."""

import os
import sys
from importlib import metadata
from importlib.machinery import ModuleSpec

from luneta_inject import OLDEST_PYTHON, report


def make_importable(bundle):
    """Append the bundle to sys.path, so that the application's packages win.

    The one exception is an OpenTelemetry API older than the bundled SDK needs:
    then the bundled `opentelemetry` modules, which keep the older interface,
    come first.
    """
    if sys.version_info < OLDEST_PYTHON:
        raise RuntimeError("OpenTelemetry needs Python %d.%d or newer" % OLDEST_PYTHON)
    if not os.path.isdir(os.path.join(bundle, "opentelemetry")):
        raise RuntimeError("the instrumentation bundle %s is not there" % bundle)
    application_path = [entry for entry in sys.path if entry != bundle]
    if bundle not in sys.path:
        sys.path.append(bundle)
    own = _oldest_difference(application_path, bundle)
    if own is not None:
        name, found, needed = own
        _prefer_bundled_opentelemetry(bundle, application_path)
        if str(os.getppid()) == os.environ.get("LUNETA_RUN_PID"):
            report.line(
                "the environment's %s %s is older than the instrumentation needs; "
                "this process uses the bundled %s instead" % (name, found, needed)
            )


def explain(fault):
    """Describe a failed start, with versions when packages do not fit together."""
    text = "%s: %s" % (type(fault).__name__, fault)
    if isinstance(fault, (ImportError, AttributeError, TypeError)):
        found = []
        for name in ("opentelemetry-api", "opentelemetry-sdk", "protobuf", "typing-extensions"):
            version = _version(name, sys.path)
            if version:
                found.append("%s %s" % (name, version))
        text += " (versions in use do not fit together: %s)" % ", ".join(found)
    return text


def _oldest_difference(application_path, bundle):
    """Return (package, found, needed) for an application package that is too old."""
    for name in ("opentelemetry-api", "opentelemetry-sdk"):
        found = _version(name, application_path)
        needed = _version(name, [bundle])
        if found and needed and _minor(found) < _minor(needed):
            return name, found, needed
    return None


def _version(name, path):
    for distribution in metadata.distributions(name=name, path=path):
        return distribution.version
    return None


def _minor(version):
    numbers = []
    for part in version.split(".")[:2]:
        digits = "".join(character for character in part if character.isdigit())
        numbers.append(int(digits or 0))
    return numbers


def _prefer_bundled_opentelemetry(bundle, application_path):
    places = [os.path.join(bundle, "opentelemetry")]
    for entry in application_path:
        place = os.path.join(entry, "opentelemetry")
        if os.path.isdir(place):
            places.append(place)
    sys.meta_path.insert(0, _NamespaceInOurOrder(places))


class _NamespaceInOurOrder:
    """Finds the namespace package `opentelemetry` with the bundle's portion first."""

    def __init__(self, places):
        self._places = places

    def find_spec(self, name, path=None, target=None):
        if name != "opentelemetry":
            return None
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = list(self._places)
        return spec

    def invalidate_caches(self):
        """Nothing is cached."""
