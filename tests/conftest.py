"""What every test starts from: its own roots, three people, their clients, and a look at every response."""

import copy
import gc
import getpass
import logging
import re
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpResponseBase
from django.test import Client, TransactionTestCase
from rest_framework.test import APIClient

from flowtime.engine.native import library
from tests import contract
from tests.faults.table import Table

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class DataDirs:
    """Where one test keeps what the product keeps."""

    data: Path
    runs: Path
    telemetry: Path
    templates: Path


@pytest.fixture(autouse=True)
def data_dirs(tmp_path: Path, settings: Any) -> DataDirs:
    """Fresh roots for one test, in the settings; ``templates`` is in TEMPLATE_DIRS."""
    data = tmp_path / "flowtime-data"
    dirs = DataDirs(data, data / "runs", data / "telemetry", data / "templates")
    for directory in (dirs.runs, dirs.telemetry, dirs.templates):
        directory.mkdir(parents=True)
    settings.DATA_DIR = dirs.data
    settings.RUNS_ROOT = dirs.runs
    settings.TELEMETRY_ROOT = dirs.telemetry
    settings.TEMPLATE_DIRS = [dirs.templates]
    return dirs


@pytest.fixture(autouse=True, scope="session")
def engine_path(request: pytest.FixtureRequest) -> Iterator[None]:
    """With ``--without-native`` the engine runs as on a machine without a C compiler."""
    if not request.config.getoption("without_native"):
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library, "open_library", lambda _built: None)
        library.load.cache_clear()
        yield
    library.load.cache_clear()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--without-native",
        action="store_true",
        help="the engine on numpy alone, as where no C compiler is",
    )
    parser.addoption(
        "--database-only",
        action="store_true",
        help="only tests that touch the database, as the second database's run needs",
    )

    parser.addoption(
        "--kill-seconds",
        type=float,
        default=5.0,
        help="how long processes are killed at random under load",
    )

    parser.addoption(
        "--failure-table",
        action="store_true",
        help="only tests of the failure model, and their table at the end",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Let the report of a test say which rows of the failure model it stands for."""
    report = yield
    rows = [("failure", row) for mark in item.iter_markers("failure") for row in mark.args]
    report.user_properties = [*item.user_properties, *rows]
    return report


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The table of the failure model, where it was asked for."""
    if not config.getoption("--failure-table"):
        return
    table = Table()
    for outcome in ("passed", "failed", "skipped", "error"):
        for report in terminalreporter.stats.get(outcome, ()):
            if report.when == "call" or outcome != "passed":
                table.add(outcome, report.user_properties)
    terminalreporter.section("The failure model")
    for line in table.lines():
        terminalreporter.write_line(line)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what was not asked for: other tests than those of the failure model, or what has nothing to say
    about another database because it uses none, or a browser."""
    if config.getoption("--failure-table"):
        leave_out(config, items, lambda item: item.get_closest_marker("failure") is None)
    if config.getoption("--database-only"):
        leave_out(config, items, lambda item: not touches_database(item))
    begin_with_slow(items)


def begin_with_slow(items: list[pytest.Item]) -> None:
    """Put files with slow tests first: where processes share files out, none is left with a long one at the end."""
    slow = {
        item.path
        for item in items
        if item.get_closest_marker("slow") or item.get_closest_marker("browser")
    }
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """What is here before the first test stays to the end: the garbage collector need not look at it each time."""
    gc.collect()
    gc.freeze()


def leave_out(
    config: pytest.Config, items: list[pytest.Item], is_unwanted: Callable[[pytest.Item], bool]
) -> None:
    """Take tests out of what was collected, and say how many."""
    unwanted = {item for item in items if is_unwanted(item)}
    config.hook.pytest_deselected(items=[item for item in items if item in unwanted])
    items[:] = [item for item in items if item not in unwanted]


def touches_database(item: pytest.Item) -> bool:
    """Whether the second database could make a difference to this test."""
    if item.get_closest_marker("browser") or item.get_closest_marker("one_database"):
        return False
    fixtures = getattr(item, "fixturenames", ())
    return bool(item.get_closest_marker("django_db") or {"db", "transactional_db"} & set(fixtures))


###############################################################################
# A database for each test
###############################################################################
# Made by `migrate`, and changed by no test.
KEPT_TABLES = {"django_content_type", "auth_permission"}


@pytest.fixture(scope="session", autouse=True)
def _empty_tables_cheaply() -> Iterator[None]:
    """After a test that commits, delete its rows; Django's way, to truncate and then to make all permissions anew,
    takes longer than most such tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: empty_tables())
        yield


