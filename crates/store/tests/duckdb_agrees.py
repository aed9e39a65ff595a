#!/usr/bin/env python3
"""Lets the real DuckDB judge a data folder: duckdb_agrees.py DATA_DIR [--write | --delete SQL] [--expect TABLE=ROWS]...

Attaches DATA_DIR/lake/catalog.sqlite with DuckDB's own ducklake extension and compares what DuckDB
reads through the catalog with what it reads from the files alone: counts, sums, bounds of every
column, and the statistics the catalog holds. With --write it also inserts a row into every table,
merges files, adds a column and creates a table, as another program may do at any time. With --delete
it only deletes the rows of every table for which the condition holds.

Prints one JSON object; the exit status is 1 when anything disagrees. Needs the Python packages
duckdb, duckdb-extension-ducklake and duckdb-extension-sqlite-scanner of one version.
"""

import argparse
import importlib.util
import json
import pathlib
import sys
import time

import duckdb

TABLES = {"spans", "logs", "metric_points", "span_metrics", "edge_counts", "edge_halves", "log_patterns"}
ROW = {
    "spans": {"start_time": "now()::timestamp_ns", "duration_ns": "424242", "trace_id": "unhex('000102030405060708090a0b0c0d0e0f')",
              "span_id": "unhex('0001020304050607')", "name": "'by duckdb'", "kind": "'INTERNAL'", "status_code": "'UNSET'"},
    "logs": {"time": "now()::timestamp_ns", "severity_number": "9", "body": "'by duckdb'"},
    "metric_points": {"time": "now()::timestamp_ns", "metric_name": "'by.duckdb'", "series": "1", "type": "'gauge'",
                "value_double": "42.5"},
}
for row in ROW.values():
    row["service_name"] = "'duckdb'"


def extension(name: str) -> str:
    package = importlib.util.find_spec(f"duckdb_extension_{name}").submodule_search_locations[0]
    return str(next(pathlib.Path(package).rglob("*.duckdb_extension")))


def connect(data_dir: pathlib.Path, read_only: bool):
    c = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    for name in ("sqlite_scanner", "ducklake"):
        c.execute(f"LOAD '{extension(name)}'")
    mode = " (READ_ONLY)" if read_only else ""
    c.execute(f"ATTACH 'ducklake:sqlite:{data_dir}/lake/catalog.sqlite' AS lake{mode}")
    return c


def one(c, sql: str):
    return c.execute(sql).fetchone()


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def tables(c):
    rows = c.execute("SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'lake'").fetchall()
    return sorted((schema, table) for schema, table in rows if table in TABLES)


def live_files(c, data_dir: pathlib.Path, schema: str, table: str):
    catalog = "__ducklake_metadata_lake"
    rows = c.execute(
        f"SELECT s.path || t.path || f.path, f.record_count, f.file_size_bytes, f.footer_size FROM {catalog}.ducklake_data_file f "
        f"JOIN {catalog}.ducklake_table t USING (table_id) JOIN {catalog}.ducklake_schema s USING (schema_id) "
        "WHERE f.end_snapshot IS NULL AND t.end_snapshot IS NULL AND s.schema_name = ? AND t.table_name = ?",
        [schema, table]).fetchall()
    return [(data_dir / "lake/data" / path, *rest) for path, *rest in rows]


def check_files(files, problems):
    for path, _, size, footer in files:
        data = path.read_bytes()
        if len(data) != size:
            problems.append(f"{path.name}: {len(data)} bytes on disk, {size} in the catalog")
        if int.from_bytes(data[-8:-4], "little") != footer:
            problems.append(f"{path.name}: footer size {footer} is wrong")


def measures(columns):
    """What is compared of every column, by type."""
    out = ["count(*)"]
    for name, kind in columns:
        q = quoted(name)
        out.append(f"count({q})")
        if kind in ("BIGINT", "INTEGER", "UBIGINT", "UINTEGER", "BOOLEAN"):
            out.append(f"sum({q}::hugeint)")
        elif kind == "DOUBLE":
            out.append(f"round(sum(if(isfinite({q}), {q}, 0)), 3)")
        elif kind in ("VARCHAR", "TIMESTAMP_NS", "BLOB"):
            out += [f"min({q})::varchar", f"max({q})::varchar", f"bit_xor(hash({q}))"]
        else:
            out.append(f"bit_xor(hash({q}::varchar))")
    return ", ".join(out)


