"""Changing runs: making, replaying, cancelling and checking them. Every write to a run begins here."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from flowtime import faults
from flowtime.bundles import InvalidName, check_name, has_run_bundle, holding
from flowtime.engine import deterministic_run_id
from flowtime.tasks import heartbeat, is_dead
from runs import execution, gating, integrity, planning, replay, selectors, tasks
from runs.actors import Actor, person_of
from runs.clock import from_grid, now_after
from runs.errors import (
    RunExists,
    RunNotCancelable,
    RunNotRetryable,
    RunUnreadable,
    TelemetryChanged,
    TelemetryMissing,
)
from runs.events import record_event
from runs.models import Run, RunDocument
from runs.reading import open_bundle
from runs.requests import RunRequest, TelemetrySource
from runs.storage import runs_root
from runs.summaries import (
    keep_summary,
    set_telemetry_in_progress,
    set_telemetry_integrity,
    set_telemetry_summary,
)

if TYPE_CHECKING:
    from runs.planning import Prepared

__all__ = [
    "RunOutcome",
    "RunPlan",
    "RunRequest",
    "TelemetrySource",
    "cancel_run",
    "create_replay",
    "create_run",
    "notice_run",
    "open_bundle",
    "plan_run",
    "record_event",
    "retry_run",
    "set_telemetry_in_progress",
    "set_telemetry_integrity",
    "set_telemetry_summary",
    "verify_run",
]

# Pages at the addresses where pages of runs are, too.
PAGES_BESIDE_RUNS = frozenset({"new", "compare", "views", "picked"})


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """The run that a request led to; ``was_reused`` where it was there already."""

    run: Run
    was_reused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What a request would do."""

    prepared: Prepared
    run_id: str | None


def plan_run(request: RunRequest, *, user: Actor) -> RunPlan:
    """Check everything that ``create_run`` checks, and change nothing. Raises what ``create_run`` raises."""
    prepared = planning.prepare_request(request)
    run_id = _chosen_id(request, prepared)
    if run_id is not None and not request.overwrite:
        _check_free(run_id, prepared)
    return RunPlan(prepared=prepared, run_id=run_id)


def create_run(
    request: RunRequest,
    *,
    user: Actor,
    request_id: str = "",
    is_async: bool = False,
) -> RunOutcome:
    """Make a run, and unless ``is_async`` evaluate it before returning. Telemetry is never generated.

    Raises what the request is refused for before anything is written. What goes wrong afterwards is stored on
    the row, and raised to the caller who waits for it.
    """
    prepared = planning.prepare_request(request)
    chosen = _chosen_id(request, prepared)
    if chosen is not None:
        _bury(chosen)
    run_id = chosen or _new_id()
    may_reuse = request.is_deterministic and not request.overwrite
    existing = _reusable(run_id, prepared) if may_reuse else None
    if existing is None:
        try:
            return RunOutcome(
                _make(
                    run_id,
                    prepared,
                    _links(prepared),
                    user=user,
                    request_id=request_id,
                    is_async=is_async,
                )
            )
        except RunExists:
            # Somebody asked the same question at the same time, and was first.
            existing = _reusable(run_id, prepared) if may_reuse else None
            if existing is None:
                raise
    return RunOutcome(existing, was_reused=True)


def create_replay(
    run: Run,
    *,
    source: str,
    user: Actor,
    request_id: str = "",
    is_async: bool = False,
) -> Run:
    """Make a new run from ``run``: computed again from its model, or from the telemetry that belongs to it.

    Template, parameters and seed come out of the run's own bundle, so a template edited since does not matter.
    Raises RunUnreadable, TelemetryMissing or TelemetryChanged where the action is not allowed now.
    """
    run = notice_run(run)
    check = (
        gating.why_not_replay_from_model
        if source == Run.ReplayOf.MODEL
        else gating.why_not_replay_from_telemetry
    )
    _raise_refusal(run, check(run))
    prepared = replay.prepare_replay(run, source=source)
    faults.hit("replay.prepared")
    links = {**_links(prepared), "source_run_id": run.pk, "replay_of": source}
    return _make(_new_id(), prepared, links, user=user, request_id=request_id, is_async=is_async)


def retry_run(run: Run, *, user: Actor, request_id: str = "", is_async: bool = False) -> Run:
    """Make a new run of what a failed or cancelled one was asked for: the same template text, parameters and seed.

    The old row stays as it is, with its reason. Raises RunNotRetryable for any other run, and what its request
    is refused for now.
    """
    reason = gating.why_not_retry(run)
    if reason is not None:
        raise RunNotRetryable(reason, runId=run.pk)
    prepared = replay.prepare_stored(run)
    request = replace(prepared.request, run_id=None, is_deterministic=False, overwrite=False)
    prepared = replace(prepared, request=request)
    links = _links(prepared)
    if run.replay_of:
        links |= {"source_run_id": run.source_run_id, "replay_of": run.replay_of}
    return _make(_new_id(), prepared, links, user=user, request_id=request_id, is_async=is_async)


