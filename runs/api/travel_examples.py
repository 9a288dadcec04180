"""Examples and parameters of the time travel routes for the OpenAPI document; a test validates every example."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from runs.api.examples import DIGEST, REPLAY_ID, RUN_ID, SERIES_ID

_PLACE = {"nodeId": "Desk", "kind": "serviceWithBuffer", "label": "Ticket desk"}
_CONNECTION = {"edgeId": "Desk->Museum", "from": "Desk", "to": "Museum", "type": "throughput"}
_WARNING = {
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
_SPREAD = {"mean": 0.8, "p50": 1, "p90": 1, "p95": 1, "p99": 1, "max": 1, "definedBins": 12}
_COMPARED: dict[str, Any] = {
    "runId": RUN_ID,
    "templateId": "first-steps",
    "templateVersion": "1.0.0",
    "mode": "simulation",
    "rng": {"kind": "pcg32", "seed": 123},
    "grid": {"bins": 12, "binSize": 1, "binUnit": "hours"},
    "window": {"startUtc": "2026-03-02T08:00:00Z", "durationMinutes": 720},
    "inputHash": DIGEST,
    "resultHash": DIGEST,
}


def _answer(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=["200"])


def _bin(name: str, description: str, *, required: bool = False) -> OpenApiParameter:
    schema = {"type": "integer", "minimum": 0}
    return OpenApiParameter(name, schema, description=description, required=required)


def _run(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, description=description, required=True)


BIN = _bin("bin", "The bin to look at; the first is 0.", required=True)
RANGE = [_bin("from", "The first bin; 0 by default."), _bin("to", "The last bin, inclusive.")]
FORMAT = OpenApiParameter(
    "format",
    {"type": "string", "enum": ["csv", "ndjson", "parquet"]},
    description="The form of the table; by default what `Accept` asks for, else CSV. "
    "It wins over `Accept`.",
)
PAIR = [_run("a", "The id of a run."), _run("b", "The id of the run to compare it with.")]

STATE = _answer(
    "One bin of a desk",
    {
        "runId": RUN_ID,
        "bin": 2,
        "beginsUtc": "2026-03-02T10:00:00Z",
        "endsUtc": "2026-03-02T11:00:00Z",
        "nodes": [
            {
                **_PLACE,
                "colour": "red",
                "observed": {"arrivals": 28, "queueDepth": 18, "served": 10, "errors": None},
                "derived": {"utilization": 1, "latencyMinutes": 108},
                "warnings": ["backlog_growth_streak"],
            }
        ],
        "edges": [{**_CONNECTION, "metrics": {"flowVolume": 10}}],
        "warnings": [_WARNING],
    },
)
STATE_WINDOW = _answer(
    "Two bins of a desk",
    {
        "runId": RUN_ID,
        "from": 1,
        "to": 2,
        "binMinutes": 60,
        "timestampsUtc": ["2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z"],
        "nodes": [
            {
                **_PLACE,
                "colours": ".r",
                "observed": {"arrivals": [0, 28], "queueDepth": [0, 18], "served": [0, 10]},
                "derived": {"utilization": [0, 1], "latencyMinutes": [None, 108]},
            }
        ],
        "edges": [{**_CONNECTION, "metrics": {"flowVolume": [0, 10]}}],
        "warnings": [_WARNING],
    },
)
METRICS = _answer(
    "A day at a desk",
    {
        "runId": RUN_ID,
        "from": 0,
        "to": 11,
        "beginsUtc": "2026-03-02T08:00:00Z",
        "endsUtc": "2026-03-02T20:00:00Z",
        "nodes": [
            {
                **_PLACE,
                "totals": {"arrivals": 96, "served": 96, "errors": None},
                "sla": {"completion": {"share": 0.75, "definedBins": 12}},
                "utilization": _SPREAD,
                "peakQueue": {"value": 18, "bin": 2, "beginsUtc": "2026-03-02T10:00:00Z"},
                "flowLatencyMs": None,
            }
        ],
    },
)
EXPORT = [
    OpenApiExample(
        "A table as CSV",
        value="time_bin,bin_start_utc,node_id,class,measure,value\r\n"
        "0,2026-03-02T08:00:00Z,Desk,DEFAULT,arrivals,6\r\n",
        response_only=True,
        status_codes=["200"],
        media_type="text/csv",
    ),
    OpenApiExample(
        "A table as lines of JSON",
        value='{"time_bin":0,"bin_start_utc":"2026-03-02T08:00:00Z","node_id":"Desk",'
        '"class":"DEFAULT","measure":"arrivals","value":6}\n',
        response_only=True,
        status_codes=["200"],
        media_type="application/x-ndjson",
    ),
]
COMPARISON = _answer(
    "Two runs of a desk",
    {
        "a": _COMPARED,
        "b": {**_COMPARED, "runId": REPLAY_ID},
        "isComparable": True,
        "isIdentical": False,
        "parameters": [
            {"name": "visitorsPerHour", "a": 10, "b": 12, "isDifferent": True},
            {"name": "promisedWait", "a": 60, "b": 60, "isDifferent": False},
        ],
        "series": {
            "matched": 23,
            "identical": 22,
            "different": 1,
            "onlyInA": [],
            "onlyInB": [],
            "maxAbsDiff": 2,
            "firstDifferentBin": 2,
            "items": [
                {
                    "seriesId": SERIES_ID,
                    "nodeId": "Desk",
                    "kind": "stock",
                    "unit": "entities",
                    "class": "DEFAULT",
                    "isIdentical": False,
                    "maxAbsDiff": 2,
                    "maxAbsDiffBin": 3,
                    "meanAbsDiff": 0.5,
                    "firstDifferentBin": 2,
                    "differentBins": 3,
                }
            ],
        },
    },
)
