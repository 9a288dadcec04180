"""What every attack starts from: one finished run with telemetry, and a tree beside the roots that nobody may touch."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests import flows
from tests.conftest import DataDirs, client_of, page_client

# The hook of the whole suite fails any response that tells this word.
SENTINEL = "sentinel-secret-outside-5b1c7e"
LONG_AGO_NS = 10**18


@dataclass
class Outside:
    """A tree beside the roots, and one far from them; they say whether anything in them was changed or read.

    ``path`` is the far one, which an absolute path names: an answer that repeats what it was asked tells
    nothing then that the hook on responses takes for a leak.
    """

    near: Path
    path: Path
    before: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    notices_reading: bool = False

    def arm(self) -> None:
        """Remember the tree, with reading times long ago, so that any reading shows."""
        for place in (self.near, self.path):
            (place / "g000001").mkdir(parents=True)
            for name in ("secret.csv", "manifest.json", "secret.yaml", "g000001/run.json"):
                (place / name).write_text(f"bin_index,value\n0,{SENTINEL}\n")
        probe = self.path / "probe.txt"
        probe.write_text("x")
        os.utime(probe, ns=(LONG_AGO_NS, LONG_AGO_NS))
        probe.read_bytes()
        self.notices_reading = probe.stat().st_atime_ns != LONG_AGO_NS
        probe.unlink()
        self.before = self._content()
        for path in self._files():
            os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))

    def check(self) -> None:
        """Nothing was added, changed, removed or, where the file system tells, read."""
        if self.notices_reading:
            read = [path.name for path in self._files() if path.stat().st_atime_ns != LONG_AGO_NS]
            assert read == [], "files outside the roots were read"
        assert self._content() == self.before

    def _files(self) -> list[Path]:
        trees = (*self.near.rglob("*"), *self.path.rglob("*"))
        return [path for path in sorted(trees) if path.is_file()]

    def _content(self) -> dict[str, tuple[bytes, int]]:
        return {str(path): (path.read_bytes(), path.stat().st_mode) for path in self._files()}


@pytest.fixture(autouse=True)
def catalog_of_tests(data_dirs: DataDirs) -> None:
    """The small templates of ``flows``, beside those that are shipped."""
    flows.add_template(data_dirs.templates, flows.DESK, name="desk")
    flows.add_template(
        data_dirs.templates, flows.COUNTED, name="counted", counted_csv=flows.COUNTED_CSV
    )


@pytest.fixture
def outside(data_dirs: DataDirs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    """Files that look like what is looked for, outside the roots; checked when the test ends."""
    tree = Outside(near=data_dirs.data / "outside", path=tmp_path_factory.mktemp("elsewhere"))
    tree.arm()
    yield tree
    tree.check()


@dataclass(frozen=True, slots=True)
class World:
    """One run with its own telemetry and a library bundle, and everybody's clients."""

    run_id: str
    capture_id: str
    operator: Any
    pages: Client
    admin: Client
    roots: DataDirs

    def samples(self) -> dict[str, str]:
        """A value that names something, for every parameter of an address."""
        return {
            "run_id": self.run_id,
            "capture_id": self.capture_id,
            "template_id": "desk",
            "series_id": "everybody",
            "name": "manifest.json",
            "path": "manifest.json",
            "code": "not_found",
            "token_id": "0" * 32,
            "session_id": "0" * 32,
        }


@pytest.fixture
def world(alice: Any, ada: Any, data_dirs: DataDirs) -> World:
    """Made through the API, like anybody's."""
    operator = client_of(alice)
    run = flows.make_run(operator)
    capture = flows.make_capture(operator, run["runId"], output={"captureKey": "desk-week"})
    flows.make_capture(operator, run["runId"])
    return World(
        run_id=run["runId"],
        capture_id=capture["captureId"],
        operator=operator,
        pages=page_client(alice),
        admin=page_client(ada),
        roots=data_dirs,
    )


@pytest.fixture
def no_hang() -> Iterator[Callable[[int], None]]:
    """What waits for ever is a failure, not a stuck suite."""

    def give_up(*_: Any) -> None:
        raise TimeoutError("the test hangs")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(60)
    yield signal.alarm
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
