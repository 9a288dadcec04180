"""Whether the files that a run's row points to are still what they were, and what the row says about it."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils import timezone

from flowtime.bundles import (
    Integrity as Found,
)
from flowtime.bundles import (
    verify_run_bundle,
    verify_telemetry_bundle,
)
from runs import selectors
from runs.models import Integrity, Run
from runs.storage import runs_root, target_from_text, telemetry_root
from runs.summaries import set_telemetry_integrity


def check_run(run: Run, *, is_deep: bool) -> Found:
    """Compare the run's bundle with its manifest, and that with the row; with ``is_deep`` hash every byte."""
    return verify_run_bundle(runs_root(), run.pk, deep=is_deep, manifest_hash=run.manifest_hash)


def store_run(run: Run, found: Found) -> None:
    """Store on the row what a check found."""
    Run.objects.filter(pk=run.pk).update(integrity=found.state, integrity_checked_at=timezone.now())


def notice(run: Run) -> bool:
    """Look at the run's bundle and its telemetry; True where the row said something else and was corrected."""
    found = check_run(run, is_deep=False)
    if is_touched(found, trusted_since(run.integrity, run.integrity_checked_at)):
        found = check_run(run, is_deep=True)
    has_changed = found.state != run.integrity
    if has_changed or (found.is_deep and found.is_valid):
        store_run(run, found)
    return _notice_telemetry(run, found) or has_changed


def _notice_telemetry(run: Run, own: Found) -> bool:
    if run.mode == Run.Mode.TELEMETRY:
        # What it replays is inside its own bundle.
        return _settle_telemetry(run, own.state)
    if not run.telemetry_capture_id or run.telemetry_generation is None:
        return False
    capture = selectors.find_capture(pk=run.telemetry_capture_id)
    if capture is None:
        return _settle_telemetry(run, "missing")
    found = check_telemetry(
        run.telemetry_target,
        run.telemetry_generation,
        manifest_hash=capture["manifest_hash"],
        checked_at=trusted_since(run.telemetry_integrity, capture["integrity_checked_at"]),
    )
    return _settle_telemetry(run, found.state)


def check_telemetry(
    target: str, generation: int, *, manifest_hash: str, checked_at: datetime | None
) -> Found:
    """Look at one generation of a telemetry bundle; hash it whole where a file was touched since ``checked_at``."""
    where = target_from_text(target)
    found = verify_telemetry_bundle(
        telemetry_root(), where, generation, manifest_hash=manifest_hash
    )
    if is_touched(found, checked_at):
        found = verify_telemetry_bundle(
            telemetry_root(), where, generation, deep=True, manifest_hash=manifest_hash
        )
    return found


def trusted_since(integrity: str, checked_at: datetime | None) -> datetime | None:
    """When the files were last hashed and found to be right; None where they were not.

    What was found to be changed is only taken back by hashing again: sizes alone would absolve it.
    """
    return checked_at if integrity == Integrity.VALID else None


def is_touched(found: Found, checked_at: datetime | None) -> bool:
    """Whether a file may have changed since it was last hashed: sizes alone do not show one altered byte."""
    if not found.is_valid or found.is_deep:
        return False
    if checked_at is None:
        return True
    return datetime.fromtimestamp(found.changed_ns / 1e9, tz=UTC) > checked_at


def _settle_telemetry(run: Run, state: str) -> bool:
    if state == run.telemetry_integrity:
        return False
    set_telemetry_integrity(run.pk, integrity=state)
    return True
