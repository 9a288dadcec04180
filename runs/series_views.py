"""The page of one series of a run, and its file."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from flowtime.pages import PageRequest, page
from runs import charts, selectors, series_page


@page("runs.view_run")
def show_series(request: PageRequest, run_id: str, series_id: str) -> HttpResponse:
    """One series: its course, its numbers, and what it is made of."""
    run = selectors.get_run(run_id)
    shown = series_page.open_series(run, series_id, request.GET)
    return render(request, "runs/series.html", {"run": run, "shown": shown})


@page("runs.view_run")
def download_series(request: PageRequest, run_id: str, series_id: str) -> HttpResponse:
    """One series of a run as CSV."""
    text = charts.series_csv(selectors.get_run(run_id), series_id)
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{series_id}.csv"'
    return response
