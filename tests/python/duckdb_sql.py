"""Attaches a live lake with DuckDB, runs statements from standard input, prints their rows.

Arguments: the catalog, the folder of the files, and `write` where statements change something. Input
and output are JSON: a list of statements, a list of lists of rows.
"""

import json
import pathlib
import sys
import time

import duckdb
import duckdb_extension_ducklake
import duckdb_extension_sqlite_scanner

catalog, data, *write = sys.argv[1:]
connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
for package in (duckdb_extension_sqlite_scanner, duckdb_extension_ducklake):
    # The extensions lie in the wheels: nothing is downloaded.
    folder = pathlib.Path(package.__file__).parent / "extensions" / f"v{duckdb.__version__}"
    (file,) = folder.glob("*.duckdb_extension")
    connection.execute(f"LOAD '{file}'")
connection.execute(f"ATTACH 'ducklake:sqlite:{catalog}' AS lake (DATA_PATH '{data}'{'' if write else ', READ_ONLY'})")
connection.execute("USE lake")
connection.execute("SET TimeZone = 'UTC'")


def shown(value):
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if value is None or isinstance(value, (bool, int, float, str, list, dict)):
        return value
    return str(value)


def ask(statement):
    """The rows of a statement; again, when the server committed in the same moment."""
    for _ in range(50):
        try:
            return connection.execute(statement).fetchall()
        except duckdb.Error as error:
            if "database is locked" not in str(error):
                raise
            time.sleep(0.1)
    return connection.execute(statement).fetchall()


answers = []
for statement in json.load(sys.stdin):
    rows = ask(statement)
    answers.append([[shown(value) for value in row] for row in rows])
print(json.dumps(answers))
