"""Says, as one line of JSON, what `luneta run` must know of an interpreter."""

import json
import os
import sys
from importlib import metadata, util

# Names of packages that the bundle can instrument, as they are installed.
KNOWN = (
    "fastapi starlette flask django tornado celery httpx requests aiohttp urllib3 sqlalchemy "
    "psycopg psycopg2 psycopg2-binary asyncpg redis botocore jinja2"
).split()


def _is_installed(name):
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def main():
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path.append(os.path.join(folder, "lib"))
    import luneta_inject

    print(
        json.dumps(
            {
                "executable": sys.executable,
                "version": list(sys.version_info[:3]),
                "tag": luneta_inject.interpreter_tag(),
                "has_pip": util.find_spec("pip") is not None,
                "libraries": [name for name in KNOWN if _is_installed(name)],
            }
        )
    )


main()
