"""The page that puts two runs side by side, the choice of two, and their differences as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render

from flowtime.pages import PageRequest, advice_for, page
from runs import selectors, side_by_side
from runs.csv_text import csv_table

if TYPE_CHECKING:
    from flowtime.errors import FlowTimeError
    from runs.models import Run


def show_choice(request: PageRequest, *, refusal: FlowTimeError | None = None) -> HttpResponse:
    """Choose what to compare: two ids, with runs at hand that go with the one that is known already."""
    a, b = request.GET.get("a", ""), request.GET.get("b", "")
    known = selectors.find_run(a) or selectors.find_run(b)
    context = {
        "a": a,
        "b": b,
        "known": known,
        "is_b_known": known is not None and known.pk != a,
        "at_hand": selectors.runs_to_compare(known),
        "refusal": refusal,
        "advice": advice_for(refusal) if refusal else "",
    }
    return render(request, "runs/compare_choice.html", context)


@page("runs.view_run", refused=show_choice)
def compare_runs(request: PageRequest) -> HttpResponse:
    """Two runs side by side; without two of them, the choice."""
    if not (request.GET.get("a") and request.GET.get("b")):
        return show_choice(request)
    a, b = _pair(request)
    context = {"a": a, "b": b, "shown": side_by_side.compare(a, b, request.GET)}
    return render(request, "runs/compare.html", context)


@page("runs.view_run", refused=show_choice)
def download_differences(request: PageRequest) -> HttpResponse:
    """A row for each series that both runs have."""
    a, b = _pair(request)
    response = HttpResponse(
        csv_table(side_by_side.differences_csv(a, b)), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{a.pk}-{b.pk}.csv"'
    return response


def _pair(request: PageRequest) -> tuple[Run, Run]:
    return selectors.get_run(request.GET.get("a", "")), selectors.get_run(request.GET.get("b", ""))
