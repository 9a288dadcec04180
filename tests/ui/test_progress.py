"""What is going on, on pages: captures on their way and how to stop them, silent workers, and a disk that takes nothing."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from flowtime.tasks import liveness
from telemetry.models import Capture, CaptureEvent
from tests.factories import CaptureFactory, RunFactory
from tests.flows import snapshot
from tests.pages import element_of, text_of

pytestmark = pytest.mark.django_db

PANEL = {"HX-Request": "true", "HX-Target": "telemetry"}
LIVE = {"HX-Request": "true", "HX-Target": "live"}


@pytest.fixture
def generating(make_run):
    """A capture that wrote 3 of its 12 files in the last 6 seconds."""
    now = timezone.now()
    capture = CaptureFactory(
        source_run=make_run(),
        status="generating",
        generation=None,
        generated_at=None,
        finished_at=None,
        started_at=now - timedelta(seconds=6),
        heartbeat_at=now,
        progress_done=3,
        progress_total=12,
    )
    for node in ("Desk", "Door", "Gate"):
        CaptureEvent.objects.create(
            capture=capture,
            run=capture.source_run,
            name="capture.file_written",
            attributes={"nodeId": node, "metric": "Served", "requestId": "r5"},
        )
    return capture


@pytest.fixture
def worker_is_there():
    liveness.report_alive()


def test_the_panel_says_how_many_files_and_how_long(pages, generating):
    panel = element_of(pages.get(f"/runs/{generating.source_run_id}"), "telemetry")

    assert "3 of 12 files Gate, Served" in panel["words"]
    assert re.search(r"about \d+ seconds left", panel["words"])
    assert panel["hx-trigger"] == "every 1s"


def test_the_page_of_a_capture_follows_it_with_its_files(pages, generating):
    url = f"/telemetry/{generating.pk}"
    live = element_of(pages.get(url), "live")
    assert live["hx-trigger"] == "every 1s"
    for node in ("Desk", "Door", "Gate"):
        assert f"{node} Served written" in live["words"]
    assert "Request r5" in live["words"]

    fragment = pages.get(url, headers=LIVE)
    assert "<html" not in fragment.content.decode()
    Capture.objects.update(status="failed", failure_code="x", finished_at=timezone.now())
    ended = pages.get(url, headers=LIVE)

    assert ended["HX-Refresh"] == "true"
    # What was written stays to be read.
    assert "Door Served written" in text_of(pages.get(url))


def test_cancelling_in_the_panel(pages, make_run, run_tasks, data_dirs):
    run = make_run()
    pages.post(f"/runs/{run.pk}/capture")
    capture = Capture.objects.get()

    panel = pages.post(f"/telemetry/{capture.pk}/cancel", headers=PANEL)

    assert panel.status_code == 200
    assert "The last capture was cancelled." in element_of(panel, "telemetry")["words"]
    assert "hx-trigger" not in element_of(panel, "telemetry")
    run_tasks()
    assert snapshot(data_dirs.telemetry) == {}
    assert "Cancelled" in text_of(pages.get("/telemetry"))


def test_cancelling_without_a_script_leads_to_the_capture(pages, make_run):
    run = make_run()
    pages.post(f"/runs/{run.pk}/capture")
    capture = Capture.objects.get()

    response = pages.post(f"/telemetry/{capture.pk}/cancel")

    assert response.status_code == 303
    assert "This capture was cancelled." in text_of(pages.get(response["Location"]))


def test_cancelling_what_has_ended_says_so(pages, make_run, make_capture):
    capture = make_capture(make_run())

    response = pages.post(f"/telemetry/{capture.pk}/cancel")

    assert response.status_code == 409
    assert f"Capture {capture.pk} has ended" in text_of(response)
    assert Capture.objects.get().status == "succeeded"


def test_a_viewer_sees_the_button_and_why_it_does_nothing(viewer_pages, generating):
    page = viewer_pages.get(f"/runs/{generating.source_run_id}")
    assert element_of(page, "cancel-capture")["aria-disabled"] == "true"

    response = viewer_pages.post(f"/telemetry/{generating.pk}/cancel")

    assert response.status_code == 403
    assert Capture.objects.get().cancel_requested_at is None


def test_a_job_whose_worker_is_silent_says_since_when(pages, generating, worker_is_there):
    Capture.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=40))

    said = element_of(pages.get(f"/runs/{generating.source_run_id}"), "telemetry")["words"]

    assert re.search(r"Worker silent for \d+ s\.", said)


###############################################################################
# The banner
###############################################################################
def banner_of(response):
    return element_of(response, "system")["words"]


def test_nothing_is_said_while_all_is_well(pages, worker_is_there):
    assert banner_of(pages.get("/runs")) == ""


def test_a_silent_worker_is_said_with_what_waits_for_it(pages):
    cache.set(liveness.KEY, timezone.now() - timedelta(seconds=40), timeout=None)
    for _ in range(2):
        RunFactory(status="queued", finished_at=None)
    CaptureFactory(status="queued", generation=None, generated_at=None, finished_at=None)

    said = banner_of(pages.get("/telemetry"))

    assert re.search(r"Nothing is being computed. Worker silent for \d+ s\.", said)
    assert "2 runs and 1 capture are waiting; they start when it is back." in said


def test_a_disk_that_takes_nothing_makes_the_pages_say_read_only(
    pages, worker_is_there, data_dirs, settings
):
    settings.TELEMETRY_ROOT = data_dirs.data / "gone"

    said = banner_of(pages.get("/runs"))

    assert said.startswith("FlowTime is read-only.")
    assert "gone" not in said


def test_little_room_is_said(pages, worker_is_there, settings):
    settings.FLOWTIME_MIN_FREE_MB = 10**12

    assert "Little space is left for runs and telemetry." in banner_of(pages.get("/runs"))


def test_the_banner_is_asked_for_alone_and_a_stranger_gets_nothing(pages, db):
    answer = pages.get("/system")
    assert "<html" not in answer.content.decode()
    assert "No worker has been heard from yet." in banner_of(answer)

    stranger = Client().get("/system")

    assert (stranger.status_code, stranger.content) == (204, b"")
