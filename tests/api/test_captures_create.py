"""POST /v1/telemetry/captures: detection, creation, reuse and failure."""

import json

import pytest

from runs.models import Run
from telemetry.models import Capture, CaptureEvent
from tests.flows import make_capture, make_run, post_capture, snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(api):
    return make_run(api)


class TestGenerating:
    def test_writes_a_bundle_and_says_what_is_in_it(self, api, run, data_dirs):
        response = post_capture(api, run["runId"])

        assert response.status_code == 201
        capture = response.json()["capture"]
        assert response["Location"] == f"/v1/telemetry/captures/{capture['captureId']}"
        assert capture["status"] == "succeeded"
        assert capture["generated"] is True
        assert capture["alreadyExists"] is False
        assert capture["sourceRunId"] == run["runId"]
        assert capture["captureKey"] is None
        assert capture["generation"] == "g000001"
        assert capture["requestedBy"] == "alice"
        assert capture["parametersHash"] == run["parametersHash"]
        assert capture["scenarioHash"] == run["scenarioHash"]
        assert capture["rngSeed"] == 123
        assert capture["integrity"]["state"] == "valid"
        assert capture["fileCount"] == 4
        bundle = data_dirs.telemetry / "runs" / run["runId"] / "g000001"
        assert sorted(path.name for path in bundle.iterdir()) == [
            "Desk_Arrivals.csv",
            "Desk_Capacity.csv",
            "Desk_QueueDepth.csv",
            "Desk_Served.csv",
            "SHA256SUMS",
            "autocapture.json",
            "datapackage.json",
            "manifest.json",
        ]
        assert (
            bundle / "Desk_QueueDepth.csv"
        ).read_text() == "bin_index,value\n0,0\n1,4\n2,2\n3,0\n"

    def test_has_one_time(self, api, run, data_dirs):
        capture = make_capture(api, run["runId"])

        bundle = data_dirs.telemetry / "runs" / run["runId"] / "g000001"
        manifest = json.loads((bundle / "manifest.json").read_text())
        companion = json.loads((bundle / "autocapture.json").read_text())
        assert manifest["provenance"]["capturedAtUtc"] == companion["generatedAtUtc"]
        assert capture["generatedAtUtc"] == companion["generatedAtUtc"]
        assert companion["captureId"] == capture["captureId"]

    def test_makes_telemetry_available_on_the_run(self, api, run):
        capture = make_capture(api, run["runId"])

        shown = api.get(f"/v1/runs/{run['runId']}").json()
        assert shown["telemetry"] == {
            "available": True,
            "generatedAtUtc": capture["generatedAtUtc"],
            "warningCount": 0,
            "sourceRunId": run["runId"],
        }
        assert shown["actions"]["replayFromTelemetry"]["allowed"] is True
        assert shown["actions"]["regenerateTelemetry"]["allowed"] is True

    def test_records_each_step(self, api, run):
        capture = make_capture(api, run["runId"])

        events = list(CaptureEvent.objects.filter(capture_id=capture["captureId"]))
        names = [event.name for event in events]
        assert names[:2] == ["capture.requested", "capture.started"]
        assert names.count("capture.file_written") == 4
        assert names[-2:] == ["capture.published", "capture.succeeded"]
        for event in events:
            assert event.attributes["runId"] == run["runId"]
            assert event.attributes["captureId"] == capture["captureId"]
            assert event.attributes["templateId"] == "desk"
            assert event.attributes["requestId"]
            assert "captureKey" in event.attributes

    def test_writes_class_parts_and_reports_gaps(self, api):
        run = make_run(api, "counted")

        capture = make_capture(api, run["runId"])

        assert capture["supportsClassMetrics"] is True
        assert capture["classes"] == ["Adult", "Child"]
        assert capture["warningCount"] == len(capture["warnings"]) > 0
        first = capture["warnings"][0]
        assert first["code"] == "nan_detected"
        assert first["bins"] == [[1, 1]]
        groups = [(w["code"], w["nodeId"], w["metric"], w["classId"]) for w in capture["warnings"]]
        assert len(set(groups)) == len(groups)

    @pytest.mark.parametrize(
        ("options", "code", "text"),
        [
            ({"nan": "keep"}, "nan_detected", "1,NaN\n"),
            ({"nan": "zero"}, "nan_fill", "1,0\n"),
            ({"gaps": "report"}, "data_gap", "1,NaN\n"),
            ({"gaps": "zero"}, "data_gap", "1,0\n"),
        ],
    )
    def test_treats_values_that_are_missing_as_asked(self, api, data_dirs, options, code, text):
        run = make_run(api, "counted")

        capture = make_capture(api, run["runId"], options=options)

        assert code in {warning["code"] for warning in capture["warnings"]}
        bundle = data_dirs.telemetry / "runs" / run["runId"] / "g000001"
        assert text in (bundle / "Gate_Arrivals.csv").read_text()


