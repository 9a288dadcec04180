"""How the work of a run ends: failed with a reason, cancelled, taken over, or in the face of a full disk."""

import pytest
from django.utils import timezone

from runs import execution, services, tasks
from runs.models import Run, RunDocument, RunEvent
from runs.requests import RunRequest
from tests.flows import snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def queued(alice):
    return services.create_run(RunRequest(template_id="counted"), user=alice, is_async=True).run


def test_a_queued_run_is_evaluated(queued):
    tasks.execute.func(queued.pk)

    run = Run.objects.get()
    assert run.status == Run.Status.SUCCEEDED
    assert run.attempt == 1
    assert run.series_count > 0
    assert (run.progress_done, run.progress_total) == (100, 100)


def test_a_bell_that_rings_twice_does_the_work_once(queued):
    tasks.execute.func(queued.pk)
    finished = Run.objects.get().finished_at

    tasks.execute.func(queued.pk)

    assert Run.objects.get().finished_at == finished
    assert RunEvent.objects.filter(name="run.succeeded").count() == 1


def test_a_bell_for_nobody_is_no_matter():
    tasks.execute.func("run_nowhere")


def test_what_can_no_longer_be_evaluated_fails_with_its_reason(queued, data_dirs):
    (data_dirs.templates / "counted.csv").unlink()

    tasks.execute.func(queued.pk)

    run = Run.objects.get()
    assert run.status == Run.Status.FAILED
    assert run.failure_code == "model_invalid"
    assert "coming" in run.failure_detail
    assert str(data_dirs.data) not in run.failure_detail
    assert RunEvent.objects.filter(name="run.failed").count() == 1
    assert snapshot(data_dirs.runs) == {}


def test_what_nobody_foresaw_fails_without_a_traceback(queued):
    RunDocument.objects.update(request={"nonsense": True})

    tasks.execute.func(queued.pk)

    run = Run.objects.get()
    assert run.status == Run.Status.FAILED
    assert run.failure_code == "internal_error"
    assert run.failure_detail == execution.INTERNAL_ERROR


def test_a_run_that_is_asked_to_stop_stops(queued, data_dirs, monkeypatch):
    monkeypatch.setattr(execution, "ASK_EVERY_S", 0)
    monkeypatch.setattr(tasks, "claim", claim_and_cancel)

    tasks.execute.func(queued.pk)

    run = Run.objects.get()
    assert run.status == Run.Status.CANCELED
    assert run.finished_at is not None
    assert snapshot(data_dirs.runs) == {}
    assert RunEvent.objects.filter(name="run.canceled").exists()


def claim_and_cancel(model, pk, *, from_status, to_status):
    """A cancellation that arrives just after the claim."""
    from flowtime.tasks import claim

    taken = claim(model, pk, from_status=from_status, to_status=to_status)
    Run.objects.filter(pk=pk).update(cancel_requested_at=timezone.now())
    return taken


def test_a_run_that_was_taken_over_is_not_finished_by_the_first(alice, monkeypatch):
    original = execution._write

    def write_and_lose(run, *arguments):
        Run.objects.filter(pk=run.pk).update(attempt=2)
        return original(run, *arguments)

    monkeypatch.setattr(execution, "_write", write_and_lose)

    run = services.create_run(RunRequest(template_id="desk"), user=alice).run

    assert run.status == Run.Status.RUNNING
    assert not RunEvent.objects.filter(name="run.succeeded").exists()


def test_a_disk_that_is_away_is_told_before_anything_is_written(api, data_dirs):
    data_dirs.runs.rename(data_dirs.data / "away")

    response = api.post("/v1/runs", {"templateId": "desk"}, format="json")

    assert response.status_code == 503
    assert response["Retry-After"]
    assert response.json()["code"] == "storage_unavailable"
    assert not Run.objects.exists()

    (data_dirs.data / "away").rename(data_dirs.runs)
    assert api.post("/v1/runs", {"templateId": "desk"}, format="json").status_code == 201


def test_a_disk_that_goes_away_meanwhile_leaves_a_failed_row(queued, data_dirs):
    data_dirs.runs.rename(data_dirs.data / "away")

    tasks.execute.func(queued.pk)

    run = Run.objects.get()
    assert run.status == Run.Status.FAILED
    assert run.failure_code == "storage_unavailable"
