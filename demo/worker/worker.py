"""Worker: takes orders from spam's queue and cooks them, away from any request."""

import logging
import os
import time

import httpx
from opentelemetry import metrics, propagate, trace

SPAM_URL = os.environ.get("SPAM_URL", "http://127.0.0.1:8001")
IDLE_SECONDS = 0.5

log = logging.getLogger("worker")
tracer = trace.get_tracer("worker")
cooked = metrics.get_meter("worker").create_counter("worker.orders", unit="{order}", description="Orders cooked")


def main():
    with httpx.Client(base_url=SPAM_URL, timeout=5) as spam:
        while True:
            order = take(spam)
            if order is None:
                time.sleep(IDLE_SECONDS)
            else:
                cook(order)


def take(spam):
    try:
        return spam.post("/orders/next").raise_for_status().json()["order"]
    except httpx.HTTPError as fault:
        log.warning("cannot ask for orders: %s", type(fault).__name__)
        return None


def cook(order):
    """Cook one order in a span of the trace that ordered it."""
    context = propagate.extract({"traceparent": order["traceparent"]})
    with tracer.start_as_current_span("cook order", context=context, kind=trace.SpanKind.CONSUMER) as span:
        span.set_attribute("user.id", order["user"])
        span.set_attribute("order.id", order["id"])
        time.sleep(0.01)
        span.add_event("cooked", {"dish": order["dish"]})
        cooked.add(1, {"dish": order["dish"]})
        log.info("order %d of %s is cooked", order["id"], order["user"])


if __name__ == "__main__":
    main()
