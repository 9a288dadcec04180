"""The run's telemetry summary, from the captures that were made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runs import services as runs
from runs.models import Integrity, Run
from telemetry import selectors
from telemetry.models import Capture

if TYPE_CHECKING:
    from collections.abc import Mapping


def summarise_run(run: Run) -> None:
    """Let the run's row tell of the bundle that is its telemetry now: one that can be read, else one that is gone."""
    capture = selectors.current_capture_of(run) or _lost_capture_of(run)
    if capture is None:
        runs.set_telemetry_summary(run.pk, is_available=False)
        return
    runs.set_telemetry_summary(run.pk, **summary_of(capture))


def summarise_run_of(capture: Capture) -> None:
    """The same for the run that ``capture`` was made from, where there still is one."""
    run = Run.objects.filter(pk=capture.source_run_id).first()
    if run is not None:
        summarise_run(run)


def summary_of(capture: Capture) -> Mapping[str, Any]:
    """The summary columns for a capture that has a bundle."""
    is_missing = capture.status == Capture.Status.MISSING
    integrity = Integrity.MISSING if is_missing else capture.integrity
    return {
        "is_available": integrity in Integrity.usable(),
        "generated_at": capture.generated_at,
        "warning_count": capture.warning_count,
        "integrity": integrity,
        "checked_at": capture.integrity_checked_at,
        "source_run_id": capture.source_run_id,
        "capture_id": capture.pk,
        "target": capture.target,
        "generation": capture.generation,
        "manifest_hash": capture.manifest_hash,
    }


def _lost_capture_of(run: Run) -> Capture | None:
    lost = selectors.captures_of(run).filter(
        status=Capture.Status.MISSING, requested_at__gte=run.created_at
    )
    return lost.first()
