"""Parts of the player, by the digest of what they follow from: columns for its scripts, rows, panels and tables as HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render

from flowtime.pages import PageRequest, page
from runs import blocks, heat, node_panel, selectors
from runs.errors import PartNotFound
from runs.travel import BASE, digest_of, travelling, view_of, with_all_columns

if TYPE_CHECKING:
    from runs.models import Run
    from runs.travel import Journey, Stop, View

ONE_YEAR = 365 * 24 * 3600
MOST_PIXELS = 4000


@page("runs.view_run")
def show_part(request: PageRequest, run_id: str, digest: str, part: str) -> HttpResponse:
    """One part of the player. Its address holds the digest of the run's files, so it may be kept for good."""
    run = selectors.get_run(run_id)
    answer = PARTS.get(part)
    if answer is None or digest != digest_of(run):
        raise PartNotFound("The run has changed since its page was opened. Open it again.")
    response = answer(request, run)
    response["Cache-Control"] = f"private, max-age={ONE_YEAR}, immutable"
    return response


def _bins(request: PageRequest, run: Run) -> HttpResponse:
    with travelling(run) as (_, journey):
        view = view_of(journey, request.GET)
        last = min(view.last, view.first + blocks.bins_each(journey) - 1)
        return _binary(blocks.base_block(journey, view.first, last))


def _metric(request: PageRequest, run: Run) -> HttpResponse:
    metric = request.GET.get("metric", "")
    with travelling(run, metric) as (_, journey):
        view = view_of(journey, request.GET)
        last = min(view.last, view.first + blocks.bins_each(journey) - 1)
        return _binary(blocks.metric_block(journey, metric, view.first, last))


def _overview(request: PageRequest, run: Run) -> HttpResponse:
    with travelling(run) as (_, journey):
        return _binary(blocks.overview_block(journey))


def _node(request: PageRequest, run: Run) -> HttpResponse:
    with travelling(run) as (bundle, journey):
        stop = _stop(journey, view_of(journey, request.GET))
        return _binary(blocks.node_block(with_all_columns(bundle, stop)))


def _rows(request: PageRequest, run: Run) -> HttpResponse:
    width = request.GET.get("width", "")
    is_number = width.isascii() and width.isdecimal() and len(width) < 6
    most = min(max(int(width), 1), MOST_PIXELS) if is_number else heat.MOST_CELLS
    with travelling(run, request.GET.get("metric", "")) as (_, journey):
        view = view_of(journey, request.GET)
        context = {
            "heat": heat.heat_map(journey, view, most_cells=most),
            "blocks": heat.warning_blocks(journey, view),
            "view": view,
        }
    return render(request, "runs/_travel_range.html", context)


def _panel(request: PageRequest, run: Run) -> HttpResponse:
    with travelling(run) as (bundle, journey):
        view = view_of(journey, request.GET)
        stop = with_all_columns(bundle, _stop(journey, view))
        shown = node_panel.open_panel(journey, stop, view.metric, view.bin)
    return render(request, "runs/_travel_panel.html", {"panel": shown, "run": run})


def _table(request: PageRequest, run: Run) -> HttpResponse:
    row = request.GET.get("row", "")
    first = int(row) if row.isascii() and row.isdecimal() and len(row) < 10 else 0
    with travelling(run) as (_, journey):
        stop = _stop(journey, view_of(journey, request.GET))
        table = node_panel.node_table(journey, stop, first, BASE)
    return render(request, "runs/_node_table.html", {"table": table})


def _stop(journey: Journey, view: View) -> Stop:
    stop = journey.stop(view.node)
    if stop is None:
        raise PartNotFound("This run has no nodes.")
    return stop


def _binary(content: bytes) -> HttpResponse:
    return HttpResponse(content, content_type="application/octet-stream")


PARTS: Mapping[str, Callable[[PageRequest, Run], HttpResponse]] = {
    "bins": _bins,
    "metric": _metric,
    "overview": _overview,
    "node": _node,
    "rows": _rows,
    "panel": _panel,
    "table": _table,
}
