"""The admin of captures."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

import runs.selectors as run_selectors
from runs.admin import records
from runs.admin.filters import TemplateFilter, WarningFilter
from runs.admin.records import RecordAdmin, RecordPage, Related
from runs.templatetags import flowtime_ui as ui
from runs.wording import say_bytes, say_ranges
from telemetry import selectors, services
from telemetry.admin import maintaining
from telemetry.admin.capture_actions import CAPTURE_ACTIONS, CaptureActions
from telemetry.admin.overview import CaptureOverview
from telemetry.models import Capture


def status_mark(capture: Capture) -> SafeString:
    """Return the status of a capture as shape and word."""
    return records.marked(*capture.outcome)


def generated_text(capture: Capture) -> str:
    """Return when the bundle was generated."""
    return ui.when(capture.generated_at)


def generation_text(capture: Capture) -> str:
    """Return the name of the bundle's generation; a dash before there is one."""
    return ui.generation(capture.generation) if capture.generation else "–"


@admin.register(Capture)
class CaptureAdmin(CaptureActions, RecordAdmin):
    """Captures: which bundle was generated from which run, and what state it is in."""

    list_display = (
        "id",
        "status_mark",
        "source_run_link",
        "key",
        "generation_name",
        "generated_and_by",
        "files",
        "warning_total",
        "integrity_mark",
    )
    list_select_related = ("requested_by",)
    list_filter = ("status", TemplateFilter, WarningFilter, "integrity")
    date_hierarchy = "requested_at"
    search_fields = ("id", "source_run__id", "capture_key")
    search_help_text = "The beginning of a capture id, of a run id or of a capture key."
    ordering = ("-requested_at", "-id")
    actions = CAPTURE_ACTIONS
    fieldsets = (
        (
            "Capture",
            {"fields": ("id", "status_mark", "failure", "source_run_link", "template_id", "key")},
        ),
        (
            "Who and when",
            {"fields": ("requested", "requested_by", "generated", "took", "attempt", "options")},
        ),
        (
            "Bundle",
            {
                "fields": (
                    "generation_name",
                    "file_count",
                    "size",
                    "manifest_hash_text",
                    "parameters_hash_text",
                    "scenario_hash_text",
                    "rng_seed",
                    "class_text",
                )
            },
        ),
        ("Integrity", {"fields": ("integrity_mark", "integrity_checked", "integrity_findings")}),
        ("Warnings", {"fields": ("warning_count", "warning_list")}),
    )

    def get_urls(self) -> list[URLPattern]:
        """The maintenance page beside the list."""
        page = self.admin_site.admin_view(maintaining.maintenance)
        return [path("maintenance", page, name="maintenance"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Capture]:
        """Captures without their longest columns, which only the change page reads."""
        return super().get_queryset(request).defer("warnings", "integrity_problems", "classes")

    def view_on_site(self, capture: Capture) -> str:
        """The operator page of the capture."""
        return capture.get_absolute_url()

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Capture | None:
        """Return the capture after a look at its files, as the operator page does."""
        capture: Capture | None = super().get_object(request, object_id, from_field)
        return None if capture is None else services.notice_capture(capture)

    def overview(self) -> CaptureOverview:
        """Captures at a glance."""
        return CaptureOverview()

    # Lists and fields

    @admin.display(description="Status")
    def status_mark(self, capture: Capture) -> SafeString:
        """Status as shape and word."""
        return status_mark(capture)

    @admin.display(description="Source run")
    def source_run_link(self, capture: Capture) -> str:
        """The run the bundle was generated from."""
        return records.id_link("runs_run", capture.source_run_id)

    @admin.display(description="Capture key")
    def key(self, capture: Capture) -> str:
        """The name in the shared library, if it is there."""
        return capture.capture_key or "–"

    @admin.display(description="Requested")
    def requested(self, capture: Capture) -> str:
        """When it was asked for."""
        return ui.when(capture.requested_at)

    @admin.display(description="Generated")
    def generated(self, capture: Capture) -> str:
        """When the bundle was generated."""
        return generated_text(capture)

    @admin.display(description="Generated")
    def generated_and_by(self, capture: Capture) -> SafeString:
        """When the bundle was generated, and who asked for it."""
        return records.with_second(
            generated_text(capture), f"by {capture.requested_by or 'nobody'}"
        )

    @admin.display(description="Generation")
    def generation_name(self, capture: Capture) -> str:
        """Which version of the bundle this is."""
        return generation_text(capture)

    @admin.display(description="Files")
    def files(self, capture: Capture) -> int:
        """How many files the bundle has."""
        return capture.file_count

    @admin.display(description="Warnings")
    def warning_total(self, capture: Capture) -> int:
        """How many warnings the bundle has."""
        return capture.warning_count

    @admin.display(description="Took")
    def took(self, capture: Capture) -> str:
        """How long the work took."""
        return ui.took(capture.started_at, capture.finished_at)

    @admin.display(description="Failure")
    def failure(self, capture: Capture) -> str:
        """Why the capture failed."""
        return f"{capture.failure_detail} ({capture.failure_code})" if capture.failure_code else "–"

    @admin.display(description="Options")
    def options(self, capture: Capture) -> str:
        """How missing and undefined values were treated."""
        again = ", replacing the bundle before it" if capture.overwrite else ""
        return f"NaN {capture.nan}, gaps {capture.gaps}{again}"

    @admin.display(description="Size")
    def size(self, capture: Capture) -> str:
        """Bytes of the bundle."""
        return say_bytes(capture.byte_count)

    @admin.display(description="Manifest hash")
    def manifest_hash_text(self, capture: Capture) -> str:
        """The hash of the manifest."""
        return records.code_text(capture.manifest_hash)

    @admin.display(description="Parameters hash")
    def parameters_hash_text(self, capture: Capture) -> str:
        """The hash of the parameters behind the series."""
        return records.code_text(capture.parameters_hash)

    @admin.display(description="Scenario hash")
    def scenario_hash_text(self, capture: Capture) -> str:
        """The hash of the scenario behind the series."""
        return records.code_text(capture.scenario_hash)

    @admin.display(description="Classes")
    def class_text(self, capture: Capture) -> str:
        """Classes in the bundle, and how far they cover it."""
        if not capture.classes:
            return "–"
        return f"{', '.join(capture.classes)} ({capture.class_coverage})"

    @admin.display(description="Integrity")
    def integrity_mark(self, capture: Capture) -> SafeString:
        """What the last look at the files found."""
        return records.integrity_mark(capture.integrity)

    @admin.display(description="Checked")
    def integrity_checked(self, capture: Capture) -> str:
        """When the files were last looked at."""
        return ui.when(capture.integrity_checked_at)

    @admin.display(description="Findings")
    def integrity_findings(self, capture: Capture) -> str:
        """What was wrong with which file."""
        lines = ((_finding(problem),) for problem in capture.integrity_problems)
        return format_html_join("", "<div>{}</div>", lines) or "–"

    @admin.display(description="Warnings")
    def warning_list(self, capture: Capture) -> str:
        """Each warning with its node, metric and bins."""
        rows = (
            (
                warning.get("message", ""),
                warning.get("code", ""),
                warning.get("nodeId") or "",
                warning.get("metric") or "",
                say_ranges(warning.get("bins") or []),
            )
            for warning in capture.warnings
        )
        return format_html_join("", "<div>{} <code>{}</code> {} {} {}</div>", rows) or "–"

    # The change page

    def record_page(self, request: HttpRequest, record: Capture) -> RecordPage:
        """Actions as the pages gate them, the runs that replay it, and the newest events."""
        return RecordPage(
            actions=self.capture_actions(request, record),
            related=[self._replays(record)],
            events=records.shown_events(selectors.events_of(record)),
            events_url=records.list_url("telemetry_captureevent", capture__id__exact=record.pk),
        )

    def _replays(self, capture: Capture) -> Related:
        source = run_selectors.get_run(capture.source_run_id)
        replays = run_selectors.replays_of(source).filter(replayed_capture_id=capture.pk)
        return Related(
            title="Replays",
            columns=("Run", "Status", "Created"),
            rows=[
                (
                    records.record_link(run),
                    records.marked(run.status, run.get_status_display()),
                    ui.when(run.created_at),
                )
                for run in replays[: records.RELATED_LIMIT]
            ],
            all_url=records.list_url(
                "runs_run", source_run__id__exact=source.pk, replayed_capture_id__exact=capture.pk
            ),
        )


def _finding(problem: Any) -> str:
    """Return what was found, whether it is a sentence or facts about a file."""
    if isinstance(problem, dict):
        return " ".join(str(part) for part in problem.values() if part)
    return str(problem)
