"""Load: plays the guests, and writes down what really happened.

Each line of the record is JSON: `request` for every request made (with the fault
it provoked and the service that fault comes from), `silence` for the times eggs
was told to be silent, and at the end one `total` for each hour, service and user:
requests begun in it, those that failed by the service at fault, and those that were
answered although eggs was silent.
The same seed asks the same questions in the same order.
"""

import argparse
import json
import signal
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from datetime import datetime, timedelta, timezone
from random import Random

# `alice` asks far more than the others.
USERS = ["alice"] * 12 + ["bob", "carol", "dave", "erin", "frank"]
ANSWER_SECONDS_MAX = 20
ROUND_SECONDS = 20.0
SILENT_SECONDS = 3.0


def main():
    options = parse()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # A question that was asked is also written down, so the end waits for its answer.
        signal.signal(number, lambda *_: stop.set())
    with open(options.record, "a", encoding="utf-8", buffering=1) as file:
        record = Record(file)
        play(options, record, stop)
        record.write_totals()


def parse():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for service in ("spam", "eggs", "dice"):
        arguments.add_argument(f"--{service}", required=True, help=f"base URL of {service}")
    arguments.add_argument("--record", required=True, help="file to write down what happened")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--rate", type=float, default=8.0, help="requests per second")
    return arguments.parse_args()


def play(options, record, stop):
    """Ask until told to stop: mostly ordinary questions, and in every round each fault once or more."""
    random = Random(options.seed)
    bases = {"spam": options.spam, "eggs": options.eggs, "dice": options.dice}
    step = 1.0 / options.rate
    due = time.monotonic()
    while not stop.is_set():
        for question in questions_of_round(random, max(20, int(ROUND_SECONDS * options.rate))):
            if question["fault"] == "silence":
                silence_eggs(bases["eggs"], record)
            else:
                begun = now()
                record.request(question, begun, ask(bases[question["service"]], question))
            due = max(due + step, time.monotonic() - 1)
            if stop.wait(max(0.0, due - time.monotonic())):
                break


def questions_of_round(random, count):
    """Make the questions of one round, faults spread over it."""
    questions = [ordinary(random) for _ in range(count)]
    faults = ["rotten"] * 6 + ["storm"] * 2 + ["own"] * 2 + ["slow"] * 3
    for fault in faults:
        questions.insert(random.randrange(len(questions)), faulty(random, fault))
    # The guests who come right after notice: three are not answered, then there is toast.
    middle = len(questions) * 3 // 4
    questions.insert(middle, {"fault": "silence"})
    return questions


def ordinary(random):
    user = random.choice(USERS)
    service = random.choices(["breakfast", "order", "bill", "dice"], weights=[6, 2, 1, 2])[0]
    if service == "breakfast":
        kind = random.choice(["chicken", "chicken", "quail"])
        return question("spam", "GET", "/breakfast", user, kind=kind, count=random.randint(1, 6))
    if service == "order":
        return question("spam", "POST", "/orders", user)
    if service == "bill":
        return question("spam", "GET", "/bill", user, tip=random.randint(0, 3))
    return question("dice", "GET", "/rolldice", user)


def faulty(random, fault):
    user = random.choice(USERS)
    if fault == "rotten":
        asked = question("spam", "GET", "/breakfast", user, kind="rotten", count=1)
        return {**asked, "fault": "error", "origin": "eggs"}
    if fault == "storm":
        asked = question("spam", "GET", "/breakfast", user, kind="dragon", count=1)
        return {**asked, "fault": "retry storm", "origin": "eggs"}
    if fault == "own":
        return {**question("spam", "GET", "/bill", user, tip=-1), "fault": "error", "origin": "spam"}
    return {**question("spam", "GET", "/report", user), "fault": "slow query", "origin": "spam"}


def question(service, method, path, user, **parameters):
    name = "player" if service == "dice" else "user"
    query = urllib.parse.urlencode({name: user, **parameters})
    return {
        "service": service, "method": method, "path": path, "query": query,
        "user": user, "kind": parameters.get("kind"), "fault": None, "origin": None,
    }  # fmt: skip


def ask(base, asked):
    """Ask and return (status, answer, milliseconds); status 0 means no answer."""
    request = urllib.request.Request(f"{base}{asked['path']}?{asked['query']}", method=asked["method"])
    begun = time.perf_counter()
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS_MAX) as response:
            status, body = response.status, response.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    except OSError:
        status, body = 0, b""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = {}
    return status, answer, (time.perf_counter() - begun) * 1000


def silence_eggs(base, record):
    request = urllib.request.Request(f"{base}/silence?seconds={SILENT_SECONDS}", method="POST")
    try:
        urllib.request.urlopen(request, timeout=5).close()
    except OSError:
        return
    until = now() + timedelta(seconds=SILENT_SECONDS)
    record.write(type="silence", service="eggs", seconds=SILENT_SECONDS, until=written(until))


def now():
    return datetime.now(timezone.utc)


def written(time):
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Record:
    """The truth, to compare answers with."""

    def __init__(self, file):
        self._file = file
        self._totals = Counter()

    def write(self, **fields):
        self._file.write(json.dumps({"time": written(now()), **fields}) + "\n")

    def request(self, asked, begun, outcome):
        status, answer, milliseconds = outcome
        detail = answer.get("detail", answer)
        detail = detail if isinstance(detail, dict) else {}
        # Spans count in the hour in which they began, and so do requests.
        key = begun.strftime("%Y-%m-%dT%H:00:00Z"), asked["service"], asked["user"]
        self._totals[key, "requests", None] += 1
        if status >= 500:
            self._totals[key, "errors", asked["origin"]] += 1
        if detail.get("fallback"):
            self._totals[key, "fallbacks", None] += 1
        self.write(
            type="request",
            begun=written(begun),
            service=asked["service"],
            method=asked["method"],
            path=asked["path"],
            user=asked["user"],
            kind=asked["kind"],
            status=status,
            milliseconds=round(milliseconds, 1),
            fault=asked["fault"],
            origin=asked["origin"],
            attempts=detail.get("attempts"),
            fallback=detail.get("fallback"),
        )

    def write_totals(self):
        merged = {}
        for (key, what, origin), count in self._totals.items():
            total = merged.setdefault(key, {"requests": 0, "errors": 0, "fallbacks": 0, "origins": {}})
            total[what] += count
            if what == "errors":
                total["origins"][origin or "unknown"] = count
        for (hour, service, user), total in sorted(merged.items()):
            self.write(type="total", hour=hour, service=service, user=user, **total)


if __name__ == "__main__":
    main()
