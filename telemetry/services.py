"""Changing captures: asking for telemetry and checking it. Every write to a capture begins here."""

from __future__ import annotations

import secrets
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db import IntegrityError, transaction
from django.utils import timezone

from flowtime import faults, metrics
from flowtime.bundles import (
    BundleMissing,
    InvalidName,
    OutsideRoots,
    Target,
    TelemetryBundle,
    holding,
    open_telemetry_bundle,
    resolve_inside,
)
from flowtime.errors import FlowTimeError
from flowtime.tasks import heartbeat, is_dead
from runs import execution, gating
from runs import services as run_services
from runs.actors import Actor, person_of
from runs.clock import now_after, to_text
from runs.errors import RunUnreadable
from runs.models import Run
from runs.selectors import get_run
from runs.storage import target_from_text, target_to_text, telemetry_root
from telemetry import generation, integrity, selectors, tasks
from telemetry.errors import (
    CaptureExists,
    CaptureInProgress,
    CaptureNotCancelable,
    CaptureNotRetryable,
    OutsideLibrary,
    RunNotCapturable,
)
from telemetry.events import record_event
from telemetry.models import Capture
from telemetry.records import capture_facts

__all__ = [
    "cancel_capture",
    "find_target",
    "notice_capture",
    "open_bundle",
    "record_event",
    "request_capture",
    "retry_capture",
    "verify_capture",
]

# How long a caller who asked to overwrite waits for another capture of the same target to end.
WAIT_S = 20.0
LOOK_EVERY_S = 0.05
# A queued capture that nobody has taken for so long has no worker: whoever asks now takes its place.
ABANDONED_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """One accepted wish for a capture."""

    run: Run
    target: Target
    overwrite: bool
    nan: str
    gaps: str
    user: Actor
    request_id: str
    is_async: bool
    capture_id: str

    @property
    def place(self) -> str:
        return target_to_text(self.target)


def request_capture(
    *,
    run: Run,
    user: Actor,
    request_id: str = "",
    capture_key: str | None = None,
    directory: str | None = None,
    overwrite: bool = False,
    nan: str = "keep",
    gaps: str = "keep",
    is_async: bool = False,
) -> Capture:
    """Reserve the target and generate telemetry from ``run``; with ``is_async`` a worker does the latter.

    Two callers racing for one target are settled by a unique constraint, not by a prior look. With
    ``overwrite`` the later one waits its turn, for a bounded time. A refusal is recorded as an event of the
    run and changes nothing else. Raises RunNotCapturable, RunUnreadable, NothingToCapture, CaptureExists,
    CaptureInProgress, OutsideLibrary, InvalidName, and what the disk refuses.
    """
    with ExitStack() as at_work:
        try:
            order = _Order(
                run=_check_run(run),
                target=find_target(run, capture_key=capture_key, directory=directory),
                overwrite=overwrite,
                nan=nan,
                gaps=gaps,
                user=user,
                request_id=request_id,
                is_async=is_async,
                capture_id=f"cap_{timezone.now():%Y%m%dT%H%M%SZ}_{secrets.token_hex(4)}",
            )
            _check_existing(order)
            with generation.open_source(run) as bundle:
                generation.find_offers(bundle)
            if not is_async:
                # Before the row is there: whoever finds it generating and the lease free knows that we died.
                at_work.enter_context(holding(telemetry_root(), order.capture_id))
            capture = _reserve(order)
        except FlowTimeError as error:
            metrics.capture_refused_total.labels(error.code).inc()
            record_event(
                "capture.refused",
                run=run,
                capture_key=_shown_key(capture_key),
                actor=user,
                request_id=request_id,
                code=error.code,
                detail=error.detail,
            )
            raise
        if not is_async:
            with heartbeat(Capture, capture.pk):
                generation.generate(capture, request_id=request_id)
    return selectors.get_capture(order.capture_id)


