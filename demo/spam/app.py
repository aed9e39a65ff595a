"""Spam: the front of the breakfast bar. It asks eggs, keeps orders, and falls back to toast."""

import logging
import os
import time

import httpx
from fastapi import FastAPI, HTTPException, Query
from opentelemetry import metrics, propagate, trace
from sqlalchemy import create_engine, text

EGGS_URL = os.environ.get("EGGS_URL", "http://127.0.0.1:8002")
EGGS_SECONDS_MAX = 0.4
RETRIES_MAX = 5
SILENCES_UNTIL_FALLBACK = 3
FALLBACK_SECONDS = 3.0

log = logging.getLogger("spam")
tracer = trace.get_tracer("spam")
breakfasts = metrics.get_meter("spam").create_counter(
    "spam.breakfasts", unit="{breakfast}", description="Breakfasts served, by what was on the plate"
)
database = create_engine("sqlite:///" + os.environ.get("SPAM_DATABASE", "spam.db"))
app = FastAPI(title="spam")


class Eggs:
    """The way to the eggs service, with its memory of how long eggs has been silent."""

    def __init__(self):
        self._client = httpx.AsyncClient(base_url=EGGS_URL, timeout=EGGS_SECONDS_MAX)
        self._silences = 0
        self._fallback_until = 0.0

    @property
    def given_up(self):
        return time.monotonic() < self._fallback_until

    async def ask(self, kind, count):
        """Return (status, attempts); status is None when eggs stays silent."""
        for attempt in range(1, RETRIES_MAX + 2):
            try:
                answer = await self._client.get(f"/eggs/{kind}", params={"count": count})
            except httpx.TransportError as fault:
                self._count_silence(fault)
                return None, attempt
            self._silences = 0
            if answer.status_code != 503 or attempt > RETRIES_MAX:
                return answer.status_code, attempt
            # No pause between the attempts: this is how a retry storm begins.
            trace.get_current_span().add_event("retry", {"attempt": attempt})
            log.warning("eggs is busy, trying again (attempt %d)", attempt)
        return 503, RETRIES_MAX + 1

    def _count_silence(self, fault):
        self._silences += 1
        log.warning("eggs does not answer: %s", type(fault).__name__)
        if self._silences >= SILENCES_UNTIL_FALLBACK:
            self._silences = 0
            self._fallback_until = time.monotonic() + FALLBACK_SECONDS
            log.error("eggs has been silent for a while, serving toast for %d s", FALLBACK_SECONDS)


eggs = Eggs()


@app.on_event("startup")
def prepare_database():
    with database.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS menu (dish TEXT PRIMARY KEY, price INTEGER)"))
        connection.execute(text("INSERT OR IGNORE INTO menu VALUES ('breakfast', 7), ('toast', 2)"))
        connection.execute(
            text(
                "CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, user TEXT, dish TEXT, "
                "traceparent TEXT, taken INTEGER DEFAULT 0)"
            )
        )


@app.get("/health")
def health():
    return {"status": "up"}


@app.get("/breakfast")
async def breakfast(user: str, kind: str = "chicken", count: int = Query(2, ge=1, le=12)):
    """Serve breakfast with eggs, or toast when eggs has been silent for a while."""
    span = trace.get_current_span()
    span.set_attribute("user.id", user)
    span.set_attribute("enduser.id", user)
    with database.connect() as connection:
        price = connection.execute(text("SELECT price FROM menu WHERE dish = 'breakfast'")).scalar_one()
    if eggs.given_up:
        return toast(span, user, attempts=0)
    with tracer.start_as_current_span("ask eggs") as asking:
        asking.set_attribute("eggs.kind", kind)
        status, attempts = await eggs.ask(kind, count)
        asking.set_attribute("eggs.attempts", attempts)
    if status is None:
        return toast(span, user, attempts)
    if status >= 500:
        log.error("no breakfast for %s: eggs answered %d", user, status)
        raise HTTPException(502, {"reason": "eggs failed", "eggs_status": status, "attempts": attempts})
    breakfasts.add(1, {"plate": "eggs"})
    log.info("breakfast for %s: %d %s eggs", user, count, kind)
    return {"plate": "eggs", "price": price * count, "attempts": attempts, "fallback": False}


def toast(span, user, attempts):
    span.add_event("fallback", {"plate": "toast"})
    breakfasts.add(1, {"plate": "toast"})
    log.warning("toast for %s, because eggs is silent", user)
    return {"plate": "toast", "price": 2, "attempts": attempts, "fallback": True}


@app.get("/report")
def report(user: str, size: int = 1_500_000):
    """A report whose query nobody ever looked at."""
    trace.get_current_span().set_attribute("user.id", user)
    query = text(
        "WITH RECURSIVE days(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM days WHERE n < :size) "
        "SELECT count(*), sum(n % 7) FROM days"
    )
    begun = time.perf_counter()
    with database.connect() as connection:
        count, weekdays = connection.execute(query, {"size": size}).one()
    log.info("report for %s took %.0f ms", user, (time.perf_counter() - begun) * 1000)
    return {"days": count, "weekdays": weekdays}


@app.get("/bill")
def bill(user: str, tip: int = 0):
    """Print a bill; a negative tip brings out a fault that is spam's own."""
    trace.get_current_span().set_attribute("user.id", user)
    if tip < 0:
        raise ValueError(f"tip {tip} makes no sense")
    return {"total": 7 + tip}


@app.post("/orders")
def put_order(user: str, dish: str = "breakfast"):
    """Queue an order for the worker, together with the trace it belongs to."""
    trace.get_current_span().set_attribute("user.id", user)
    carrier = {}
    propagate.inject(carrier)
    with database.begin() as connection:
        connection.execute(
            text("INSERT INTO orders (user, dish, traceparent) VALUES (:user, :dish, :traceparent)"),
            {"user": user, "dish": dish, "traceparent": carrier.get("traceparent", "")},
        )
    log.info("order of %s taken", user)
    return {"queued": True}


@app.post("/orders/next")
def next_order():
    """Hand the oldest order to the worker that asks."""
    with database.begin() as connection:
        row = connection.execute(
            text(
                "UPDATE orders SET taken = 1 WHERE id = (SELECT min(id) FROM orders WHERE taken = 0) "
                "RETURNING id, user, dish, traceparent"
            )
        ).one_or_none()
    return {"order": dict(row._mapping) if row else None}
