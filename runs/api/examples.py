"""Examples and parameters of the run routes for the OpenAPI document; a test validates every example."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    PolymorphicProxySerializer,
)

from flowtime.api.pagination import example_page
from runs.api.serializers import DryRunSerializer, RunSerializer
from runs.models import Run

DIGEST = "sha256:58d576a41a30cd525a70c3768c1a96443b632fdbf53c79cad81bd13f337488ac"
RUN_ID = "run_20261123T101500Z_4e7f9c1f"
REPLAY_ID = "run_20261123T102000Z_0b5d21aa"
CAPTURE_ID = "cap_20261123T101602Z_9c01d2e3"
SERIES_ID = "desk_queue@DESK_QUEUE@DEFAULT"
SHAPE = "gggggggggggggggggyyyyyyyyrrrrrrrrrrrrryyyyygggg."

_GRID = {"bins": 12, "binSize": 1, "binUnit": "hours"}
_RNG = {"kind": "pcg32", "seed": 123}
_TEMPLATE_RNG = {**_RNG, "mode": "expected"}
_USED_RNG = {**_TEMPLATE_RNG, "replicate": 0}
_ITEM: dict[str, Any] = {
    "runId": RUN_ID,
    "templateId": "first-steps",
    "templateTitle": "A ticket desk with one clerk",
    "templateVersion": "1.0.0",
    "mode": "simulation",
    "status": "succeeded",
    "createdUtc": "2026-11-23T10:15:00Z",
    "startedUtc": "2026-11-23T10:15:00Z",
    "finishedUtc": "2026-11-23T10:15:01Z",
    "createdBy": "operator",
    "grid": _GRID,
    "window": {"startUtc": "2026-03-02T08:00:00Z", "durationMinutes": 720},
    "warningCount": 1,
    "rng": _RNG,
    "inputHash": DIGEST,
    "sourceRunId": None,
    "canReplay": True,
    "shape": SHAPE,
    "telemetry": {
        "available": True,
        "generatedAtUtc": "2026-11-23T10:16:02Z",
        "warningCount": 0,
        "sourceRunId": RUN_ID,
    },
    "links": {
        "self": f"/v1/runs/{RUN_ID}",
        "html": f"/runs/{RUN_ID}",
        "state": f"/v1/runs/{RUN_ID}/state",
        "stateWindow": f"/v1/runs/{RUN_ID}/state_window",
        "graph": f"/v1/runs/{RUN_ID}/graph",
        "captures": f"/v1/telemetry/captures?sourceRunId={RUN_ID}",
    },
}
_RUN: dict[str, Any] = {
    **_ITEM,
    "rng": _USED_RNG,
    "parameters": {"visitorsPerHour": 12, "coachVisitors": 20, "promisedWait": 60},
    "overrides": {"visitorsPerHour": 12},
    "parametersHash": DIGEST,
    "scenarioHash": DIGEST,
    "modelHash": DIGEST,
    "resultHash": DIGEST,
    "classes": [],
    "classCoverage": "missing",
    "warnings": [
        {
            "code": "backlog_growth_streak",
            "severity": "info",
            "nodeId": "Desk",
            "message": "The queue of Desk grew for 3 bins in a row, first in bin 2.",
            "bins": [[2, 4]],
            "count": 3,
            "worstBin": 4,
            "worstValue": 17.0,
            "edges": [],
            "classId": None,
            "suggestion": None,
        }
    ],
    "provenance": {
        "engineVersion": "1.0.0",
        "templateDigest": DIGEST,
        "sourceRunId": None,
        "captureId": None,
        "captureKey": None,
        "replayOf": None,
        "reproduction": None,
    },
    "failure": None,
    "progress": None,
    "actions": {
        "generateTelemetry": {
            "allowed": False,
            "reason": "Telemetry was already generated; generating it again replaces it.",
        },
        "regenerateTelemetry": {"allowed": True, "reason": None},
        "replayFromModel": {"allowed": True, "reason": None},
        "replayFromTelemetry": {"allowed": True, "reason": None},
    },
}
_REPLAY: dict[str, Any] = {
    **_RUN,
    "runId": REPLAY_ID,
    "sourceRunId": RUN_ID,
    "provenance": {
        **_RUN["provenance"],
        "sourceRunId": RUN_ID,
        "replayOf": "model",
        "reproduction": {"identical": 36, "total": 36, "maxAbsDiff": 0.0},
    },
}
_QUEUED: dict[str, Any] = {
    **_RUN,
    "status": "queued",
    "startedUtc": None,
    "finishedUtc": None,
    "shape": None,
    "canReplay": False,
    "warningCount": 0,
    "warnings": [],
    "progress": {"done": 0, "total": None, "unit": "percent"},
}
_PLAN: dict[str, Any] = {
    "isDryRun": True,
    "plan": {
        "templateId": "first-steps",
        "templateVersion": "1.0.0",
        "mode": "telemetry",
        "runId": None,
        "effectiveParameters": {"visitorsPerHour": 12, "coachVisitors": 20, "promisedWait": 60},
        "inputHash": DIGEST,
        "rng": _USED_RNG,
        "grid": _GRID,
        "series": ["visitors@VISITORS@DEFAULT", SERIES_ID],
        "telemetry": {
            "sourceRunId": RUN_ID,
            "captureKey": None,
            "files": [
                {
                    "nodeId": "Desk",
                    "metric": "Arrivals",
                    "classId": None,
                    "path": "Desk_Arrivals.csv",
                }
            ],
            "bindings": {"visitors": "Desk_Arrivals.csv"},
        },
        "warnings": [],
        "estimate": {"cells": 276, "bytes": 3312},
    },
}


def _answer(name: str, value: Any, *, status: int = 200) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=[str(status)])


def _question(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


EITHER_RUN_OR_PLAN = PolymorphicProxySerializer(
    component_name="RunOrPlan",
    serializers=[RunSerializer, DryRunSerializer],
    resource_type_field_name=None,
    many=False,
)

RUN = _answer("A finished run", _RUN)
RUN_PAGE = _answer("One page", example_page(_ITEM))
CREATE_RUN = [
    _question(
        "A simulation",
        {
            "templateId": "first-steps",
            "parameters": {"visitorsPerHour": 12},
            "rng": {"kind": "pcg32", "seed": 7, "mode": "sample", "replicate": 3},
        },
    ),
    _question(
        "A replay of telemetry, planned",
        {
            "templateId": "first-steps",
            "mode": "telemetry",
            "telemetry": {"sourceRunId": RUN_ID},
            "options": {"dryRun": True},
        },
    ),
    _answer("A finished run", _RUN, status=201),
    _answer("A run that was there", {**_RUN, "wasReused": True}),
    _answer("A plan", _PLAN),
    _answer("A queued run", _QUEUED, status=202),
]
CREATE_REPLAY = [
    _question("From the model", {"from": "model"}),
    _question("From telemetry", {"from": "telemetry"}),
    _answer("An exact replay", _REPLAY, status=201),
    _answer("A queued replay", {**_QUEUED, "runId": REPLAY_ID}, status=202),
]
RUN_EVENTS = _answer(
    "A finished run",
    example_page(
        {
            "eventId": "1",
            "atUtc": "2026-11-23T10:15:00Z",
            "name": "run.created",
            "actor": "operator",
            "attributes": {"runId": RUN_ID, "templateId": "first-steps", "mode": "simulation"},
        }
    ),
)
SERIES_INDEX = _answer(
    "One series",
    {
        "items": [
            {
                "seriesId": SERIES_ID,
                "nodeId": "Desk",
                "kind": "stock",
                "unit": "entities",
                "class": "DEFAULT",
                "points": 12,
                "hash": DIGEST,
            }
        ]
    },
)
MODEL = OpenApiExample(
    "A desk",
    value="grid: {bins: 12, binSize: 1, binUnit: hours}\n"
    "nodes:\n"
    "- {id: visitors, kind: const, values: [6, 9, 28, 4, 7, 5, 8, 6, 9, 7, 4, 3]}\n",
    response_only=True,
    status_codes=["200"],
    media_type="application/yaml",
)
_SERIES = OpenApiExample(
    "Four bins",
    value={
        "seriesId": SERIES_ID,
        "kind": "stock",
        "unit": "entities",
        "points": 4,
        "bins": [0, 1, 2, 3],
        "values": [0, 0, 18, None],
    },
    response_only=True,
    status_codes=["200"],
    media_type="application/json",
)
SERIES = [
    _SERIES,
    OpenApiExample(
        "Four bins as text",
        value="bin_index,value\n0,0\n1,0\n2,18\n3,NaN\n",
        response_only=True,
        status_codes=["200"],
        media_type="text/csv",
    ),
]
_GRAPH = {
    "nodes": [
        {
            "id": "Desk",
            "kind": "serviceWithBuffer",
            "role": None,
            "label": "Ticket desk",
            "group": None,
            "semantics": {"arrivals": "visitors", "queueDepth": "desk_queue"},
            "series": {"arrivals": "visitors@VISITORS@DEFAULT", "queueDepth": SERIES_ID},
            "aliases": {},
            "position": None,
        }
    ],
    "edges": [
        {
            "id": "Desk->Museum",
            "from": "Desk",
            "to": "Museum",
            "type": "throughput",
            "measure": "served",
            "weight": 1.0,
            "lag": 0,
        }
    ],
    "formulas": [
        {
            "id": "can_serve",
            "kind": "expr",
            "title": "Visitors the clerk can serve",
            "unit": "visitors/bin",
            "seriesKind": "flow",
            "formula": "MIN(visitors, ${visitorsPerHour})",
            "source": None,
            "targets": [],
            "hidden": False,
        }
    ],
}
GRAPH = _answer("A desk", _GRAPH)
_TEMPLATE: dict[str, Any] = {
    "templateId": "first-steps",
    "title": "A ticket desk with one clerk",
    "version": "1.0.0",
    "description": "Twelve hours at a ticket desk. Every number can be checked by hand.",
    "narrative": "Mira sells tickets at the museum.",
    "tags": ["tutorial", "queue"],
    "captureKey": "first-steps",
    "grid": _GRID,
    "mode": "simulation",
    "rng": _TEMPLATE_RNG,
    "parameters": [
        {
            "name": "visitorsPerHour",
            "type": "number",
            "title": "Visitors the clerk serves",
            "description": "How many visitors one clerk can serve in an hour.",
            "unit": "visitors/hour",
            "default": 10,
            "required": False,
            "minimum": 1,
            "maximum": 60,
        }
    ],
    "problems": [],
    "links": {"self": "/v1/templates/first-steps"},
}
TEMPLATE_LIST = _answer("One template", {"items": [_TEMPLATE]})
TEMPLATE = _answer("A template", {**_TEMPLATE, "graph": _GRAPH})


def query_texts(name: str, description: str, *, enum: Any = None) -> OpenApiParameter:
    """A query parameter that may be repeated."""
    items: dict[str, Any] = {"type": "string"}
    if enum is not None:
        items["enum"] = list(enum)
    return OpenApiParameter(
        name, {"type": "array", "items": items}, description=description, explode=True, style="form"
    )


def query_claim(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.BOOL, description=description)


def query_time(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.DATETIME, description=description)


RUN_FILTERS = [
    query_texts("mode", "Runs of these modes.", enum=Run.Mode.values),
    query_texts("status", "Runs in these states.", enum=Run.Status.values),
    query_texts("templateId", "Runs of these templates."),
    query_claim("hasWarnings", "Runs with or without warnings."),
    query_claim("telemetryAvailable", "Runs whose telemetry is available, or is not."),
    query_texts("sourceRunId", "Runs made from these runs."),
    query_time("createdAfter", "Runs created then or later."),
    query_time("createdBefore", "Runs created earlier."),
    OpenApiParameter(
        "q",
        {"type": "string", "maxLength": 128},
        description="The beginning of a run id, or words of a template's title.",
    ),
]
SERIES_PARAMETERS = [
    OpenApiParameter(
        "series_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The id of a series."
    ),
    OpenApiParameter("from", {"type": "integer", "minimum": 0}, description="The first bin."),
    OpenApiParameter("to", {"type": "integer", "minimum": 0}, description="The last bin."),
    OpenApiParameter(
        "maxPoints",
        {"type": "integer", "minimum": 2},
        description="At most so many values: of each stretch the least and the greatest, and a bin of its gap.",
    ),
]
