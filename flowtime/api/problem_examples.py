"""The example of every problem: what the API answers to a request that a test sends. Plain data, for document and pages."""

from typing import Any

from flowtime.api.problem_kinds import PROBLEMS

REQUEST_ID = "5f0c7e0b6f7c4a0e9d0d7b6f1c2a3b4c"
CAPTURE_ID = "cap_20261123T101602Z_9c01d2e3"
DIGEST = "sha256:58d576a41a30cd525a70c3768c1a96443b632fdbf53c79cad81bd13f337488ac"
MOMENT = "2026-11-23T10:16:02Z"

# What an answer says beyond its kind: the sentence, and the facts of its code.
SAID: dict[str, dict[str, Any]] = {
    "invalid_request": {
        "detail": "?pageSize: A whole number from 1 to 200.",
        "errors": [
            {
                "code": "out_of_range",
                "detail": "A whole number from 1 to 200.",
                "pointer": "?pageSize",
            }
        ],
    },
    "malformed_json": {"detail": "The body is not JSON: line 1, column 16."},
    "unsupported_source": {
        "detail": "Telemetry is generated from runs; 'simulate' is not supported."
    },
    "outside_roots": {
        "detail": "The directory does not resolve to a plain name inside the telemetry root."
    },
    "invalid_id": {
        "detail": "'.hidden' is not a capture key: use 1 to 128 letters, digits, dots, hyphens and underscores, starting with a letter or a digit, not ending with a dot, and not a reserved device name.",
        "kind": "capture key",
    },
    "not_authenticated": {"detail": "Authentication credentials were not provided."},
    "permission_denied": {"detail": "You do not have permission to do this."},
    "run_not_found": {"detail": "There is no run 'desk-sunday'."},
    "template_not_found": {"detail": "There is no template 'last-steps' in the catalog."},
    "capture_not_found": {"detail": "There is no capture 'cap_none'."},
    "series_not_found": {"detail": "Run desk-monday has no series 'lunch'.", "seriesId": "lunch"},
    "not_found": {"detail": "There is nothing at this address."},
    "method_not_allowed": {"detail": 'Method "DELETE" not allowed.'},
    "not_acceptable": {"detail": "Could not satisfy the request Accept header."},
    "run_exists": {
        "detail": "Run desk-monday exists already; it is succeeded.",
        "runId": "desk-monday",
    },
    "run_not_cancelable": {
        "detail": "Run desk-monday is succeeded; only a queued or running run can be cancelled.",
        "runId": "desk-monday",
    },
    "capture_exists": {
        "detail": "Run desk-monday already has a telemetry bundle, generated 2026-11-23T10:16:02Z.",
        "capture": {
            "captureId": CAPTURE_ID,
            "status": "succeeded",
            "generated": False,
            "alreadyExists": True,
            "sourceRunId": "desk-monday",
            "templateId": "first-steps",
            "captureKey": None,
            "generation": "g000001",
            "generatedAtUtc": MOMENT,
            "requestedAtUtc": MOMENT,
            "requestedBy": "operator",
            "warningCount": 0,
            "warnings": [],
            "fileCount": 6,
            "byteCount": 440,
            "manifestHash": DIGEST,
            "parametersHash": DIGEST,
            "scenarioHash": DIGEST,
            "rngSeed": 123,
            "supportsClassMetrics": False,
            "classes": [],
            "classCoverage": "missing",
            "durationMs": 18,
            "progress": None,
            "integrity": {"state": "valid", "checkedAtUtc": MOMENT, "problems": []},
            "failure": None,
        },
    },
    "capture_in_progress": {
        "detail": "Another capture of the same target is generating, asked for at 2026-11-23T10:16:02Z.",
        "capture": {
            "captureId": CAPTURE_ID,
            "status": "generating",
            "generated": False,
            "alreadyExists": False,
            "sourceRunId": "desk-monday",
            "templateId": "first-steps",
            "captureKey": None,
            "generation": None,
            "generatedAtUtc": None,
            "requestedAtUtc": MOMENT,
            "requestedBy": "operator",
            "warningCount": 0,
            "warnings": [],
            "fileCount": 0,
            "byteCount": 0,
            "manifestHash": None,
            "parametersHash": DIGEST,
            "scenarioHash": DIGEST,
            "rngSeed": 123,
            "supportsClassMetrics": False,
            "classes": [],
            "classCoverage": "missing",
            "durationMs": None,
            "progress": {"done": 0, "total": 6, "unit": "files"},
            "integrity": {"state": "unchecked", "checkedAtUtc": None, "problems": []},
            "failure": None,
        },
    },
    "idempotency_key_reused": {"detail": "This Idempotency-Key was sent with another body before."},
    "too_large": {"detail": "The body is longer than 1 MiB."},
    "window_too_large": {
        "detail": "8,760 bins of 2 nodes are 17,520 states; one window holds 10,000. Ask for 5,000 bins or fewer at once.",
        "maxBins": 5000,
    },
    "unsupported_media_type": {
        "detail": 'Unsupported media type "application/x-www-form-urlencoded" in request.'
    },
    "template_invalid": {
        "detail": "Template broken cannot be run until its problems are solved.",
        "errors": [
            {
                "code": "expression_syntax",
                "message": "expected a number, a series, a function or '(', found the end",
                "path": "nodes[0].expr",
                "position": 3,
                "line": 5,
                "column": 25,
                "excerpt": "y +\n   ^",
                "detail": "expected a number, a series, a function or '(', found the end",
            }
        ],
    },
    "parameters_invalid": {
        "detail": "There are 2 parameter problems; the first: no parameter is called 'visitors'",
        "errors": [
            {
                "code": "unknown_parameter",
                "message": "no parameter is called 'visitors'",
                "path": "overrides.visitors",
                "detail": "no parameter is called 'visitors'",
                "pointer": "/parameters/visitors",
            },
            {
                "code": "parameter_range",
                "message": "the value 600 of the parameter 'visitorsPerHour' is above the maximum 60",
                "path": "overrides.visitorsPerHour",
                "detail": "the value 600 of the parameter 'visitorsPerHour' is above the maximum 60",
                "pointer": "/parameters/visitorsPerHour",
            },
        ],
    },
    "model_invalid": {
        "detail": "3 values for 4 bins",
        "errors": [
            {
                "code": "length_mismatch",
                "message": "3 values for 4 bins",
                "path": "nodes[0].values",
                "line": 7,
                "column": 26,
                "detail": "3 values for 4 bins",
            }
        ],
    },
    "run_not_capturable": {
        "detail": "Telemetry is generated from simulation runs.",
        "runId": "desk-monday-again",
    },
    "nothing_to_capture": {
        "detail": "No node of run bare-monday binds a series that telemetry has a metric for.",
        "runId": "bare-monday",
    },
    "bundle_missing": {"detail": "Generate telemetry first.", "runId": "desk-monday"},
    "bundle_corrupt": {
        "detail": "The telemetry bundle was changed since it was generated.",
        "runId": "desk-monday",
    },
    "bundle_mismatch": {
        "detail": "The telemetry bundle has 12 bins of 1 hour; the template has 120 bins of 1 hour."
    },
    "bindings_invalid": {
        "detail": "1 of 1 telemetry bindings cannot be used.",
        "errors": [
            {
                "path": "telemetry.bindings.visitors",
                "code": "unknown_file",
                "message": "visitors: The bundle has no such file.",
                "detail": "visitors: The bundle has no such file.",
                "pointer": "/telemetry/bindings/visitors",
            }
        ],
    },
    "run_unreadable": {
        "detail": "series/index.json of run bundle desk-monday is missing.",
        "runId": "desk-monday",
    },
    "throttled": {"detail": "Request was throttled. Expected available in 60 seconds."},
    "internal_error": {"detail": "The request could not be completed. The log holds the cause."},
    "storage_unavailable": {"detail": "Storage is not available. Try again later."},
    "busy": {"detail": "The first request with this Idempotency-Key is still at work."},
    "insufficient_storage": {"detail": "There is no space left to store this."},
}


def example_of(code: str) -> dict[str, Any]:
    """The whole answer, as the renderer would have it."""
    kind, said = PROBLEMS[code], dict(SAID[code])
    return {
        "type": f"/docs/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": said.pop("detail"),
        "code": code,
        "requestId": REQUEST_ID,
        **said,
    }
