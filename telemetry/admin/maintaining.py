"""The maintenance page of the admin: the jobs of the commands, for as many bundles as one request can look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from flowtime.api.problems import request_id_of
from flowtime.errors import FlowTimeError
from runs.models import Run
from telemetry import upkeep
from telemetry.models import Capture
from telemetry.upkeep import Report

log = structlog.get_logger(__name__)

# Verifying reads every name: more than this would keep the request, and its worker, too long.
BUNDLE_LIMIT = 5_000
SHOWN_LINES = 200
TOO_MANY = (
    f"There are more than {BUNDLE_LIMIT:,} bundles, too many for a page: "
    "run the command of that name on the server."
)


@dataclass(frozen=True, slots=True)
class Job:
    """One button of the page."""

    name: str
    label: str
    text: str
    work: Callable[[], Report]


JOBS = (
    Job(
        "verify",
        "Verify",
        "Are all files of all bundles there, with the right sizes? Nothing is changed but what rows say of it.",
        upkeep.verify,
    ),
    Job(
        "verify-deep",
        "Verify every byte",
        "The same, and every byte is hashed.",
        lambda: upkeep.verify(is_deep=True),
    ),
    Job(
        "reindex",
        "Reindex",
        "Bundles without a row get one; rows whose bundle is gone, changed or back again say so.",
        upkeep.reindex,
    ),
    Job(
        "sweep",
        "Sweep",
        "Removes what is left of dead work, and superseded generations, an hour after their time.",
        upkeep.sweep,
    ),
    Job(
        "reap",
        "Reap",
        "Rings again for jobs whose worker died; workers do so by themselves every few seconds.",
        upkeep.reap,
    ),
)


def maintenance(request: HttpRequest) -> HttpResponse:
    """Show the jobs; by POST do one and show what it reports."""
    if not request.user.is_superuser:
        raise PermissionDenied
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Maintenance",
        "jobs": JOBS,
    }
    status = 200
    asked = request.POST.get("job") if request.method == "POST" else None
    for job in (job for job in JOBS if job.name == asked):
        try:
            report = _do(job)
        except FlowTimeError as error:
            status, context["refusal"] = error.status, error.detail
        else:
            context |= {
                "is_good": report.is_good,
                "lines": report.lines[-SHOWN_LINES:],
                "left_out": max(0, len(report.lines) - SHOWN_LINES),
            }
            log.info(
                "maintenance.done",
                job=job.name,
                isGood=report.is_good,
                by=request.user.get_username(),
                requestId=request_id_of(request),
            )
    return TemplateResponse(request, "admin/maintenance.html", context, status=status)


class TooManyBundles(FlowTimeError):
    """More than one request can look at."""

    code = "too_large"
    title = "The request is too large"
    status = 413


def _do(job: Job) -> Report:
    bundles = sum(
        model._default_manager.all()[: BUNDLE_LIMIT + 1].count() for model in (Run, Capture)
    )
    if bundles > BUNDLE_LIMIT and job.name != "reap":
        raise TooManyBundles(TOO_MANY)
    return job.work()
