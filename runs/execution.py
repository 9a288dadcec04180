"""Doing a run's work: evaluate the model, write the bundle, finish the row. The row is claimed before."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
import yaml
from django.db import transaction
from django.utils import timezone

from flowtime import engine, faults
from flowtime.bundles import (
    Cancelled,
    Published,
    SeriesFacts,
    open_run_bundle,
    write_run_bundle,
)
from flowtime.engine import canonical_json
from flowtime.errors import FlowTimeError
from runs import adoption, observed, records, selectors
from runs.clock import now_after
from runs.errors import ModelInvalid
from runs.events import record_event
from runs.models import Integrity, Run, RunDocument
from runs.planning import problem_list
from runs.reproduction import Reproduction, compare_series
from runs.shape import shape_of
from runs.storage import runs_root
from runs.summaries import set_telemetry_summary

if TYPE_CHECKING:
    from runs.planning import Prepared

log = structlog.get_logger(__name__)

# People look at a progress bar a few times a second; each look costs the database a write.
TELL_EVERY_S = 0.4
ASK_EVERY_S = 0.5
# Evaluating is this share of the bar, writing the rest.
EVALUATED = 60

INTERNAL_ERROR = "Something unexpected went wrong. The log holds the cause."
ABANDONED = "abandoned"
ABANDONED_DETAIL = "The work stopped without a word; another request took over."


class Ticker:
    """Tells the row how far its work is, and asks it whether to stop: both sparingly."""

    def __init__(self, run: Run) -> None:
        self._rows = Run.objects.filter(pk=run.pk, attempt=run.attempt)
        self._told_at = self._asked_at = time.monotonic()
        # Asked for before the worker that had it died.
        self._is_cancelled = run.cancel_requested_at is not None

    def tell_evaluated(self, fraction: float, phase: str) -> None:
        self._tell(int(EVALUATED * fraction))

    def tell_written(self, done: int, total: int) -> None:
        self._tell(EVALUATED + (100 - EVALUATED) * done // total)

    def is_cancelled(self) -> bool:
        now = time.monotonic()
        if not self._is_cancelled and now - self._asked_at >= ASK_EVERY_S:
            self._asked_at = now
            self._is_cancelled = self._rows.filter(cancel_requested_at__isnull=False).exists()
        return self._is_cancelled

    def _tell(self, percent: int) -> None:
        now = time.monotonic()
        if now - self._told_at >= TELL_EVERY_S:
            self._told_at = now
            self._rows.update(
                progress_done=percent,
                progress_total=100,
                progress_unit="percent",
                heartbeat_at=timezone.now(),
            )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one evaluation gave, before it is written."""

    result: engine.Result
    index: tuple[SeriesFacts, ...]
    arrays: Mapping[str, Any]
    shape: str
    reproduction: Reproduction | None
    finished_at: datetime


def execute_run(run: Run, prepared: Prepared, *, request_id: str = "") -> None:
    """Evaluate ``prepared`` and publish the bundle of ``run``, which is running; the row ends in a final status.

    What is refused is stored on the row with its code and sentence, and raised; what nobody foresaw is logged,
    stored as ``internal_error`` and raised. A cancelled run ends without an error.
    """
    try:
        _work(run, prepared, request_id)
    except (engine.Cancelled, Cancelled):
        _finish_canceled(run, request_id)
    except FlowTimeError as error:
        fail_run(run, code=error.code, detail=error.detail, request_id=request_id)
        raise
    except (engine.DocumentError, engine.SourceError) as error:
        fail_run(run, code="model_invalid", detail=error.message, request_id=request_id)
        raise ModelInvalid(error.message, errors=problem_list(error.problems)) from None
    except Exception:
        log.exception("run.crashed", runId=run.pk, templateId=run.template_id, requestId=request_id)
        fail_run(run, code="internal_error", detail=INTERNAL_ERROR, request_id=request_id)
        raise


def fail_run(run: Run, *, code: str, detail: str, request_id: str = "") -> None:
    """Store why ``run`` failed, unless it has been finished or taken over by another worker meanwhile."""
    with transaction.atomic():
        is_ours = _finish(run, Run.Status.FAILED, failure_code=code, failure_detail=detail)
        if is_ours:
            record_event(run, "run.failed", request_id=request_id, code=code, detail=detail)
    if is_ours:
        faults.hit("run.failed")
        adoption.restore_replaced(run, request_id=request_id)


