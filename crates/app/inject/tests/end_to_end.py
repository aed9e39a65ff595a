"""Runs real applications under `luneta run` and asks the server what arrived.

    python end_to_end.py --luneta target/release/luneta [--ui http://127.0.0.1:4319] [--only uvicorn]

Needs a running server, the PyPI and npm registries for the first run, and uses
--folder for the applications' own environments, which must be the same before
and after.
"""

import argparse
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path

APPS = Path(__file__).resolve().parent / "apps"
PACKAGES = "fastapi uvicorn[standard] gunicorn uvicorn-worker flask django celery requests httpx sqlalchemy<2.1".split()
PATIENCE_SECONDS = 15


class Bench:
    def __init__(self, options):
        self.luneta = [os.path.abspath(options.luneta), *options.luneta_args.split()]
        self.ui = options.ui
        self.folder = Path(options.folder).resolve()
        self.python = self.folder / "venv/bin/python"

    def prepare(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.python.exists():
            subprocess.run([sys.executable, "-m", "venv", self.folder / "venv"], check=True)
            subprocess.run([self.python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        node = self.folder / "node"
        node.mkdir(exist_ok=True)
        for source in APPS.glob("*.?js"):
            (node / source.name).write_bytes(source.read_bytes())
        if not (node / "node_modules/express").exists():
            (node / "package.json").write_text('{"name": "app", "private": true}')
            subprocess.run(["npm", "install", "--silent", "express"], cwd=node, check=True)

    def fingerprint(self):
        """Hash every file of the environment but Python's own caches."""
        digest = hashlib.sha256()
        for path in sorted((self.folder / "venv").rglob("*")):
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
            [*self.luneta, "run", "--service", service, "--", *map(str, command)],
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
    environment = {"TASKS_FOLDER": str(bench.folder / f"queue-{service}")}
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
    "node-express": lambda b, s: server(b, s, ["node", "express.mjs"], HOP, cwd=b.folder / "node"),
    "node-http": lambda b, s: server(b, s, ["node", "plain.cjs"], cwd=b.folder / "node"),
}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--luneta", required=True)
    arguments.add_argument("--luneta-args", default="", help="words before `run`")
    arguments.add_argument("--ui", default="http://127.0.0.1:4319")
    arguments.add_argument("--folder", default=".cache/inject-tests")
    arguments.add_argument("--only", help="a part of the names of the cases to run")
    options = arguments.parse_args()
    bench = Bench(options)
    bench.prepare()
    before = bench.fingerprint()
    failed = []
    for name, case in CASES.items():
        if options.only and options.only not in name:
            continue
        begun = time.monotonic()
        try:
            case(bench, f"{name}-{uuid.uuid4().hex[:8]}")
            verdict = "ok"
        except Exception as fault:
            failed.append(name)
            verdict = f"FAIL {type(fault).__name__}: {fault}"
        print(f"{name:<16} {time.monotonic() - begun:5.1f} s  {verdict}", flush=True)
    if bench.fingerprint() != before:
        failed.append("environment untouched")
        print("FAIL: the application's environment was changed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
