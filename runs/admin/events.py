"""The admin of the lifecycle events of runs."""

from __future__ import annotations

from django.contrib import admin

from runs.admin import records
from runs.admin.filters import EventNameFilter
from runs.models import RunEvent

RUN_EVENTS = (
    "run.created",
    "run.succeeded",
    "run.failed",
    "run.cancel_requested",
    "run.canceled",
    "run.verified",
    "run.adopted",
)


class RunEventNameFilter(EventNameFilter):
    """Run events of one kind."""

    names = RUN_EVENTS


@admin.register(RunEvent)
class RunEventAdmin(records.EventAdmin):
    """Lifecycle events of runs."""

    list_filter = (RunEventNameFilter,)
    search_fields = ("run__id",)
    search_help_text = "The beginning of a run id."

    @admin.display(description="Run")
    def subject(self, event: RunEvent) -> str:
        """The run it happened to."""
        return records.id_link("runs_run", event.run_id)
