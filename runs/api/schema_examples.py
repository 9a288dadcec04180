"""Examples and parameters of the schema routes for the OpenAPI document; a test validates every example."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from flowtime.bundles.schemas import json_schemas

NAME = OpenApiParameter(
    "name",
    {"type": "string", "enum": sorted(json_schemas())},
    OpenApiParameter.PATH,
    description="Which file the schema is of.",
)
SCHEMA_LIST = OpenApiExample(
    "One schema",
    value={
        "items": [
            {
                "name": "series-index",
                "description": "``series/index.json``: every series of the run, in the order they were written.",
                "links": {"self": "/v1/schemas/series-index"},
            }
        ]
    },
    response_only=True,
    status_codes=["200"],
)
SCHEMA = [
    OpenApiExample(
        name,
        value={
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "RunManifest",
            "type": "object",
        },
        response_only=True,
        status_codes=["200"],
        media_type=media_type,
    )
    for name, media_type in (
        ("A schema", "application/schema+json"),
        ("The same as JSON", "application/json"),
    )
]
