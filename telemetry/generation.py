"""Generating a telemetry bundle: what a run offers, what is written, and how the row ends. The row is claimed before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from flowtime import faults, metrics
from flowtime.bundles import (
    AutoCapture,
    BundleError,
    BundleExists,
    Cancelled,
    Published,
    StorageUnavailable,
    TelemetryProvenance,
    TelemetryWarning,
    TelemetryWindow,
    generation_name,
    generations,
    open_run_bundle,
    write_telemetry_bundle,
)
from flowtime.errors import FlowTimeError
from runs import services as run_services
from runs.clock import now_after, to_text
from runs.errors import RunUnreadable
from runs.models import Integrity, Run
from runs.offers import Offer, offers_of
from runs.storage import runs_root, target_from_text, telemetry_root
from telemetry import selectors, summaries
from telemetry.errors import CaptureInProgress, NothingToCapture
from telemetry.events import event_facts, record_event
from telemetry.gaps import treat_series
from telemetry.models import Capture
from telemetry.ticking import Stopwatch, Ticker

if TYPE_CHECKING:
    import numpy as np

    from flowtime.bundles import RunBundle
    from runs.actors import Actor

log = structlog.get_logger(__name__)

# A generation may be taken by an orphan that a crash left between our look and our rename.
MAX_TRIES = 5
INTERNAL_ERROR = "Something unexpected went wrong. The log holds the cause."
CANCELED_DETAIL = "It was cancelled before it was complete; nothing was published."


@dataclass(frozen=True, slots=True)
class Content:
    """What goes into a bundle, read and treated, before it is written."""

    files: Sequence[tuple[str, str, str | None, np.ndarray]]
    warnings: Sequence[TelemetryWarning]
    has_classes: bool


def open_source(run: Run) -> RunBundle:
    """The run's bundle, whose manifest must be the one the row names. Raises RunUnreadable."""
    try:
        return open_run_bundle(runs_root(), run.pk, manifest_hash=run.manifest_hash)
    except StorageUnavailable:
        raise
    except BundleError as error:
        raise RunUnreadable(error.detail, runId=run.pk) from None


def find_offers(bundle: RunBundle) -> list[Offer]:
    """Every series that the run offers. Raises NothingToCapture."""
    offers = offers_of(bundle)
    if not offers:
        raise NothingToCapture(
            f"No node of run {bundle.manifest.run_id} binds a series that telemetry has a metric for.",
            runId=bundle.manifest.run_id,
        )
    return offers


def generate(capture: Capture, *, request_id: str = "") -> None:
    """Write a new generation for ``capture``, which is being generated; the row ends succeeded or failed.

    What is refused is stored on the row with its code and sentence, and raised; what nobody foresaw is logged,
    stored as ``internal_error`` and raised. A cancelled capture ends without an error. Whatever stood at the
    target stays until the new one is there.
    """
    run = capture.source_run
    try:
        _generate(capture, run, request_id)
    except Cancelled:
        end_canceled(capture, request_id=request_id)
    except FlowTimeError as error:
        fail_capture(capture, code=error.code, detail=error.detail, request_id=request_id)
        raise
    except Exception:
        log.exception("capture.crashed", **_facts(capture, request_id))
        fail_capture(capture, code="internal_error", detail=INTERNAL_ERROR, request_id=request_id)
        raise


def end_canceled(capture: Capture, *, actor: Actor | None = None, request_id: str = "") -> None:
    """End ``capture`` as cancelled, unless it has ended meanwhile; the target is free again."""
    fail_capture(
        capture,
        code=Capture.CANCELED,
        detail=CANCELED_DETAIL,
        actor=actor,
        request_id=request_id,
    )


def fail_capture(
    capture: Capture, *, code: str, detail: str, actor: Actor | None = None, request_id: str = ""
) -> None:
    """Store why ``capture`` failed, unless it has ended meanwhile; the target is free again."""
    rows = Capture.objects.filter(pk=capture.pk, status__in=Capture.Status.active())
    with transaction.atomic():
        if not rows.update(
            status=Capture.Status.FAILED,
            failure_code=code,
            failure_detail=detail,
            finished_at=timezone.now(),
        ):
            return
        _release(capture)
        record_event(
            "capture.failed",
            capture=capture,
            actor=actor,
            request_id=request_id,
            code=code,
            detail=detail,
        )


def _generate(capture: Capture, run: Run, request_id: str) -> None:
    stopwatch = Stopwatch()
    record_event("capture.started", capture=capture, request_id=request_id)
    with open_source(run) as bundle:
        content = _read(bundle, capture)
        faults.hit("capture.read")
        # The one clock reading of a capture: every file and the row tell this time.
        generated_at = timezone.now()
        ticker = Ticker(capture, _file_facts(content), request_id)
        generation, published = _write(capture, bundle, content, generated_at, ticker, stopwatch)
        faults.hit("capture.published")
        columns = _columns(bundle, content, published)
    with transaction.atomic():
        _supersede(capture, request_id)
        is_ours = Capture.objects.filter(
            pk=capture.pk, status=Capture.Status.GENERATING, attempt=capture.attempt
        ).update(
            status=Capture.Status.SUCCEEDED,
            generation=generation,
            generated_at=generated_at,
            finished_at=now_after(capture.started_at),
            duration_ms=stopwatch.read_ms,
            integrity=Integrity.VALID,
            integrity_checked_at=timezone.now(),
            **columns,
        )
        if not is_ours:
            # Rolled back, superseding included: the generation stays behind as an orphan for sweep.
            raise CaptureInProgress(
                "Another capture took the target over while this one was silent.",
                captureId=capture.pk,
            )
        capture.refresh_from_db()
        ticker.log_rest()
        name = generation_name(generation)
        record_event(
            "capture.published",
            capture=capture,
            request_id=request_id,
            generation=name,
            durationMs=stopwatch.read_ms,
            fileCount=published.file_count,
            byteCount=published.byte_count,
            manifestHash=published.manifest_hash,
        )
        record_event(
            "capture.succeeded",
            capture=capture,
            request_id=request_id,
            generation=name,
            durationMs=stopwatch.read_ms,
            warningCount=len(content.warnings),
        )
        _release(capture)
        summaries.summarise_run(run)
        faults.hit("capture.finishing")
    faults.hit("capture.finished")
    metrics.capture_generated_total.inc()
    metrics.capture_duration_seconds.observe(stopwatch.seconds)


