"""How fast `serve` answers over HTTP at 100,000 runs (bundles §8), and many at once. Nothing here fails for being slow."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.perf.engine_workload import workload

REPOSITORY = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow
CREATE_FIGURE = {288: "less than 0.38 s", 8_760: "at most 1.6 s"}
ROWS = int(os.environ.get("FLOWTIME_BENCH_RUNS", "100000"))
FILL = """
import sys, django
django.setup()
from tests.perf.many import fill_runs
fill_runs(int(sys.argv[1]))
"""


class Served:
    """A running `serve` on data of its own."""

    def __init__(self, port: int, token: str, run_id: str) -> None:
        self.port, self.run_id = port, run_id
        self.headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.connect()
        return connection

    def send(
        self,
        connection: http.client.HTTPConnection,
        address: str,
        method: str = "GET",
        body: Any = None,
    ) -> tuple[int, bytes]:
        if connection.sock is None:
            connection.connect()
        # Without it the kernel waits 40 ms to acknowledge what it could do at once.
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        headers = self.headers | ({"Content-Type": "application/json"} if body else {})
        connection.request(
            method, address, body=json.dumps(body) if body else None, headers=headers
        )
        response = connection.getresponse()
        return response.status, response.read()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data = tmp_path_factory.mktemp("http") / "data"
    templates = data.parent / "templates"
    templates.mkdir()
    for bins in CREATE_FIGURE:
        text = workload(20, bins).replace("bench-chain", f"bench-chain-{bins}")
        (templates / f"bench-chain-{bins}.yaml").write_text(text)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = kept | {
        "FLOWTIME_DATA_DIR": str(data),
        "FLOWTIME_TEMPLATE_DIRS": str(templates),
        "DJANGO_SETTINGS_MODULE": "flowtime.settings",
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "1",
        "FLOWTIME_THROTTLE_CAPTURES": "10000/min",
        "FLOWTIME_THROTTLE_RUNS": "10000/min",
    }

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=REPOSITORY,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    made = json.loads(run("manage.py", "bootstrap", "--json"))
    run("-c", FILL, str(ROWS))
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", "0"],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    lines = iter(process.stdout or ())
    port = next(int(found[1]) for line in lines if (found := re.search(r":(\d+)/", line)))
    threading.Thread(target=lambda: list(lines), daemon=True).start()
    yield Served(port, made["users"]["operator"]["token"], made["run"]["runId"])
    process.terminate()
    process.wait(timeout=60)


@pytest.mark.parametrize("what", ["first", "deep", "filtered", "searched", "detail", "window"])
def test_one_request_after_another(
    served: Served, what: str, measure: Callable[..., Any], say: Callable[..., None]
) -> None:
    connection = served.connect()
    address = {
        "first": "/v1/runs",
        "deep": "/v1/runs",
        "filtered": "/v1/runs?templateId=t7&mode=simulation",
        "searched": "/v1/runs?q=number+7",
        "detail": f"/v1/runs/{served.run_id}",
        "window": f"/v1/runs/{served.run_id}/state_window",
    }[what]
    if what == "deep":
        # From the other end of the list: a page that lies nine tenths down.
        span = f"/v1/runs?createdBefore={at_a_tenth()}&pageSize=1"
        cursor = json.loads(served.send(connection, span)[1])["nextCursor"]
        address = f"/v1/runs?cursor={cursor}"
    statuses = set()

    taken = measure(lambda: statuses.add(served.send(connection, address)[0]), rounds=200)

    figure = {"detail": "3 ms", "window": "10 ms"}.get(what, "5 ms")
    say(f"{what} over HTTP at {ROWS:,} runs: {taken.ms}. Specification: {figure}.")
    assert statuses == {200}


def at_a_tenth() -> str:
    from datetime import timedelta

    from tests.factories import START

    return f"{START + timedelta(seconds=ROWS // 30):%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize("bins", CREATE_FIGURE)
def test_creating_a_run_of_twenty_stages(
    served: Served, bins: int, measure: Callable[..., Any], say: Callable[..., None]
) -> None:
    connection = served.connect()
    body = {"templateId": f"bench-chain-{bins}"}
    statuses = set()

    taken = measure(
        lambda: statuses.add(served.send(connection, "/v1/runs", "POST", body)[0]), rounds=10
    )

    say(
        f"a run of 20 stages x {bins:,} bins made over HTTP, its files synced: {taken.both}. "
        f"Specification: {CREATE_FIGURE[bins]}."
    )
    assert statuses == {201}


def test_many_at_once_and_captures_meanwhile(
    served: Served, measure: Callable[..., Any], say: Callable[..., None]
) -> None:
    """50 connections ask for 20 pages each, while 8 others generate telemetry: nobody is refused."""
    statuses: list[int] = []

    def read() -> None:
        connection = served.connect()
        for _ in range(20):
            statuses.append(served.send(connection, "/v1/runs")[0])
        connection.close()

    def capture(number: int) -> None:
        connection = served.connect()
        body = {
            "source": {"type": "run", "runId": served.run_id},
            "output": {"captureKey": f"bench-{number}", "overwrite": True},
        }
        statuses.append(served.send(connection, "/v1/telemetry/captures", "POST", body)[0])
        connection.close()

    def everything() -> None:
        threads = [threading.Thread(target=read) for _ in range(50)]
        threads += [threading.Thread(target=capture, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    taken = measure(everything, rounds=1, setup=statuses.clear)

    say(f"1,000 pages by 50 connections and 8 captures at once: {taken.ms}.")
    assert sorted(set(statuses)) == [200, 201]
    assert (statuses.count(200), statuses.count(201)) == (1000, 8)
