"""The guide to automation: every snippet runs, in order, against a server with a worker."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from flowtime.cli.errors import ExitCode
from flowtime.tasks.drain import drain_tasks
from runs.models import Run
from tests.cli.conftest import config_home, operator, server

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "guides" / "automate.md").read_text("utf-8")

__all__ = ["config_home", "operator", "server"]


def snippets(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, flags=re.DOTALL)


@pytest.fixture
def worker(server: str) -> Iterator[None]:
    """Does what is queued, as the worker process would."""
    stopped = threading.Event()

    def work() -> None:
        from django.db import connection

        while not stopped.wait(0.1):
            drain_tasks()
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stopped.set()
    thread.join()


@pytest.mark.slow
def test_every_python_snippet_runs(server: str, operator: Any, worker: None) -> None:
    seen: dict[str, Any] = {}

    def run() -> None:
        for snippet in snippets("python"):
            exec(compile(snippet, "automate.md", "exec"), seen)

    # In a thread of their own: a browser test leaves its event loop running in this one.
    with ThreadPoolExecutor(1) as apart:
        apart.submit(run).result()

    assert seen["figures"]["total"] == 147
    assert seen["finished"]["status"] == "succeeded"
    assert len(seen["made"]) == 3
    assert seen["run"]["runId"] in seen["storms"]
    assert Run.objects.filter(status="succeeded").count() == 6


@pytest.mark.slow
def test_the_shell_snippet_runs(server: str, operator: Any, tmp_path: Path) -> None:
    scripts = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}

    ended = subprocess.run(
        ["bash", "-eu", "-c", snippets("sh")[0]],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert "identical in all" in ended.stdout
    assert (tmp_path / "capture.json").read_text().startswith("{")


def test_the_exit_codes_are_those_of_the_command() -> None:
    table = {int(code) for code in re.findall(r"^\| (\d+) \|", GUIDE, flags=re.MULTILINE)}

    assert table == {int(code) for code in ExitCode}
