"""/v1/runs/{runId}/state and its neighbours: what happened, bin by bin, and how two runs differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ErrorDetail
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from flowtime.api.conditional import answer, caching_headers, has_current
from flowtime.api.problems import InvalidQuery
from flowtime.api.renderers import JSONRenderer
from flowtime.api.schema import problems
from flowtime.api.views import StrictViewSet
from runs import compare, exporting, figures, selectors, state
from runs.api import travel_examples as examples
from runs.api.query import bin_number, bin_range, needed
from runs.api.renderers import CSVRenderer, NDJSONRenderer, ParquetRenderer
from runs.api.travel_serializers import (
    ComparisonSerializer,
    RunMetricsSerializer,
    RunStateSerializer,
    RunStateWindowSerializer,
)
from runs.api.views import RUN_ID, VIEW
from runs.models import Run

READING = ("run_not_found", "run_unreadable")
RANGE = ("from", "to")
Table = Callable[[Run, int, int], Iterator[bytes]]
TABLES: Mapping[str, tuple[type[BaseRenderer], Table]] = {
    "csv": (CSVRenderer, exporting.csv_of),
    "ndjson": (NDJSONRenderer, exporting.ndjson_of),
    "parquet": (ParquetRenderer, exporting.parquet_of),
}


class TravelViewSet(StrictViewSet):
    """Runs, bin by bin. What is told of a finished run never changes, so every answer has a strong ETag."""

    permissions_by_action: ClassVar = {
        "state": VIEW,
        "window": VIEW,
        "metrics": VIEW,
        "export": VIEW,
        "compare": VIEW,
    }
    query_by_action: ClassVar = {
        "state": ("bin",),
        "window": RANGE,
        "metrics": RANGE,
        "export": ("format", *RANGE),
        "compare": ("a", "b"),
    }

    def get_renderers(self) -> list[BaseRenderer]:
        """JSON, but tables where a table is asked for."""
        if self.action == "export":
            return [renderer() for renderer, _ in TABLES.values()]
        return [JSONRenderer()]

    def perform_content_negotiation(
        self, request: Request, force: bool = False
    ) -> tuple[BaseRenderer, str]:
        """By ``Accept``, but the form that an export names in its address wins."""
        named = request.query_params.get("format", "") if self.action == "export" else ""
        if named:
            # A form that there is none of is refused by its name, whatever else would be accepted.
            renderer = TABLES.get(named, TABLES["csv"])[0]()
            return renderer, str(renderer.media_type)
        return super().perform_content_negotiation(request, force)

    @extend_schema(
        operation_id="getRunState",
        tags=["Runs"],
        summary="Show a run in one bin",
        parameters=[RUN_ID, examples.BIN],
        responses={200: RunStateSerializer, **problems(*READING)},
        examples=[examples.STATE],
    )
    def state(self, request: Request, run_id: str) -> Response:
        """Every node's observed and derived metrics and colour in one bin, every edge's flow, and the warnings."""
        run = selectors.get_run(run_id)
        index = bin_number(request, "bin", bins=run.bins)
        headers = caching_headers(run.manifest_hash, "state", index)
        return answer(request, headers, lambda: state.read_bin(run, index))

    @extend_schema(
        operation_id="getRunStateWindow",
        tags=["Runs"],
        summary="Show a run over a range of bins",
        parameters=[RUN_ID, *examples.RANGE],
        responses={
            200: RunStateWindowSerializer,
            **problems(*READING, "window_too_large"),
        },
        examples=[examples.STATE_WINDOW],
    )
    def window(self, request: Request, run_id: str) -> Response:
        """The state of every bin from `from` to `to`, by column. At most 10,000 bins × nodes at once."""
        run = selectors.get_run(run_id)
        first, last = bin_range(request, bins=run.bins)
        headers = caching_headers(run.manifest_hash, "state_window", first, last)
        return answer(request, headers, lambda: state.read_window(run, first, last))

    @extend_schema(
        operation_id="getRunMetrics",
        tags=["Runs"],
        summary="Show the figures of a run",
        parameters=[RUN_ID, *examples.RANGE],
        responses={200: RunMetricsSerializer, **problems(*READING)},
        examples=[examples.METRICS],
    )
    def metrics(self, request: Request, run_id: str) -> Response:
        """Per node over a range: totals, promises kept, utilisation, the longest queue and when, flow latency."""
        run = selectors.get_run(run_id)
        first, last = bin_range(request, bins=run.bins)
        headers = caching_headers(run.manifest_hash, "metrics", first, last)
        return answer(request, headers, lambda: figures.read_figures(run, first, last))

    @extend_schema(
        operation_id="exportRun",
        tags=["Runs"],
        summary="Download a run as one table",
        parameters=[RUN_ID, examples.FORMAT, *examples.RANGE],
        responses={
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/x-ndjson"): OpenApiTypes.STR,
            (200, "application/vnd.apache.parquet"): OpenApiTypes.BINARY,
            **problems(*READING, "window_too_large"),
        },
        examples=examples.EXPORT,
    )
    def export(self, request: Request, run_id: str) -> HttpResponseBase:
        """A row for each node, bin and measure, class parts included: undefined is empty in CSV, else null.

        Streamed as it is read. At most 20,000,000 rows at once; `from` and `to` choose the bins.
        """
        run = selectors.get_run(run_id)
        form = _table_form(request)
        first, last = bin_range(request, bins=run.bins)
        # Two forms of one address are told apart by what was accepted.
        headers = caching_headers(run.manifest_hash, "export", form, first, last) | {
            "Vary": "Accept"
        }
        if has_current(request, headers):
            return Response(status=304, headers=headers)
        renderer, table = TABLES[form]
        is_whole = (first, last) == (0, run.bins - 1)
        name = f"{run.pk}.{form}" if is_whole else f"{run.pk}-{first}-{last}.{form}"
        headers |= {
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        }
        charset = "; charset=utf-8" if form == "csv" else ""
        return StreamingHttpResponse(
            table(run, first, last),
            content_type=f"{renderer.media_type}{charset}",
            headers=headers,
        )

    @extend_schema(
        operation_id="compareRuns",
        tags=["Runs"],
        summary="Compare two runs",
        parameters=[*examples.PAIR],
        responses={200: ComparisonSerializer, **problems(*READING)},
        examples=[examples.COMPARISON],
    )
    def compare(self, request: Request) -> Response:
        """Parameters and series of two runs, what differs first; series are matched by id."""
        a, b = map(selectors.get_run, [needed(request, name) for name in ("a", "b")])
        headers = caching_headers(a.manifest_hash, b.manifest_hash, "compare")
        return answer(request, headers, lambda: compare.compare_runs(a, b))


def _table_form(request: Request) -> str:
    """The form that is asked for by name, or else by ``Accept``. Raises InvalidQuery."""
    form = request.query_params.get("format", request.accepted_renderer.format)
    if form in TABLES:
        return str(form)
    detail = f"One of {', '.join(TABLES)}."
    raise InvalidQuery({"format": [ErrorDetail(detail, code="invalid_choice")]})
