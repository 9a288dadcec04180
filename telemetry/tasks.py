"""Background work of the telemetry app: the queue carries an id, the row says what to do."""

from __future__ import annotations

import structlog
from django_tasks import task

from flowtime import faults
from flowtime.bundles import holding
from flowtime.errors import FlowTimeError
from flowtime.tasks import claim, heartbeat
from runs.storage import telemetry_root
from telemetry import generation
from telemetry.models import Capture

log = structlog.get_logger(__name__)


@task()
def generate(capture_id: str, request_id: str = "") -> None:
    """Generate a queued capture. Ringing twice does the work once: the claim is one conditional UPDATE."""
    status = Capture.Status
    # Taken before the row says so: whoever finds the row generating and the lease free knows that we died.
    with holding(telemetry_root(), capture_id):
        if not claim(Capture, capture_id, from_status=status.QUEUED, to_status=status.GENERATING):
            return
        faults.hit("capture.claimed")
        with heartbeat(Capture, capture_id):
            capture = Capture.objects.select_related("source_run").get(pk=capture_id)
            _generate_claimed(capture, request_id)


def _generate_claimed(capture: Capture, request_id: str) -> None:
    """Whatever goes wrong is on the row and in the log; the queue has nothing to add."""
    try:
        generation.generate(capture, request_id=request_id)
    except FlowTimeError:
        return
    except Exception as error:
        log.error("capture.not_finished", captureId=capture.pk, error=type(error).__name__)


def ring(capture_id: str, request_id: str = "") -> None:
    """Say that a capture is queued."""
    generate.enqueue(capture_id, request_id)
