"""Captures as the API shows them: the recorded facts, with links."""

from __future__ import annotations

from typing import Any

from telemetry import records
from telemetry.models import Capture


def capture_detail(capture: Capture) -> dict[str, Any]:
    """A capture in full, from its row."""
    return {**records.capture_facts(capture), "links": capture_links(capture)}


def capture_links(capture: Capture) -> dict[str, str]:
    """Where more of a capture is."""
    base = f"/v1/telemetry/captures/{capture.pk}"
    return {
        "self": base,
        "html": f"/telemetry/{capture.pk}",
        "sourceRun": f"/v1/runs/{capture.source_run_id}",
        "events": f"{base}/events",
        "manifest": f"{base}/manifest",
    }
