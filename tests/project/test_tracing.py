"""Traces reach a collector when they are asked for, and nothing is imported when they are not."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = """
import logging, sys
from io import BytesIO
from flowtime.wsgi import application
from flowtime.tracing import job_span
from opentelemetry import trace
import structlog

environ = {
    "REQUEST_METHOD": "GET", "PATH_INFO": "/healthz", "SERVER_NAME": "localhost",
    "SERVER_PORT": "80", "HTTP_HOST": "localhost", "wsgi.input": BytesIO(), "wsgi.url_scheme": "http",
}
application(environ, lambda *_: None)
with job_span("run", "run_1"):
    structlog.get_logger("test").warning("job.looked_at")
trace.get_tracer_provider().shutdown()
"""


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """Takes traces as an OpenTelemetry collector does; yields its address and what it was sent."""
    received: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}", received
    listening.shutdown()
    thread.join()
    listening.server_close()


def run(program: str, data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("FLOWTIME_", "DJANGO_", "DATABASE_URL", "OTEL_"))
    }
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        env=kept
        | {"FLOWTIME_DATA_DIR": str(data), "SECRET_KEY": "k" * 60, "FLOWTIME_LOG_JSON": "true"}
        | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_requests_and_jobs_reach_the_collector(
    collector: tuple[str, list[bytes]], tmp_path: Path
) -> None:
    url, received = collector

    ended = run(PROGRAM, tmp_path, FLOWTIME_TRACES="true", OTEL_EXPORTER_OTLP_ENDPOINT=url)

    assert ended.returncode == 0, ended.stderr
    sent = b"".join(received)
    for word in (b"flowtime-web", b"healthz", b"run.work", b"run_1"):
        assert word in sent
    line = next(json.loads(ln) for ln in ended.stderr.splitlines() if "job.looked_at" in ln)
    assert len(line["trace_id"]) == 32
    assert bytes.fromhex(line["trace_id"]) in sent


def test_nothing_is_imported_unless_asked_for(tmp_path: Path) -> None:
    program = "import sys, flowtime.wsgi; sys.exit('opentelemetry' in sys.modules)"

    assert run(program, tmp_path).returncode == 0
