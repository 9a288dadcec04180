"""The page of a new run: pick a template, set its parameters, see what would happen, and run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import render

from flowtime.api.problems import request_id_of
from flowtime.errors import FlowTimeError
from flowtime.pages import NotAllowed, PageRequest, advice_for, page
from runs import catalog, plans, selectors, services
from runs.errors import TemplateInvalid
from runs.forms import RunForm, initial_from_run
from runs.gating import NEEDS_OPERATOR
from runs.views import redirect_to

if TYPE_CHECKING:
    from runs.catalog import CatalogEntry
    from runs.models import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The run that a form began with, and what of it the template does not have any more."""

    run: Run
    version: str
    lost: list[str]


def show_new_run(
    request: PageRequest,
    *,
    form: RunForm | None = None,
    plan: plans.PlanFacts | None = None,
    origin: Origin | None = None,
    refusal: FlowTimeError | None = None,
) -> HttpResponse:
    """The page of a new run. A refusal stands beside what it is about, and what was typed stays."""
    if form is None and request.method == "POST":
        form = RunForm(_entry(request), request.POST)
    if form is not None and refusal is not None:
        form.add_refusal(refusal)
    find = request.GET.get("find", "")[:60]
    is_preview = request.POST.get("do") == "preview"
    context = {
        "form": form,
        "plan": plan,
        "origin": origin,
        "refusal": refusal,
        "advice": advice_for(refusal) if refusal else "",
        "can_run": request.user.has_perm("runs.add_run"),
        "is_preview": is_preview,
        "query": _query(request, form) if form else "",
        "find": find,
    }
    if is_preview:
        return render(request, "runs/_preview.html", context)
    if request.htmx:
        return render(request, "runs/new.html#setup", context)
    return render(request, "runs/new.html", {**context, "entries": _entries(find)})


@page("runs.view_run", methods=("GET", "HEAD", "POST"), refused=show_new_run)
def new_run(request: PageRequest) -> HttpResponse:
    """Pick a template, set its parameters, plan and run."""
    if request.method == "POST" and "template" in request.GET:
        return _submit(request, RunForm(_entry(request), request.POST))
    origin = request.GET.get("from")
    if origin:
        return _run_again(request, selectors.get_run(origin))
    if "template" not in request.GET:
        return show_new_run(request)
    form = RunForm(_entry(request))
    return show_new_run(request, form=form, plan=_plan_of(request, form))


def _run_again(request: PageRequest, run: Run) -> HttpResponse:
    """The form with everything that ``run`` was made with."""
    entry = _runnable(catalog.get_entry(request.GET.get("template", run.template_id)))
    initial = initial_from_run(run)
    form = RunForm(entry, initial=initial)
    lost = [name.removeprefix("p-") for name in initial if name not in form.fields]
    known = ("mode", "source", "capture_key", "seed", "rng_mode", "replicate")
    origin = Origin(
        run=run,
        version=entry.version if entry.version != run.template_version else "",
        lost=[name for name in lost if name not in known],
    )
    return show_new_run(request, form=form, plan=_plan_of(request, form), origin=origin)


def _plan_of(request: PageRequest, form: RunForm) -> plans.PlanFacts | None:
    """What running the untouched form would do; nothing where that needs something to be typed first."""
    filled = form.filled()
    if not request.user.has_perm("runs.add_run") or not filled.is_valid():
        return None
    try:
        return plans.show_plan(services.plan_run(filled.to_request(), user=request.user))
    except FlowTimeError:
        # It is said in full as soon as it is asked for.
        return None


def _submit(request: PageRequest, form: RunForm) -> HttpResponse:
    if not request.user.has_perm("runs.add_run"):
        raise NotAllowed(NEEDS_OPERATOR)
    if "reset" in request.POST:
        return show_new_run(request, form=form.with_default(request.POST["reset"]))
    if not form.is_valid():
        response = show_new_run(request, form=form)
        response.status_code = 422
        return response
    asked = form.to_request()
    if request.POST.get("do") != "run":
        plan = plans.show_plan(services.plan_run(asked, user=request.user))
        return show_new_run(request, form=form, plan=plan)
    outcome = services.create_run(
        asked, user=request.user, request_id=request_id_of(request), is_async=True
    )
    if outcome.was_reused:
        messages.info(request, "This run exists already, so it was opened instead.")
    return redirect_to(request, outcome.run.get_absolute_url())


def _query(request: PageRequest, form: RunForm) -> str:
    """Where the form is sent: its template, and the run that it began with."""
    query = QueryDict(mutable=True)
    query["template"] = form.entry.template_id
    if "from" in request.GET:
        query["from"] = request.GET["from"]
    return query.urlencode()


def _entry(request: PageRequest) -> CatalogEntry:
    return _runnable(catalog.get_entry(request.GET.get("template", "")))


def _runnable(entry: CatalogEntry) -> CatalogEntry:
    if entry.template is None:
        raise TemplateInvalid(
            f"Template {entry.template_id} cannot be run until its problems are solved."
        )
    return entry


def _entries(find: str) -> list[CatalogEntry]:
    """The templates that have every word of ``find``; the script of the page narrows them by the same words."""
    words = find.casefold().split()
    return [
        entry
        for entry in catalog.all_entries()
        if all(word in entry.words.casefold() for word in words)
    ]
