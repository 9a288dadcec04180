"""Lifecycle events of captures: stored, and logged with the same name and keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from django.db import transaction
from django.utils import timezone

from runs.actors import Actor, person_of
from telemetry.models import Capture, CaptureEvent

if TYPE_CHECKING:
    from runs.models import Run

log = structlog.get_logger(__name__)


def record_event(
    name: str,
    *,
    capture: Capture | None = None,
    run: Run | None = None,
    capture_key: str | None = None,
    actor: Actor | None = None,
    request_id: str = "",
    **attributes: Any,
) -> CaptureEvent:
    """Store one step in the life of ``capture``, or of a refusal of ``run`` that made none, and log it.

    The line is logged once the transaction around it has committed.
    """
    facts = event_facts(
        capture=capture, run=run, capture_key=capture_key, request_id=request_id, **attributes
    )
    event = CaptureEvent.objects.create(
        capture=capture, run_id=facts["runId"], name=name, actor=person_of(actor), attributes=facts
    )
    transaction.on_commit(partial(log.info, name, **facts))
    return event


def record_files(
    capture: Capture, files: Sequence[Mapping[str, Any]], *, request_id: str = ""
) -> None:
    """One ``capture.file_written`` for each file, in one statement."""
    now = timezone.now()
    rows = [
        CaptureEvent(
            capture=capture,
            run_id=capture.source_run_id,
            at=now,
            name="capture.file_written",
            attributes=event_facts(capture=capture, request_id=request_id, **file),
        )
        for file in files
    ]
    CaptureEvent.objects.bulk_create(rows)
    for row in rows:
        transaction.on_commit(partial(log.info, row.name, **row.attributes))


def event_facts(
    *,
    capture: Capture | None = None,
    run: Run | None = None,
    capture_key: str | None = None,
    request_id: str = "",
    **attributes: Any,
) -> dict[str, Any]:
    """The keys that every event of a capture carries; they come from ``capture``, else from ``run``."""
    if capture is not None:
        template_id, run_id = capture.template_id, capture.source_run_id
        capture_key = capture.capture_key or None
    else:
        template_id, run_id = (run.template_id, run.pk) if run else ("", "")
    return {
        "templateId": template_id,
        "captureKey": capture_key,
        "runId": run_id,
        "captureId": capture.pk if capture else None,
        "requestId": request_id,
        **attributes,
    }
