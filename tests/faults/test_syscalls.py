"""Rows 1, 4, 5 and 6 below the language: the kernel itself refuses, kills or lies, by strace."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from flowtime.bundles import Root, Target, generations, verify_telemetry_bundle
from tests.conftest import REPOSITORY
from tests.faults.invariant import assert_whole
from tests.flows import snapshot

pytestmark = [pytest.mark.needs_root, pytest.mark.slow]

FIXED = "00000000-0000-4000-8000-000000000001"
RUN = "run_1"
TARGET = Target.for_run(RUN)
FULL = "insufficient_storage"
AWAY = "storage_unavailable"


@pytest.fixture(scope="module", autouse=True)
def tracer(tmp_path_factory):
    """Skip everything here where no process may trace another."""
    if os.geteuid() != 0:
        pytest.skip("strace: needs root")
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    done = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("this machine does not let a test trace a process")


@pytest.fixture
def root(data_dirs):
    """A root with one acknowledged generation."""
    assert write(data_dirs.telemetry).returncode == 0
    return data_dirs.telemetry


def write(place, *tracing):
    return subprocess.run(
        [*tracing, sys.executable, "-m", "tests.faults.writer", str(place), RUN, "1", FIXED],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def traced(place, inject, where):
    """Write one more generation while ``inject`` is done to calls that touch ``where`` below the root."""
    staging = place / ".staging" / FIXED.replace("-", "")
    paths = {
        "staging": staging,
        "file": staging / "Desk_Served.csv",
        "manifest": staging / "manifest.json",
        "area": place / ".staging",
        "parent": place / "runs" / RUN,
    }
    tracing = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={inject}"]
    return write(place, *tracing, "-P", str(paths[where]))


REFUSED = [
    pytest.param("fsync:error=EIO", "file", AWAY, marks=pytest.mark.failure(5)),
    pytest.param("fsync:error=EIO", "manifest", AWAY, marks=pytest.mark.failure(5)),
    pytest.param("fsync:error=EIO", "staging", AWAY, marks=pytest.mark.failure(5)),
    pytest.param("fsync:error=EIO", "parent", AWAY, marks=pytest.mark.failure(5)),
    pytest.param("write:error=ENOSPC", "file", FULL, marks=pytest.mark.failure(4)),
    pytest.param("write:error=EDQUOT", "manifest", FULL, marks=pytest.mark.failure(4)),
    pytest.param("write:error=EFBIG", "manifest", FULL, marks=pytest.mark.failure(4)),
    pytest.param("mkdir,mkdirat:error=ENOSPC", "area", FULL, marks=pytest.mark.failure(4)),
    pytest.param("openat:error=EMFILE:when=2", "staging", AWAY, marks=pytest.mark.failure(6)),
    pytest.param("openat:error=EACCES:when=2", "staging", AWAY, marks=pytest.mark.failure(6)),
    pytest.param("renameat2:error=EIO", "area", AWAY, marks=pytest.mark.failure(9)),
    pytest.param("renameat2:error=ENOSPC", "area", FULL, marks=pytest.mark.failure(9)),
]


@pytest.mark.parametrize(("inject", "where", "code"), REFUSED)
def test_a_call_that_the_kernel_refuses_leaves_the_old_generation_alone(
    root, inject, where, code, tally
):
    before = snapshot(root)

    refused = traced(root, inject, where)

    assert refused.stdout.startswith(f"refused {code} "), refused.stdout + refused.stderr
    assert str(root) not in refused.stdout
    assert snapshot(root) == before
    assert list((root / ".staging").iterdir()) == []
    assert write(root).stdout.startswith("acknowledged 2 ")
    assert_whole(root / "runs" / RUN / "g000002")
    tally.inputs()


@pytest.mark.failure(1)
@pytest.mark.parametrize(
    ("inject", "where", "published"),
    [
        ("write:signal=KILL", "file", [1]),
        ("fsync:signal=KILL", "manifest", [1]),
        ("fsync:signal=KILL", "staging", [1]),
        ("fsync:signal=KILL", "parent", [1, 2]),
    ],
)
def test_a_process_killed_at_a_call_leaves_all_or_nothing(root, inject, where, published, tally):
    traced(root, inject, where)

    assert generations(Root(root), TARGET) == published
    for number in published:
        assert_whole(root / "runs" / RUN / f"g{number:06d}")
    # The dead process has left its staging directory under the name that the next one would take.
    shutil.rmtree(root / ".staging")
    assert write(root).stdout.startswith(f"acknowledged {len(published) + 1} ")
    tally.kills()


@pytest.mark.failure(12)
def test_a_kernel_that_lies_about_what_it_wrote_is_found_by_hashing_alone(root, tally):
    told = traced(root, "write:retval=400", "file")

    assert told.stdout.startswith("acknowledged 2 "), told.stdout + told.stderr
    found = verify_telemetry_bundle(Root(root), TARGET, 2, deep=True)
    assert found.state == "corrupt"
    assert [problem.path for problem in found.problems] == ["Desk_Served.csv"]
    tally.inputs()
