"""The command as a user calls it, a FlowTime server, and a server that is not one."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from flowtime.cli.main import run


def pytest_itemcollected(item: pytest.Item) -> None:
    """The command knows no database: it asks the API, whose own tests run on both."""
    item.add_marker(pytest.mark.one_database)


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, its data and its messages."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Ended]


@pytest.fixture
def config_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without any configuration, in the file or in the environment."""
    home = tmp_path / "config-home"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    for name in ("FLOWTIME_URL", "FLOWTIME_TOKEN", "FLOWTIME_PROFILE", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def flowtime(
    config_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Call it with arguments, as a shell would; ``stdin`` is what is typed."""

    def call(*arguments: str, stdin: str = "") -> Ended:
        import io

        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        capsys.readouterr()
        code = run(list(arguments))
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return call


###############################################################################
# A FlowTime server
###############################################################################
@pytest.fixture
def server(live_server: Any, config_home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A running FlowTime; the environment names it."""
    monkeypatch.setenv("FLOWTIME_URL", live_server.url)
    return str(live_server.url)


def token_of(person: Any) -> str:
    """A new token of a person."""
    from flowtime.people.models import Token

    return str(Token.objects.create(user=person)[1])


@pytest.fixture
def operator(server: str, alice: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Alice is signed in by the environment."""
    monkeypatch.setenv("FLOWTIME_TOKEN", token_of(alice))
    return alice


@pytest.fixture
def viewer(server: str, victor: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Victor is signed in by the environment."""
    monkeypatch.setenv("FLOWTIME_TOKEN", token_of(victor))
    return victor


@pytest.fixture
def storm(flowtime: Command, operator: Any) -> str:
    """The id of a finished run of the storm week."""
    made = flowtime("runs", "create", "nyc-departures", "-p", "stormSeverity=1", "--json")
    assert made.code == 0, made.err
    return str(made.json()["runId"])


@pytest.fixture
def captured(flowtime: Command, storm: str) -> str:
    """The id of the capture of the storm's telemetry."""
    made = flowtime("telemetry", "capture", storm, "--json")
    assert made.code == 0, made.err
    return str(made.json()["capture"]["captureId"])


###############################################################################
# A server that is not FlowTime
###############################################################################
@dataclass
class Stranger:
    """A web server that answers as it is told and remembers what it was asked."""

    url: str = ""
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def answer(self, document: object, *, status: int = 200, **headers: str) -> None:
        self.body, self.status = json.dumps(document).encode(), status
        self.headers = {"Content-Type": "application/json", **headers}


@pytest.fixture
def stranger(config_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stranger]:
    """A server at an address that the environment names, with a token."""
    told = Stranger()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append((self.command, self.path, dict(self.headers)))
            body = told.answers.get(self.path, told.body)
            self.send_response_only(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{listening.server_port}"
    monkeypatch.setenv("FLOWTIME_URL", told.url)
    monkeypatch.setenv("FLOWTIME_TOKEN", "t" * 64)
    thread = Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    yield told
    listening.shutdown()
    thread.join()
    listening.server_close()