def _read(bundle: RunBundle, capture: Capture) -> Content:
    """Every series on offer from bytes whose digests are checked; RunUnreadable where one was changed."""
    files: list[tuple[str, str, str | None, np.ndarray]] = []
    warnings: list[TelemetryWarning] = []
    try:
        for offer in find_offers(bundle):
            values, found = treat_series(
                bundle.series(offer.series_id),
                nan=capture.nan,
                gaps=capture.gaps,
                node_id=offer.node_id,
                metric=offer.metric,
                class_id=offer.class_id,
            )
            files.append((offer.node_id, offer.metric, offer.class_id, values))
            warnings += found
    except StorageUnavailable:
        raise
    except BundleError as error:
        raise RunUnreadable(error.detail, runId=capture.source_run_id) from None
    return Content(
        files=files,
        warnings=warnings,
        has_classes=any(class_id is not None for _, _, class_id, _ in files),
    )


def _write(
    capture: Capture,
    bundle: RunBundle,
    content: Content,
    generated_at: datetime,
    ticker: Ticker,
    stopwatch: Stopwatch,
) -> tuple[int, Published]:
    record, target = bundle.record, target_from_text(capture.target)
    root = telemetry_root()
    text = to_text(generated_at)
    for _ in range(MAX_TRIES):
        on_disk = generations(root, target)
        generation = 1 + max([selectors.highest_generation(capture.target), *on_disk])
        try:
            published = write_telemetry_bundle(
                root,
                target,
                generation,
                files=content.files,
                grid=record.grid,
                window=TelemetryWindow(
                    start_time_utc=record.window.start_utc,
                    duration_minutes=record.window.duration_minutes,
                ),
                provenance=TelemetryProvenance(
                    run_id=record.run_id,
                    scenario_hash=record.scenario_hash,
                    model_hash=record.model_hash,
                    captured_at_utc=text,
                ),
                autocapture=AutoCapture(
                    template_id=record.template_id,
                    template_version=record.template_version,
                    capture_key=capture.capture_key or None,
                    source_run_id=record.run_id,
                    capture_id=capture.pk,
                    generation=generation_name(generation),
                    generated_at_utc=text,
                    requested_at_utc=to_text(capture.requested_at),
                    requested_by=(
                        capture.requested_by.get_username() if capture.requested_by else None
                    ),
                    nan=capture.nan,
                    gaps=capture.gaps,
                    parameters_hash=record.parameters_hash,
                    scenario_hash=record.scenario_hash,
                    rng_seed=record.rng.seed,
                    generator=f"FlowTime {settings.FLOWTIME_VERSION}",
                ),
                warnings=content.warnings,
                supports_class_metrics=content.has_classes,
                classes=record.classes if content.has_classes else None,
                class_coverage=record.class_coverage,
                elapsed_ms=stopwatch.read,
                progress=ticker.tell_written,
                cancel=ticker.is_cancelled,
            )
        except BundleExists:
            continue
        return generation, published
    raise StorageUnavailable("No generation of the target is free; try again.")


def _columns(bundle: RunBundle, content: Content, published: Published) -> dict[str, Any]:
    record = bundle.record
    return {
        "warning_count": len(content.warnings),
        "warnings": [
            warning.model_dump(mode="json", by_alias=True) for warning in content.warnings
        ],
        "file_count": published.file_count,
        "byte_count": published.byte_count,
        "manifest_hash": published.manifest_hash,
        "parameters_hash": record.parameters_hash,
        "scenario_hash": record.scenario_hash,
        "rng_seed": record.rng.seed,
        "supports_class_metrics": content.has_classes,
        "classes": list(record.classes) if content.has_classes else [],
        "class_coverage": record.class_coverage or "",
        "progress_done": len(content.files),
        "progress_total": len(content.files),
    }


def _supersede(capture: Capture, request_id: str) -> None:
    """The bundle that stands at the target gives way; it stays readable until ``sweep``."""
    for old in Capture.objects.filter(target=capture.target, status=Capture.Status.SUCCEEDED):
        Capture.objects.filter(pk=old.pk).update(status=Capture.Status.SUPERSEDED)
        record_event(
            "capture.superseded",
            capture=old,
            request_id=request_id,
            generation=generation_name(old.generation) if old.generation else None,
            supersededBy=capture.pk,
        )
        if old.source_run_id != capture.source_run_id:
            summaries.summarise_run_of(old)


def _file_facts(content: Content) -> list[dict[str, Any]]:
    return [
        {"nodeId": node_id, "metric": metric, "classId": class_id}
        for node_id, metric, class_id, _ in content.files
    ]


def _release(capture: Capture) -> None:
    if capture.target == f"runs/{capture.source_run_id}":
        run_services.set_telemetry_in_progress(capture.source_run_id, is_in_progress=False)


def _facts(capture: Capture, request_id: str) -> dict[str, Any]:
    return event_facts(capture=capture, request_id=request_id)
