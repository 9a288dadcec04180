"""Pages of runs: the list, one run, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh

from flowtime.api.problems import request_id_of
from flowtime.pages import PageRequest, advice_for, page, person_of
from runs import charts, curl, detail, listing, panel, saved_views, selectors, services
from runs.errors import NotTwoRuns
from runs.models import Run
from runs.templatetags.flowtime_ui import query_with

if TYPE_CHECKING:
    from flowtime.errors import FlowTimeError


###############################################################################
# The list
###############################################################################
@page("runs.view_run")
def list_runs(request: PageRequest) -> HttpResponse:
    """Runs, newest first; only the rows where a filter changed, or those that are followed while they run."""
    if followed := request.GET.getlist("live"):
        rows = listing.rows_of(followed)
        active = [row["id"] for row in rows if row["status"] in Run.Status.active()]
        return render(request, "runs/_live.html", {"rows": rows, "active": active})
    kept = [] if request.htmx else saved_views.views_of(person_of(request))
    own = next((view for view in kept if view.is_default), None)
    if own and not request.META["QUERY_STRING"]:
        return HttpResponseRedirect(request.path + own.query)
    runs = listing.list_runs(request.GET)
    context = {
        "runs": runs,
        "views": kept,
        "newer": query_with(request, cursor=runs.page.previous_cursor),
        "older": query_with(request, cursor=runs.page.next_cursor),
    }
    return render(request, "runs/list.html#results" if request.htmx else "runs/list.html", context)


@page("runs.view_run")
def compare_picked(request: PageRequest) -> HttpResponse:
    """Go to the comparison of the two runs that were ticked in the list, the older one first."""
    picked = request.GET.getlist("pick")
    if len(picked) != 2:
        raise NotTwoRuns(f"Two runs are compared, and {len(picked) or 'none'} were ticked.")
    newer, older = picked
    query = urlencode({"a": older, "b": newer})
    return HttpResponseRedirect(f"{reverse('runs:compare')}?{query}")


###############################################################################
# One run
###############################################################################
def show_run(
    request: PageRequest, run_id: str, *, refusal: FlowTimeError | None = None, watched: str = ""
) -> HttpResponse:
    """The page of a run, or the part of it that htmx asked for; a refusal stands in the telemetry panel.

    ``watched`` is the capture whose end is to be told of; a panel that follows one names it itself.
    """
    run = services.notice_run(selectors.get_run(run_id))
    part = request.htmx.target if request.htmx else ""
    if part == "progress" and run.is_finished:
        return HttpResponseClientRefresh()
    shown = detail.RunPage(
        run, tab=request.GET.get("tab", ""), with_files=request.GET.get("files") == "1"
    )
    telemetry = panel.TelemetryPanel(
        run, request.user, refusal=refusal, asked=request.POST or request.GET
    )
    watched = watched or request.GET.get("watch", "")
    context = {
        "run": run,
        "shown": shown,
        "panel": telemetry,
        "watched": watched,
        "ended": telemetry.ended(watched) if watched else None,
        "advice": advice_for(refusal) if refusal else "",
        "commands": curl.commands_for(run, server=f"{request.scheme}://{request.get_host()}"),
        "tab": charts.open_tab(shown, request.GET) if part != "telemetry" else None,
    }
    if part in ("telemetry", "progress", "tab"):
        return render(request, f"runs/detail.html#{part}", context)
    return render(request, "runs/detail.html", context)


@page("runs.view_run")
def run_detail(request: PageRequest, run_id: str) -> HttpResponse:
    """One run: what happened, its telemetry, where it came from, and what may be done."""
    return show_run(request, run_id)


@page("runs.replay_run", methods=("POST",), refused=show_run)
def replay_run(request: PageRequest, run_id: str) -> HttpResponse:
    """Make a new run from this one, and go there."""
    replayed = services.create_replay(
        selectors.get_run(run_id),
        source="telemetry" if request.POST.get("from") == "telemetry" else "model",
        user=request.user,
        request_id=request_id_of(request),
        is_async=True,
    )
    return redirect_to(request, replayed.get_absolute_url())


@page("runs.cancel_run", methods=("POST",), refused=show_run)
def cancel_run(request: PageRequest, run_id: str) -> HttpResponse:
    """Stop a run that is waiting or running."""
    run = services.cancel_run(
        selectors.get_run(run_id), user=request.user, request_id=request_id_of(request)
    )
    return redirect_to(request, run.get_absolute_url())


@page("runs.verify_run", methods=("POST",), refused=show_run)
def verify_run(request: PageRequest, run_id: str) -> HttpResponse:
    """Hash the run's files again, and say what was found."""
    run = services.verify_run(
        selectors.get_run(run_id), user=request.user, request_id=request_id_of(request)
    )
    messages.info(request, f"Run files checked: {run.get_integrity_display().lower()}.")
    return redirect_to(request, run.get_absolute_url())


def redirect_to(request: PageRequest, url: str) -> HttpResponse:
    """Send the reader on: htmx by its header, so that the whole page changes, anyone else by 303."""
    if request.htmx:
        return HttpResponseClientRedirect(url)
    return HttpResponseRedirect(url, status=303)
