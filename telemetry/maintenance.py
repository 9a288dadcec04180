"""Keeping rows and telemetry bundles in step: verify, reindex, sweep, reap. Called by commands and the admin alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from flowtime import faults
from flowtime.bundles import (
    BundleError,
    StorageUnavailable,
    Target,
    TelemetryBundle,
    generation_name,
    generations,
    list_targets,
    open_telemetry_bundle,
    sweep_generations,
    sweep_leases,
    sweep_staging,
    verify_telemetry_bundle,
)
from flowtime.bundles import Integrity as Found
from flowtime.tasks import Reaped
from runs import adoption
from runs.clock import from_text
from runs.maintenance import (
    GRACE_SECONDS,
    Progress,
    Reindexed,
    Verified,
    reap_rows,
    tell_nobody,
    verify_rows,
)
from runs.models import Integrity, Run, RunDocument
from runs.storage import target_from_text, target_to_text, telemetry_root
from telemetry import generation, integrity, summaries, tasks
from telemetry.events import record_event
from telemetry.models import Capture


def verify_captures(
    ids: Iterable[str] | None = None, *, is_deep: bool = False, progress: Progress = tell_nobody
) -> Iterator[Verified]:
    """Check the bundles of captures, of all that are current or of ``ids``, and store what is found."""
    if ids is None:
        rows = Capture.objects.filter(status__in=(Capture.Status.SUCCEEDED, Capture.Status.MISSING))
    else:
        rows = Capture.objects.filter(pk__in=list(ids), status__in=integrity.HAS_BUNDLE)
    return verify_rows(
        rows.order_by("requested_at", "id"),
        check=partial(integrity.check_capture, is_deep=is_deep),
        store=integrity.settle,
        progress=progress,
    )


def reindex_captures(*, progress: Progress = tell_nobody) -> Reindexed:
    """Bring the rows in step with the bundles on disk; a second call changes nothing.

    Valid generations without a row are adopted, the highest of a target that has no current one as current.
    """
    done = Reindexed()
    root = telemetry_root()
    targets = {target_to_text(target): target for target in list_targets(root)}
    known = set(
        Capture.objects.filter(status__in=integrity.HAS_BUNDLE).values_list("target", flat=True)
    )
    places = sorted(known | targets.keys())
    people = adoption.ids_of_people()
    for count, place in enumerate(places, start=1):
        _reindex_target(place, targets.get(place), people, done)
        progress(count, len(places))
    _settle_summaries(done)
    return done


def reindex_capture(capture: Capture) -> Reindexed:
    """The same for the place of one capture: every generation there, whichever row tells of it."""
    done, target = Reindexed(), target_from_text(capture.target)
    people = adoption.ids_of_people()
    _reindex_target(capture.target, target, people, done)
    _settle_summaries(done)
    return done


def _reindex_target(
    place: str, target: Target | None, people: Mapping[str, int], done: Reindexed
) -> None:
    on_disk = generations(telemetry_root(), target) if target is not None else []
    _reconcile_target(place, done)
    if target is not None:
        _adopt_target(place, target, on_disk, people, done)
        faults.hit("reindex.captures_adopted")


def _reconcile_target(place: str, done: Reindexed) -> None:
    status = Capture.Status
    for capture in Capture.objects.filter(
        target=place, status__in=(status.SUCCEEDED, status.MISSING)
    ):
        found = _look(capture)
        faults.hit("reindex.reconciled")
        is_gone = capture.status == status.MISSING
        is_new = found.is_valid and capture.integrity == Integrity.UNCHECKED
        says_so = is_new or found.state == capture.integrity
        if says_so and is_gone == (found.state == Integrity.MISSING):
            done.leave(capture.pk, found)
            continue
        integrity.settle(capture, found)
        done.note(capture.pk, found)


def _look(capture: Capture) -> Found:
    if capture.integrity == Integrity.UNCHECKED and capture.generation is not None:
        return verify_telemetry_bundle(
            telemetry_root(),
            target_from_text(capture.target),
            capture.generation,
            manifest_hash=capture.manifest_hash,
        )
    return integrity.check_capture(capture)


def _adopt_target(
    place: str, target: Target, on_disk: list[int], people: Mapping[str, int], done: Reindexed
) -> None:
    rows = Capture.objects.filter(target=place)
    indexed = set(rows.exclude(generation=None).values_list("generation", flat=True))
    for number in sorted(set(on_disk) - indexed, reverse=True):
        found = verify_telemetry_bundle(telemetry_root(), target, number)
        if not found.is_valid or not _adopt(place, target, number, people, done):
            done.quarantine(f"{place}/{generation_name(number)}", found)


def _adopt(
    place: str, target: Target, number: int, people: Mapping[str, int], done: Reindexed
) -> bool:
    """Make the row of one generation from its bundle alone; False where the bundle does not say enough."""
    try:
        with open_telemetry_bundle(telemetry_root(), target, number) as bundle:
            capture_id, columns = bundle.autocapture.capture_id, _columns(bundle, people)
    except StorageUnavailable:
        raise
    except BundleError:
        return False
    row = Capture.objects.filter(pk=capture_id).first()
    if row is not None and (not row.is_finished or row.generation not in (None, number)):
        # Published a moment ago by somebody who is about to say so, or left by an attempt that died: the row
        # has, or will have, another generation of the same capture.
        return True
    with transaction.atomic():
        has_current = Capture.objects.filter(target=place, status=Capture.Status.SUCCEEDED).exists()
        capture, _ = Capture.objects.update_or_create(
            pk=capture_id,
            defaults={
                **columns,
                "target": place,
                "capture_key": target.capture_key or "",
                "generation": number,
                "status": Capture.Status.SUPERSEDED if has_current else Capture.Status.SUCCEEDED,
                # Hashed when it is first opened: names and sizes were looked at so far.
                "integrity": Integrity.UNCHECKED,
                "integrity_checked_at": None,
                "failure_code": "",
                "failure_detail": "",
            },
        )
        record_event("capture.adopted", capture=capture, generation=generation_name(number))
        faults.hit("reindex.capture_adopting")
    done.adopted.append(capture_id)
    return True


def _columns(bundle: TelemetryBundle, people: Mapping[str, int]) -> dict[str, Any]:
    manifest, companion = bundle.manifest, bundle.autocapture
    generated_at = from_text(companion.generated_at_utc)
    return {
        "source_run_id": companion.source_run_id,
        "template_id": companion.template_id,
        "requested_at": from_text(companion.requested_at_utc) or generated_at,
        "requested_by_id": people.get(companion.requested_by or ""),
        "duration_ms": companion.duration_ms,
        "nan": companion.nan,
        "gaps": companion.gaps,
        "generated_at": generated_at,
        "finished_at": generated_at,
        "warning_count": len(manifest.warnings),
        "warnings": [
            warning.model_dump(mode="json", by_alias=True) for warning in manifest.warnings
        ],
        "file_count": len(manifest.files),
        "byte_count": sum(file.bytes for file in manifest.files),
        "manifest_hash": bundle.manifest_hash,
        "parameters_hash": companion.parameters_hash,
        "scenario_hash": companion.scenario_hash,
        "rng_seed": companion.rng_seed,
        "supports_class_metrics": manifest.supports_class_metrics,
        "classes": list(manifest.classes or ()),
        "class_coverage": manifest.class_coverage or "",
    }


def _settle_summaries(done: Reindexed) -> None:
    """The runs whose captures changed, and those whose row was made anew, tell of their telemetry again."""
    changed = [*done.adopted, *done.missing, *done.restored, *done.damaged]
    runs = Capture.objects.filter(pk__in=changed).values_list("source_run_id", flat=True)
    for run in Run.objects.filter(pk__in=list(runs), mode=Run.Mode.SIMULATION):
        summaries.summarise_run(run)
        faults.hit("reindex.summarised")
    unsaid = Run.objects.filter(
        mode=Run.Mode.SIMULATION,
        telemetry_capture_id="",
        captures__status=Capture.Status.SUCCEEDED,
    )
    for run in unsaid.distinct():
        summaries.summarise_run(run)


def sweep_captures(
    *, grace_seconds: float = GRACE_SECONDS, progress: Progress = tell_nobody
) -> list[str]:
    """Remove staging that nobody writes any more, and superseded generations past their grace; their names."""
    now = timezone.now().timestamp()
    root = telemetry_root()
    staging = sweep_staging(root, now=now, grace_seconds=grace_seconds)
    leases = sweep_leases(root, now=now, grace_seconds=grace_seconds)
    superseded = sweep_generations(
        root,
        is_referenced=_is_needed,
        now=now,
        grace_seconds=grace_seconds,
        progress=progress,
    )
    return [*staging.removed, *leases.removed, *superseded.removed]


def _is_needed(target: Target, number: int) -> bool:
    """Whether a generation is current, may become so in a moment, or will be read by a run that waits.

    Asked after the generation was seen on disk: one that is published later is not swept, and one that was
    published before has a capture in progress or is current.
    """
    place, status = target_to_text(target), Capture.Status
    rows = Capture.objects.filter(target=place)
    if rows.filter(status__in=status.active()).exists():
        return True
    if rows.filter(generation=number, status__in=(status.SUCCEEDED, status.MISSING)).exists():
        return True
    waiting = RunDocument.objects.filter(
        run__status__in=Run.Status.active(), run__mode=Run.Mode.TELEMETRY
    )
    return any(
        (bundle.get("target"), bundle.get("generation")) == (place, number)
        for bundle in (
            request.get("bundle") or {} for request in waiting.values_list("request", flat=True)
        )
    )


def reap_captures() -> Reaped:
    """Ring again for captures whose worker died or whose bell was lost; fail those that died too often."""
    return reap_rows(
        Capture,
        telemetry_root(),
        queued=Capture.Status.QUEUED,
        working=Capture.Status.GENERATING,
        queued_at="requested_at",
        ring=tasks.ring,
        fail=generation.fail_capture,
    )
