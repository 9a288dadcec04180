"""/v1/schemas: the JSON Schemas of the files in bundles, as the code that writes them has them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from flowtime.api.renderers import JSONRenderer
from flowtime.api.schema import problems
from flowtime.api.views import StrictViewSet
from flowtime.bundles.schemas import json_schemas
from runs.api import schema_examples as examples
from runs.api.renderers import SchemaRenderer
from runs.api.serializers import SchemaListSerializer
from runs.api.views import VIEW


class SchemaViewSet(StrictViewSet):
    """What the files of a bundle look like."""

    permissions_by_action: ClassVar = {"list": VIEW, "retrieve": VIEW}

    def get_renderers(self) -> list[BaseRenderer]:
        """JSON; of one schema by its own media type first."""
        if self.action == "retrieve":
            return [SchemaRenderer(), JSONRenderer()]
        return [JSONRenderer()]

    @extend_schema(
        operation_id="listSchemas",
        tags=["Schemas"],
        summary="List the schemas of bundle files",
        responses=SchemaListSerializer,
        examples=[examples.SCHEMA_LIST],
    )
    def list(self, request: Request) -> Response:
        """Every JSON file of run and telemetry bundles has a JSON Schema (draft 2020-12)."""
        return Response({"items": [_item(name, s) for name, s in json_schemas().items()]})

    @extend_schema(
        operation_id="getSchema",
        tags=["Schemas"],
        summary="Show the schema of a bundle file",
        parameters=[examples.NAME],
        responses={
            (200, "application/schema+json"): OpenApiTypes.OBJECT,
            (200, "application/json"): OpenApiTypes.OBJECT,
            **problems("not_found"),
        },
        examples=examples.SCHEMA,
    )
    def retrieve(self, request: Request, name: str) -> Response:
        """The JSON Schema of one file, which every such file of this version satisfies."""
        found = json_schemas().get(name)
        if found is None:
            raise Http404
        return Response(found, headers={"Vary": "Accept"})


def _item(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "description": schema.get("description", ""),
        "links": {"self": f"/v1/schemas/{name}"},
    }