class TestAnExistingBundle:
    def test_is_a_conflict_that_tells_its_facts(self, api, run, data_dirs):
        first = make_capture(api, run["runId"])
        before = snapshot(data_dirs.telemetry)

        response = post_capture(api, run["runId"])

        assert response.status_code == 409
        body = response.json()
        assert body["code"] == "capture_exists"
        assert body["capture"]["generated"] is False
        assert body["capture"]["alreadyExists"] is True
        assert body["capture"]["captureId"] == first["captureId"]
        assert body["capture"]["generatedAtUtc"] == first["generatedAtUtc"]
        assert snapshot(data_dirs.telemetry) == before
        assert Capture.objects.count() == 1
        assert CaptureEvent.objects.filter(name="capture.refused", capture=None).count() == 1

    def test_is_replaced_by_a_new_generation_on_request(self, api, run, data_dirs):
        first = make_capture(api, run["runId"])

        second = make_capture(api, run["runId"], output={"overwrite": True})

        assert second["generation"] == "g000002"
        old = api.get(f"/v1/telemetry/captures/{first['captureId']}").json()
        assert old["status"] == "superseded"
        bundles = data_dirs.telemetry / "runs" / run["runId"]
        assert sorted(path.name for path in bundles.iterdir()) == ["g000001", "g000002"]
        shown = api.get(f"/v1/runs/{run['runId']}").json()
        assert shown["telemetry"]["generatedAtUtc"] == second["generatedAtUtc"]

    def test_that_is_gone_from_disk_is_no_conflict(self, api, run, data_dirs):
        first = make_capture(api, run["runId"])
        bundle = data_dirs.telemetry / "runs" / run["runId"] / "g000001"
        bundle.rename(data_dirs.data / "elsewhere")

        second = make_capture(api, run["runId"])

        assert second["generation"] == "g000002"
        assert Capture.objects.get(pk=first["captureId"]).status == Capture.Status.MISSING

    def test_of_another_run_under_the_same_key_says_whose(self, api, run):
        other = make_run(api)
        make_capture(api, run["runId"], output={"captureKey": "storm"})

        response = post_capture(api, other["runId"], output={"captureKey": "storm"})

        assert response.status_code == 409
        assert run["runId"] in response.json()["detail"]
        assert response.json()["capture"]["sourceRunId"] == run["runId"]

    def test_of_another_run_can_be_replaced(self, api, run):
        other = make_run(api)
        make_capture(api, run["runId"], output={"captureKey": "storm"})

        make_capture(api, other["runId"], output={"captureKey": "storm", "overwrite": True})

        assert api.get(f"/v1/runs/{run['runId']}").json()["telemetry"]["available"] is False
        assert api.get(f"/v1/runs/{other['runId']}").json()["telemetry"]["available"] is True


class TestTheLibrary:
    def test_holds_a_bundle_under_a_key(self, api, run, data_dirs):
        capture = make_capture(api, run["runId"], output={"captureKey": "storm"})

        assert capture["captureKey"] == "storm"
        assert (data_dirs.telemetry / "library" / "storm" / "g000001" / "manifest.json").exists()

    def test_takes_a_directory_whose_relative_form_is_the_key(self, api, run, data_dirs):
        capture = make_capture(api, run["runId"], output={"directory": "storms/./2013/"})

        assert capture["captureKey"] == "storms/2013"

    def test_takes_an_absolute_directory_inside_the_root(self, api, run, data_dirs):
        inside = str(data_dirs.telemetry / "storms")

        capture = make_capture(api, run["runId"], output={"directory": inside})

        assert capture["captureKey"] == "storms"

    @pytest.mark.parametrize(
        "directory",
        ["..", "../x", "/etc", "/", "", "a/../../b", "runs/run_1", "~", ".hidden", "a\\b", "con"],
    )
    def test_takes_nothing_outside(self, api, run, data_dirs, directory):
        response = post_capture(api, run["runId"], output={"directory": directory})

        assert response.status_code == 400
        assert response.json()["code"] in ("outside_roots", "invalid_request")
        assert snapshot(data_dirs.telemetry) == {}

    def test_follows_no_link_out(self, api, run, data_dirs, tmp_path):
        (tmp_path / "outside").mkdir()
        (data_dirs.telemetry / "door").symlink_to(tmp_path / "outside")

        response = post_capture(api, run["runId"], output={"directory": "door/x"})

        assert response.status_code == 400
        assert response.json()["code"] == "outside_roots"
        assert list((tmp_path / "outside").iterdir()) == []