def check_table(c, data_dir, schema, table, problems):
    target = f"lake.{quoted(schema)}.{table}"
    described = c.execute(f"DESCRIBE {target}").fetchall()
    files = live_files(c, data_dir, schema, table)
    check_files(files, problems)
    rows = one(c, f"SELECT count(*) FROM {target}")[0]
    if rows != sum(f[1] for f in files):
        problems.append(f"{target}: {rows} rows read, {sum(f[1] for f in files)} in the catalog")
    if not files:
        return {"rows": rows, "files": 0}
    raw = f"read_parquet({[str(f[0]) for f in files]!r}, union_by_name = true)"
    present = {r[0] for r in c.execute(f"DESCRIBE SELECT * FROM {raw}").fetchall()}
    columns = [(r[0], r[1]) for r in described if r[0] in present]
    for start in range(0, len(columns), 20):
        part = columns[start:start + 20]
        ours, theirs = (one(c, f"SELECT {measures(part)} FROM {source}") for source in (target, raw))
        if ours != theirs:
            problems.append(f"{target}: {[n for n, _ in part]} read {ours} through the catalog, {theirs} from the files")
    check_pruning(c, target, raw, columns, problems)
    return {"rows": rows, "files": len(files), "columns": len(described)}


def check_pruning(c, target, raw, columns, problems):
    """Filters on values that exist must find as many rows through the catalog's statistics."""
    for name, kind in columns:
        if kind not in ("VARCHAR", "BIGINT", "TIMESTAMP_NS", "DOUBLE", "BOOLEAN", "UINTEGER", "BLOB"):
            continue
        q = quoted(name)
        value = one(c, f"SELECT {q} FROM {raw} WHERE {q} IS NOT NULL LIMIT 1")
        tests = [f"{q} IS NULL", f"{q} IS NOT NULL"]
        for test in tests + ([f"{q} = (SELECT $1::{kind})", f"{q} >= $1::{kind}", f"{q} <= $1::{kind}"] if value else []):
            parameters = [value[0]] if "$1" in test else []
            ours, theirs = (c.execute(f"SELECT count(*) FROM {s} WHERE {test}", parameters).fetchone() for s in (target, raw))
            if ours != theirs:
                problems.append(f"{target}: {ours[0]} rows with {test}, {theirs[0]} in the files")


def change(c, statement: str):
    """Runs a statement; again, when the store committed in the same moment."""
    for _ in range(50):
        try:
            return c.execute(statement)
        except duckdb.Error as error:
            if "database is locked" not in str(error):
                raise
            time.sleep(0.1)
    return c.execute(statement)


def write(c, report):
    for schema, table in tables(c):
        if table not in ROW:
            continue
        target = f"lake.{quoted(schema)}.{table}"
        before = one(c, f"SELECT count(*) FROM {target}")[0]
        names, values = zip(*ROW[table].items())
        change(c, f"INSERT INTO {target} ({', '.join(map(quoted, names))}) VALUES ({', '.join(values)})")
        assert one(c, f"SELECT count(*) FROM {target}")[0] == before + 1
        if not c.execute(f"SELECT 1 FROM (DESCRIBE {target}) WHERE column_name = 'added_by_duckdb'").fetchall():
            change(c, f"ALTER TABLE {target} ADD COLUMN added_by_duckdb VARCHAR")
    change(c, "CALL ducklake_merge_adjacent_files('lake')")
    change(c, "CREATE TABLE IF NOT EXISTS lake.main.made_by_duckdb AS SELECT 42 AS answer")
    report["wrote"] = True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_dir", type=pathlib.Path)
    parser.add_argument("--write", action="store_true", help="insert, merge, add a column, create a table")
    parser.add_argument("--expect", action="append", default=[], metavar="TABLE=ROWS", help="rows of a table of tenant default")
    parser.add_argument("--delete", metavar="SQL", help="delete the rows for which this holds, and do nothing else")
    arguments = parser.parse_args()
    c = connect(arguments.data_dir, read_only=not (arguments.write or arguments.delete))
    if arguments.delete:
        for schema, table in tables(c):
            if table in ROW:
                change(c, f"DELETE FROM lake.{quoted(schema)}.{table} WHERE {arguments.delete}")
        return 0
    report, problems = {"tables": {}}, []
    if arguments.write:
        write(c, report)
    for schema, table in tables(c):
        report["tables"][f"{schema}.{table}"] = check_table(c, arguments.data_dir, schema, table, problems)
    for expected in arguments.expect:
        table, rows = expected.split("=")
        found = report["tables"].get(f"main.{table}", {"rows": 0})["rows"]
        if found != int(rows):
            problems.append(f"{table}: {found} rows, {rows} expected")
    report["problems"] = problems
    print(json.dumps(report, indent=1))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
