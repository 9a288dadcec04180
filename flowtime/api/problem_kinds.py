"""Every problem the API can answer with: its code, status, title, what it means, and what to do about it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One row of the published error table. ``members`` are JSON Schemas of the extra members it may carry."""

    status: int
    title: str
    meaning: str
    advice: str
    members: dict[str, Any] | None = None


def _fact(name: str, description: str, kind: str = "string") -> dict[str, Any]:
    return {name: {"type": kind, "description": description}}


def _errors(item: str, description: str) -> dict[str, Any]:
    items = {"$ref": f"#/components/schemas/{item}"}
    return {"errors": {"type": "array", "items": items, "description": description}}


_FIELD_ERRORS = _errors("FieldProblem", "What is wrong, and where.")
_DOCUMENT_ERRORS = _errors(
    "DocumentProblem",
    "What is wrong with the template, its parameters, the bound model or the bindings.",
)
_CAPTURE = {
    "capture": {
        "$ref": "#/components/schemas/CaptureFacts",
        "description": "Facts of the telemetry bundle that stands in the way.",
    }
}
_BUNDLE = {
    **_fact("runId", "The run whose bundle it is."),
    **_fact("captureId", "The capture whose bundle it is."),
    **_fact("file", "The file of the bundle."),
}
_PLACE = {
    **_fact("line", "The line of the file.", "integer"),
    **_fact("column", "The column of the line.", "integer"),
}
_MISMATCH = {
    "nodes": {
        "type": "array",
        "items": {"type": "string"},
        "description": "Nodes of the bundle that the template has not.",
    }
}

