"""The telemetry summary on a run's row: what the list shows without looking at a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from runs.clock import from_text, to_text
from runs.models import Integrity, Run


def set_telemetry_summary(run_id: str, **summary: Any) -> None:
    """Say which telemetry bundle belongs to the run, and in which state it is; see ``telemetry_columns``.

    The functions of this module are the only writers of these columns.
    """
    _update(run_id, **telemetry_columns(**summary))


def telemetry_columns(
    *,
    is_available: bool,
    generated_at: datetime | None = None,
    warning_count: int = 0,
    integrity: str = Integrity.UNCHECKED,
    checked_at: datetime | None = None,
    source_run_id: str = "",
    capture_id: str = "",
    target: str = "",
    generation: int | None = None,
    manifest_hash: str = "",
) -> dict[str, Any]:
    """The columns of a run that tell of its telemetry."""
    return {
        "telemetry_available": is_available,
        "telemetry_generated_at": generated_at,
        "telemetry_warning_count": warning_count,
        "telemetry_integrity": integrity,
        "telemetry_checked_at": checked_at,
        "telemetry_source_run_id": source_run_id,
        "telemetry_capture_id": capture_id,
        "telemetry_target": target,
        "telemetry_generation": generation,
        "telemetry_manifest_hash": manifest_hash,
    }


def set_telemetry_integrity(run_id: str, *, integrity: str, checked_at: datetime) -> None:
    """Say what the last look at the run's telemetry bundle found; unusable bundles are not available."""
    _update(
        run_id,
        telemetry_integrity=integrity,
        telemetry_checked_at=checked_at,
        telemetry_available=integrity in Integrity.usable(),
    )


def set_telemetry_in_progress(run_id: str, *, is_in_progress: bool) -> None:
    """Say whether a capture of the run's own bundle is being made."""
    _update(run_id, telemetry_in_progress=is_in_progress)


def _update(run_id: str, **columns: Any) -> None:
    Run.objects.filter(pk=run_id).update(**columns)


def keep_summary(run: Run) -> dict[str, Any]:
    """The telemetry summary of ``run`` as JSON, for ``restore_summary``."""
    values = {name: getattr(run, name) for name in telemetry_columns(is_available=False)}
    return {
        name: to_text(value) if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def restore_summary(run_id: str, kept: Mapping[str, Any]) -> None:
    """Write back what ``keep_summary`` kept."""
    Run.objects.filter(pk=run_id).update(
        **{
            name: from_text(value) if name.endswith("_at") else value
            for name, value in kept.items()
        }
    )
