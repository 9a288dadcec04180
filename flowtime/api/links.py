"""Which answers lead on to which operations: links of the OpenAPI document, for people and for programs that explore."""

from __future__ import annotations

from typing import Any

RUN, CAPTURE = "$response.body#/runId", "$response.body#/capture/captureId"
AFTER_A_RUN = (
    "getRun",
    "createReplay",
    "cancelRun",
    "listRunEvents",
    "getRunModel",
    "getRunIndex",
    "getRunGraph",
    "getRunState",
    "getRunStateWindow",
    "getRunMetrics",
    "exportRun",
)
AFTER_A_CAPTURE = ("getCapture", "listCaptureEvents", "getCaptureManifest", "verifyCapture")

# operation: (status, operation it leads to, the parameter, where its value is)
LINKS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "createRun": (
        *(("201", followed, "runId", RUN) for followed in AFTER_A_RUN),
        ("202", "getRun", "runId", RUN),
        ("202", "cancelRun", "runId", RUN),
    ),
    "createReplay": (("201", "getRun", "runId", RUN), ("202", "cancelRun", "runId", RUN)),
    "listRuns": (("200", "getRun", "runId", "$response.body#/items/0/runId"),),
    "listTemplates": (("200", "getTemplate", "templateId", "$response.body#/items/0/templateId"),),
    "getRunIndex": (("200", "getRunSeries", "seriesId", "$response.body#/items/0/seriesId"),),
    "createCapture": (
        *(("201", followed, "captureId", CAPTURE) for followed in AFTER_A_CAPTURE),
        ("202", "getCapture", "captureId", CAPTURE),
    ),
    "getCaptureManifest": (("200", "downloadCaptureFile", "name", "$response.body#/files/0/path"),),
    "listCaptures": (("200", "getCapture", "captureId", "$response.body#/items/0/captureId"),),
}
# What else of a followed address is known from the request that was answered.
KEPT = {
    "getRunSeries": {"runId": "$request.path.runId"},
    "downloadCaptureFile": {"captureId": "$request.path.captureId"},
}


def add_links(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing hook: note the links on the answers they start from."""
    for operations in result["paths"].values():
        for operation in operations.values():
            for status, followed, parameter, value in LINKS.get(operation["operationId"], ()):
                operation["responses"][status].setdefault("links", {})[followed] = {
                    "operationId": followed,
                    "parameters": {parameter: value, **KEPT.get(followed, {})},
                }
    return result
