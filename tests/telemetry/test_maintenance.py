"""verify, reindex, sweep and reap, through the commands that people run."""

import json
import time
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from runs.models import Run, RunDocument
from telemetry.models import Capture
from tests.flows import make_capture, make_run, post_capture, post_replay, post_run, snapshot

pytestmark = pytest.mark.django_db


def command(name, *arguments):
    """The JSON that a maintenance command prints, and its exit code."""
    out, code = StringIO(), 0
    try:
        call_command(name, *arguments, "--json", stdout=out)
    except SystemExit as end:
        code = end.code
    return json.loads(out.getvalue()), code


@pytest.fixture
def run(api):
    return make_run(api)


@pytest.fixture
def capture(api, run):
    return make_capture(api, run["runId"])


def bundle_of(run, data_dirs):
    return data_dirs.telemetry / "runs" / run["runId"] / "g000001"


class TestVerify:
    def test_says_that_all_is_well(self, capture):
        found, code = command("verify", "--deep")

        assert code == 0
        assert found == {"deep": True, "checked": 2, "valid": 2, "problems": []}

    def test_tells_the_truth_by_its_exit_code(self, api, run, capture, data_dirs):
        path = bundle_of(run, data_dirs) / "Desk_Served.csv"
        path.write_bytes(path.read_bytes().replace(b"0,4", b"0,5"))

        found, code = command("verify", "--deep")

        assert code == 1
        assert [problem["id"] for problem in found["problems"]] == [capture["captureId"]]
        assert found["problems"][0]["state"] == "corrupt"
        assert Run.objects.get().telemetry_available is False

    def test_tells_missing_unlisted_and_changed_apart(self, run, capture, data_dirs):
        bundle = bundle_of(run, data_dirs)
        (bundle / "Desk_Served.csv").unlink()
        (bundle / "more.csv").write_text("")
        (bundle / "Desk_Arrivals.csv").write_text("")

        found, _ = command("verify", capture["captureId"])

        codes = {problem["code"] for problem in found["problems"][0]["problems"]}
        assert codes == {"missing", "unlisted", "mismatch"}

    def test_takes_ids(self, run, capture):
        found, code = command("verify", run["runId"])

        assert (found["checked"], code) == (1, 0)

    def test_knows_whom_it_does_not_know(self):
        with pytest.raises(CommandError, match="no run or capture nobody"):
            call_command("verify", "nobody")

    def test_calls_nothing_valid_that_has_no_bundle(self, run):
        failed = {"status": Run.Status.FAILED, "failure_code": "gone", "failure_detail": "Gone."}
        Run.objects.filter(pk=run["runId"]).update(**failed)

        with pytest.raises(CommandError, match=f"{run['runId']} has no bundle") as refused:
            call_command("verify", run["runId"])

        assert refused.value.returncode == 3

    def test_speaks_to_people(self, capture):
        out = StringIO()
        call_command("verify", stdout=out)

        assert out.getvalue().strip() == "2 bundles checked, 0 not valid."