def find_target(
    run: Run, *, capture_key: str | None = None, directory: str | None = None
) -> Target:
    """Where a capture of ``run`` goes: a key of the library, a directory in it, else the run's own bundle."""
    if capture_key is not None and directory is not None:
        raise ValueError("A capture has a key or a directory, not both.")
    if capture_key is not None:
        return Target.for_key(capture_key)
    if directory is None:
        return Target.for_run(run.pk)
    try:
        parts = resolve_inside(telemetry_root(), directory)
        if parts[0] == "library":
            parts = parts[1:]
        elif parts[0] == "runs":
            raise OutsideLibrary("The directory lies among the runs' own bundles.")
        return Target.for_key("/".join(parts))
    except (InvalidName, OutsideRoots) as error:
        raise OutsideLibrary(error.detail) from None


def verify_capture(capture: Capture, *, user: Actor | None, request_id: str = "") -> Capture:
    """Hash every byte of the capture's bundle now, and store what was found."""
    if capture.status not in integrity.HAS_BUNDLE:
        return capture
    started = time.monotonic()
    found = integrity.check_capture(capture, is_deep=True)
    with transaction.atomic():
        integrity.settle(capture, found)
        record_event(
            "capture.verified",
            capture=capture,
            actor=user,
            request_id=request_id,
            integrity=found.state,
            durationMs=int(1000 * (time.monotonic() - started)),
        )
    return selectors.get_capture(capture.pk)


def cancel_capture(capture: Capture, *, user: Actor, request_id: str = "") -> Capture:
    """Cancel a queued capture at once, or ask a generating one to stop; what stood at the target stays.

    Raises CaptureNotCancelable for one that has ended.
    """
    status = Capture.Status
    rows = Capture.objects.filter(pk=capture.pk)
    with transaction.atomic():
        if rows.filter(status=status.QUEUED).update(cancel_requested_at=timezone.now()):
            generation.end_canceled(capture, actor=user, request_id=request_id)
        elif rows.filter(status=status.GENERATING).update(cancel_requested_at=timezone.now()):
            record_event(
                "capture.cancel_requested", capture=capture, actor=user, request_id=request_id
            )
        else:
            raise CaptureNotCancelable(
                f"Capture {capture.pk} has ended; only one that is queued or generating can be cancelled.",
                captureId=capture.pk,
            )
    return selectors.get_capture(capture.pk)


def retry_capture(
    capture: Capture, *, user: Actor, request_id: str = "", is_async: bool = False
) -> Capture:
    """Ask once more for what a capture that failed was asked for: the same run, place and options.

    Raises CaptureNotRetryable for any other capture, and what ``request_capture`` refuses.
    """
    if capture.status != Capture.Status.FAILED:
        raise CaptureNotRetryable(
            f"Capture {capture.pk} has not failed; only one that has is tried again.",
            captureId=capture.pk,
        )
    return request_capture(
        run=get_run(capture.source_run_id),
        user=user,
        request_id=request_id,
        capture_key=capture.capture_key or None,
        overwrite=capture.overwrite,
        nan=capture.nan,
        gaps=capture.gaps,
        is_async=is_async,
    )


def notice_capture(capture: Capture) -> Capture:
    """Look at the bundle as its capture is opened: what changed outside is stored, and the row returned."""
    return selectors.get_capture(capture.pk) if integrity.notice(capture) else capture


def open_bundle(capture: Capture) -> TelemetryBundle:
    """The bundle of ``capture`` for reading, as its row names it. Raises BundleMissing or BundleCorrupt."""
    if capture.status not in integrity.HAS_BUNDLE or capture.generation is None:
        raise BundleMissing(f"Capture {capture.pk} has no bundle.", captureId=capture.pk)
    return open_telemetry_bundle(
        telemetry_root(),
        target_from_text(capture.target),
        capture.generation,
        manifest_hash=capture.manifest_hash,
    )


