"""Cancelling a capture: at once while it waits, at the next file while it is written, and never what has ended."""

import pytest

from flowtime.tasks import claim
from runs import services as runs
from runs.models import Run
from runs.requests import RunRequest
from telemetry import generation, services, tasks, ticking
from telemetry.errors import CaptureNotCancelable
from telemetry.models import Capture, CaptureEvent
from tests.flows import snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(alice):
    return runs.create_run(RunRequest(template_id="desk"), user=alice).run


@pytest.fixture
def generating(run, alice):
    """A capture that a worker has taken, and not begun to write."""
    capture = services.request_capture(run=run, user=alice, is_async=True)
    assert claim(Capture, capture.pk, from_status="queued", to_status="generating")
    return Capture.objects.select_related("source_run").get(pk=capture.pk)


def names_of(capture):
    return [event.name for event in CaptureEvent.objects.filter(capture=capture).order_by("id")]


def test_a_waiting_capture_is_cancelled_at_once(run, alice, data_dirs):
    capture = services.request_capture(run=run, user=alice, is_async=True)

    canceled = services.cancel_capture(capture, user=alice, request_id="r9")

    assert canceled.status == Capture.Status.FAILED
    assert canceled.is_canceled
    assert canceled.outcome == ("canceled", "Cancelled")
    assert Run.objects.get().telemetry_in_progress is False
    assert names_of(capture) == ["capture.requested", "capture.failed"]
    told = CaptureEvent.objects.get(name="capture.failed")
    assert (told.actor, told.attributes["code"]) == (alice, "canceled")
    assert told.attributes["requestId"] == "r9"
    # The bell that was rung for it finds nothing to do.
    tasks.generate.func(capture.pk)
    assert snapshot(data_dirs.telemetry) == {}


def test_a_capture_that_is_generated_stops_at_the_next_file(
    generating, alice, data_dirs, monkeypatch
):
    monkeypatch.setattr(ticking, "ASK_EVERY_S", 0)

    asked = services.cancel_capture(generating, user=alice)
    assert asked.status == Capture.Status.GENERATING
    assert asked.cancel_requested_at is not None
    generation.generate(generating)

    ended = Capture.objects.get()
    assert ended.is_canceled
    assert ended.failure_detail == generation.CANCELED_DETAIL
    assert Run.objects.get().telemetry_in_progress is False
    assert names_of(ended)[-2:] == ["capture.started", "capture.failed"]
    assert snapshot(data_dirs.telemetry) == {}


def test_cancelling_an_overwrite_leaves_the_old_bundle_current(run, alice, data_dirs, monkeypatch):
    monkeypatch.setattr(ticking, "ASK_EVERY_S", 0)
    first = services.request_capture(run=run, user=alice)
    before = snapshot(data_dirs.telemetry)
    again = services.request_capture(run=run, user=alice, overwrite=True, is_async=True)
    assert claim(Capture, again.pk, from_status="queued", to_status="generating")
    services.cancel_capture(again, user=alice)

    generation.generate(Capture.objects.select_related("source_run").get(pk=again.pk))

    assert snapshot(data_dirs.telemetry) == before
    assert Capture.objects.get(pk=first.pk).status == Capture.Status.SUCCEEDED
    row = Run.objects.get()
    assert (row.telemetry_available, row.telemetry_capture_id) == (True, first.pk)


def test_what_has_ended_cannot_be_cancelled(run, alice):
    capture = services.request_capture(run=run, user=alice)
    before = names_of(capture)

    with pytest.raises(CaptureNotCancelable, match="has ended"):
        services.cancel_capture(capture, user=alice)

    assert Capture.objects.get().status == Capture.Status.SUCCEEDED
    assert names_of(capture) == before


def test_the_target_of_a_cancelled_capture_is_free_again(run, alice):
    services.cancel_capture(
        services.request_capture(run=run, user=alice, is_async=True), user=alice
    )

    assert services.request_capture(run=run, user=alice).generation == 1


def test_files_are_told_of_while_they_are_written(generating, monkeypatch):
    monkeypatch.setattr(ticking, "TELL_EVERY_S", 0)
    told = []
    original = ticking.Ticker.tell_written

    def tell_written(self, done, total):
        original(self, done, total)
        row = Capture.objects.get()
        told.append((row.progress_done, row.progress_total, names_of(row).count(FILE)))

    monkeypatch.setattr(ticking.Ticker, "tell_written", tell_written)

    generation.generate(generating)

    count = Capture.objects.get().file_count
    assert told[0] == (1, count, 1)
    assert told[-1] == (count, count, count)
    assert names_of(generating).count(FILE) == count


FILE = "capture.file_written"