PROBLEMS: dict[str, ProblemKind] = {
    "invalid_request": ProblemKind(
        400,
        "The request is not valid",
        (
            "A field or query parameter is missing, unknown or out of bounds. `errors` says "
            "which: a JSON Pointer into the body, or `?name` for a query parameter."
        ),
        "Mend what `errors` names and send the request again. Every mistake is named at once.",
        _FIELD_ERRORS,
    ),
    "malformed_json": ProblemKind(
        400,
        "The body is not JSON",
        "The body is not one JSON document in UTF-8; `detail` says where it stops being one.",
        "Send one JSON document in UTF-8, without NaN and without a byte order mark.",
    ),
    "unsupported_source": ProblemKind(
        400,
        "This source is not supported",
        "Telemetry is generated from runs only.",
        "Send `source.type` as `run`, and the run's id as `source.runId`.",
    ),
    "outside_roots": ProblemKind(
        400,
        "The directory is outside the telemetry root",
        (
            "The directory is not one inside the telemetry root, links followed, or lies among "
            "the runs' own bundles."
        ),
        "Name a directory relative to the telemetry root, or send a `captureKey` instead.",
    ),
    "invalid_id": ProblemKind(
        400,
        "The name is not valid",
        (
            "The name is none that a run, a key of the library or a file of a bundle can have; "
            "`kind` says which."
        ),
        (
            "Use 1 to 128 letters, digits, dots, underscores and hyphens, with a letter or digit "
            "first."
        ),
        _fact("kind", "What the name would be of."),
    ),
    "not_authenticated": ProblemKind(
        401,
        "Sign in first",
        "The request carries no session and no token, or one that has expired or was revoked.",
        (
            "Send `Authorization: Bearer <token>` or the cookie of a session. A token is made in "
            "the profile, or by `POST /v1/auth/tokens` with name and password."
        ),
    ),
    "permission_denied": ProblemKind(
        403,
        "Not allowed",
        "Your role does not allow this, or the CSRF token of a session request is missing.",
        (
            "Ask an administrator for the role; with a session, send `X-CSRFToken` too. A token "
            "needs none."
        ),
    ),
    "run_not_found": ProblemKind(
        404,
        "No such run",
        "No run has this id.",
        "Look the id up with `GET /v1/runs`; ids are told apart by case.",
    ),
    "template_not_found": ProblemKind(
        404,
        "No such template",
        "The catalog holds no template of this id.",
        "`GET /v1/templates` lists those that are there.",
    ),
    "capture_not_found": ProblemKind(
        404,
        "No such capture",
        "No capture has this id.",
        "`GET /v1/telemetry/captures?sourceRunId=<runId>` lists the captures of a run.",
    ),
    "series_not_found": ProblemKind(
        404,
        "No such series",
        "The run has no series of this id.",
        "`GET /v1/runs/{runId}/index` lists the series of a run.",
        _fact("seriesId", "The id that was asked for."),
    ),
    "not_found": ProblemKind(
        404,
        "Not found",
        "There is nothing at this address.",
        "Look the address up in the API documentation; addresses end without a slash.",
    ),
    "method_not_allowed": ProblemKind(
        405,
        "Method not allowed",
        "The address is right, the method is not.",
        "Use one of the methods that the `Allow` header names.",
    ),
    "not_acceptable": ProblemKind(
        406,
        "Not available in this form",
        "None of the media types in `Accept` can be produced here.",
        "Leave `Accept` out, or send a media type that the operation documents.",
    ),
    "run_exists": ProblemKind(
        409,
        "A run with this id already exists",
        "The id that was chosen, or follows from the inputs, is another run's.",
        "Choose another id, or send `options.overwriteExisting` to replace a finished run.",
        _fact("runId", "The run that has the id."),
    ),
    "run_not_cancelable": ProblemKind(
        409,
        "The run cannot be cancelled",
        "The run has ended; only a queued or running run can be cancelled.",
        "Nothing is left to stop. Read the run to see how it ended.",
        _fact("runId", "The run."),
    ),
    "capture_exists": ProblemKind(
        409,
        "A telemetry bundle already exists",
        (
            "A bundle stands at the target already; `capture` tells its facts, and from which run"
            " it is."
        ),
        (
            "Use the bundle that is there, or send `output.overwrite`: a new generation replaces "
            "it. Under another `captureKey` both are kept."
        ),
        _CAPTURE,
    ),
    "capture_in_progress": ProblemKind(
        409,
        "A capture is in progress",
        ("Another capture of the same target is queued or generating; `capture` tells its facts."),
        (
            "Wait for it: read `GET /v1/telemetry/captures/{captureId}` until it has ended, then "
            "use its bundle."
        ),
        _CAPTURE | _fact("captureId", "The capture that lost the target."),
    ),
    "idempotency_key_reused": ProblemKind(
        409,
        "The idempotency key was used for another request",
        "The same key came with another body within 24 hours.",
        (
            "Use a new `Idempotency-Key` for a new request, and the old one only to repeat the "
            "old request."
        ),
    ),
    "too_large": ProblemKind(
        413,
        "The request is too large",
        "A body may hold 1 MiB.",
        "Send less. Models are kept as templates on the server, not sent in requests.",
    ),
    "window_too_large": ProblemKind(
        413,
        "The window is too large",
        (
            "The bins times the nodes, or the rows, are more than one answer holds; `maxBins` "
            "says how many bins fit."
        ),
        (
            "Ask for at most `maxBins` bins at once with `from` and `to`, or export the run as "
            "Parquet."
        ),
        _fact("maxBins", "How many bins fit.", "integer"),
    ),
    "unsupported_media_type": ProblemKind(
        415,
        "Unsupported media type",
        "The body is of a media type that is not read.",
        "Send `Content-Type: application/json`.",
    ),
    "template_invalid": ProblemKind(
        422,
        "The template is not valid",
        "The template fails validation; `errors` lists what is wrong with it and where.",
        "Mend the template file; the catalog sees it without a restart.",
        _DOCUMENT_ERRORS,
    ),
    "parameters_invalid": ProblemKind(
        422,
        "The parameters are not valid",
        (
            "Parameters do not fit their declarations; `errors` lists every one, with a pointer "
            "into the body."
        ),
        (
            "Compare with the `parameters` of `GET /v1/templates/{templateId}`: names, types and "
            "bounds."
        ),
        _DOCUMENT_ERRORS,
    ),
    "model_invalid": ProblemKind(
        422,
        "The model is not valid",
        (
            "With these parameters the template gives a model that cannot be evaluated; `errors` "
            "says why."
        ),
        "Change the parameter that `pointer` names, or the template where none is named.",
        _DOCUMENT_ERRORS,
    ),
    "run_not_capturable": ProblemKind(
        422,
        "Telemetry cannot be generated from this run",
        "Telemetry is generated from simulation runs that succeeded.",
        "Capture the simulation itself: a run of telemetry names it as `sourceRunId`.",
        _fact("runId", "The run."),
    ),
    "nothing_to_capture": ProblemKind(
        422,
        "The run holds nothing to capture",
        "No node of the run has observed series.",
        "Bind series to roles in the template's topology: `semantics` of its nodes.",
        _fact("runId", "The run."),
    ),
    "bundle_missing": ProblemKind(
        422,
        "The telemetry bundle is missing",
        "There is no telemetry bundle where one is needed.",
        "Generate telemetry with `POST /v1/telemetry/captures`, then ask again.",
        _BUNDLE,
    ),
    "bundle_corrupt": ProblemKind(
        422,
        "The telemetry bundle was changed",
        (
            "Its files are not those of its manifest: something changed them after they were "
            "written."
        ),
        "Generate telemetry again with `output.overwrite`.",
        _BUNDLE | _PLACE,
    ),
    "bundle_mismatch": ProblemKind(
        422,
        "The telemetry bundle does not fit the template",
        "Grid and nodes of the bundle must be those of the template.",
        (
            "Replay it into the template of the run it comes from, or into one with the same grid"
            " and nodes."
        ),
        _MISMATCH,
    ),
    "bindings_invalid": ProblemKind(
        422,
        "The bindings are not valid",
        "Each binding names a parameter or series of the template and a file of the bundle.",
        "A dry run without `bindings` answers with those that are derived; change these.",
        _DOCUMENT_ERRORS,
    ),
    "run_unreadable": ProblemKind(
        422,
        "The run's files cannot be read",
        "They are missing or were changed since written.",
        (
            "Restore the files from a backup, or make the run again: the same inputs give the "
            "same numbers."
        ),
        _fact("runId", "The run."),
    ),
    "throttled": ProblemKind(
        429,
        "Too many requests",
        "There were more requests of this kind than are allowed in the time.",
        "Wait as long as `Retry-After` says, in seconds, and send fewer at once.",
    ),
    "internal_error": ProblemKind(
        500,
        "Something went wrong here",
        "The request could not be completed for a reason that nobody foresaw.",
        "Tell whoever runs the service the `requestId`: the log holds the cause under it.",
    ),
    "storage_unavailable": ProblemKind(
        503,
        "Storage is not available",
        "Files or database cannot be reached.",
        "Try again after `Retry-After` seconds; `/readyz` says what is out of order.",
    ),
    "busy": ProblemKind(
        503,
        "Busy",
        (
            "The database is locked by other work, or the first request with the same "
            "`Idempotency-Key` is still at work."
        ),
        "Send the same request again after `Retry-After` seconds.",
    ),
    "insufficient_storage": ProblemKind(
        507,
        "There is no space left",
        "What was asked for could not be written whole, so nothing of it is kept.",
        "Free some space where FlowTime keeps its data, or have it done, then try again.",
    ),
}