class TestReindex:
    def test_changes_nothing_where_all_is_well(self, capture):
        before = list(Run.objects.values()), list(Capture.objects.values())

        found, code = command("reindex")

        assert code == 0
        assert found["runs"]["unchanged"] == 1
        assert found["captures"]["unchanged"] == 1
        assert (list(Run.objects.values()), list(Capture.objects.values())) == before

    def test_gives_the_same_answers_after_the_database_was_lost(self, api, run):
        make_capture(api, run["runId"])
        make_capture(api, run["runId"], output={"overwrite": True})
        post_capture(api, run["runId"], output={"captureKey": "storm"})
        telemetry = post_replay(api, run["runId"], "telemetry").json()
        model = post_replay(api, run["runId"], "model").json()
        runs = (run["runId"], telemetry["runId"], model["runId"])
        before = [api.get(f"/v1/runs/{run_id}").json() for run_id in runs]
        listed = api.get("/v1/runs").json()["items"]
        captures = api.get("/v1/telemetry/captures").json()["items"]
        RunDocument.objects.all().delete()
        Capture.objects.all().delete()
        Run.objects.all().delete()

        found, code = command("reindex", "--rebuild")

        assert code == 0
        assert len(found["runs"]["adopted"]) == 3
        assert len(found["captures"]["adopted"]) == 3
        assert [api.get(f"/v1/runs/{run_id}").json() for run_id in runs] == before
        assert api.get("/v1/runs").json()["items"] == listed
        # Nobody has hashed them since: verify says when it has.
        forgotten = ("integrity",)
        for was, now in zip(
            sorted(captures, key=lambda item: item["captureId"]),
            sorted(
                api.get("/v1/telemetry/captures").json()["items"],
                key=lambda item: item["captureId"],
            ),
            strict=True,
        ):
            assert {k: v for k, v in was.items() if k not in forgotten} == {
                k: v for k, v in now.items() if k not in forgotten
            }

    def test_changes_nothing_the_second_time(self, api, run, capture, data_dirs):
        Capture.objects.all().delete()
        Run.objects.all().delete()
        command("reindex")
        rows = list(Run.objects.values()), list(Capture.objects.values())

        found, _ = command("reindex")

        assert found["runs"]["adopted"] == found["captures"]["adopted"] == []
        assert (list(Run.objects.values()), list(Capture.objects.values())) == rows

    def test_lets_adopted_runs_be_replayed(self, api, run, capture):
        Capture.objects.all().delete()
        Run.objects.all().delete()
        command("reindex")

        for source in ("model", "telemetry"):
            replay = post_replay(api, run["runId"], source)
            assert replay.status_code == 201, replay.content
            found = replay.json()["provenance"]["reproduction"]
            assert found["identical"] == found["total"]

    def test_marks_what_is_gone_and_what_came_back(self, api, run, capture, data_dirs):
        bundle = data_dirs.telemetry / "runs" / run["runId"]
        bundle.rename(data_dirs.data / "telemetry-away")
        (data_dirs.runs / run["runId"]).rename(data_dirs.data / "run-away")

        gone, code = command("reindex")

        assert code == 1
        assert gone["runs"]["missing"] == [run["runId"]]
        assert gone["captures"]["missing"] == [capture["captureId"]]

        still, code = command("reindex")

        assert code == 1
        assert still["runs"]["missing"] == still["captures"]["missing"] == []
        assert still["runs"]["still_wrong"] == [run["runId"]]
        assert still["captures"]["still_wrong"] == [capture["captureId"]]

        (data_dirs.data / "telemetry-away").rename(bundle)
        (data_dirs.data / "run-away").rename(data_dirs.runs / run["runId"])
        back, code = command("reindex")

        assert code == 0
        assert back["runs"]["restored"] == [run["runId"]]
        assert back["captures"]["restored"] == [capture["captureId"]]
        assert api.get(f"/v1/runs/{run['runId']}").json()["telemetry"]["available"] is True

    def test_leaves_invalid_orphans_out(self, run, capture, data_dirs):
        Capture.objects.all().delete()
        Run.objects.all().delete()
        (data_dirs.runs / run["runId"] / "run.json").unlink()
        (bundle_of(run, data_dirs) / "autocapture.json").unlink()

        found, code = command("reindex")

        assert code == 1
        assert found["runs"]["quarantined"] == [run["runId"]]
        assert found["captures"]["quarantined"] == [f"runs/{run['runId']}/g000001"]
        assert found["runs"]["reasons"] == {run["runId"]: "run.json is missing."}
        assert found["captures"]["reasons"] == {
            f"runs/{run['runId']}/g000001": "autocapture.json is missing."
        }
        assert not Run.objects.exists()

    def test_adopts_a_generation_that_nobody_acknowledged_behind_the_current_one(
        self, api, run, capture, data_dirs
    ):
        make_capture(api, run["runId"], output={"overwrite": True})
        newest = Capture.objects.get(generation=2)
        Capture.objects.filter(pk=newest.pk).delete()
        Capture.objects.filter(generation=1).update(status=Capture.Status.SUCCEEDED)

        command("reindex")

        assert Capture.objects.get(generation=1).status == Capture.Status.SUCCEEDED
        assert Capture.objects.get(generation=2).status == Capture.Status.SUPERSEDED


