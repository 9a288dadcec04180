"""The admin of the lifecycle events of captures."""

from __future__ import annotations

from django.contrib import admin

from runs.admin import records
from runs.admin.filters import EventNameFilter
from telemetry.models import CaptureEvent

# http-api §4.2
CAPTURE_EVENTS = (
    "capture.requested",
    "capture.started",
    "capture.file_written",
    "capture.published",
    "capture.succeeded",
    "capture.refused",
    "capture.cancel_requested",
    "capture.failed",
    "capture.superseded",
    "capture.verified",
)


class CaptureEventNameFilter(EventNameFilter):
    """Capture events of one kind."""

    names = CAPTURE_EVENTS


@admin.register(CaptureEvent)
class CaptureEventAdmin(records.EventAdmin):
    """Lifecycle events of captures, refusals among them."""

    list_filter = (CaptureEventNameFilter,)
    search_fields = ("run__id", "capture__id")
    search_help_text = "The beginning of a run id or of a capture id."
    list_display = ("moment", "name", "subject", "run_link", "actor", "facts")

    @admin.display(description="Capture")
    def subject(self, event: CaptureEvent) -> str:
        """The capture it happened to; a refusal made none."""
        return records.id_link("telemetry_capture", event.capture_id or "")

    @admin.display(description="Run")
    def run_link(self, event: CaptureEvent) -> str:
        """The run it was about."""
        return records.id_link("runs_run", event.run_id)