def _raise_refusal(run: Run, reason: str | None) -> None:
    if reason is None:
        return
    if reason in (gating.NO_TELEMETRY, gating.TELEMETRY_MISSING):
        raise TelemetryMissing(reason, runId=run.pk)
    if reason == gating.TELEMETRY_CHANGED:
        raise TelemetryChanged(reason, runId=run.pk)
    raise RunUnreadable(reason, runId=run.pk)


def _chosen_id(request: RunRequest, prepared: Prepared) -> str | None:
    if request.run_id is not None:
        return _free_of_pages(check_name("run id", request.run_id))
    if request.is_deterministic:
        return deterministic_run_id(prepared.template.id, prepared.input_hash)
    return None


def _free_of_pages(run_id: str) -> str:
    """Refuse the names of our own pages: the page of a run so called could not be reached."""
    if run_id in PAGES_BESIDE_RUNS:
        raise InvalidName(f"A run cannot be called {run_id}: a page has that name.", kind="run id")
    return run_id


def _new_id() -> str:
    return f"run_{timezone.now():%Y%m%dT%H%M%SZ}_{secrets.token_hex(4)}"


def _check_free(run_id: str, prepared: Prepared) -> None:
    existing = Run.objects.filter(pk=run_id).first()
    if existing is None:
        _check_free_on_disk(run_id, prepared.request)
    elif not (_is_same(existing, prepared) or _is_unanswered(existing, prepared)):
        raise _taken(existing)


def _check_free_on_disk(run_id: str, request: RunRequest) -> None:
    """Raise RunExists where files lie under the name and no row tells of them."""
    if request.is_deterministic or request.overwrite or not has_run_bundle(runs_root(), run_id):
        return
    if Run.objects.filter(pk=run_id).exists():
        return
    raise RunExists(
        f"There are files of a run {run_id} that the index does not know; reindex adopts them.",
        runId=run_id,
    )


def _is_same(run: Run, prepared: Prepared) -> bool:
    return prepared.request.is_deterministic and run.input_hash == prepared.input_hash


def _is_unanswered(run: Run, prepared: Prepared) -> bool:
    """The same question was asked under this name and came to no result: it may be asked again."""
    is_over = run.status in (Run.Status.FAILED, Run.Status.CANCELED) or _has_died(run)
    return is_over and run.input_hash == prepared.input_hash


def _has_died(run: Run) -> bool:
    return run.status == Run.Status.RUNNING and is_dead(run, runs_root())


def _reusable(run_id: str, prepared: Prepared) -> Run | None:
    """The run that answers the same question already; None where one has to be made."""
    run = Run.objects.select_related("document", "created_by").filter(pk=run_id).first()
    if run is None:
        return None
    if not _is_same(run, prepared):
        raise _taken(run)
    if not run.is_finished:
        return run
    run = notice_run(run)
    return run if gating.why_not_replay_from_model(run) is None else None


def _taken(run: Run) -> RunExists:
    return RunExists(
        f"Run {run.pk} exists already; it is {run.get_status_display().lower()}.", runId=run.pk
    )


def _links(prepared: Prepared) -> dict[str, Any]:
    if prepared.replayed is None:
        return {}
    return {
        "source_run_id": prepared.replayed.manifest.provenance.run_id,
        "replayed_capture_id": prepared.replayed.ref.capture_id or "",
    }


def _origin(links: Mapping[str, Any]) -> str | None:
    return links["source_run_id"] if links.get("replay_of") else None


def _columns(prepared: Prepared) -> dict[str, Any]:
    model = prepared.model
    return {
        "template_id": model.template_id,
        "template_title": prepared.title[:200],
        "template_version": model.template_version,
        "mode": model.mode,
        "bins": model.grid.bins,
        "bin_size": model.grid.bin_size,
        "bin_unit": model.grid.bin_unit,
        "window_start": from_grid(model.grid.start),
        "window_minutes": model.grid.bins * model.grid.bin_minutes,
        "rng_kind": model.rng.kind,
        "rng_mode": model.rng.mode,
        "rng_seed": model.rng.seed,
        "input_hash": prepared.input_hash,
    }


def _make(
    run_id: str,
    prepared: Prepared,
    links: Mapping[str, Any],
    *,
    user: Actor,
    request_id: str,
    is_async: bool,
) -> Run:
    """Reserve ``run_id`` and, unless a worker shall, do the work."""
    facts: dict[str, Any] = {"user": user, "request_id": request_id, "is_async": is_async}
    if is_async:
        _reserve(run_id, prepared, links, **facts)
    else:
        # Taken before the row is there: whoever finds it running and the lease free knows that we died.
        with holding(runs_root(), run_id):
            run = _reserve(run_id, prepared, links, **facts)
            with heartbeat(Run, run_id):
                execution.execute_run(run, prepared, request_id=request_id)
    return selectors.get_run(run_id)


