"""Reading runs: the list, one run, its events and its replays. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import Q, Value

from flowtime.api.pagination import Page, keyset_page
from flowtime.bundles import is_name
from flowtime.prepared import PreparedRow
from runs.errors import RunNotFound
from runs.models import Run, RunEvent

if TYPE_CHECKING:
    from django.db.models import QuerySet

MOST_AT_HAND = 12
"""Runs that are offered when one is to be put beside another."""
# Events of one job that are asked for its request; files that were written come by the hundred.
MOST_ASKED = 200
MOST_COUNTED = 100

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


def page_of_runs(
    queryset: QuerySet[Run],
    *,
    page_size: int,
    cursor: str | None = None,
    order: str = "newest",
    columns: Sequence[str] = LIST_COLUMNS,
    counted: int | None = None,
) -> Page:
    """One page of plain rows of ``columns`` in the order of creation, equally fast however deep."""
    return keyset_page(
        queryset,
        fields=("created_at", "id"),
        columns=columns,
        page_size=page_size,
        cursor=cursor,
        order=order,
        counted=counted,
    )


_RUN = PreparedRow(
    lambda run_id: (
        Run.objects.select_related("document", "created_by")
        .defer("document__template_text")
        .filter(pk=run_id)
    )
)


def get_run(run_id: str) -> Run:
    """The run with its document and its creator; raises RunNotFound."""
    found = find_run(run_id)
    if found is None:
        raise RunNotFound(f"There is no run {run_id[:80]!r}.")
    return found


def find_run(run_id: str) -> Run | None:
    """The run with its document and its creator, or None."""
    # What cannot be a name is never asked of the database: PostgreSQL takes no NUL.
    return _RUN.find(run_id) if is_name(run_id) else None


def runs_to_compare(run: Run | None) -> list[Run]:
    """Finished runs to put beside ``run``: its source, its replays, then the newest of its template; or of all."""
    finished = Run.objects.filter(status=Run.Status.SUCCEEDED).order_by("-created_at", "-id")
    if run is None:
        return list(finished[:MOST_AT_HAND])
    kin = finished.filter(Q(pk=run.source_run_id) | Q(source_run_id=run.pk))
    same = finished.filter(template_id=run.template_id)
    found = {other.pk: other for other in (*kin[:MOST_AT_HAND], *same[: MOST_AT_HAND + 1])}
    found.pop(run.pk, None)
    return list(found.values())[:MOST_AT_HAND]


def events_for_run(run: Run) -> QuerySet[RunEvent]:
    """What happened to ``run``, oldest first."""
    return RunEvent.objects.filter(run=run).select_related("actor").order_by("id")


def replays_of(run: Run) -> QuerySet[Run]:
    """Runs that were made from ``run``, newest first."""
    return Run.objects.filter(source_run_id=run.pk).order_by("-created_at", "-id")


def capture_row(capture_id: str) -> Any:
    """The capture with who asked for it, or None; telemetry is reached by its name, as in ``find_capture``."""
    captures = apps.get_model("telemetry", "Capture").objects.select_related("requested_by")
    return captures.filter(pk=capture_id).first()


def request_of(events: QuerySet[Any]) -> str:
    """The id of the newest request that one of ``events`` tells of; empty where none does."""
    told = events.order_by("-id").values_list("attributes", flat=True)[:MOST_ASKED]
    return next((facts["requestId"] for facts in told if facts.get("requestId")), "")


def waiting_jobs() -> tuple[int, int]:
    """How many runs and captures wait for a worker, in one query that looks at ``MOST_COUNTED`` of them at most."""
    captures = apps.get_model("telemetry", "Capture").objects.order_by()
    runs = Run.objects.order_by().filter(status__in=Run.Status.active()).values_list(Value("run"))
    waiting = runs.union(
        captures.filter(status__in=("queued", "generating")).values_list(Value("capture")),
        all=True,
    )
    kinds = [kind for (kind,) in waiting[:MOST_COUNTED]]
    return kinds.count("run"), kinds.count("capture")


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
