"""Every problem the API can answer with: its code, status, title, and what to do about it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One row of the published error table. ``members`` are JSON Schemas of the extra members it may carry."""

    status: int
    title: str
    meaning: str
    members: dict[str, Any] | None = None


_FIELD_ERRORS = {
    "errors": {
        "type": "array",
        "items": {"$ref": "#/components/schemas/FieldProblem"},
        "description": "What is wrong, and where.",
    }
}
_DOCUMENT_ERRORS = {
    "errors": {
        "type": "array",
        "items": {"$ref": "#/components/schemas/DocumentProblem"},
        "description": "What is wrong with the template, its parameters or the bound model.",
    }
}
_CAPTURE = {
    "capture": {
        "type": "object",
        "additionalProperties": True,
        "description": "Facts of the telemetry bundle that stands in the way.",
    }
}

PROBLEMS: dict[str, ProblemKind] = {
    "invalid_request": ProblemKind(
        400,
        "The request is not valid",
        "A field or query parameter is missing, unknown or out of bounds. `errors` says which: "
        "a JSON Pointer into the body, or `?name` for a query parameter.",
        _FIELD_ERRORS,
    ),
    "malformed_json": ProblemKind(400, "The body is not JSON", "Send one JSON document in UTF-8."),
    "unsupported_source": ProblemKind(
        400,
        "This source is not supported",
        "Telemetry is generated from runs: `source.type` is `run`.",
    ),
    "outside_roots": ProblemKind(
        400,
        "The directory is outside the telemetry root",
        "Name a directory relative to the telemetry root.",
    ),
    "invalid_id": ProblemKind(
        400,
        "The name is not valid",
        "Names begin with a letter or digit and hold letters, digits, dot, underscore and hyphen.",
    ),
    "not_authenticated": ProblemKind(
        401, "Sign in first", "Send `Authorization: Bearer <token>` or a session cookie."
    ),
    "permission_denied": ProblemKind(
        403,
        "Not allowed",
        "Your role does not allow this, or the CSRF token of a session request is missing.",
    ),
    "run_not_found": ProblemKind(404, "No such run", "No run has this id."),
    "template_not_found": ProblemKind(404, "No such template", "`GET /v1/templates` lists them."),
    "capture_not_found": ProblemKind(404, "No such capture", "No capture has this id."),
    "series_not_found": ProblemKind(
        404, "No such series", "`GET /v1/runs/{runId}/index` lists the series of a run."
    ),
    "not_found": ProblemKind(404, "Not found", "There is nothing at this address."),
    "method_not_allowed": ProblemKind(
        405, "Method not allowed", "The `Allow` header names the methods of this address."
    ),
    "not_acceptable": ProblemKind(
        406, "Not available in this form", "None of the media types in `Accept` can be produced."
    ),
    "run_exists": ProblemKind(
        409,
        "A run with this id already exists",
        "Choose another id, or ask to overwrite the existing run.",
    ),
    "run_not_cancelable": ProblemKind(
        409, "The run cannot be cancelled", "Only a queued or running run can be cancelled."
    ),
    "capture_exists": ProblemKind(
        409,
        "A telemetry bundle already exists",
        "Use the existing bundle, or ask to overwrite it: a new generation replaces it.",
        _CAPTURE,
    ),
    "capture_in_progress": ProblemKind(
        409,
        "A capture is in progress",
        "Another capture of the same target is running. Wait for it.",
        _CAPTURE,
    ),
    "idempotency_key_reused": ProblemKind(
        409,
        "The idempotency key was used for another request",
        "Use a new `Idempotency-Key` for a new request.",
    ),
    "too_large": ProblemKind(413, "The request is too large", "A body may hold 1 MiB."),
    "window_too_large": ProblemKind(
        413, "The window is too large", "Ask for fewer bins or nodes at once."
    ),
    "unsupported_media_type": ProblemKind(
        415, "Unsupported media type", "Send `Content-Type: application/json`."
    ),
    "template_invalid": ProblemKind(
        422, "The template is not valid", "`errors` lists what is wrong with it.", _DOCUMENT_ERRORS
    ),
    "parameters_invalid": ProblemKind(
        422,
        "The parameters are not valid",
        "`errors` lists every parameter that does not fit its declaration.",
        _DOCUMENT_ERRORS,
    ),
    "model_invalid": ProblemKind(
        422,
        "The model is not valid",
        "With these parameters the template gives a model that cannot be evaluated.",
        _DOCUMENT_ERRORS,
    ),
    "run_not_capturable": ProblemKind(
        422,
        "Telemetry cannot be generated from this run",
        "Telemetry is generated from simulation runs that succeeded.",
    ),
    "nothing_to_capture": ProblemKind(
        422, "The run holds nothing to capture", "No node of the run has observed series."
    ),
    "bundle_missing": ProblemKind(
        422, "The telemetry bundle is missing", "Generate telemetry again."
    ),
    "bundle_corrupt": ProblemKind(
        422,
        "The telemetry bundle was changed",
        "Its files are not those of its manifest. Generate telemetry again.",
    ),
    "bundle_mismatch": ProblemKind(
        422,
        "The telemetry bundle does not fit the template",
        "Grid and nodes of the bundle must be those of the template.",
    ),
    "bindings_invalid": ProblemKind(
        422,
        "The bindings are not valid",
        "Each binding names a parameter or series of the template and a file of the bundle.",
    ),
    "run_unreadable": ProblemKind(
        422, "The run's files cannot be read", "They are missing or were changed since written."
    ),
    "throttled": ProblemKind(
        429, "Too many requests", "Wait as long as `Retry-After` says, in seconds."
    ),
    "internal_error": ProblemKind(
        500, "Something went wrong here", "The log holds the cause under this `requestId`."
    ),
    "storage_unavailable": ProblemKind(
        503, "Storage is not available", "Files or database cannot be reached. Try again later."
    ),
    "busy": ProblemKind(503, "Busy", "The database is busy. Try again in a moment."),
    "insufficient_storage": ProblemKind(
        507, "There is no space left", "Free some space where FlowTime keeps its data."
    ),
}