def empty_tables() -> None:
    """The database as it is after `migrate`."""
    from flowtime.api.roles import ensure_roles

    tables = set(connection.introspection.django_table_names(only_existing=True)) - KEPT_TABLES
    # Foreign keys are looked at when this commits, so the order is any.
    with transaction.atomic(), connection.cursor() as cursor:
        for table in sorted(tables):
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")
    ensure_roles()


###############################################################################
# People
###############################################################################
PASSWORDS = ("alicealice", "victorvictor", "adaada")


def make_person(name: str, role: str) -> Any:
    """A user of one role; the password is the name twice."""
    from django.contrib.auth import get_user_model

    from flowtime.api.roles import assign_role, ensure_roles

    ensure_roles()
    person = get_user_model().objects.create_user(name, f"{name}@example.org", name * 2)
    assign_role(person, role)
    # Read back: permissions are cached on the object.
    return get_user_model().objects.get(pk=person.pk)


@pytest.fixture
def alice(db: None) -> Any:
    """Alice is an operator."""
    return make_person("alice", "operator")


@pytest.fixture
def victor(db: None) -> Any:
    """Victor is a viewer."""
    return make_person("victor", "viewer")


@pytest.fixture
def ada(db: None) -> Any:
    """Ada is an admin."""
    return make_person("ada", "admin")


def client_of(person: Any | None) -> APIClient:
    """An API client signed in as ``person``, whose server errors are responses, not exceptions."""
    client = APIClient(raise_request_exception=False)
    if person is not None:
        client.force_login(person, backend="flowtime.api.authentication.ModelBackend")
    return client


@pytest.fixture
def api(alice: Any) -> APIClient:
    """The API as the operator sees it."""
    return client_of(alice)


@pytest.fixture
def viewer_api(victor: Any) -> APIClient:
    """The API as a viewer sees it."""
    return client_of(victor)


@pytest.fixture
def admin_api(ada: Any) -> APIClient:
    """The API as an admin sees it."""
    return client_of(ada)


@pytest.fixture
def anonymous_api(db: None) -> APIClient:
    """The API as a stranger sees it."""
    return client_of(None)


def page_client(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="flowtime.api.authentication.ModelBackend")
    return client


@pytest.fixture
def pages(alice: Any) -> Client:
    """The pages as the operator sees them."""
    return page_client(alice)


@pytest.fixture
def viewer_pages(victor: Any) -> Client:
    """The pages as a viewer sees them."""
    return page_client(victor)


@pytest.fixture
def admin_pages(ada: Any) -> Client:
    """The pages and the admin as an admin sees them."""
    return page_client(ada)


###############################################################################
# Background work
###############################################################################
@pytest.fixture
def run_tasks(db: None) -> Callable[[], int]:
    """Call it to do what the worker would do now; it returns how many tasks ran."""

    def drain() -> int:
        from flowtime.tasks.drain import drain_tasks

        # Inside a test's transaction nothing commits; what waits for the commit runs here.
        while connection.in_atomic_block and connection.run_on_commit:
            waiting, connection.run_on_commit = connection.run_on_commit, []
            for _, callback, _ in waiting:
                callback()
        return drain_tasks()

    return drain


@pytest.fixture(autouse=True)
def _empty_cache(request: pytest.FixtureRequest) -> None:
    """The database cache is part of the test's transaction only when there is one."""
    if "transactional_db" in request.fixturenames:
        request.getfixturevalue("transactional_db")
        cache.clear()


###############################################################################
# No response tells where anything lies
###############################################################################
TRACEBACK = re.compile(rb"Traceback \(most recent call last\)|File \"[^\"]+\.py\", line \d+")
SECRET = re.compile(rb"sentinel-secret-[0-9a-z-]+")


