"""The admin of runs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from runs import selectors, services
from runs.admin import records
from runs.admin.filters import TemplateFilter, WarningFilter
from runs.admin.overview import RunOverview
from runs.admin.records import RecordAdmin, RecordPage, Related
from runs.admin.run_actions import RUN_ACTIONS, RunActions
from runs.models import Run
from runs.templatetags import flowtime_ui as ui
from runs.wording import say_bytes, say_grid


@admin.register(Run)
class RunAdmin(RunActions, RecordAdmin):
    """Runs: what they were, what became of them, and what can be done with them."""

    list_display = (
        "id",
        "status_mark",
        "template",
        "mode",
        "created_and_by",
        "telemetry",
        "warnings",
        "integrity_mark",
        "source_run_short",
    )
    list_select_related = ("created_by",)
    list_filter = (
        "status",
        "mode",
        TemplateFilter,
        "telemetry_available",
        WarningFilter,
        "integrity",
    )
    date_hierarchy = "created_at"
    search_fields = ("id",)
    search_help_text = "The beginning of a run id."
    ordering = ("-created_at", "-id")
    actions: Sequence[str] = RUN_ACTIONS
    fieldsets = (
        ("Run", {"fields": ("id", "status_mark", "failure", "template", "mode", "parameters")}),
        ("Who and when", {"fields": ("created", "created_by", "started", "finished", "attempt")}),
        (
            "Grid and inputs",
            {
                "fields": (
                    "grid",
                    "window",
                    "rng",
                    "series_count",
                    "warning_count",
                    "input_hash_text",
                )
            },
        ),
        (
            "Files",
            {"fields": ("integrity_mark", "integrity_checked", "size", "manifest_hash_text")},
        ),
        (
            "Telemetry",
            {
                "fields": (
                    "telemetry",
                    "telemetry_warning_count",
                    "telemetry_integrity_mark",
                    "telemetry_generation_name",
                    "telemetry_capture_link",
                    "telemetry_source_link",
                )
            },
        ),
        (
            "Provenance",
            {"fields": ("source_run_link", "replay_of", "replayed_capture_link", "reproduction")},
        ),
    )

    def view_on_site(self, run: Run) -> str:
        """The operator page of the run."""
        return run.get_absolute_url()

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Run | None:
        """Return the run after a look at its files: what was altered outside is noticed when it is opened."""
        run: Run | None = super().get_object(request, object_id, from_field)
        return None if run is None else services.notice_run(run)

    def overview(self) -> RunOverview:
        """Runs at a glance."""
        return RunOverview()

    # Lists and fields

    @admin.display(description="Status")
    def status_mark(self, run: Run) -> SafeString:
        """Status as shape and word."""
        return records.marked(run.status, run.get_status_display())

    @admin.display(description="Template")
    def template(self, run: Run) -> SafeString:
        """Title, id and version."""
        return records.with_second(run.template_title, f"{run.template_id} {run.template_version}")

    @admin.display(description="Created")
    def created(self, run: Run) -> str:
        """When the run was asked for."""
        return ui.when(run.created_at)

    @admin.display(description="Created")
    def created_and_by(self, run: Run) -> SafeString:
        """When the run was asked for, and by whom."""
        return records.with_second(ui.when(run.created_at), f"by {run.created_by or 'nobody'}")

    @admin.display(description="Warnings")
    def warnings(self, run: Run) -> int:
        """How many warnings the run has."""
        return run.warning_count

    @admin.display(description="Started")
    def started(self, run: Run) -> str:
        """When the work began."""
        return ui.when(run.started_at)

    @admin.display(description="Finished")
    def finished(self, run: Run) -> str:
        """When the work ended, and how long it took."""
        if run.finished_at is None:
            return ui.when(None)
        return format_html(
            "{} ({})", ui.when(run.finished_at), ui.took(run.started_at, run.finished_at)
        )

    @admin.display(description="Telemetry")
    def telemetry(self, run: Run) -> SafeString:
        """Availability, with its time."""
        if run.telemetry_in_progress:
            return records.marked("generating", "In progress")
        if not run.telemetry_available:
            return records.marked("unavailable", "Not available")
        return records.with_second(
            records.marked("available", "Available"), ui.when(run.telemetry_generated_at)
        )

    @admin.display(description="Integrity")
    def integrity_mark(self, run: Run) -> SafeString:
        """What the last look at the run's files found."""
        return records.integrity_mark(run.integrity)

    @admin.display(description="Checked")
    def integrity_checked(self, run: Run) -> str:
        """When the files were last looked at."""
        return ui.when(run.integrity_checked_at)

    @admin.display(description="Source run")
    def source_run_link(self, run: Run) -> str:
        """The run this one replays."""
        return records.id_link("runs_run", run.source_run_id or "")

    @admin.display(description="Source run")
    def source_run_short(self, run: Run) -> str:
        """The run this one replays, cut for the list."""
        return records.short_link("runs_run", run.source_run_id or "")

    @admin.display(description="Failure")
    def failure(self, run: Run) -> str:
        """Why the run failed."""
        return f"{run.failure_detail} ({run.failure_code})" if run.failure_code else "–"

    @admin.display(description="Parameters")
    def parameters(self, run: Run) -> str:
        """The parameters the caller set; the others have the template's defaults."""
        given = run.document.request.get("request", {}).get("parameters") or {}
        if not given:
            return "All as the template declares"
        rows = (
            (name, json.dumps(value, ensure_ascii=False)[:200]) for name, value in given.items()
        )
        return format_html_join("", "<div><code>{}</code> = {}</div>", rows)

    @admin.display(description="Grid")
    def grid(self, run: Run) -> str:
        """Bins and their size."""
        return say_grid(run.bins, run.bin_size, run.bin_unit)

    @admin.display(description="Window")
    def window(self, run: Run) -> str:
        """From when to when."""
        return ui.window(run.window_start, run.window_minutes)

    @admin.display(description="Random numbers")
    def rng(self, run: Run) -> str:
        """Generator, mode and seed."""
        return f"{run.rng_kind}, {run.rng_mode}, seed {run.rng_seed}"

    @admin.display(description="Input hash")
    def input_hash_text(self, run: Run) -> str:
        """The hash of everything the result depends on."""
        return records.code_text(run.input_hash)

    @admin.display(description="Manifest hash")
    def manifest_hash_text(self, run: Run) -> str:
        """The hash of the bundle's manifest."""
        return records.code_text(run.manifest_hash)

    @admin.display(description="Size")
    def size(self, run: Run) -> str:
        """Bytes of the run bundle."""
        return say_bytes(run.byte_count)

    @admin.display(description="Integrity of the bundle")
    def telemetry_integrity_mark(self, run: Run) -> str:
        """What the last look at the telemetry bundle found."""
        if not run.telemetry_capture_id and run.mode == Run.Mode.SIMULATION:
            return "–"
        return records.integrity_mark(run.telemetry_integrity)

    @admin.display(description="Generation")
    def telemetry_generation_name(self, run: Run) -> str:
        """Which version of the bundle it is."""
        number = run.telemetry_generation
        return ui.generation(number) if number else "–"

    @admin.display(description="Capture")
    def telemetry_capture_link(self, run: Run) -> str:
        """The capture that made the bundle."""
        return records.id_link("telemetry_capture", run.telemetry_capture_id)

    @admin.display(description="Generated from")
    def telemetry_source_link(self, run: Run) -> str:
        """The run the bundle came from."""
        return records.id_link("runs_run", run.telemetry_source_run_id)

    @admin.display(description="Replayed capture")
    def replayed_capture_link(self, run: Run) -> str:
        """The capture this run replays."""
        return records.id_link("telemetry_capture", run.replayed_capture_id)

    @admin.display(description="Reproduction")
    def reproduction(self, run: Run) -> str:
        """How exactly the source is reproduced."""
        return ui.reproduction(run) or "–"

    # The change page

    def record_page(self, request: HttpRequest, record: Run) -> RecordPage:
        """Actions as the operator page gates them, replays, and the newest events."""
        return RecordPage(
            actions=self.run_actions(request, record),
            related=self.related(record),
            events=records.shown_events(selectors.events_for_run(record)),
            events_url=records.list_url("runs_runevent", run__id__exact=record.pk),
        )

    def related(self, run: Run) -> list[Related]:
        """Return the records that belong to the run."""
        replays = selectors.replays_of(run)[: records.RELATED_LIMIT]
        return [
            Related(
                title="Replays",
                columns=("Run", "Status", "From", "Created", "Reproduction"),
                rows=[
                    (
                        records.record_link(replay),
                        self.status_mark(replay),
                        replay.get_replay_of_display(),
                        self.created(replay),
                        self.reproduction(replay),
                    )
                    for replay in replays
                ],
                all_url=records.list_url("runs_run", source_run__id__exact=run.pk),
            )
        ]
