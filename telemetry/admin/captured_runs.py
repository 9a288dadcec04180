"""What telemetry adds to the admin of runs: generating it, and the captures and capture events of a run.

Runs know nothing of telemetry, so the richer admin is registered in place of theirs.
"""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from runs import gating
from runs.admin import records
from runs.admin.records import RecordAction, RecordPage, Related
from runs.admin.runs import RunAdmin
from runs.models import Run
from telemetry import selectors
from telemetry.admin import generating
from telemetry.admin.captures import generated_text, generation_text, status_mark

admin.site.unregister(Run)


@admin.register(Run)
class CapturedRunAdmin(RunAdmin):
    """Runs with their telemetry."""

    actions = ("generate_telemetry", *RunAdmin.actions)

    def has_add_capture_permission(self, request: HttpRequest) -> bool:
        """Whether the user may generate telemetry."""
        return request.user.has_perm("telemetry.add_capture")

    @admin.action(description="Generate telemetry", permissions=["add_capture"])
    def generate_telemetry(
        self, request: HttpRequest, queryset: QuerySet[Run]
    ) -> HttpResponse | None:
        """Generate the bundle of each chosen run; asks before one is replaced."""
        runs = self.sort_out(
            request,
            self.chosen(request, queryset),
            lambda run: generating.why_not(run, request.user),
        )
        return generating.generate(self, request, [generating.from_run(run) for run in runs])

    def run_actions(self, request: HttpRequest, run: Run) -> list[RecordAction]:
        """Generate telemetry, before what a run can do by itself."""
        reason = generating.why_not(run, request.user)
        label = (
            "Generate telemetry again" if gating.has_telemetry_bundle(run) else "Generate telemetry"
        )
        generate = RecordAction("generate_telemetry", label, reason is None, reason)
        return [generate, *super().run_actions(request, run)]

    def related(self, run: Run) -> list[Related]:
        """Captures of the run, then what belongs to it by itself."""
        captures = selectors.captures_of(run)[: records.RELATED_LIMIT]
        shown = Related(
            title="Captures",
            columns=("Capture", "Status", "Key", "Generation", "Generated", "Integrity"),
            rows=[
                (
                    records.record_link(capture),
                    status_mark(capture),
                    capture.capture_key or "–",
                    generation_text(capture),
                    generated_text(capture),
                    records.integrity_mark(capture.integrity),
                )
                for capture in captures
            ],
            all_url=records.list_url("telemetry_capture", source_run__id__exact=run.pk),
        )
        return [shown, *super().related(run)]

    def record_page(self, request: HttpRequest, record: Run) -> RecordPage:
        """The run's page, with capture events among its own."""
        page = super().record_page(request, record)
        captured = records.shown_events(selectors.events_for_run(record))
        events = sorted([*page.events, *captured], key=lambda event: event.at, reverse=True)
        return RecordPage(
            actions=page.actions,
            related=page.related,
            events=events[: records.EVENT_LIMIT],
            events_url=page.events_url,
        )
