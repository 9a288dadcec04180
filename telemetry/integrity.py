"""Whether the bundle that a capture's row points to is still what was generated, and what the row says about it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from flowtime.bundles import Integrity as Found
from runs.integrity import check_telemetry
from runs.models import Integrity
from telemetry import summaries
from telemetry.models import Capture

HAS_BUNDLE = (Capture.Status.SUCCEEDED, Capture.Status.SUPERSEDED, Capture.Status.MISSING)
SHOWN_PROBLEMS = 50


def check_capture(capture: Capture, *, is_deep: bool = False) -> Found:
    """Compare the bundle with its manifest, and that with the row; with ``is_deep`` hash every byte in any case."""
    return check_telemetry(
        capture.target,
        capture.generation or 0,
        manifest_hash=capture.manifest_hash,
        state=capture.integrity,
        checked_at=capture.integrity_checked_at,
        is_deep=is_deep,
    )


def settle(capture: Capture, found: Found) -> None:
    """Store what a check found: a bundle that is gone is missing, one that came back is current again."""
    columns: dict[str, Any] = {
        "integrity": found.state,
        "integrity_checked_at": timezone.now(),
        "integrity_problems": [problem.to_dict() for problem in found.problems[:SHOWN_PROBLEMS]],
    }
    with transaction.atomic():
        Capture.objects.filter(pk=capture.pk).update(**columns)
        _settle_status(capture, found)
        summaries.summarise_run_of(capture)


def notice(capture: Capture) -> bool:
    """Look at the bundle as the capture is opened; True where the row said something else and was corrected."""
    if capture.status not in HAS_BUNDLE:
        return False
    found = check_capture(capture)
    if capture.status == Capture.Status.SUPERSEDED and found.state == Integrity.MISSING:
        # Superseded bundles are swept on purpose.
        return False
    says_missing = capture.status == Capture.Status.MISSING
    says_so = found.state == capture.integrity
    if says_so and says_missing == (found.state == Integrity.MISSING) and not found.is_deep:
        return False
    settle(capture, found)
    return True


def _settle_status(capture: Capture, found: Found) -> None:
    rows, status = Capture.objects.filter(pk=capture.pk), Capture.Status
    if found.state == Integrity.MISSING:
        rows.filter(status=status.SUCCEEDED).update(status=status.MISSING)
        return
    has_current = Capture.objects.filter(target=capture.target, status=status.SUCCEEDED).exists()
    rows.filter(status=status.MISSING).update(
        status=status.SUPERSEDED if has_current else status.SUCCEEDED
    )
