"""Rows 4, 5, 6 and 9: an error at every named step. The right status, the old bundle byte for byte, nothing left."""

from __future__ import annotations

import pytest

from flowtime import faults
from runs.models import Run
from telemetry.models import Capture
from tests.faults.invariant import check_invariant, command, left_behind
from tests.flows import make_capture, make_run, post_capture, post_replay, post_run, snapshot

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

WRITING = (
    "publish.staged",
    "publish.file_written",
    "publish.written",
    "publish.synced",
    "publish.sealed",
    "publish.parent_ready",
    "publish.renamed",
)
FAILURES = {"eio": (503, "storage_unavailable"), "enospc": (507, "insufficient_storage")}
REQUESTS = {
    "a run": lambda api, run: post_run(api),
    "a replaced run": lambda api, run: post_run(
        api, options={"runId": run["runId"], "overwriteExisting": True}, parameters={"extra": 3}
    ),
    "a capture": lambda api, run: post_capture(api, run["runId"], output={"captureKey": "storm"}),
    "an overwriting capture": lambda api, run: post_capture(
        api, run["runId"], output={"overwrite": True}
    ),
    "a replay": lambda api, run: post_replay(api, run["runId"], "telemetry"),
}


@pytest.fixture
def run(api):
    found = make_run(api, options={"runId": "mine"})
    make_capture(api, found["runId"])
    return found


def files_of(dirs):
    return {**snapshot(dirs.runs), **snapshot(dirs.telemetry)}


@pytest.mark.failure(4)
@pytest.mark.failure(5)
@pytest.mark.parametrize("what", REQUESTS)
@pytest.mark.parametrize("failure", FAILURES)
def test_what_the_disk_refuses_changes_nothing(api, run, data_dirs, what, failure, tally):
    before = files_of(data_dirs)
    shown = api.get("/v1/runs/mine").json()
    status, code = FAILURES[failure]

    for point in WRITING:
        with faults.armed(f"{point}={failure}"):
            refused = REQUESTS[what](api, run)

        assert (refused.status_code, refused.json()["code"]) == (status, code), point
        assert ("Retry-After" in refused) == (status == 503)
        assert files_of(data_dirs) == before, point
        assert left_behind(data_dirs) == []
        assert api.get("/v1/runs/mine").json() == shown
        tally.inputs()

    assert REQUESTS[what](api, run).status_code == 201
    check_invariant(data_dirs, api)


@pytest.mark.failure(9)
@pytest.mark.parametrize("what", REQUESTS)
@pytest.mark.parametrize("point", ["published", "finishing"])
def test_a_row_that_cannot_be_written_after_publishing_is_told_and_tried_again(
    api, run, data_dirs, what, point, tally
):
    kind = "capture" if "capture" in what else "run"

    with faults.armed(f"{kind}.{point}=raise"):
        refused = REQUESTS[what](api, run)

    assert refused.status_code == 500
    assert refused.json()["code"] == "internal_error"
    assert not Run.objects.filter(status="running").exists()
    assert not Capture.objects.filter(status="generating").exists()
    again = REQUESTS[what](api, run)
    assert again.status_code == 201, again.content
    command("sweep", "--grace", "0")
    check_invariant(data_dirs, api)
    rows = set(Run.objects.filter(status="succeeded").values_list("pk", flat=True))
    assert {path.name for path in data_dirs.runs.iterdir() if path.name[0] != "."} == rows
    tally.inputs()
