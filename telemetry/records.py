"""The facts of a capture as the API, an error and a page tell them."""

from __future__ import annotations

from typing import Any

from flowtime.bundles import generation_name
from runs.clock import to_text
from telemetry.models import Capture


def capture_facts(capture: Capture, *, already_exists: bool = False) -> dict[str, Any]:
    """The capture resource without its links. Reads the row alone, with who asked for it."""
    return {
        "captureId": capture.pk,
        "status": capture.status,
        "generated": capture.generated_at is not None and not already_exists,
        "alreadyExists": already_exists,
        "sourceRunId": capture.source_run_id,
        "templateId": capture.template_id,
        "captureKey": capture.capture_key or None,
        "generation": generation_name(capture.generation) if capture.generation else None,
        "generatedAtUtc": to_text(capture.generated_at),
        "requestedAtUtc": to_text(capture.requested_at),
        "requestedBy": capture.requested_by.get_username() if capture.requested_by else None,
        "warningCount": capture.warning_count,
        "warnings": capture.warnings,
        "fileCount": capture.file_count,
        "byteCount": capture.byte_count,
        "manifestHash": capture.manifest_hash or None,
        "parametersHash": capture.parameters_hash or None,
        "scenarioHash": capture.scenario_hash or None,
        "rngSeed": capture.rng_seed,
        "supportsClassMetrics": capture.supports_class_metrics,
        "classes": capture.classes,
        "classCoverage": capture.class_coverage or None,
        "durationMs": capture.duration_ms,
        "progress": progress_facts(capture),
        "integrity": {
            "state": capture.integrity,
            "checkedAtUtc": to_text(capture.integrity_checked_at),
            "problems": capture.integrity_problems,
        },
        "failure": failure_facts(capture),
    }


def progress_facts(capture: Capture) -> dict[str, Any] | None:
    """How far the work is, while there is any."""
    if capture.is_finished:
        return None
    return {"done": capture.progress_done, "total": capture.progress_total, "unit": "files"}


def failure_facts(capture: Capture) -> dict[str, str] | None:
    """Why the capture failed, where it did."""
    if not capture.failure_code:
        return None
    return {"code": capture.failure_code, "detail": capture.failure_detail}