def _reserve(
    run_id: str,
    prepared: Prepared,
    links: Mapping[str, Any],
    *,
    user: Actor,
    request_id: str,
    is_async: bool,
) -> Run:
    """Take ``run_id`` with one row: the primary key settles who was first. The row is queued or running."""
    _check_free_on_disk(run_id, prepared.request)
    now = timezone.now()
    run = Run(pk=run_id, created_at=now, created_by=person_of(user), **_columns(prepared), **links)
    if is_async:
        run.status = Run.Status.QUEUED
    else:
        run.status, run.started_at, run.heartbeat_at, run.attempt = Run.Status.RUNNING, now, now, 1
    replaced = None
    with transaction.atomic():
        try:
            with transaction.atomic():
                run.save(force_insert=True)
        except IntegrityError:
            replaced = _take_over(run, prepared)
        RunDocument.objects.update_or_create(
            run=run,
            defaults={
                "request": replay.to_document(prepared, origin=_origin(links), replaced=replaced),
                "template_text": prepared.template_text,
                "record": None,
            },
        )
        record_event(run, "run.created", actor=user, request_id=request_id, mode=run.mode)
        if is_async:
            # After commit, or a worker may look for a row that is not there yet.
            transaction.on_commit(partial(tasks.ring, run.pk, request_id))
    faults.hit("run.reserved")
    return run


def _take_over(run: Run, prepared: Prepared) -> dict[str, Any] | None:
    """Put the new run in the place of the finished one of the same id; RunExists unless that is asked for.

    What comes back is to be kept until the new run has its bundle: the old one stands until then.
    """
    existing = Run.objects.select_for_update().get(pk=run.pk)
    may_reuse = _is_same(existing, prepared) and not prepared.request.overwrite
    if may_reuse and _reusable(run.pk, prepared) is not None:
        # Somebody asked the same question at the same time, and is being or has been answered.
        raise _taken(existing)
    has_bundle = existing.status == Run.Status.SUCCEEDED
    is_asked_for = (
        prepared.request.overwrite
        or _is_same(existing, prepared)
        or _is_unanswered(existing, prepared)
    )
    if not (existing.is_finished and is_asked_for):
        raise _taken(existing)
    # An earlier worker that is not dead after all must not finish the new run's row.
    run.attempt = existing.attempt + 1
    run.save(force_update=True)
    return keep_summary(existing) if has_bundle else None


def _bury(run_id: str) -> None:
    """Fail a run of this id whose worker is gone, so that a retry need not wait for ``reap``."""
    run = Run.objects.filter(pk=run_id).first()
    if run is not None and _has_died(run):
        execution.fail_run(run, code=execution.ABANDONED, detail=execution.ABANDONED_DETAIL)


def cancel_run(run: Run, *, user: Actor, request_id: str = "") -> Run:
    """Cancel a queued run at once, or ask a running one to stop. Raises RunNotCancelable for a finished one."""
    now = now_after(run.started_at)
    rows = Run.objects.filter(pk=run.pk)
    with transaction.atomic():
        if rows.filter(status=Run.Status.QUEUED).update(
            status=Run.Status.CANCELED, cancel_requested_at=now, finished_at=now
        ):
            record_event(run, "run.canceled", actor=user, request_id=request_id)
        elif rows.filter(status=Run.Status.RUNNING).update(cancel_requested_at=now):
            record_event(run, "run.cancel_requested", actor=user, request_id=request_id)
        else:
            run.refresh_from_db(fields=("status",))
            raise RunNotCancelable(
                f"Run {run.pk} is {run.get_status_display().lower()}; only a queued or running run "
                f"can be cancelled.",
                runId=run.pk,
            )
    return selectors.get_run(run.pk)


def verify_run(run: Run, *, user: Actor | None, request_id: str = "", is_deep: bool = True) -> Run:
    """Check the run's files against its manifest now, and store what was found."""
    if run.status != Run.Status.SUCCEEDED:
        return run
    found = integrity.check_run(run, is_deep=is_deep)
    integrity.notice_telemetry(run, found, is_deep=is_deep)
    with transaction.atomic():
        integrity.store_run(run, found)
        record_event(run, "run.verified", actor=user, request_id=request_id, integrity=found.state)
    return selectors.get_run(run.pk)


def notice_run(run: Run) -> Run:
    """Look at the run's files as it is opened: what changed outside is stored on the row, and the row returned."""
    if run.status == Run.Status.SUCCEEDED and integrity.notice(run):
        return selectors.get_run(run.pk)
    return run
