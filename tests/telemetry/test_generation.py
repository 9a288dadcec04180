"""How the work of a capture ends, when it does not end well; and what is left alone then."""

import pytest

from runs import services as runs
from runs.models import Run
from runs.requests import RunRequest
from telemetry import generation, services, tasks
from telemetry.models import Capture, CaptureEvent
from tests.flows import make_capture, make_run, post_capture, snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(alice):
    return runs.create_run(RunRequest(template_id="desk"), user=alice).run


def test_a_bell_that_rings_twice_does_the_work_once(run, alice):
    capture = services.request_capture(run=run, user=alice, is_async=True)

    tasks.generate.func(capture.pk)
    tasks.generate.func(capture.pk)

    assert CaptureEvent.objects.filter(name="capture.succeeded").count() == 1
    assert Capture.objects.get().generation == 1


def test_a_disk_that_is_away_is_told_and_frees_the_target(api, data_dirs):
    run_id = make_run(api)["runId"]
    data_dirs.telemetry.rename(data_dirs.data / "away")

    response = post_capture(api, run_id)

    assert response.status_code == 503
    assert response.json()["code"] == "storage_unavailable"
    capture = Capture.objects.get()
    assert capture.status == Capture.Status.FAILED
    assert capture.failure_code == "storage_unavailable"
    assert Run.objects.get().telemetry_in_progress is False

    (data_dirs.data / "away").rename(data_dirs.telemetry)
    assert make_capture(api, run_id)["generation"] == "g000001"


def test_an_overwrite_that_fails_leaves_the_old_bundle_as_it_was(api, data_dirs, monkeypatch):
    run_id = make_run(api)["runId"]
    first = make_capture(api, run_id)
    before = snapshot(data_dirs.telemetry)

    def break_down(*arguments, **facts):
        raise RuntimeError("out of the blue")

    monkeypatch.setattr(generation, "treat_series", break_down)
    response = post_capture(api, run_id, output={"overwrite": True})

    assert response.status_code == 500
    assert response.json()["code"] == "internal_error"
    assert "blue" not in response.content.decode()
    assert snapshot(data_dirs.telemetry) == before
    assert Capture.objects.get(pk=first["captureId"]).status == Capture.Status.SUCCEEDED
    failed = Capture.objects.exclude(pk=first["captureId"]).get()
    assert failed.failure_code == "internal_error"
    assert failed.failure_detail == generation.INTERNAL_ERROR
    shown = api.get(f"/v1/runs/{run_id}").json()
    assert shown["telemetry"]["generatedAtUtc"] == first["generatedAtUtc"]
    assert shown["actions"]["regenerateTelemetry"]["allowed"] is True


def test_an_orphan_of_a_crash_takes_no_number_twice(run, alice, data_dirs):
    services.request_capture(run=run, user=alice)
    bundles = data_dirs.telemetry / "runs" / run.pk
    (bundles / "g000007").mkdir()

    capture = services.request_capture(run=run, user=alice, overwrite=True)

    assert capture.generation == 8


def test_a_capture_that_was_taken_over_is_not_finished_by_the_first(run, alice, monkeypatch):
    original = generation._write

    def write_and_lose(capture, *arguments):
        Capture.objects.filter(pk=capture.pk).update(attempt=2)
        return original(capture, *arguments)

    monkeypatch.setattr(generation, "_write", write_and_lose)

    with pytest.raises(services.CaptureInProgress):
        services.request_capture(run=run, user=alice)

    assert not Capture.objects.filter(status=Capture.Status.SUCCEEDED).exists()
    assert not CaptureEvent.objects.filter(name="capture.succeeded").exists()


def test_a_replaced_run_has_no_telemetry_of_the_old_one(api):
    options = {"runId": "mine", "overwriteExisting": True}
    make_run(api, options=options)
    make_capture(api, "mine")

    again = make_run(api, parameters={"extra": 3}, options=options)

    assert again["telemetry"]["available"] is False
    assert again["actions"]["generateTelemetry"]["allowed"] is True
    assert make_capture(api, "mine")["generation"] == "g000002"
