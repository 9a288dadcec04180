"""Rows 4 and 6 on real disks: full, out of inodes, read-only, immutable, away, somebody else's, no descriptor left."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.conftest import REPOSITORY
from tests.faults import disks
from tests.faults.invariant import check_invariant, left_behind
from tests.flows import make_capture, make_run, post_capture, post_replay, post_run, snapshot
from tests.project.test_settings import KEY

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

root = pytest.mark.needs_root


@pytest.fixture
def run(api):
    return make_run(api)


def overwrite(api, run):
    return post_capture(api, run["runId"], output={"overwrite": True})


def assert_refused(response, status, code):
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert ("Retry-After" in response) == (status == 503)


def assert_ready(api, *, says=None):
    """healthz is green whatever happens; readyz names what is wrong with the roots."""
    assert api.get("/healthz").status_code == 200
    told = api.get("/readyz").json()["checks"]["roots"]
    assert (told == "ok") if says is None else (says in told), told


@root
@pytest.mark.failure(4)
@pytest.mark.parametrize(
    ("options", "fill"),
    [("size=2m", disks.fill_space), ("size=2m,nr_inodes=60", disks.fill_inodes)],
    ids=["space", "inodes"],
)
def test_a_full_disk_keeps_what_it_holds(api, data_dirs, options, fill, tally):
    with disks.mounted(data_dirs.telemetry, options), disks.mounted(data_dirs.runs, "size=8m"):
        run = make_run(api)
        make_capture(api, run["runId"])
        before = snapshot(data_dirs.telemetry)
        ballast = fill(data_dirs.telemetry)

        assert_refused(overwrite(api, run), 507, "insufficient_storage")

        shutil.rmtree(ballast) if ballast.is_dir() else ballast.unlink()
        assert snapshot(data_dirs.telemetry) == before
        assert left_behind(data_dirs) == []
        assert overwrite(api, run).status_code == 201
        check_invariant(data_dirs, api)
        tally.inputs()


@root
@pytest.mark.failure(4)
def test_a_full_disk_refuses_runs_and_replays_too(api, data_dirs, tally):
    with disks.mounted(data_dirs.runs, "size=2m"):
        run = make_run(api)
        make_capture(api, run["runId"])
        before = snapshot(data_dirs.runs)
        ballast = disks.fill_space(data_dirs.runs)

        assert_refused(post_run(api), 507, "insufficient_storage")
        assert_refused(post_replay(api, run["runId"], "telemetry"), 507, "insufficient_storage")

        ballast.unlink()
        assert snapshot(data_dirs.runs) == before
        assert left_behind(data_dirs) == []
        check_invariant(data_dirs, api)
        tally.inputs(2)


@root
@pytest.mark.failure(6)
def test_a_read_only_disk_can_be_read_and_says_that_it_is_not_ready(api, data_dirs, tally):
    with disks.mounted(data_dirs.telemetry, "size=2m"):
        run = make_run(api)
        capture = make_capture(api, run["runId"])
        before = snapshot(data_dirs.telemetry)
        assert_ready(api)

        with disks.read_only(data_dirs.telemetry):
            assert_refused(overwrite(api, run), 503, "storage_unavailable")
            assert_ready(api, says="FLOWTIME_TELEMETRY_ROOT cannot be written.")
            manifest = api.get(f"/v1/telemetry/captures/{capture['captureId']}/manifest")
            assert manifest.status_code == 200
            assert post_replay(api, run["runId"], "telemetry").status_code == 201

        assert snapshot(data_dirs.telemetry) == before
        assert_ready(api)
        assert overwrite(api, run).status_code == 201
        check_invariant(data_dirs, api)
        tally.inputs()


@root
@pytest.mark.failure(6)
def test_an_immutable_root_is_unavailable(api, run, data_dirs, tally):
    with disks.immutable(data_dirs.telemetry):
        assert_refused(post_capture(api, run["runId"]), 503, "storage_unavailable")
        assert_ready(api, says="FLOWTIME_TELEMETRY_ROOT cannot be written.")

    assert post_capture(api, run["runId"]).status_code == 201
    check_invariant(data_dirs, api)
    tally.inputs()


@pytest.mark.failure(6)
@pytest.mark.parametrize("which", ["runs", "telemetry"])
def test_a_root_that_is_away_is_unavailable_and_nothing_is_forgotten(
    api, run, data_dirs, which, tally
):
    make_capture(api, run["runId"])
    place, away = getattr(data_dirs, which), data_dirs.data / "away"
    place.rename(away)

    assert_refused(overwrite(api, run), 503, "storage_unavailable")
    assert_ready(api, says=f"FLOWTIME_{which.upper()}_ROOT does not exist.")
    assert not place.exists()

    away.rename(place)
    assert_ready(api)
    assert api.get(f"/v1/runs/{run['runId']}").json()["telemetry"]["available"] is True
    assert overwrite(api, run).status_code == 201
    check_invariant(data_dirs, api)
    tally.inputs()


@pytest.mark.failure(6)
def test_no_descriptor_left_is_unavailable_and_no_bundle_is_blamed(api, run, data_dirs, tally):
    make_capture(api, run["runId"])
    before = snapshot(data_dirs.telemetry)

    with descriptors_left(1):
        assert_refused(overwrite(api, run), 503, "storage_unavailable")

    assert snapshot(data_dirs.telemetry) == before
    assert overwrite(api, run).status_code == 201
    check_invariant(data_dirs, api)
    tally.inputs()


@contextmanager
def descriptors_left(number):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = os.open("/", os.O_RDONLY)
    resource.setrlimit(resource.RLIMIT_NOFILE, (held + 1 + number, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        os.close(held)


@root
@pytest.mark.failure(6)
@pytest.mark.parametrize(
    ("mode", "says"), [(0o500, "cannot be written."), (0o000, "cannot be")], ids=["read", "none"]
)
def test_the_start_up_check_names_a_root_of_somebody_else(data_dirs, mode, says, tally):
    disks.need("setpriv")
    data_dirs.runs.chmod(mode)
    for above in (*data_dirs.data.parents, data_dirs.data):
        if above.stat().st_mode & 0o005 != 0o005:
            above.chmod(0o755)

    result = subprocess.run(
        [
            "setpriv",
            "--bounding-set=-dac_override,-dac_read_search,-fowner",
            "--reuid=65534",
            "--clear-groups",
            sys.executable,
            "manage.py",
            "check",
        ],
        cwd=REPOSITORY,
        env={
            "PATH": os.environ["PATH"],
            "SECRET_KEY": KEY,
            "FLOWTIME_DATA_DIR": str(data_dirs.data),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    if "Permission denied" in result.stderr and "FLOWTIME" not in result.stderr:
        pytest.skip("another user cannot read this copy of the code")
    assert result.returncode != 0
    assert "FLOWTIME_RUNS_ROOT" in result.stderr
    assert says in result.stderr
    assert str(data_dirs.data) not in result.stderr
    tally.inputs()
