"""ETL: reads breakfast sales from CSV and writes them as Parquet, once or every few seconds."""

import argparse
import csv
import logging
import time
from pathlib import Path
from random import Random

import pyarrow
import pyarrow.parquet
from opentelemetry import metrics, trace

log = logging.getLogger("etl")
tracer = trace.get_tracer("etl")
rows_counter = metrics.get_meter("etl").create_counter("etl.rows", unit="{row}", description="Rows by outcome")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--folder", type=Path, default=Path("."))
    arguments.add_argument("--every", type=float, help="seconds between runs; one run when left out")
    options = arguments.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    run_number = 0
    while True:
        run_number += 1
        run(options.folder, run_number)
        if options.every is None:
            break
        time.sleep(options.every)


def run(folder, run_number):
    with tracer.start_as_current_span("etl run") as span:
        span.set_attribute("etl.run", run_number)
        source = folder / "sales.csv"
        export_sales(source, run_number)
        rows = extract(source)
        good = transform(rows)
        load(good, folder / "sales.parquet")
        span.set_attribute("etl.rows", len(good))
        log.info("run %d wrote %d of %d rows", run_number, len(good), len(rows))


def export_sales(path, seed):
    """Stand in for the till: the same run always brings the same rows, a few of them broken."""
    random = Random(seed)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "dish", "price"])
        for number in range(500):
            price = "?" if random.random() < 0.01 else random.randint(2, 40)
            writer.writerow([number, random.choice(["spam", "eggs", "toast"]), price])


@tracer.start_as_current_span("extract")
def extract(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@tracer.start_as_current_span("transform")
def transform(rows):
    good = []
    for row in rows:
        try:
            good.append({"id": int(row["id"]), "dish": row["dish"], "price": int(row["price"])})
        except ValueError:
            trace.get_current_span().add_event("row skipped", {"row.id": row["id"]})
            log.warning("row %s skipped: its price is %r", row["id"], row["price"])
    rows_counter.add(len(good), {"outcome": "good"})
    rows_counter.add(len(rows) - len(good), {"outcome": "skipped"})
    return good


@tracer.start_as_current_span("load")
def load(rows, path):
    table = pyarrow.Table.from_pylist(rows)
    pyarrow.parquet.write_table(table, path)
    trace.get_current_span().set_attribute("file.size", path.stat().st_size)


if __name__ == "__main__":
    main()
