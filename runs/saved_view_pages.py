"""The page of the views that somebody keeps: saving, renaming, replacing, deleting, and which one opens by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from flowtime.pages import PageRequest, page, person_of
from runs import saved_views
from runs.errors import ViewExists, ViewNotFound
from runs.list_form import read_question

if TYPE_CHECKING:
    from flowtime.errors import FlowTimeError
    from runs.models import SavedView


def show_views(request: PageRequest, *, refusal: FlowTimeError | None = None) -> HttpResponse:
    """What the reader keeps. A refusal stands above it with what was typed, and a way to replace."""
    asked = request.POST if refusal else request.GET
    query = asked.get("query", "")
    context = {
        "rows": [
            (view, read_question(view.query)) for view in saved_views.views_of(person_of(request))
        ],
        "question": read_question(query),
        "has_question": "query" in asked,
        "name": asked.get("name", ""),
        "refusal": refusal,
        "may_replace": isinstance(refusal, ViewExists) and request.POST.get("do") == "save",
    }
    return render(request, "runs/views.html", context)


@page("runs.view_run", methods=("GET", "HEAD", "POST"), refused=show_views)
def keep_views(request: PageRequest) -> HttpResponse:
    """Look at one's views, or change one of them and come back to where that shows."""
    if request.method != "POST":
        return show_views(request)
    asked, owner = request.POST, person_of(request)
    do = asked.get("do", "")
    if do in ("save", "replace"):
        view = saved_views.save_view(
            owner=owner,
            name=asked.get("name", ""),
            query=asked.get("query", ""),
            replace=do == "replace",
        )
        if asked.get("is_default"):
            saved_views.choose_default(owner=owner, view=view)
        messages.info(request, f"View “{view.name}” saved.")
        return HttpResponseRedirect(reverse("runs:list") + view.query, status=303)
    if do == "no-default":
        saved_views.choose_default(owner=owner, view=None)
        messages.info(request, "The list opens with every run.")
    else:
        _change(request, saved_views.get_view(owner, _number(asked.get("view", ""))), do)
    return HttpResponseRedirect(reverse("runs:views"), status=303)


def _change(request: PageRequest, view: SavedView, do: str) -> None:
    match do:
        case "rename":
            saved_views.rename_view(view, name=request.POST.get("name", ""))
            messages.info(request, f"View renamed to “{view.name}”.")
        case "default":
            saved_views.choose_default(owner=view.owner, view=view)
            messages.info(request, f"The list opens with “{view.name}”.")
        case "delete":
            saved_views.delete_view(view)
            messages.info(request, f"View “{view.name}” deleted.")


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise ViewNotFound("You keep no such view.")
    return int(text)
