"""Background work of the telemetry app: the queue carries an id, the row says what to do."""

from __future__ import annotations

import structlog
from django_tasks import task

from flowtime.errors import FlowTimeError
from flowtime.tasks import claim, heartbeat
from telemetry import generation
from telemetry.models import Capture

log = structlog.get_logger(__name__)


@task()
def generate(capture_id: str, request_id: str = "") -> None:
    """Generate a queued capture. Ringing twice does the work once: the claim is one conditional UPDATE."""
    status = Capture.Status
    if not claim(Capture, capture_id, from_status=status.QUEUED, to_status=status.GENERATING):
        return
    capture = Capture.objects.select_related("source_run").get(pk=capture_id)
    with heartbeat(Capture, capture_id):
        try:
            generation.generate(capture, request_id=request_id)
        except FlowTimeError:
            # The row says why; the queue has nothing to add.
            return
        except Exception as error:
            log.error("capture.not_finished", captureId=capture_id, error=type(error).__name__)


def ring(capture_id: str, request_id: str = "") -> None:
    """Say that a capture is queued."""
    generate.enqueue(capture_id, request_id)