def _work(run: Run, prepared: Prepared, request_id: str) -> None:
    started = time.monotonic()
    ticker = Ticker(run)
    outcome = _evaluate(run, prepared, ticker)
    record = records.make_record(run, prepared, outcome)
    published = _write(run, prepared, outcome, record, ticker)
    faults.hit("run.published")
    elapsed = int(1000 * (time.monotonic() - started))
    with transaction.atomic():
        is_ours = _finish(
            run,
            Run.Status.SUCCEEDED,
            finished_at=outcome.finished_at,
            series_count=len(outcome.index),
            warning_count=len(record.warnings),
            shape=outcome.shape,
            manifest_hash=published.manifest_hash,
            byte_count=published.byte_count,
            integrity=Integrity.VALID,
            integrity_checked_at=timezone.now(),
            progress_done=100,
            progress_total=100,
            progress_unit="percent",
            **_reproduction_columns(outcome.reproduction),
        )
        if not is_ours:
            # Another worker took the row over: its bundle has the same name and replaces this one.
            return
        RunDocument.objects.filter(run_id=run.pk).update(record=records.as_json(record))
        # What was generated from a run of this id that was replaced is not this run's telemetry.
        run.captures.filter(status="succeeded", target=f"runs/{run.pk}").update(status="superseded")
        _summarise_telemetry(run, prepared)
        record_event(
            run,
            "run.succeeded",
            request_id=request_id,
            durationMs=elapsed,
            seriesCount=len(outcome.index),
            warningCount=len(record.warnings),
        )
        faults.hit("run.finishing")
    faults.hit("run.finished")


def _evaluate(run: Run, prepared: Prepared, ticker: Ticker) -> Outcome:
    result = prepared.plan.run(
        sources=prepared.sources,
        overrides=prepared.overrides,
        replicate=prepared.request.replicate,
        progress=ticker.tell_evaluated,
        cancel=ticker.is_cancelled,
    )
    faults.hit("run.evaluated")
    selected = [(row, info) for row, info in enumerate(result.index) if info.selected]
    index = tuple(_series_facts(info) for _, info in selected)
    arrays = {info.series_id: result.values[row] for row, info in selected}
    return Outcome(
        result=result,
        index=index,
        arrays=arrays,
        shape=shape_of(
            (result.colours(node.id) for node in result.model.topology.nodes),
            bins=result.grid.bins,
        ),
        reproduction=_compare_with_source(run, arrays),
        finished_at=now_after(run.started_at),
    )


def _series_facts(info: engine.SeriesInfo) -> SeriesFacts:
    return SeriesFacts.model_validate(
        {
            "series_id": info.series_id,
            "node_id": info.component,
            "kind": info.kind,
            "unit": info.unit,
            "class_id": info.class_id,
            "id": info.id,
            "roles": info.roles,
            "origin": info.origin,
            "hidden": info.hidden,
        }
    )


def _compare_with_source(run: Run, arrays: Mapping[str, Any]) -> Reproduction | None:
    if not run.replay_of or run.source_run_id is None:
        return None
    source = selectors.get_run(run.source_run_id)
    with open_run_bundle(runs_root(), source.pk, manifest_hash=source.manifest_hash) as bundle:
        found = compare_series(arrays, bundle)
    faults.hit("replay.compared")
    return found


def _write(
    run: Run, prepared: Prepared, outcome: Outcome, record: records.RunRecord, ticker: Ticker
) -> Published:
    document = outcome.result.model.to_document()
    facts: dict[str, Any] = {
        "record": record,
        "template_text": prepared.template_text,
        "model_document": canonical_json(document),
        "model_yaml": yaml.dump(
            document, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True
        ),
        "index": outcome.index,
        "arrays": outcome.arrays,
        # The row is the lock on the name: what lies there is this run's own earlier attempt, or to be replaced.
        "replace": prepared.request.overwrite
        or prepared.request.is_deterministic
        or run.attempt > 1,
        "progress": ticker.tell_written,
        "cancel": ticker.is_cancelled,
    }
    if prepared.replayed is None:
        return write_run_bundle(runs_root(), run.pk, **facts)
    expected = prepared.replayed.manifest_hash
    with observed.open_bundle(prepared.replayed.ref, manifest_hash=expected) as bundle:
        return write_run_bundle(runs_root(), run.pk, telemetry=bundle, **facts)


def _summarise_telemetry(run: Run, prepared: Prepared) -> None:
    if prepared.replayed is None:
        return
    set_telemetry_summary(run.pk, **records.telemetry_summary(run, prepared.replayed))


def _finish_canceled(run: Run, request_id: str) -> None:
    with transaction.atomic():
        is_ours = _finish(run, Run.Status.CANCELED)
        if is_ours:
            record_event(run, "run.canceled", request_id=request_id)
    if is_ours:
        adoption.restore_replaced(run, request_id=request_id)


def _finish(run: Run, status: str, **columns: Any) -> bool:
    """End the attempt that ``run`` stands for; False where the row is no longer running it."""
    columns.setdefault("finished_at", now_after(run.started_at))
    rows = Run.objects.filter(pk=run.pk, status=Run.Status.RUNNING, attempt=run.attempt)
    return rows.update(status=status, **columns) == 1


def _reproduction_columns(reproduction: Reproduction | None) -> dict[str, Any]:
    if reproduction is None:
        return {}
    return {
        "identical_series": reproduction.identical,
        "compared_series": reproduction.total,
        "max_abs_difference": reproduction.max_abs_diff,
    }
