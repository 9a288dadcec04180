"""The product as it is served, two web processes: shared limits, headers on the wire, and a log that tells nothing (rows 21, 22)."""

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import REPOSITORY
from tests.project.test_serve import wait_for
from tests.security.payloads import traversals

pytestmark = [pytest.mark.slow, pytest.mark.failure(21), pytest.mark.failure(22)]

KEY = "sentinel-secret-key-of-a-served-product-0123456789abcdefghijklmnopqrstuvwxyz"
LIMIT = 6


@dataclass
class Served:
    """A running `serve`, its people, and everything it has written."""

    process: subprocess.Popen[str]
    data: Path
    people: dict[str, dict[str, str]]
    lines: list[str] = field(default_factory=list)

    @property
    def place(self) -> Any:
        def address() -> str:
            found = [line for line in self.lines if "http://" in line]
            return found[0].split("http://")[1].split("/")[0].split()[0] if found else ""

        return urlsplit("http://" + wait_for(address))

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, str]:
        """One request on a connection of its own, so that either process may take it."""
        connection = http.client.HTTPConnection(self.place.hostname, self.place.port, timeout=30)
        data = None if body is None else json.dumps(body)
        more = {"Content-Type": "application/json"} if body is not None else {}
        # As it is: a client of the standard library would refuse some of these paths.
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in {**more, **headers, "Content-Length": str(len(data or ""))}.items():
            connection.putheader(name, value)
        connection.endheaders((data or "").encode())
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        connection.close()
        return answer.status, answer.headers, text

    def bearer(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.people[name]['token']}"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data = tmp_path_factory.mktemp("served") / "data"
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = kept | {
        "FLOWTIME_DATA_DIR": str(data),
        "SECRET_KEY": KEY,
        "PYTHONUNBUFFERED": "1",
        "FLOWTIME_LOG_LEVEL": "DEBUG",
        "FLOWTIME_THROTTLE_LOGIN": f"{LIMIT}/min",
    }
    manage = [sys.executable, "manage.py"]
    made = subprocess.run(
        [*manage, "bootstrap", "--json"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    process = subprocess.Popen(
        [*manage, "serve", "--port", "0", "--workers", "2", "--threads", "2"],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    running = Served(process, data, json.loads(made.stdout.splitlines()[-1])["users"])

    def read() -> None:
        for line in process.stdout or ():
            running.lines.append(line)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    wait_for(lambda: running.ask("GET", "/readyz")[0] == 200)
    yield running
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=40)


def children_of(pid: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            if f"PPid:\t{pid}\n" in status.read_text():
                found.append(int(status.parent.name))
        except OSError:
            continue
    return found


def test_two_processes_count_attempts_to_sign_in_together(served: Served) -> None:
    web = next(line for line in served.lines if "web started" in line)
    master = int(web.split("process ")[1].split(",")[0].split(")")[0])
    assert len(children_of(master)) == 2
    wrong = base64.b64encode(b"nobody-here:wrong").decode()

    def attempt(_: int) -> tuple[int, str]:
        status, headers, _text = served.ask(
            "POST", "/v1/auth/tokens", {}, Authorization=f"Basic {wrong}"
        )
        return status, headers.get("Retry-After", "")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(attempt, range(3 * LIMIT)))

    assert Counter(status for status, _ in answers) == {401: LIMIT, 429: 2 * LIMIT}
    assert all(0 < int(wait) <= 60 for status, wait in answers if status == 429)


def test_paths_that_climb_are_refused_on_the_wire(served: Served, tmp_path: Path) -> None:
    """Without a client that tidies them up first."""
    tried = 0
    for payload in traversals(tmp_path):
        text = "".join(c for c in payload if 0x20 < ord(c) < 0x7F)
        if not text or text.startswith("?"):
            continue
        for start in ("/", "/v1/runs/", "/static/", "/v1/templates/", "/docs/problems/"):
            status, _, body = served.ask("GET", start + text, **served.bearer("operator"))
            assert status in (200, 301, 302, 400, 404, 414), (start, text)
            assert "root:" not in body
            assert str(REPOSITORY) not in body
            tried += 1
    assert tried > 100


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /v1/runs HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET /runs HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Host: evil.example\r\n\r\n",
        b"GET http://evil.example/runs HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /runs\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"NONSENSE\r\n\r\n",
    ],
)
def test_what_is_no_request_of_ours_is_refused(served: Served, request_line: bytes) -> None:
    with socket.create_connection((served.place.hostname, served.place.port), timeout=30) as wire:
        wire.sendall(request_line.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        answer = b""
        while piece := wire.recv(65536):
            answer += piece

    status = int(answer.split()[1])
    assert status in (302, 400, 401, 404, 414, 431), answer[:200]
    head = answer.partition(b"\r\n\r\n")[0]
    assert b"evil.example" not in head
    assert b"Traceback" not in answer


def test_the_log_tells_neither_places_nor_secrets(served: Served) -> None:
    """After signing in, a run, a capture, a replay and every kind of refusal, at the most talkative level."""
    operator = served.bearer("operator")
    person = base64.b64encode(f"admin:{served.people['admin']['password']}".encode()).decode()
    served.ask("POST", "/v1/auth/tokens", {"name": "x"}, Authorization=f"Basic {person}")
    _, _, made = served.ask("POST", "/v1/runs", {"templateId": "first-steps"}, **operator)
    run_id = json.loads(made)["runId"]
    source = {"source": {"type": "run", "runId": run_id}}
    assert served.ask("POST", "/v1/telemetry/captures", source, **operator)[0] == 201
    assert served.ask("POST", "/v1/telemetry/captures", source, **operator)[0] == 409
    series = next((served.data / "telemetry/runs" / run_id).rglob("*_*.csv"))
    series.write_text("changed")
    assert (
        served.ask("POST", f"/v1/runs/{run_id}/replays", {"from": "telemetry"}, **operator)[0]
        == 422
    )
    async_headers = operator | {"Prefer": "respond-async"}
    assert served.ask("POST", "/v1/runs", {"templateId": "first-steps"}, **async_headers)[0] == 202
    (served.data / "runs").rename(served.data / "aside")
    broken = served.ask("POST", "/v1/runs", {"templateId": "first-steps"}, **operator)
    (served.data / "aside").rename(served.data / "runs")
    assert broken[0] == 503
    served.ask("GET", "/v1/runs?token=" + served.people["operator"]["token"][:20], **operator)
    wait_for(lambda: sum("run.created" in line for line in served.lines) >= 2)

    log = "".join(line for line in served.lines if "http://" not in line)

    assert len(served.lines) > 20
    secrets = [KEY, *(value for one in served.people.values() for value in one.values())]
    places = [str(served.data), str(served.data.parent), str(REPOSITORY), sys.prefix]
    if Path.home() != Path("/"):
        places.append(f"{Path.home()}/")
    for private in (*secrets, *places):
        assert private not in log, [line for line in served.lines if private in line][:2]
    assert person not in log
