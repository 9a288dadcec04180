"""A whole FlowTime to be killed: `serve` with two web workers and two task workers on a data directory of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from tests import flows
from tests.conftest import REPOSITORY
from tests.project.test_serve import Served, is_alive, wait_for


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 when nothing did, because the other side died."""

    status: int
    body: Any
    headers: Any = None

    @property
    def id(self) -> str:
        return str(self.body.get("runId") or self.body["capture"]["captureId"])


@dataclass(frozen=True, slots=True)
class Place:
    """A data directory after its first visit, and whoever may use it."""

    data: Path
    environment: dict[str, str]
    token: str

    def manage(self, *arguments: str) -> Any:
        """What a command of manage.py prints, read where it is a JSON document. It must succeed."""
        result = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=REPOSITORY,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return json.loads(result.stdout) if result.stdout.startswith("{") else result.stdout

    def maintain(self, *commands: str) -> list[Any]:
        """What maintenance commands print with ``--json``, one after the other, in one process."""
        code = (
            "import io, json\n"
            "from django.core.management import call_command\n"
            "told = []\n"
            f"for command in {commands!r}:\n"
            "    out = io.StringIO()\n"
            "    try:\n"
            "        call_command(*command.split(), '--json', stdout=out)\n"
            "    except SystemExit:\n"
            "        pass\n"
            "    told.append(json.loads(out.getvalue()))\n"
            "print(json.dumps({'told': told}))\n"
        )
        return list(self.manage("shell", "--no-imports", "-c", code)["told"])

    def at(self, data: Path) -> Place:
        """The same place where its data directory has been moved to."""
        return Place(data, self.environment | {"FLOWTIME_DATA_DIR": str(data)}, self.token)


def make_place(data: Path) -> Place:
    """Bootstrap ``data`` and give it the small templates."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    templates = data.parent / "templates"
    templates.mkdir(exist_ok=True)
    flows.add_template(templates, flows.DESK, name="desk")
    unlimited = {f"FLOWTIME_THROTTLE_{name}": "1000000/min" for name in ("RUNS", "CAPTURES")}
    place = Place(
        data,
        kept
        | unlimited
        | {
            "FLOWTIME_DATA_DIR": str(data),
            "FLOWTIME_TEMPLATE_DIRS": str(templates),
            "PYTHONUNBUFFERED": "1",
            # Killed many times a minute: nobody would read their lines.
            "FLOWTIME_LOG_LEVEL": "ERROR",
        },
        "",
    )
    people = place.manage("bootstrap", "--json")["users"]
    return Place(data, place.environment, str(people["operator"]["token"]))


@dataclass
class Service(Served):
    """A running `serve`, asked over HTTP and killed by process."""

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request; a server that dies meanwhile is status 0."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            | {name.replace("_", "-"): value for name, value in headers.items()},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return Answer(response.status, json.loads(response.read()), response.headers)
        except urllib.error.HTTPError as error:
            with suppress(OSError, ValueError, HTTPException):
                return Answer(error.code, json.loads(error.read()), error.headers)
            return Answer(error.code, {}, error.headers)
        except (OSError, ValueError, HTTPException):
            return Answer(0, {})

    def post_run(self, headers: dict[str, str] | None = None, **body: Any) -> Answer:
        return self.ask("POST", "/v1/runs", {"templateId": "desk", **body}, **(headers or {}))

    def post_capture(
        self, run_id: str, headers: dict[str, str] | None = None, **output: Any
    ) -> Answer:
        body = {"source": {"type": "run", "runId": run_id}, "output": output}
        return self.ask("POST", "/v1/telemetry/captures", body, **(headers or {}))

    def post_replay(self, run_id: str, source: str, **headers: str) -> Answer:
        return self.ask("POST", f"/v1/runs/{run_id}/replays", {"from": source}, **headers)

    def web_workers(self) -> list[int]:
        """The processes that answer requests: children of gunicorn's master."""
        return [child for master in self.pids("web") for child in children_of(master)]

    def task_workers(self) -> list[int]:
        """The processes that do the background work."""
        return self.pids("worker")

    def pids(self, name: str) -> list[int]:
        """Living children of the supervisor whose name begins with ``name``."""
        found = [
            child for child in children_of(self.process.pid) if name in command_of(child, name)
        ]
        return [child for child in found if is_alive(child)]


def command_of(pid: int, name: str) -> str:
    """``web`` or ``worker``, as the command line of a child of the supervisor tells."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return "worker" if b"db_worker" in words else "web" if b"gunicorn" in words else ""


def children_of(pid: int) -> list[int]:
    """The processes that ``pid`` has started and that have not been waited for."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def kill(pid: int) -> bool:
    """SIGKILL; False when it was gone already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def serving(
    place: Place, *, workers: int = 2, task_workers: int = 2, **more: str
) -> Iterator[Service]:
    """`serve` on a free port, ready to work; stopped by SIGTERM, and all of it gone afterwards."""
    process = subprocess.Popen(
        [
            sys.executable,
            "manage.py",
            "serve",
            "--port",
            "0",
            "--workers",
            str(workers),
            "--task-workers",
            str(task_workers),
        ],
        cwd=REPOSITORY,
        env=place.environment | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    service = Service(process, place.token)

    def read() -> None:
        for line in process.stdout or ():
            service.lines.append(line)

    threading.Thread(target=read, daemon=True).start()
    try:
        if task_workers:
            wait_for(lambda: service.ask("GET", "/readyz").status == 200)
        else:
            wait_for(lambda: service.ask("GET", "/healthz").status == 200)
        yield service
    finally:
        family = [process.pid, *children_of(process.pid)]
        family += [child for pid in family for child in children_of(pid)]
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=40)
        for pid in family:
            kill(pid)
        process.wait(timeout=10)
