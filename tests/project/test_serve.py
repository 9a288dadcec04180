"""`serve`: web and worker as one process, kept alive, stopped in time."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from flowtime.supervisor import Child, Supervisor
from tests.project.test_settings import KEY, REPOSITORY

pytestmark = pytest.mark.slow
SECONDS = 30.0


def wait_for(what: Callable[[], Any], *, seconds: float = SECONDS) -> Any:
    """The first true answer of ``what``; fails the test when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := what():
            return answer
        time.sleep(0.05)
    pytest.fail(f"Nothing after {seconds} s.")


@dataclass
class Served:
    """A running `serve` and what it has said."""

    process: subprocess.Popen[str]
    token: str
    lines: list[str] = field(default_factory=list)

    def said(self, pattern: str) -> re.Match[str] | None:
        return next((found for line in self.lines if (found := re.search(pattern, line))), None)

    @property
    def url(self) -> str:
        return str(wait_for(lambda: self.said(r"(http://[^/ ]+)/")).group(1))

    def get(self, path: str) -> tuple[int, str]:
        request = urllib.request.Request(
            self.url + path, headers={"Authorization": f"Bearer {self.token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    data = tmp_path_factory.mktemp("serve") / "data"
    return kept | {"FLOWTIME_DATA_DIR": str(data), "PYTHONUNBUFFERED": "1"}


@pytest.fixture(scope="module")
def token(environment: dict[str, str]) -> str:
    """A data directory after its first visit, with the key that bootstrap made."""
    result = subprocess.run(
        [sys.executable, "manage.py", "bootstrap", "--json"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return str(json.loads(result.stdout)["users"]["operator"]["token"])


@pytest.fixture
def served(environment: dict[str, str], token: str) -> Iterator[Served]:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", "0", "--workers", "1"],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    running = Served(process, token)

    def read() -> None:
        for line in process.stdout or ():
            running.lines.append(line)

    threading.Thread(target=read, daemon=True).start()
    yield running
    if process.poll() is None:
        process.kill()
    process.wait(timeout=SECONDS)


def is_alive(pid: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


class TestServe:
    def test_serves_is_ready_and_ends_with_both_children_on_sigterm(self, served):
        assert served.get("/healthz")[0] == 200
        wait_for(lambda: served.get("/readyz")[0] == 200)
        status, body = served.get("/v1/runs")
        assert status == 200
        assert json.loads(body)["totalCount"] == 1
        pids = [
            int(served.said(rf"{name} started \(process (\d+)").group(1))
            for name in ("web", "worker 1")
        ]

        started = time.monotonic()
        served.process.send_signal(signal.SIGTERM)

        assert served.process.wait(timeout=SECONDS) == 0
        assert time.monotonic() - started < 15
        assert not any(is_alive(pid) for pid in pids)

    def test_a_killed_worker_is_started_again(self, served):
        wait_for(lambda: served.get("/readyz")[0] == 200)
        pid = int(served.said(r"worker 1 started \(process (\d+)").group(1))

        os.kill(pid, signal.SIGKILL)

        restarted = wait_for(lambda: served.said(r"worker 1 restarted \(process (\d+)"))
        assert int(restarted.group(1)) != pid
        assert served.get("/healthz")[0] == 200

    def test_a_killed_web_server_is_started_again_at_the_same_address(self, served):
        assert served.get("/healthz")[0] == 200
        pid = int(served.said(r"web started \(process (\d+)").group(1))

        os.kill(pid, signal.SIGKILL)

        wait_for(lambda: served.said(r"web restarted"))
        assert served.get("/healthz")[0] == 200

    def test_children_do_not_outlive_a_killed_supervisor(self, served):
        served.get("/healthz")
        pids = [
            int(served.said(rf"{name} started \(process (\d+)").group(1))
            for name in ("web", "worker 1")
        ]

        served.process.kill()

        wait_for(lambda: not any(is_alive(pid) for pid in pids))

    def test_counts_of_every_process_are_told_together(self, served):
        wait_for(lambda: served.get("/readyz")[0] == 200)

        _, body = served.get("/metrics")

        assert "django_http_requests_total_by_method_total" in body


class TestRefusal:
    @staticmethod
    def serve(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", "serve", *arguments],
            cwd=REPOSITORY,
            env={"PATH": os.environ["PATH"], "SECRET_KEY": KEY} | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def test_a_database_without_migrations_is_not_served(self, tmp_path):
        result = self.serve(FLOWTIME_DATA_DIR=str(tmp_path))

        assert result.returncode == 1
        assert "Run `python manage.py migrate`." in result.stderr
        assert str(tmp_path) not in result.stderr

    def test_a_taken_port_is_named(self, served, environment):
        port = served.url.rsplit(":", 1)[1]

        result = self.serve("--port", port, **environment)

        assert result.returncode == 1
        assert f"Port {port} cannot be used" in result.stderr


class TestSupervisor:
    def test_gives_up_on_what_cannot_live(self):
        told: list[str] = []
        child = Child("broken", [sys.executable, "-c", "raise SystemExit(3)"], dict(os.environ))

        code = Supervisor([child], tell=lambda event, _name, _number: told.append(event)).run()

        assert code == 1
        assert told.count("died") == 6
