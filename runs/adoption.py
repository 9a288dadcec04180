"""The row of a run made from its bundle alone: for runs that the index lost, and for one whose replacement failed."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from flowtime import faults
from flowtime.bundles import (
    BundleError,
    RunRecord,
    StorageUnavailable,
    check_run_bundle,
    open_run_bundle,
)
from runs import records
from runs.clock import from_text
from runs.events import record_event
from runs.models import Integrity, Run, RunDocument
from runs.storage import runs_root
from runs.summaries import restore_summary, telemetry_columns


def ids_of_people() -> dict[str, int]:
    """Row ids by user name: bundles name people, rows refer to them."""
    return dict(get_user_model().objects.values_list("username", "pk"))


@dataclass(frozen=True, slots=True)
class Row:
    """A run as its bundle alone tells it. ``has_summary``: its telemetry is inside the bundle."""

    run: Run
    document: RunDocument
    has_summary: bool


def read_row(run_id: str, people: Mapping[str, int]) -> Row | None:
    """The row that belongs to a bundle; None where the bundle is not valid."""
    try:
        with open_run_bundle(runs_root(), run_id) as bundle:
            found = check_run_bundle(bundle)
            if not found.is_valid:
                return None
            record, copied = bundle.record, bundle.telemetry
            summary = records.copied_summary(record, copied) if copied is not None else None
            run = Run(
                pk=run_id,
                **_columns(record, people),
                **(telemetry_columns(**summary) if summary is not None else {}),
                manifest_hash=bundle.manifest_hash,
                byte_count=found.bytes,
                integrity=Integrity.UNCHECKED,
                integrity_checked_at=None,
            )
            document = RunDocument(
                run=run,
                template_text=bundle.template_text,
                record=records.as_json(record),
                request=_request(record),
            )
    except StorageUnavailable:
        raise
    except BundleError:
        return None
    faults.hit("reindex.run_read")
    return Row(run, document, has_summary=summary is not None)


def write_rows(rows: Sequence[Row], *, known: Container[str]) -> None:
    """Write rows in few statements; the telemetry of a simulation run is the captures' business."""
    columns = {field.name for field in Run._meta.concrete_fields if not field.primary_key}
    own = {name for name in columns if not name.startswith("telemetry_")}
    with transaction.atomic():
        for has_summary, names in ((False, own), (True, columns)):
            Run.objects.bulk_create(
                [row.run for row in rows if row.has_summary == has_summary],
                update_conflicts=True,
                unique_fields=["id"],
                update_fields=sorted(names),
            )
        RunDocument.objects.bulk_create(
            [row.document for row in rows],
            update_conflicts=True,
            unique_fields=["run"],
            update_fields=["template_text", "record", "request"],
        )
        for row in rows:
            if row.run.pk not in known:
                record_event(row.run, "run.adopted")
        faults.hit("reindex.runs_writing")


def _columns(record: RunRecord, people: Mapping[str, int]) -> dict[str, Any]:
    provenance = record.provenance
    reproduction = provenance.get("reproduction") or {}
    created_at = from_text(record.created_utc)
    return {
        "template_id": record.template_id,
        "template_title": (record.template_title or record.template_id)[:200],
        "template_version": record.template_version,
        "mode": record.mode,
        "status": Run.Status.SUCCEEDED,
        "created_at": created_at,
        "created_by_id": people.get(record.created_by or ""),
        "started_at": from_text(record.started_utc),
        "finished_at": from_text(record.finished_utc) or created_at,
        "bins": record.grid.bins,
        "bin_size": record.grid.bin_size,
        "bin_unit": record.grid.bin_unit,
        "window_start": from_text(record.window.start_utc),
        "window_minutes": record.window.duration_minutes,
        "series_count": provenance.get("seriesCount", 0),
        "warning_count": len(record.warnings),
        "shape": record.shape or "",
        "rng_kind": record.rng.kind,
        "rng_mode": provenance.get("rngMode") or "expected",
        "rng_seed": record.rng.seed,
        "input_hash": record.input_hash,
        "source_run_id": provenance.get("sourceRunId"),
        "replay_of": provenance.get("replayOf") or "",
        "replayed_capture_id": provenance.get("captureId") or "",
        "identical_series": reproduction.get("identical"),
        "compared_series": reproduction.get("total"),
        "max_abs_difference": reproduction.get("maxAbsDiff"),
        "failure_code": "",
        "failure_detail": "",
    }


def _request(record: RunRecord) -> dict[str, Any]:
    """What was asked for, as far as the bundle tells: enough for replays of the run."""
    return {
        "request": {
            "template_id": record.template_id,
            "mode": record.mode,
            "parameters": dict(record.overrides),
            "telemetry": {"bindings": record.provenance.get("askedBindings") or {}},
        },
        "effective": dict(record.parameters),
        "bundle": None,
        "origin": None,
    }


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run that failed or was cancelled although a bundle lies under its name."""

    run: Run
    is_replacing: bool

    @property
    def pk(self) -> str:
        return str(self.run.pk)


def unfinished_runs(on_disk: Iterable[str]) -> list[Unfinished]:
    """Those among the ids that lie on disk. One that is replacing did not write its bundle: the run before it did."""
    rows = Run.objects.filter(status__in=(Run.Status.FAILED, Run.Status.CANCELED))
    ids = set(rows.values_list("pk", flat=True)) & set(on_disk)
    return [
        Unfinished(run, is_replacing=run.document.request.get("replaced") is not None)
        for run in rows.filter(pk__in=ids).select_related("document").order_by("pk")
    ]


def restore_replaced(run: Run, *, request_id: str = "") -> bool:
    """Bring back the run that ``run``, which failed, was to replace: its bundle was not touched. False where there is none.

    Where the new bundle had been published already the row tells of that one: it is what there is.
    """
    kept = RunDocument.objects.values_list("request", flat=True).get(pk=run.pk).get("replaced")
    if kept is None:
        return False
    row = read_row(run.pk, ids_of_people())
    if row is None:
        return False
    with transaction.atomic():
        write_rows([row], known={run.pk})
        if row.run.created_at != run.created_at:
            restore_summary(run.pk, kept)
        record_event(row.run, "run.restored", request_id=request_id)
    return True
