"""/v1/runs/{runId}/model and its neighbours: what the bundle of a run holds, as it was written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from flowtime.api.conditional import answer, caching_headers
from flowtime.api.renderers import JSONRenderer
from flowtime.api.schema import problems
from flowtime.api.views import StrictViewSet
from runs import graph, selectors, series
from runs.api import examples, representation
from runs.api.query import whole_number
from runs.api.renderers import CSVRenderer, YAMLRenderer
from runs.api.serializers import GraphSerializer, SeriesIndexSerializer, SeriesSerializer
from runs.api.views import RUN_ID, VIEW

READING = ("run_not_found", "run_unreadable")
MAX_BIN = 999_999
MAX_POINTS = 100_000
RENDERERS: Mapping[str, tuple[type[BaseRenderer], ...]] = {
    "model": (YAMLRenderer,),
    "series": (JSONRenderer, CSVRenderer),
}


class ContentViewSet(StrictViewSet):
    """What a run's bundle holds. It never changes, so every answer has a strong ETag."""

    permissions_by_action: ClassVar = {"model": VIEW, "index": VIEW, "series": VIEW, "graph": VIEW}
    query_by_action: ClassVar = {"series": ("from", "to", "maxPoints")}

    def get_renderers(self) -> list[BaseRenderer]:
        """JSON, but where the action speaks something else."""
        return [renderer() for renderer in RENDERERS.get(self.action or "", (JSONRenderer,))]

    @extend_schema(
        operation_id="getRunModel",
        tags=["Runs"],
        summary="Show the model of a run",
        parameters=[RUN_ID],
        responses={
            (200, "application/yaml"): OpenApiTypes.OBJECT,
            **problems(*READING),
        },
        examples=[examples.MODEL],
    )
    def model(self, request: Request, run_id: str) -> Response:
        """The exact model that was evaluated: parameters bound, defaults written out."""
        run = selectors.get_run(run_id)
        headers = caching_headers(run.manifest_hash, "model")
        return answer(
            request, headers, lambda: series.read_model(run), content_type="application/yaml"
        )

    @extend_schema(
        operation_id="getRunIndex",
        tags=["Runs"],
        summary="List the series of a run",
        parameters=[RUN_ID],
        responses={200: SeriesIndexSerializer, **problems(*READING)},
        examples=[examples.SERIES_INDEX],
    )
    def index(self, request: Request, run_id: str) -> Response:
        """The series catalogue: what there is to read, with the digest of each file."""
        run = selectors.get_run(run_id)
        headers = caching_headers(run.manifest_hash, "index")
        return answer(
            request,
            headers,
            lambda: {"items": [representation.series_entry(e) for e in series.read_index(run)]},
        )

    @extend_schema(
        operation_id="getRunSeries",
        tags=["Runs"],
        summary="Read a series",
        parameters=[RUN_ID, *examples.SERIES_PARAMETERS],
        responses={
            (200, "application/json"): SeriesSerializer,
            (200, "text/csv"): OpenApiTypes.STR,
            **problems(*READING, "series_not_found"),
        },
        examples=examples.SERIES,
    )
    def series(self, request: Request, run_id: str, series_id: str) -> Response:
        """Values by bin, as JSON or CSV. `maxPoints` keeps the least and the greatest of each stretch, and gaps."""
        run = selectors.get_run(run_id)
        first = whole_number(request, "from", minimum=0, maximum=MAX_BIN, default=0)
        last = whole_number(request, "to", minimum=0, maximum=MAX_BIN)
        most = whole_number(request, "maxPoints", minimum=2, maximum=MAX_POINTS)
        is_text = request.accepted_renderer.format == "csv"
        asked = ("series", series_id, first, last, most, is_text)
        # The address alone does not say which of the two forms it is.
        headers = caching_headers(run.manifest_hash, *asked) | {"Vary": "Accept"}
        say = representation.series_csv if is_text else representation.series_facts
        return answer(
            request,
            headers,
            lambda: say(
                series.read_series(run, series_id, first=first or 0, last=last, max_points=most)
            ),
            content_type="text/csv; charset=utf-8" if is_text else None,
        )

    @extend_schema(
        operation_id="getRunGraph",
        tags=["Runs"],
        summary="Show the topology of a run",
        parameters=[RUN_ID],
        responses={200: GraphSerializer, **problems(*READING)},
        examples=[examples.GRAPH],
    )
    def graph(self, request: Request, run_id: str) -> Response:
        """Places with the series of their roles, and the connections between them."""
        run = selectors.get_run(run_id)
        headers = caching_headers(run.manifest_hash, "graph")
        return answer(request, headers, lambda: graph.graph_of_run(run))
