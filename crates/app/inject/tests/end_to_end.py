"""Runs real applications under `luneta run` and asks the server what arrived.

    python end_to_end.py --luneta target/release/luneta --data DIR --python VENV/bin/python [--only uvicorn]

`cargo xtask test` prepares what it needs: a server that runs on the data folder, a virtual environment
with requirements.txt, which must be the same before and after, and node_modules in apps/.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

APPS = Path(__file__).resolve().parent / "apps"
PATIENCE_SECONDS = 30
# Cases wait more than they compute.
AT_ONCE = 3


class Bench:
    def __init__(self, options):
        self.luneta = os.path.abspath(options.luneta)
        self.data = Path(options.data).resolve()
        self.ui = json.loads((self.data / "luneta.addresses.json").read_text())["http"]
        self.python = Path(os.path.abspath(options.python))
        self.scratch = Path(tempfile.mkdtemp(prefix="luneta-inject-"))

    def fingerprint(self):
        """Hash every file of the environment but Python's own caches."""
        digest = hashlib.sha256()
        for path in sorted(self.python.parent.parent.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(str(path).encode() + path.read_bytes())
        return digest.hexdigest()

    def tool(self, name):
        return str(self.python.with_name(name))

    def sql(self, query):
        request = urllib.request.Request(
            f"{self.ui}/api/sql", json.dumps({"query": query}).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)["rows"]

    def run(self, service, command, **options):
        environment = {**os.environ, **options.pop("environment", {})}
        return subprocess.Popen(
            [self.luneta, "run", "--data", self.data, "--service", service, "--", *map(str, command)],
            env=environment, cwd=options.pop("cwd", APPS), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options,
        )  # fmt: skip

    def expect(self, service, *queries):
        """Wait until each query (of `{service}`) returns a first value above 0."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        for query in queries:
            query = query.replace("{service}", f"service_name = '{service}'")
            while not (rows := self.sql(query)) or not rows[0][0]:
                assert time.monotonic() < deadline, f"nothing for: {query}"
                time.sleep(0.5)


SPANS = "SELECT count(*) FROM spans WHERE {service}"
LOGS = "SELECT count(*) FROM logs WHERE {service}"
METRICS = "SELECT count(*) FROM metrics WHERE {service}"
LOGS_IN_TRACES = LOGS + " AND trace_id IS NOT NULL"
HOP = (
    "SELECT count(*) FROM (SELECT trace_id FROM spans WHERE {service} AND kind IN ('SERVER', 'CLIENT') "
    "GROUP BY trace_id HAVING count(*) >= 3) AS hops"
)


def server(bench, service, command, *queries, exit_codes=(0, 143), path="/", **options):
    """Start a web server, ask it twice, stop it with SIGTERM, and look at what arrived."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [str(word).replace("PORT", str(port)) for word in command]
    process = bench.run(service, words, environment={"PORT": str(port)}, **options)
    try:
        for attempt in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).read()
                break
            except OSError:
                assert process.poll() is None, process.stdout.read()
                time.sleep(0.25)
        urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).read()
        time.sleep(1)
    finally:
        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=20)[0]
    assert process.returncode in exit_codes, (process.returncode, output)
    bench.expect(service, SPANS, METRICS, *queries)


def script(bench, service):
    plain = subprocess.run([bench.python, APPS / "script.py"], capture_output=True, text=True)
    process = bench.run(service, [bench.python, APPS / "script.py"])
    output = process.communicate(timeout=120)[0]
    assert process.returncode == plain.returncode == 3, output
    for line in (plain.stdout + plain.stderr).splitlines():
        assert line in output, f"{line!r} is missing in {output!r}"
    assert "not shown" not in output and "in the child" not in output, output
    bench.expect(service, SPANS, METRICS, LOGS + " AND body = 'not shown'", LOGS + " AND body = 'in the child'")


def terminated_script(bench, service):
    process = bench.run(service, [bench.python, APPS / "script.py", "wait"])
    while "waiting" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 143, process.returncode
    bench.expect(service, SPANS, LOGS)


def celery(bench, service):
    environment = {"TASKS_FOLDER": str(bench.scratch / service)}
    worker = bench.run(service, [bench.tool("celery"), "-A", "tasks", "worker", "-c", "2", "-l", "info"], environment=environment)
    time.sleep(5)
    asking = bench.run(service, [bench.python, APPS / "tasks.py"], environment=environment)
    asking.communicate(timeout=60)
    time.sleep(3)
    worker.send_signal(signal.SIGTERM)
    output = worker.communicate(timeout=30)[0]
    assert worker.returncode == 0, output
    bench.expect(service, SPANS + " AND kind = 'PRODUCER'", SPANS + " AND kind = 'CONSUMER'", LOGS_IN_TRACES)


CASES = {
    "uvicorn": lambda b, s: server(b, s, [b.tool("uvicorn"), "fast:app", "--port", "PORT"], LOGS_IN_TRACES, HOP),
    "uvicorn-reload": lambda b, s: server(
        b, s, [b.tool("uvicorn"), "fast:app", "--port", "PORT", "--reload"], LOGS_IN_TRACES, HOP
    ),
    "uvicorn-workers": lambda b, s: server(
        b, s, [b.tool("uvicorn"), "fast:app", "--port", "PORT", "--workers", "2"], LOGS_IN_TRACES, HOP
    ),
    "gunicorn": lambda b, s: server(
        b, s, [b.tool("gunicorn"), "-w", "2", "-k", "uvicorn_worker.UvicornWorker", "-b", "127.0.0.1:PORT", "fast:app"],
        LOGS_IN_TRACES, HOP,
    ),  # fmt: skip
    "flask": lambda b, s: server(b, s, [b.tool("flask"), "--app", "flaskapp", "run", "--port", "PORT"], LOGS_IN_TRACES, HOP),
    "django": lambda b, s: server(b, s, [b.python, "manage.py", "runserver", "--noreload", "PORT"], LOGS_IN_TRACES),
    "script": script,
    "terminated": terminated_script,
    "celery": celery,
    "node-express": lambda b, s: server(b, s, ["node", "express.mjs"], HOP),
    "node-http": lambda b, s: server(b, s, ["node", "plain.cjs"]),
}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--luneta", required=True)
    arguments.add_argument("--data", required=True, help="data folder of a running server")
    arguments.add_argument("--python", required=True, help="a Python that has requirements.txt installed")
    arguments.add_argument("--only", help="a part of the names of the cases to run")
    options = arguments.parse_args()
    bench = Bench(options)
    before = bench.fingerprint()
    failed = []

    def attempt(name):
        begun = time.monotonic()
        try:
            CASES[name](bench, f"{name}-{uuid.uuid4().hex[:8]}")
            verdict = "ok"
        except Exception as fault:
            failed.append(name)
            verdict = f"FAIL {type(fault).__name__}: {fault}"
        print(f"{name:<16} {time.monotonic() - begun:5.1f} s  {verdict}", flush=True)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(attempt, [name for name in CASES if (options.only or "") in name]))
    shutil.rmtree(bench.scratch, ignore_errors=True)
    if bench.fingerprint() != before:
        failed.append("environment untouched")
        print("FAIL: the application's environment was changed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
