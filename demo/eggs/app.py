"""Eggs: the kitchen. Some kinds of eggs fail, and now and then it falls silent."""

import asyncio
import logging
import os
import time

from fastapi import FastAPI, HTTPException
from opentelemetry import metrics, trace
from sqlalchemy import create_engine, text

SILENT_SECONDS_MAX = 30

log = logging.getLogger("eggs")
tracer = trace.get_tracer("eggs")
boiling = metrics.get_meter("eggs").create_histogram(
    "eggs.boiling.duration", unit="s", description="How long the eggs boiled"
)
database = create_engine("sqlite:///" + os.environ.get("EGGS_DATABASE", "eggs.db"))
app = FastAPI(title="eggs")
app.state.silent_until = 0.0


class RottenEgg(Exception):
    """An egg that nobody should have ordered."""


@app.on_event("startup")
def prepare_database():
    with database.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS stock (kind TEXT PRIMARY KEY, laid INTEGER)"))
        connection.execute(text("INSERT OR IGNORE INTO stock VALUES ('chicken', 1000000), ('quail', 500000)"))


@app.get("/health")
def health():
    return {"status": "up"}


@app.post("/silence")
def silence(seconds: float):
    """Stop answering for a while; the load generator asks for it."""
    app.state.silent_until = time.monotonic() + min(seconds, SILENT_SECONDS_MAX)
    return {"silent": seconds}


@app.get("/eggs/{kind}")
async def boil(kind: str, count: int = 1):
    """Boil eggs. Rotten ones fail, dragon's are always out."""
    while time.monotonic() < app.state.silent_until:
        await asyncio.sleep(0.05)
    if kind == "rotten":
        raise RottenEgg(f"one of {count} eggs is rotten")
    if kind == "dragon":
        log.warning("no dragon is laying today")
        raise HTTPException(503, "no dragon is laying today")
    with database.connect() as connection:
        laid = connection.execute(text("SELECT laid FROM stock WHERE kind = :kind"), {"kind": kind}).scalar()
    if laid is None:
        raise HTTPException(404, f"no {kind} eggs")
    with tracer.start_as_current_span("boil") as span:
        span.set_attribute("eggs.count", count)
        seconds = 0.002 * count
        await asyncio.sleep(seconds)
        span.add_event("done", {"eggs.seconds": seconds})
    boiling.record(seconds, {"eggs.kind": kind})
    log.info("boiled %d %s eggs", count, kind)
    return {"kind": kind, "count": count}
