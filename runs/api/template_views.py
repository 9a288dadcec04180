"""/v1/templates: the catalog of flow templates."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from flowtime.api.schema import problems
from flowtime.api.views import StrictViewSet
from runs import catalog, graph
from runs.api import examples, representation
from runs.api.serializers import TemplateListSerializer, TemplateSerializer

VIEW = ("runs.view_run",)


class TemplateViewSet(StrictViewSet):
    """Flow templates."""

    permissions_by_action: ClassVar = {"list": VIEW, "retrieve": VIEW}

    @extend_schema(
        operation_id="listTemplates",
        tags=["Templates"],
        summary="List templates",
        responses=TemplateListSerializer,
        examples=[examples.TEMPLATE_LIST],
    )
    def list(self, request: Request) -> Response:
        """The catalog by title. A template that fails validation is listed with its problems."""
        entries = catalog.all_entries()
        return Response({"items": [representation.template_item(entry) for entry in entries]})

    @extend_schema(
        operation_id="getTemplate",
        tags=["Templates"],
        summary="Show a template",
        parameters=[
            OpenApiParameter(
                "template_id",
                OpenApiTypes.STR,
                OpenApiParameter.PATH,
                description="The id of a template.",
            )
        ],
        responses={200: TemplateSerializer, **problems("template_not_found")},
        examples=[examples.TEMPLATE],
    )
    def retrieve(self, request: Request, template_id: str) -> Response:
        """A template with its parameters, its story, and the topology that its defaults give."""
        entry = catalog.get_entry(template_id)
        drawn = graph.graph_of_template(entry.template) if entry.template else None
        return Response({**representation.template_item(entry), "graph": drawn})