def _check_run(run: Run) -> Run:
    run = run_services.notice_run(run)
    reason = gating.why_not_capturable(run)
    if reason in (gating.FILES_MISSING, gating.FILES_CHANGED):
        raise RunUnreadable(reason, runId=run.pk)
    if reason is not None:
        raise RunNotCapturable(reason, runId=run.pk)
    return run


def _shown_key(capture_key: str | None) -> str | None:
    return None if capture_key is None else capture_key[:80]


def _check_existing(order: _Order) -> None:
    """Raise CaptureExists where a bundle stands at the target and may not be replaced."""
    existing = selectors.current_capture_of_target(order.place)
    if existing is None:
        existing = selectors.lost_capture_of_target(order.place)
    if existing is None:
        return
    existing = notice_capture(existing)
    if existing.status == Capture.Status.SUCCEEDED and not order.overwrite:
        raise _exists(order, existing)


def _exists(order: _Order, existing: Capture) -> CaptureExists:
    at = (
        to_text(existing.generated_at.replace(microsecond=0)) if existing.generated_at else "before"
    )
    if order.target.capture_key is None:
        detail = f"Run {order.run.pk} already has a telemetry bundle, generated {at}."
    else:
        detail = (
            f"The library already holds a telemetry bundle under {order.target.capture_key}, "
            f"generated {at} from run {existing.source_run_id}."
        )
    return CaptureExists(detail, capture=capture_facts(existing, already_exists=True))


def _reserve(order: _Order) -> Capture:
    """Take the target with one row; the constraint on captures in progress settles who was first."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            return _insert(order)
        except IntegrityError:
            active = selectors.active_capture_of_target(order.place)
            if active is None or _abandon(active):
                continue
            if not order.overwrite or time.monotonic() > deadline:
                raise _in_progress(active) from None
        time.sleep(LOOK_EVERY_S)


def _insert(order: _Order) -> Capture:
    run = order.run
    # A capture is never older than its run: that is how those of an earlier run of the same id are told.
    now = now_after(run.created_at)
    capture = Capture(
        pk=order.capture_id,
        source_run=run,
        template_id=run.template_id,
        target=order.place,
        capture_key=order.target.capture_key or "",
        requested_at=now,
        requested_by=person_of(order.user),
        overwrite=order.overwrite,
        nan=order.nan,
        gaps=order.gaps,
    )
    if not order.is_async:
        capture.status = Capture.Status.GENERATING
        capture.started_at = capture.heartbeat_at = now
        capture.attempt = 1
    with transaction.atomic():
        capture.save(force_insert=True)
        # Another capture may have ended between the look and the reservation; none can from here on.
        existing = selectors.current_capture_of_target(order.place)
        if existing is not None and not order.overwrite:
            raise _exists(order, existing)
        if order.target.run_id is not None:
            run_services.set_telemetry_in_progress(run.pk, is_in_progress=True)
        record_event(
            "capture.requested",
            capture=capture,
            actor=order.user,
            request_id=order.request_id,
            overwrite=order.overwrite,
        )
        if order.is_async:
            # After commit, or a worker may look for a row that is not there yet.
            transaction.on_commit(partial(tasks.ring, capture.pk, order.request_id))
    faults.hit("capture.reserved")
    return capture


def _in_progress(active: Capture) -> CaptureInProgress:
    return CaptureInProgress(
        f"Another capture of the same target is {active.get_status_display().lower()}, "
        f"asked for at {to_text(active.requested_at.replace(microsecond=0))}.",
        capture=capture_facts(active),
    )


def _abandon(active: Capture) -> bool:
    """Fail a capture whose worker is gone, so that its target is not taken for ever; False while it lives."""
    if active.status == Capture.Status.GENERATING:
        is_over = is_dead(active, telemetry_root())
    else:
        is_over = timezone.now() - active.requested_at > ABANDONED_AFTER
    if is_over:
        generation.fail_capture(
            active,
            code=execution.ABANDONED,
            detail=execution.ABANDONED_DETAIL,
        )
    return is_over
