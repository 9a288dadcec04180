"""The operator's guide works: every command on it is run, on a data directory that is backed up, lost and restored."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.faults.invariant import problems_of
from tests.faults.service import Place, make_place, serving

pytestmark = [pytest.mark.slow, pytest.mark.one_database, pytest.mark.failure(13)]

PAGE = (REPOSITORY / "docs" / "guides" / "operate.md").read_text()
BLOCKS = dict(re.findall(r"<!-- run: ([^>]+) -->\n```console\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    """A service that has worked: runs, a capture that was replaced, a replay."""
    found = make_place(tmp_path_factory.mktemp("operated") / "data")
    with serving(found, workers=1, task_workers=0) as service:
        run_id = service.post_run().id
        service.post_capture(run_id)
        service.post_capture(run_id, overwrite=True)
        service.post_replay(run_id, "telemetry")
    return found


def run(name: str, place: Place, backup: Path) -> str:
    """Run a block of the page as it stands, in one shell that stops at the first failure; what it printed."""
    lines = [line.removeprefix("$ ") for line in BLOCKS[name].splitlines()]
    path = f"{Path(sys.executable).parent}{os.pathsep}{place.environment['PATH']}"
    result = subprocess.run(
        ["sh", "-e", "-c", "\n".join(lines)],
        cwd=REPOSITORY,
        env=place.environment | {"PATH": path, "BACKUP": str(backup)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_every_command_of_the_page_stands_in_a_block_that_is_run():
    assert PAGE.count("```console") == len(BLOCKS)
    assert all(line.startswith("$ ") for block in BLOCKS.values() for line in block.splitlines())


def test_the_page_leads_through_loss_and_back(place, tmp_path):
    backup = tmp_path / "backup"
    assert "0 not valid" in run("look", place, backup)
    run("back up", place, backup)

    shutil.rmtree(place.data)
    restored = run("restore", place, backup)
    assert ", 0 not valid." in restored
    assert "adopted" not in restored

    (bundle,) = (place.data / "telemetry" / "runs").glob("*/g000002")
    shutil.rmtree(bundle)
    shutil.copytree(backup / bundle.relative_to(place.data), bundle, copy_function=shutil.copy2)
    run("bundle put back", place, backup)

    assert "1 removed." in run("disk full", place, backup)
    run("upgrade", place, backup)

    runs = sorted(path.name for path in (place.data / "runs").iterdir() if path.name[0] != ".")
    told = run("database lost", place, backup)
    adopted = sorted(re.findall(r"runs: adopted (\S+)", told))
    # Those who bootstrap first have a first run again; the others were adopted.
    assert set(adopted) <= set(runs)
    assert len(runs) - len(adopted) <= 1
    assert "captures: adopted" in told
    assert all(problems_of(place.data / "runs" / name) == [] for name in runs)