class TestRefusals:
    def test_an_unknown_run(self, api):
        response = post_capture(api, "run_nowhere")

        assert response.status_code == 404
        assert response.json()["code"] == "run_not_found"

    @pytest.mark.parametrize("status", ["queued", "running", "failed", "canceled"])
    def test_a_run_that_has_not_succeeded(self, api, run, status):
        is_final = status in ("failed", "canceled")
        Run.objects.update(
            status=status,
            failure_code="x" if status == "failed" else "",
            **({} if is_final else {"finished_at": None}),
        )

        response = post_capture(api, run["runId"])

        assert response.status_code == 422
        assert response.json()["code"] == "run_not_capturable"
        assert not Capture.objects.exists()

    def test_a_run_whose_files_are_gone(self, api, run, data_dirs):
        (data_dirs.runs / run["runId"]).rename(data_dirs.data / "elsewhere")

        response = post_capture(api, run["runId"])

        assert response.status_code == 422
        assert response.json()["code"] == "run_unreadable"

    def test_a_run_with_one_byte_changed(self, api, run, data_dirs):
        series = data_dirs.runs / run["runId"] / "series" / "desk_queue@DESK_QUEUE@DEFAULT.csv"
        series.write_bytes(series.read_bytes().replace(b"1,4", b"1,5"))

        response = post_capture(api, run["runId"])

        assert response.status_code == 422
        assert response.json()["code"] == "run_unreadable"
        assert snapshot(data_dirs.telemetry) == {}

    def test_a_run_with_nothing_to_capture(self, api):
        run = make_run(api, "bare")

        response = post_capture(api, run["runId"])

        assert response.status_code == 422
        assert response.json()["code"] == "nothing_to_capture"
        assert not Capture.objects.exists()

    def test_another_source(self, api):
        response = api.post(
            "/v1/telemetry/captures", {"source": {"type": "simulate"}}, format="json"
        )

        assert response.status_code == 400
        assert response.json()["code"] == "unsupported_source"

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"output": {"captureKey": "a", "directory": "b"}}, "/output"),
            ({"output": {"captureKey": "a/b"}}, "/output/captureKey"),
            ({"output": {"captureKey": ".."}}, "/output/captureKey"),
            ({"output": {"captureKey": "a "}}, "/output/captureKey"),
            ({"output": {"captureKey": "a\n"}}, "/output/captureKey"),
            ({"output": {"captureKey": 7}}, "/output/captureKey"),
            ({"output": {"path": "x"}}, "/output/path"),
            ({"output": {"overwrite": 1}}, "/output/overwrite"),
            ({"options": {"nan": "drop"}}, "/options/nan"),
            ({"more": 1}, "/more"),
        ],
    )
    def test_a_body_that_is_not_the_schema(self, api, run, body, pointer):
        response = post_capture(api, run["runId"], **body)

        assert response.status_code == 400
        assert response.json()["errors"][0]["pointer"] == pointer

    def test_a_viewer_may_not(self, viewer_api, api, run):
        response = post_capture(viewer_api, run["runId"])

        assert response.status_code == 403
        assert not Capture.objects.exists()

    def test_another_capture_in_progress(self, api, run):
        make_capture(api, run["runId"])
        from django.utils import timezone

        Capture.objects.update(
            status=Capture.Status.GENERATING, generation=None, heartbeat_at=timezone.now()
        )

        response = post_capture(api, run["runId"])

        assert response.status_code == 409
        assert response.json()["code"] == "capture_in_progress"

    def test_a_capture_that_died_does_not_stand_in_the_way(self, api, run):
        make_capture(api, run["runId"])
        Capture.objects.update(status=Capture.Status.GENERATING, generation=None, heartbeat_at=None)

        capture = make_capture(api, run["runId"])

        assert capture["generation"] == "g000002"
        dead = Capture.objects.exclude(pk=capture["captureId"]).get()
        assert dead.status == Capture.Status.FAILED
        assert dead.failure_code == "abandoned"


class TestInTheBackground:
    PREFER = {"Prefer": "respond-async"}

    def test_is_queued_and_then_done_by_the_worker(self, api, run, run_tasks):
        response = post_capture(api, run["runId"], headers=self.PREFER)

        assert response.status_code == 202
        capture = response.json()["capture"]
        assert capture["status"] == "queued"
        assert capture["generated"] is False
        shown = api.get(f"/v1/runs/{run['runId']}").json()
        assert shown["actions"]["generateTelemetry"]["reason"] == "A capture is in progress."

        assert run_tasks() == 1
        done = api.get(response["Location"]).json()
        assert done["status"] == "succeeded"
        assert api.get(f"/v1/runs/{run['runId']}").json()["telemetry"]["available"] is True

    def test_fails_on_the_row_where_the_run_goes_meanwhile(self, api, run, run_tasks, data_dirs):
        response = post_capture(api, run["runId"], headers=self.PREFER)
        (data_dirs.runs / run["runId"]).rename(data_dirs.data / "elsewhere")

        run_tasks()

        done = api.get(response["Location"]).json()
        assert done["status"] == "failed"
        assert done["failure"]["code"] == "run_unreadable"
        assert Run.objects.get().telemetry_in_progress is False
