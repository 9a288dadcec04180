"""Jobs are rows: claimed by one conditional UPDATE, kept by a heartbeat, reaped when that stops.

A job model has the columns ``status``, ``heartbeat_at`` and ``attempt``; a model with ``started_at``
gets it at the claim.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import DatabaseError, connection, models
from django.db.models import F, Q
from django.utils import timezone

from flowtime import faults
from flowtime.bundles import Root, is_abandoned
from flowtime.tracing import job_span

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 5.0
# Six missed beats: a worker that pauses for a checkpoint or a slow disk is not dead.
STALE_AFTER = timedelta(seconds=30)
MAX_ATTEMPTS = 3


def claim(model: type[models.Model], pk: Any, *, from_status: str, to_status: str) -> bool:
    """Take the job; False when somebody else has. A bell that rings twice does the work once."""
    now = timezone.now()
    changes: dict[str, Any] = {
        "status": to_status,
        "heartbeat_at": now,
        "attempt": F("attempt") + 1,
    }
    if any(column.name == "started_at" for column in model._meta.get_fields()):
        changes["started_at"] = now
    waiting = model._default_manager.filter(pk=pk, status=from_status)
    return waiting.update(**changes) == 1


@contextmanager
def heartbeat(
    model: type[models.Model], pk: Any, *, seconds: float = HEARTBEAT_SECONDS
) -> Iterator[None]:
    """Keep the job's heartbeat fresh from a thread of its own while the block runs."""
    stopped = threading.Event()

    def beat() -> None:
        while not stopped.wait(seconds):
            try:
                model._default_manager.filter(pk=pk).update(heartbeat_at=timezone.now())
            except DatabaseError as error:
                # A beat may be lost to a busy database; the next one makes up for it.
                log.warning("job.heartbeat_failed", job=str(pk), error=type(error).__name__)
        connection.close()

    thread = threading.Thread(target=beat, name=f"heartbeat-{pk}", daemon=True)
    thread.start()
    try:
        with job_span(str(model._meta.model_name), pk):
            yield
    finally:
        stopped.set()
        thread.join()


def is_stale(
    heartbeat_at: datetime | None, *, now: datetime, stale_after: timedelta = STALE_AFTER
) -> bool:
    """Whether a worker that beat last at ``heartbeat_at`` must be taken for dead."""
    return heartbeat_at is None or now - heartbeat_at > stale_after


def is_dead(job: Any, root: Root) -> bool:
    """Whether the worker of ``job``, whose leases lie below ``root``, is gone: it says nothing, or its lease is free."""
    return is_stale(job.heartbeat_at, now=timezone.now()) or is_abandoned(root, job.pk)


@dataclass(slots=True)
class Reaped:
    """What one round of reaping did, by primary key."""

    rung: list[Any] = field(default_factory=list)
    failed: list[Any] = field(default_factory=list)


def reap(
    model: type[models.Model],
    *,
    queued: str,
    working: str,
    queued_at: str,
    ring: Callable[[Any], object],
    give_up: Callable[[Any], object],
    has_died: Callable[[Any], bool] = lambda pk: False,
    stale_after: timedelta = STALE_AFTER,
    max_attempts: int = MAX_ATTEMPTS,
    now: datetime | None = None,
) -> Reaped:
    """Ring again for jobs whose worker died or whose bell was lost; give up after ``max_attempts``.

    ``queued_at`` names the column that says since when a job waits; ``ring(pk)`` enqueues, ``give_up(pk)``
    ends the job as failed, and ``has_died(pk)`` knows of deaths before the heartbeat is missed. Each job
    is settled by one conditional UPDATE, so two rounds at once do nothing twice.
    """
    now = now or timezone.now()
    limit = now - stale_after
    reaped = Reaped()
    at_work = model._default_manager.filter(status=working)
    for pk, attempt, beat in list(at_work.values_list("pk", "attempt", "heartbeat_at")):
        if not is_stale(beat, now=now, stale_after=stale_after) and not has_died(pk):
            continue
        if attempt >= max_attempts:
            give_up(pk)
            faults.hit("reap.failed")
            reaped.failed.append(pk)
        # Unless it was settled, or beat once more, since we looked.
        elif at_work.filter(pk=pk, attempt=attempt, heartbeat_at=beat).update(
            status=queued, heartbeat_at=now
        ):
            faults.hit("reap.requeued")
            reaped.rung.append(pk)
    # heartbeat_at of a queued job is the time its bell was last rung again.
    silent = model._default_manager.filter(
        Q(heartbeat_at__lt=limit) | Q(heartbeat_at__isnull=True),
        status=queued,
        **{f"{queued_at}__lt": limit},
    )
    lost: Sequence[Any] = list(silent.values_list("pk", flat=True))
    reaped.rung += [pk for pk in lost if silent.filter(pk=pk).update(heartbeat_at=now)]
    for pk in reaped.rung:
        log.info("job.rung_again", job=str(pk), kind=model._meta.model_name)
        ring(pk)
        faults.hit("reap.rung")
    return reaped
