"""Lifecycle events are logged with the names and keys they are stored with."""

import pytest
import structlog

from runs import services as runs
from runs.requests import RunRequest
from telemetry import services
from telemetry.errors import CaptureExists
from telemetry.models import CaptureEvent

pytestmark = pytest.mark.django_db(transaction=True)

KEYS = {"templateId", "captureKey", "runId", "captureId", "requestId"}


def test_every_stored_event_is_a_log_line(alice):
    run = runs.create_run(RunRequest(template_id="desk"), user=alice).run

    with structlog.testing.capture_logs() as lines:
        services.request_capture(run=run, user=alice, request_id="r1", capture_key="storm")
        with pytest.raises(CaptureExists):
            services.request_capture(run=run, user=alice, request_id="r2", capture_key="storm")
        capture = services.request_capture(
            run=run, user=alice, request_id="r3", capture_key="storm", overwrite=True
        )
        services.verify_capture(capture, user=alice, request_id="r4")

    logged = [line for line in lines if line["event"].startswith("capture.")]
    stored = list(CaptureEvent.objects.order_by("id"))
    assert {line["event"] for line in logged} == {
        "capture.requested",
        "capture.started",
        "capture.file_written",
        "capture.published",
        "capture.succeeded",
        "capture.refused",
        "capture.superseded",
        "capture.verified",
    }
    assert len(logged) == len(stored)
    for line in logged:
        assert line.keys() >= KEYS
    facts = [{k: v for k, v in line.items() if k not in ("event", "log_level")} for line in logged]
    for event in stored:
        assert event.attributes in facts


def test_a_refusal_says_which_key_was_asked_for(alice):
    run = runs.create_run(RunRequest(template_id="desk"), user=alice).run
    services.request_capture(run=run, user=alice, capture_key="storm")

    with pytest.raises(CaptureExists):
        services.request_capture(run=run, user=alice, capture_key="storm")

    refused = CaptureEvent.objects.get(name="capture.refused")
    assert refused.capture is None
    assert refused.run_id == run.pk
    assert refused.attributes["captureKey"] == "storm"
    assert refused.attributes["code"] == "capture_exists"
