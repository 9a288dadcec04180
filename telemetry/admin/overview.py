"""Captures at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runs.admin.overview import Overview
from runs.storage import telemetry_root
from telemetry.models import Capture

if TYPE_CHECKING:
    from flowtime.bundles import Root


class CaptureOverview(Overview):
    """How many captures are in each state, and what their bundles take."""

    title = "Captures"
    list_name = "telemetry_capture"
    statuses = Capture.Status.choices
    model = Capture
    time_column = "requested_at"
    more_columns = ("duration_ms",)

    def root(self) -> Root:
        """Where telemetry bundles lie."""
        return telemetry_root()

    def seconds_of(self, row: Mapping[str, Any]) -> float:
        """How long generating took, without waiting for a worker."""
        measured = row["duration_ms"]
        return super().seconds_of(row) if measured is None else measured / 1000