class TestSweep:
    def test_removes_superseded_generations_past_their_grace(self, api, run, capture, data_dirs):
        make_capture(api, run["runId"], output={"overwrite": True})

        kept, _ = command("sweep")
        time.sleep(0.02)
        found, code = command("sweep", "--grace", "0")

        assert kept["captures"] == []
        assert code == 0
        assert found["captures"] == [f"run {run['runId']} g000001"]
        names = [path.name for path in (data_dirs.telemetry / "runs" / run["runId"]).iterdir()]
        assert names == ["g000002"]

    def test_keeps_what_a_waiting_replay_will_read(self, api, run, capture, run_tasks):
        queued = post_replay(api, run["runId"], "telemetry", Prefer="respond-async").json()
        make_capture(api, run["runId"], output={"overwrite": True})
        time.sleep(0.02)

        found, _ = command("sweep", "--grace", "0")

        assert found["captures"] == []
        run_tasks()
        assert Run.objects.get(pk=queued["runId"]).status == Run.Status.SUCCEEDED

    def test_removes_runs_that_were_replaced(self, api, data_dirs):
        options = {"runId": "mine", "overwriteExisting": True}
        make_run(api, options=options)
        make_run(api, options=options)
        time.sleep(0.02)

        found, _ = command("sweep", "--grace", "0")

        assert len(found["runs"]) == 1
        assert "mine/run.json" in snapshot(data_dirs.runs)

    def test_never_takes_the_last_valid_bundle_of_a_lost_database(self, run, capture, data_dirs):
        Capture.objects.all().delete()
        time.sleep(0.02)

        command("sweep", "--grace", "0")

        assert (bundle_of(run, data_dirs) / "manifest.json").exists()


class TestReap:
    def stale(self, **columns):
        return {"heartbeat_at": timezone.now() - timedelta(minutes=5), **columns}

    def test_rings_again_for_a_run_whose_worker_died(self, api, run_tasks):
        queued = post_run(api, headers={"Prefer": "respond-async"}).json()
        Run.objects.update(**self.stale(status=Run.Status.RUNNING, attempt=1))

        found, code = command("reap")

        assert code == 0
        assert found["rung"] == [queued["runId"]]
        run_tasks()
        run = Run.objects.get()
        assert run.status == Run.Status.SUCCEEDED
        assert run.attempt == 2

    def test_does_again_a_run_whose_server_died_while_its_caller_waited(self, api, run, run_tasks):
        Run.objects.update(**self.stale(status=Run.Status.RUNNING, finished_at=None, attempt=1))

        command("reap")
        run_tasks()

        again = api.get(f"/v1/runs/{run['runId']}").json()
        assert again["status"] == "succeeded"
        assert again["resultHash"] == run["resultHash"]

    def test_gives_up_after_three_attempts(self, api):
        post_run(api, headers={"Prefer": "respond-async"})
        Run.objects.update(**self.stale(status=Run.Status.RUNNING, attempt=3))

        found, _ = command("reap")

        assert found["failed"] == [Run.objects.get().pk]
        assert Run.objects.get().failure_code == "worker_lost"

    def test_rings_again_for_a_capture_and_frees_its_target_when_it_gives_up(
        self, api, run, run_tasks
    ):
        post_capture(api, run["runId"], headers={"Prefer": "respond-async"})
        Capture.objects.update(**self.stale(status=Capture.Status.GENERATING, attempt=1))
        assert len(command("reap")[0]["rung"]) == 1
        Capture.objects.update(**self.stale(status=Capture.Status.GENERATING, attempt=3))

        assert len(command("reap")[0]["failed"]) == 1

        assert Run.objects.get().telemetry_in_progress is False
        assert post_capture(api, run["runId"]).status_code == 201

    def test_leaves_living_jobs_alone(self, api):
        post_run(api, headers={"Prefer": "respond-async"})
        Run.objects.update(status=Run.Status.RUNNING, attempt=1, heartbeat_at=timezone.now())

        assert command("reap")[0] == {"rung": [], "failed": []}
