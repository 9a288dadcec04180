"""Reading captures: the list, one capture, what belongs to a run or a target. Nothing here writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Max

from flowtime.api.pagination import Page, keyset_page
from flowtime.bundles import is_name
from telemetry.errors import CaptureNotFound
from telemetry.models import Capture, CaptureEvent

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from runs.models import Run


def captures_for_list() -> QuerySet[Capture]:
    """Captures with who asked for them: one query a page."""
    return Capture.objects.select_related("requested_by")


def page_of_captures(
    queryset: QuerySet[Capture],
    *,
    page_size: int,
    cursor: str | None = None,
    order: str = "newest",
    counted: int | None = None,
) -> Page:
    """One page of ``queryset`` in the order of the requests."""
    return keyset_page(
        queryset,
        fields=("requested_at", "id"),
        page_size=page_size,
        cursor=cursor,
        order=order,
        counted=counted,
    )


def get_capture(capture_id: str) -> Capture:
    """The capture with who asked for it; raises CaptureNotFound."""
    # What cannot be a name is never asked of the database: PostgreSQL takes no NUL.
    found = captures_for_list().filter(pk=capture_id).first() if is_name(capture_id) else None
    if found is None:
        raise CaptureNotFound(f"There is no capture {capture_id[:80]!r}.")
    return found


def captures_of(run: Run) -> QuerySet[Capture]:
    """Captures that were asked for from ``run``, newest first."""
    return captures_for_list().filter(source_run_id=run.pk).order_by("-requested_at", "-id")


def current_capture_of(run: Run) -> Capture | None:
    """The capture whose bundle is the run's telemetry: its own first, else the newest of the library.

    A bundle from before the run was made again under the same id is not its telemetry.
    """
    current = captures_of(run).filter(
        status=Capture.Status.SUCCEEDED, requested_at__gte=run.created_at
    )
    own = current.filter(target=f"runs/{run.pk}").first()
    return own or current.order_by("-generated_at", "-id").first()


def current_capture_of_target(target: str) -> Capture | None:
    """The capture whose bundle stands at ``target`` now."""
    return captures_for_list().filter(target=target, status=Capture.Status.SUCCEEDED).first()


def lost_capture_of_target(target: str) -> Capture | None:
    """The newest capture whose bundle at ``target`` was found to be gone."""
    lost = captures_for_list().filter(target=target, status=Capture.Status.MISSING)
    return lost.order_by("-generation").first()


def active_capture_of_target(target: str) -> Capture | None:
    """The capture of ``target`` that is being made, if any."""
    return captures_for_list().filter(target=target, status__in=Capture.Status.active()).first()


def highest_generation(target: str) -> int:
    """The highest generation of ``target`` that any row names; 0 where there is none."""
    found = Capture.objects.filter(target=target).aggregate(highest=Max("generation"))
    return found["highest"] or 0


def events_of(capture: Capture) -> QuerySet[CaptureEvent]:
    """What happened to ``capture``, oldest first."""
    return CaptureEvent.objects.filter(capture=capture).select_related("actor").order_by("id")


def events_for_run(run: Run) -> QuerySet[CaptureEvent]:
    """What happened to every capture of ``run``, refusals too, oldest first."""
    return CaptureEvent.objects.filter(run_id=run.pk).select_related("actor").order_by("id")
