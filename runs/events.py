"""Lifecycle events of runs: stored with the row, and logged with the same name and keys."""

from __future__ import annotations

from functools import partial
from typing import Any

import structlog
from django.db import transaction

from flowtime import metrics
from runs.actors import Actor, person_of
from runs.models import Run, RunEvent

log = structlog.get_logger(__name__)


def record_event(
    run: Run,
    name: str,
    *,
    actor: Actor | None = None,
    request_id: str = "",
    **attributes: Any,
) -> RunEvent:
    """Store one step in the life of ``run`` and log it once the transaction around it has committed."""
    facts: dict[str, Any] = {"runId": run.pk, "templateId": run.template_id, **attributes}
    if request_id:
        facts["requestId"] = request_id
    event = RunEvent.objects.create(run=run, name=name, actor=person_of(actor), attributes=facts)
    transaction.on_commit(partial(log.info, name, **facts))
    transaction.on_commit(partial(metrics.count_run_event, name, mode=run.mode, facts=facts))
    return event
