"""Whether the files that a run's row points to are still what they were, and what the row says about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from flowtime.bundles import (
    Integrity as Found,
)
from flowtime.bundles import (
    verify_run_bundle,
    verify_telemetry_bundle,
)
from runs.models import Integrity, Run
from runs.storage import runs_root, target_from_text, telemetry_root
from runs.summaries import set_telemetry_integrity

# A file's change time is as coarse as the kernel's tick, 10 ms at most: one that looks older may be younger.
TICK = timedelta(milliseconds=10)


def check_run(run: Run, *, is_deep: bool = False) -> Found:
    """Compare the run's bundle with its manifest, and that with the row.

    Every byte is hashed with ``is_deep``, and where names and sizes alone do not tell: see ``needs_hashing``.
    """
    found = _verify_run(run, is_deep=is_deep)
    if needs_hashing(found, state=run.integrity, checked_at=run.integrity_checked_at):
        found = _verify_run(run, is_deep=True)
    return found


def _verify_run(run: Run, *, is_deep: bool) -> Found:
    return verify_run_bundle(runs_root(), run.pk, deep=is_deep, manifest_hash=run.manifest_hash)


def check_telemetry(
    target: str,
    generation: int,
    *,
    manifest_hash: str,
    state: str,
    checked_at: datetime | None,
    is_deep: bool = False,
) -> Found:
    """The same for one generation of a telemetry bundle, of which ``state`` was said at ``checked_at``."""
    where = target_from_text(target)

    def verify(*, is_deep: bool) -> Found:
        return verify_telemetry_bundle(
            telemetry_root(), where, generation, deep=is_deep, manifest_hash=manifest_hash
        )

    found = verify(is_deep=is_deep)
    if needs_hashing(found, state=state, checked_at=checked_at):
        found = verify(is_deep=True)
    return found


def needs_hashing(found: Found, *, state: str, checked_at: datetime | None) -> bool:
    """Whether a bundle that looks valid by names and sizes may not be.

    It was never hashed, or was found to be damaged, or a file was touched since: one altered byte changes no size.
    """
    if not found.is_valid or found.is_deep:
        return False
    if checked_at is None or state != Integrity.VALID:
        return True
    return datetime.fromtimestamp(found.changed_ns / 1e9, tz=UTC) > checked_at - TICK


def store_run(run: Run, found: Found) -> None:
    """Store on the row what a check found."""
    Run.objects.filter(pk=run.pk).update(integrity=found.state, integrity_checked_at=timezone.now())


def notice(run: Run) -> bool:
    """Look at the run's bundle and its telemetry; True where the row said something else and was corrected."""
    found = check_run(run)
    has_changed = found.state != run.integrity
    if has_changed or found.is_deep:
        store_run(run, found)
    return notice_telemetry(run, found) or has_changed


def notice_telemetry(run: Run, own: Found, *, is_deep: bool = False) -> bool:
    """Look at the bundle that the run's row names; what a run replays lies inside ``own``, its own bundle."""
    if run.mode == Run.Mode.TELEMETRY:
        return _settle_telemetry(run, own)
    if not run.telemetry_capture_id or run.telemetry_generation is None:
        return False
    found = check_telemetry(
        run.telemetry_target,
        run.telemetry_generation,
        manifest_hash=run.telemetry_manifest_hash,
        state=run.telemetry_integrity,
        checked_at=run.telemetry_checked_at,
        is_deep=is_deep,
    )
    return _settle_telemetry(run, found)


def _settle_telemetry(run: Run, found: Found) -> bool:
    has_changed = found.state != run.telemetry_integrity
    if has_changed or found.is_deep:
        set_telemetry_integrity(run.pk, integrity=found.state, checked_at=timezone.now())
    return has_changed