@lru_cache(maxsize=1)
def private_words(dirs: DataDirs) -> list[bytes]:
    """What must never be told: directories of the test, the code and the user, and the host's name."""
    words = {
        str(dirs.data.parent),
        str(REPOSITORY),
        str(Path.home()),
        sys.prefix,
        str(django_settings.BASE_DIR),
    }
    words |= {str(Path(word).resolve()) for word in words}
    host = socket.gethostname()
    # A host called after a common word would accuse innocent text.
    if len(host) >= 8 and host not in ("localhost", getpass.getuser()):
        words.add(host)
    return [word.encode() for word in words if len(word) >= len("/root")]


def leaks_in(response: HttpResponseBase, dirs: DataDirs) -> list[str]:
    """Private words in the body and headers of ``response``."""
    head = "\n".join(f"{name}: {value}" for name, value in response.items()).encode()
    body = b""
    if not response.streaming:
        body = response.content  # type: ignore[attr-defined]
    found = [word.decode() for word in private_words(dirs) if word in head or word in body]
    found += ["a traceback"] if TRACEBACK.search(body) else []
    found += ["a secret"] if SECRET.search(body) or SECRET.search(head) else []
    return found


@pytest.fixture(autouse=True)
def no_response_leaks(monkeypatch: pytest.MonkeyPatch, data_dirs: DataDirs) -> Iterator[list[str]]:
    """Look at every response of every test client; the test fails if one tells a private word."""
    leaks: list[str] = []
    original = Client.request

    def look(response: HttpResponseBase, request: dict[str, Any]) -> None:
        if response.streaming and not getattr(response, "is_async", False):
            # Read it here and hand out the same bytes again.
            chunks = [bytes(chunk) for chunk in response.streaming_content]  # type: ignore[attr-defined]
            body = b"".join(chunks)
            response.streaming_content = iter(chunks)  # type: ignore[attr-defined]
            for word in private_words(data_dirs):
                if word in body:
                    leaks.append(f"{request.get('PATH_INFO')}: {word.decode()}")
        leaks.extend(
            f"{request.get('PATH_INFO')}: {leak}" for leak in leaks_in(response, data_dirs)
        )

    def request(self: Client, **environ: Any) -> Any:
        response = original(self, **environ)
        look(response, environ)
        return response

    monkeypatch.setattr(Client, "request", request)
    yield leaks
    assert not leaks, f"Responses told private words: {leaks}"


###############################################################################
# No answer of the API is other than its document says
###############################################################################
@pytest.fixture(autouse=True)
def no_answer_departs(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[list[str]]:
    """Hold every answer under /v1 against the OpenAPI document; the test fails if one departs from it."""
    departed: list[str] = []
    original = Client.request

    def look(self: Client, **environ: Any) -> Any:
        response = original(self, **environ)
        address = str(environ.get("PATH_INFO", ""))
        if address.startswith("/v1/"):
            method = str(environ.get("REQUEST_METHOD", "GET"))
            departed.extend(contract.departures(method, address, response))
        return response

    if request.node.get_closest_marker("urls") is None:
        monkeypatch.setattr(Client, "request", look)
    yield departed
    assert not departed, f"Answers depart from the OpenAPI document: {departed}"


class Listener(logging.Handler):
    """Keeps the lines that the log would have, in the product's own format."""

    def __init__(self) -> None:
        super().__init__()
        (written,) = (h for h in logging.getLogger().handlers if h.name == "stderr")
        self.setFormatter(written.formatter)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(copy.copy(record)))


@pytest.fixture(autouse=True)
def no_log_leaks(data_dirs: DataDirs) -> Iterator[list[str]]:
    """Look at every line of the log; the test fails if one tells a secret, a password, the code's place or a home."""
    listener = Listener()
    logging.getLogger().addHandler(listener)
    yield listener.lines
    logging.getLogger().removeHandler(listener)
    private = [django_settings.SECRET_KEY, str(REPOSITORY), sys.prefix, *PASSWORDS]
    told = [f"{word}: {line[:300]}" for line in listener.lines for word in private if word in line]
    assert not told, f"The log told private words: {told}"
