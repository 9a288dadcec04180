"""Examples and parameters of the capture routes for the OpenAPI document; a test validates every example."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample

from flowtime.api.pagination import example_page
from runs.api.examples import CAPTURE_ID, DIGEST, RUN_ID, query_claim, query_texts, query_time
from telemetry.models import Capture

_CAPTURE: dict[str, Any] = {
    "captureId": CAPTURE_ID,
    "status": "succeeded",
    "generated": True,
    "alreadyExists": False,
    "sourceRunId": RUN_ID,
    "templateId": "first-steps",
    "captureKey": None,
    "generation": "g000001",
    "generatedAtUtc": "2026-11-23T10:16:02Z",
    "requestedAtUtc": "2026-11-23T10:16:02Z",
    "requestedBy": "operator",
    "warningCount": 1,
    "warnings": [
        {
            "code": "nan_detected",
            "message": "Arrivals of Desk is not a number in 2 bins, first in bin 4.",
            "severity": "warning",
            "nodeId": "Desk",
            "metric": "Arrivals",
            "classId": None,
            "bins": [[4, 5]],
        }
    ],
    "fileCount": 6,
    "byteCount": 612,
    "manifestHash": DIGEST,
    "parametersHash": DIGEST,
    "scenarioHash": DIGEST,
    "rngSeed": 123,
    "supportsClassMetrics": False,
    "classes": [],
    "classCoverage": "missing",
    "durationMs": 18,
    "progress": None,
    "integrity": {"state": "valid", "checkedAtUtc": "2026-11-23T10:16:02Z", "problems": []},
    "failure": None,
    "links": {
        "self": f"/v1/telemetry/captures/{CAPTURE_ID}",
        "html": f"/telemetry/{CAPTURE_ID}",
        "sourceRun": f"/v1/runs/{RUN_ID}",
        "events": f"/v1/telemetry/captures/{CAPTURE_ID}/events",
        "manifest": f"/v1/telemetry/captures/{CAPTURE_ID}/manifest",
    },
}
_QUEUED: dict[str, Any] = {
    **_CAPTURE,
    "status": "queued",
    "generated": False,
    "generation": None,
    "generatedAtUtc": None,
    "warningCount": 0,
    "warnings": [],
    "fileCount": 0,
    "byteCount": 0,
    "manifestHash": None,
    "durationMs": None,
    "progress": {"done": 0, "total": None, "unit": "files"},
    "integrity": {"state": "unchecked", "checkedAtUtc": None, "problems": []},
}
_EVENT = {
    "eventId": "7",
    "atUtc": "2026-11-23T10:16:02Z",
    "name": "capture.succeeded",
    "actor": None,
    "attributes": {
        "templateId": "first-steps",
        "captureKey": None,
        "runId": RUN_ID,
        "captureId": CAPTURE_ID,
        "requestId": "5f0c7e0b6f7c4a0e9d0d7b6f1c2a3b4c",
        "durationMs": 18,
    },
}


CREATE_CAPTURE = [
    OpenApiExample(
        "The run's own bundle",
        value={"source": {"type": "run", "runId": RUN_ID}},
        request_only=True,
    ),
    OpenApiExample(
        "Into the library, replacing what is there",
        value={
            "source": {"type": "run", "runId": RUN_ID},
            "output": {"captureKey": "storm-2013", "directory": None, "overwrite": True},
            "options": {"nan": "keep", "gaps": "report"},
        },
        request_only=True,
    ),
    OpenApiExample(
        "Generated", value={"capture": _CAPTURE}, response_only=True, status_codes=["201"]
    ),
    OpenApiExample("Queued", value={"capture": _QUEUED}, response_only=True, status_codes=["202"]),
]
CAPTURE = OpenApiExample("A capture", value=_CAPTURE, response_only=True, status_codes=["200"])
CAPTURE_PAGE = OpenApiExample(
    "One page", value=example_page(_CAPTURE), response_only=True, status_codes=["200"]
)
CAPTURE_EVENTS = OpenApiExample(
    "One page", value=example_page(_EVENT), response_only=True, status_codes=["200"]
)
MANIFEST = OpenApiExample(
    "A manifest",
    value={
        "schemaVersion": 2,
        "window": {"startTimeUtc": "2026-03-02T08:00:00Z", "durationMinutes": 720},
        "grid": {"bins": 12, "binSize": 1, "binUnit": "hours"},
        "supportsClassMetrics": False,
        "classCoverage": "missing",
        "files": [
            {
                "nodeId": "Desk",
                "metric": "Arrivals",
                "path": "Desk_Arrivals.csv",
                "bytes": 71,
                "points": 12,
                "hash": DIGEST,
            }
        ],
        "companions": [
            {"path": "autocapture.json", "bytes": 612, "hash": DIGEST},
            {"path": "datapackage.json", "bytes": 2410, "hash": DIGEST},
            {"path": "SHA256SUMS", "bytes": 412, "hash": DIGEST},
        ],
        "warnings": [],
        "provenance": {
            "runId": RUN_ID,
            "scenarioHash": DIGEST,
            "modelHash": DIGEST,
            "capturedAtUtc": "2026-11-23T10:16:02Z",
        },
    },
    response_only=True,
    status_codes=["200"],
)
CAPTURE_FILTERS = [
    query_texts("sourceRunId", "Captures made from these runs."),
    query_texts("captureKey", "Captures under these keys of the library."),
    query_texts("status", "Captures in these states.", enum=Capture.Status.values),
    query_texts("templateId", "Captures of runs of these templates."),
    query_claim("hasWarnings", "Captures with or without warnings."),
    query_time("createdAfter", "Captures asked for then or later."),
    query_time("createdBefore", "Captures asked for earlier."),
]
