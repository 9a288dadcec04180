"""What the OpenAPI document says about itself: plain data, read by the settings."""

from typing import Any

DESCRIPTION = """\
Model flows of work on a fixed time grid, run the model, and travel through the run in time.

* Bodies are JSON in camelCase. Times are RFC 3339 in UTC. Ids are strings.
* Unknown body fields and unknown query parameters are refused.
* Every error is a problem document (RFC 9457) with a stable `code` and the `requestId` that the log holds;
  [the index of problems](/docs/problems) says of each code what it means and what to do.
* Telemetry is generated explicitly, never as a side effect of a run.
"""

TAGS = [
    {"name": "Templates", "description": "Flow templates that can be run."},
    {"name": "Runs", "description": "Runs of a template, and what they hold."},
    {"name": "Telemetry", "description": "Telemetry bundles generated from simulation runs."},
    {"name": "Authentication", "description": "Bearer tokens."},
    {"name": "Schemas", "description": "What the files of bundles look like."},
]

SPECTACULAR: dict[str, Any] = {
    "TITLE": "FlowTime",
    "DESCRIPTION": DESCRIPTION,
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "TAGS": TAGS,
    "SCHEMA_PATH_PREFIX": "/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    # Only one operation takes a password, too few for the generator to notice.
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "basic": {"type": "http", "scheme": "basic", "description": "Only to make a token."}
        }
    },
    "COMPONENT_SPLIT_REQUEST": False,
    "COMPONENT_NO_READ_ONLY_REQUIRED": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_SUFFIX": "",
    "ENUM_NAME_OVERRIDES": {
        "RunMode": "runs.models.Run.Mode",
        "RunStatus": "runs.models.Run.Status",
        "CaptureStatus": "telemetry.models.Capture.Status",
        "IntegrityState": "runs.models.Integrity",
        "RngMode": ["expected", "sample"],
        "RngKind": ["pcg32"],
        "BundleProblemCode": ["missing", "unlisted", "mismatch", "unreadable"],
        "ReplaySource": [("model", "Model"), ("telemetry", "Telemetry")],
        "ReplayOf": ["model", "telemetry"],
        "ParameterType": ["integer", "number", "boolean", "string", "array"],
        "ElementType": ["number", "integer"],
        "SeriesKind": ["flow", "stock", "ratio", "time", "edge"],
        "NanPolicy": "telemetry.models.Capture.Nan",
        "GapPolicy": "telemetry.models.Capture.Gaps",
    },
    "SORT_OPERATIONS": False,
    "PREPROCESSING_HOOKS": ["flowtime.api.schema.only_the_api"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "flowtime.api.schema.let_anything_be_null",
        "flowtime.api.schema.add_problems",
        "flowtime.api.schema.name_path_parameters",
        "flowtime.api.links.add_links",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "displayRequestDuration": True,
        "tryItOutEnabled": False,
        "validatorUrl": None,
    },
}
