"""Rows 12 and 25: bundles edited, taken away, put back or brought along by hand, or written by a newer FlowTime."""

from __future__ import annotations

import hashlib
import json
import shutil

import pytest

from runs.models import Run
from telemetry.models import Capture
from tests.faults.invariant import check_invariant, command
from tests.flows import make_capture, make_run, post_capture, post_replay, post_run

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def run(api):
    return make_run(api)


@pytest.fixture
def capture(api, run):
    return make_capture(api, run["runId"])


def change_one_byte(path):
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-3])


def use_crlf(path):
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def swap(path):
    other = path.with_name("Desk_Arrivals.csv" if path.name == "Desk_Served.csv" else "run.json")
    first, second = path.read_bytes(), other.read_bytes()
    path.write_bytes(second)
    other.write_bytes(first)


def remove(path):
    path.unlink()


def add_another(path):
    (path.parent / "more.csv").write_text("bin_index,value\n")


HANDS = (change_one_byte, truncate, use_crlf, swap, remove, add_another)


@pytest.mark.failure(12)
@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("how", ["page", "verify", "reindex"])
def test_a_hand_in_a_telemetry_bundle_is_noticed_and_told(
    api, run, capture, data_dirs, hand, how, tally
):
    bundle = data_dirs.telemetry / "runs" / run["runId"] / "g000001"
    hand(bundle / "Desk_Served.csv")

    match how:
        case "page":
            told = api.get(f"/v1/runs/{run['runId']}").json()
            assert told["telemetry"]["available"] is False
        case "verify":
            problems = command("verify", "--deep")["problems"]
            assert [problem["id"] for problem in problems] == [capture["captureId"]]
        case "reindex":
            found = command("reindex")
            assert found["captures"]["damaged"] == [capture["captureId"]]

    refused = post_replay(api, run["runId"], "telemetry")
    assert refused.status_code == 422
    assert refused.json()["code"] == "bundle_corrupt"
    assert Run.objects.count() == 1
    assert post_replay(api, run["runId"], "model").status_code == 201
    tally.inputs()


@pytest.mark.failure(12)
@pytest.mark.parametrize("hand", HANDS)
def test_a_hand_in_a_run_bundle_is_noticed_and_told(api, run, capture, data_dirs, hand, tally):
    path = data_dirs.runs / run["runId"] / "series" / "index.json"
    hand(path if hand is not swap else data_dirs.runs / run["runId"] / "manifest.json")

    told = command("verify", "--deep")

    assert [problem["id"] for problem in told["problems"]] == [run["runId"]]
    refused = post_capture(api, run["runId"], output={"overwrite": True})
    assert (refused.status_code, refused.json()["code"]) == (422, "run_unreadable")
    assert post_replay(api, run["runId"], "model").json()["code"] == "run_unreadable"
    tally.inputs()


@pytest.mark.failure(12)
def test_what_is_taken_away_is_missing_until_it_is_put_back(api, run, capture, data_dirs, tally):
    bundle = data_dirs.telemetry / "runs" / run["runId"]
    bundle.rename(data_dirs.data / "away")

    refused = post_replay(api, run["runId"], "telemetry")
    assert (refused.status_code, refused.json()["code"]) == (422, "bundle_missing")
    where = f"/v1/telemetry/captures/{capture['captureId']}"
    assert api.get(where).json()["status"] == "missing"

    (data_dirs.data / "away").rename(bundle)
    assert api.get(where).json()["status"] == "succeeded"
    assert post_replay(api, run["runId"], "telemetry").status_code == 201
    check_invariant(data_dirs, api)
    tally.inputs(2)


@pytest.mark.failure(12)
def test_bundles_brought_along_from_elsewhere_are_adopted(
    api, run, capture, data_dirs, tmp_path, tally
):
    elsewhere = tmp_path / "backup"
    shutil.copytree(data_dirs.runs, elsewhere / "runs")
    shutil.copytree(data_dirs.telemetry, elsewhere / "telemetry")
    shutil.rmtree(data_dirs.runs / run["runId"])
    shutil.rmtree(data_dirs.telemetry / "runs")
    Capture.objects.all().delete()
    Run.objects.all().delete()

    assert command("reindex")["runs"]["adopted"] == []
    shutil.copytree(elsewhere / "runs", data_dirs.runs, dirs_exist_ok=True)
    shutil.copytree(elsewhere / "telemetry", data_dirs.telemetry, dirs_exist_ok=True)
    found = command("reindex")

    assert found["runs"]["adopted"] == [run["runId"]]
    assert found["captures"]["adopted"] == [capture["captureId"]]
    assert post_replay(api, run["runId"], "telemetry").status_code == 201
    check_invariant(data_dirs, api)
    tally.inputs()


@pytest.mark.failure(25)
class TestNewer:
    """A bundle of a later FlowTime is refused by name and version, wherever it is met; nothing guesses."""

    SENTENCE = "manifest.json was written by a newer FlowTime: its schema version is 99"

    @staticmethod
    def make_newer(directory):
        path = directory / "manifest.json"
        document = json.loads(path.read_bytes())
        path.write_bytes(json.dumps(document | {"schemaVersion": 99, "novelty": {}}).encode())

    def test_a_newer_run_is_refused_clearly(self, api, run, data_dirs, tally):
        self.make_newer(data_dirs.runs / run["runId"])
        Run.objects.all().delete()

        found = command("reindex")

        assert found["runs"]["quarantined"] == [run["runId"]]
        assert self.SENTENCE in found["runs"]["reasons"][run["runId"]]
        assert post_run(api).status_code == 201
        tally.inputs()

    def test_a_newer_generation_is_refused_clearly(self, api, run, capture, data_dirs, tally):
        bundle = data_dirs.telemetry / "runs" / run["runId"] / "g000001"
        self.make_newer(bundle)
        # As an upgrade that was taken back would leave it: the row knows the digest of the newer manifest.
        digest = hashlib.sha256((bundle / "manifest.json").read_bytes()).hexdigest()
        Capture.objects.update(manifest_hash=f"sha256:{digest}")

        told = command("verify", capture["captureId"])
        refused = api.get(f"/v1/telemetry/captures/{capture['captureId']}/manifest")

        assert self.SENTENCE in told["problems"][0]["problems"][0]["detail"]
        assert (refused.status_code, refused.json()["code"]) == (422, "bundle_corrupt")
        assert self.SENTENCE in refused.json()["detail"]
        tally.inputs()
