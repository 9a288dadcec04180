"""Reading runs: the list, one run, its events and its replays. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.apps import apps

from flowtime.api.pagination import Page, keyset_page
from flowtime.bundles import is_name
from runs.errors import RunNotFound
from runs.models import Run, RunEvent

if TYPE_CHECKING:
    from django.db.models import QuerySet

LIST_COLUMNS = (
    "id",
    "template_id",
    "template_title",
    "template_version",
    "mode",
    "status",
    "created_at",
    "started_at",
    "finished_at",
    "created_by__username",
    "bins",
    "bin_size",
    "bin_unit",
    "window_start",
    "window_minutes",
    "warning_count",
    "shape",
    "rng_kind",
    "rng_seed",
    "input_hash",
    "integrity",
    "source_run_id",
    "telemetry_available",
    "telemetry_generated_at",
    "telemetry_warning_count",
    "telemetry_source_run_id",
)


def runs_for_list() -> QuerySet[Run, dict[str, Any]]:
    """Runs as the list page and GET /v1/runs show them: plain rows of ``LIST_COLUMNS``, one query a page."""
    return Run.objects.values(*LIST_COLUMNS)


def page_of_runs(
    queryset: QuerySet[Run, dict[str, Any]],
    *,
    page_size: int,
    cursor: str | None = None,
    order: str = "newest",
) -> Page:
    """One page of ``queryset`` in the order of creation, equally fast however deep."""
    return keyset_page(
        queryset, fields=("created_at", "id"), page_size=page_size, cursor=cursor, order=order
    )


def get_run(run_id: str) -> Run:
    """The run with its document and its creator; raises RunNotFound."""
    # What cannot be a name is never asked of the database: PostgreSQL takes no NUL.
    found = (
        Run.objects.select_related("document", "created_by")
        .defer("document__template_text")
        .filter(pk=run_id)
        .first()
        if is_name(run_id)
        else None
    )
    if found is None:
        raise RunNotFound(f"There is no run {run_id[:80]!r}.")
    return found


def events_for_run(run: Run) -> QuerySet[RunEvent]:
    """What happened to ``run``, oldest first."""
    return RunEvent.objects.filter(run=run).select_related("actor").order_by("id")


def replays_of(run: Run) -> QuerySet[Run]:
    """Runs that were made from ``run``, newest first."""
    return Run.objects.filter(source_run_id=run.pk).order_by("-created_at", "-id")


def find_capture(**lookup: Any) -> Mapping[str, Any] | None:
    """Facts of the newest capture that has a bundle and fits ``lookup``, or None.

    Telemetry sits on runs and is never imported here: its rows are reached by the model's name.
    """
    captures = apps.get_model("telemetry", "Capture").objects
    return (
        captures.filter(**lookup)
        .exclude(manifest_hash="")
        .order_by("-generated_at", "-id")
        .values(
            "id",
            "target",
            "generation",
            "capture_key",
            "source_run_id",
            "manifest_hash",
            "status",
        )
        .first()
    )
