"""The OpenAPI document: hooks that drf-spectacular calls, and ``problems()`` for the operations."""

import re
from collections.abc import Iterable
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import is_list_serializer
from drf_spectacular.utils import OpenApiResponse
from rest_framework.permissions import AllowAny

from flowtime.api.permissions import action_of
from flowtime.api.problem_examples import example_of
from flowtime.api.problem_kinds import PROBLEMS, ProblemKind
from flowtime.api.renderers import PROBLEM_MEDIA_TYPE
from flowtime.api.views import StrictMixin

CODES_KEY = "x-problem-codes"
REF = "#/components/schemas/"
EXAMPLE_REF = "#/components/examples/"
PATH_PARAMETER = re.compile(r"\{[a-z_]+\}")
ALWAYS = (
    "invalid_request",
    "not_acceptable",
    "too_large",
    "internal_error",
    "storage_unavailable",
    "busy",
)
SIGNED_IN = ("not_authenticated", "permission_denied")
# Also where no body is expected: one that is sent is looked at before it is refused.
WRITING = ("malformed_json", "unsupported_media_type")
HEADERS = {
    401: {"WWW-Authenticate": "How to sign in."},
    429: {"Retry-After": "Seconds to wait."},
    503: {"Retry-After": "Seconds to wait."},
}

IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "The same key with the same body is answered alike for 24 hours, and done once.",
}
IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "schema": {"type": "string"},
    "description": "The `ETag` of the answer that the caller has; 304 where it is still the same.",
}
ETAG = {"description": "A strong tag of this very answer.", "schema": {"type": "string"}}
NOT_MODIFIED = {
    "description": "Nothing changed since the `ETag` that was sent.",
    "headers": {"ETag": ETAG},
}
DEPRECATION_HEADERS = {
    "Deprecation": {
        "description": "Since when the operation should no longer be used (RFC 9745).",
        "schema": {"type": "string"},
    },
    "Sunset": {
        "description": "When the operation will no longer answer (RFC 8594).",
        "schema": {"type": "string"},
    },
    "Link": {"description": "Where that is explained.", "schema": {"type": "string"}},
}
FIELD_PROBLEM = {
    "type": "object",
    "required": ["code", "detail", "pointer"],
    "properties": {
        "code": {"type": "string", "examples": ["required"]},
        "detail": {"type": "string", "examples": ["This field is required."]},
        "pointer": {
            "type": "string",
            "description": "A JSON Pointer into the body, or `?name` for a query parameter.",
            "examples": ["/source/runId", "?pageSize"],
        },
    },
}


def problems(*codes: str) -> dict[Any, OpenApiResponse]:
    """Responses for ``extend_schema``: the problems an operation has beyond those every operation has."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(PROBLEMS[code].status, []).append(code)
    return {
        (status, PROBLEM_MEDIA_TYPE): OpenApiResponse(
            response={CODES_KEY: status_codes}, description="; ".join(_titles(status_codes))
        )
        for status, status_codes in by_status.items()
    }


def _titles(codes: Iterable[str]) -> list[str]:
    return [f"{PROBLEMS[code].title} (`{code}`)" for code in codes]


class Schema(AutoSchema):
    """Notes on each operation the problems and headers that follow from what its view is."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation = super().get_operation(*args, **kwargs)
        if operation is not None:
            operation[CODES_KEY] = list(self._usual_codes())
            if self.method == "POST":
                operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
            if self.method == "GET":
                operation.setdefault("parameters", []).append(IF_NONE_MATCH)
                operation["responses"]["200"].setdefault("headers", {})["ETag"] = ETAG
                operation["responses"]["304"] = NOT_MODIFIED
            if deprecation := getattr(self.view, "deprecated_by_action", {}).get(self._action):
                operation["deprecated"] = True
                for response in operation["responses"].values():
                    response.setdefault("headers", {}).update(
                        {name: DEPRECATION_HEADERS[name] for name in deprecation.headers}
                    )
        return operation

    @property
    def _action(self) -> str:
        request = self.view.request
        action = getattr(self.view, "action", None) or (request and action_of(self.view, request))
        return action or self.method.lower()

    def _is_list_view(self, serializer: Any = None) -> bool:
        # Our lists are objects with `items`; the generator would wrap whatever an action `list` answers.
        return is_list_serializer(serializer)

    def _usual_codes(self) -> Iterable[str]:
        yield from ALWAYS
        if AllowAny not in self.view.permission_classes:
            yield from SIGNED_IN
        if self.method != "GET":
            yield from WRITING
        if self.method == "POST":
            yield from ("insufficient_storage", "idempotency_key_reused")
        if self._action in getattr(self.view, "throttles_by_action", {}):
            yield "throttled"


def only_the_api(endpoints: list[tuple[str, str, str, Any]], **_: Any) -> list[Any]:
    """Preprocessing hook: the document is about /v1, and the methods of a path stand in one order."""
    ours = [endpoint for endpoint in endpoints if endpoint[0].startswith("/v1/")]
    # The generator takes the methods of a viewset out of a set: their order is chance.
    paths = list(dict.fromkeys(path for path, *_ in ours))
    methods = StrictMixin.http_method_names
    return sorted(ours, key=lambda found: (paths.index(found[0]), methods.index(found[2].lower())))


def add_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing hook: spell out every problem response, one typed schema per code."""
    for path in result["paths"].values():
        for operation in path.values():
            _spell_out(operation)
    schemas = result["components"].setdefault("schemas", {})
    schemas["FieldProblem"] = FIELD_PROBLEM
    if "Capture" in schemas:
        schemas["CaptureFacts"] = _without_links(schemas["Capture"])
    examples = result["components"].setdefault("examples", {})
    # Those too that no operation answers with, such as 405: clients meet them all the same.
    for code in sorted(PROBLEMS):
        schemas[_component(code)] = _schema_of(code, PROBLEMS[code])
        examples[_component(code)] = {"summary": PROBLEMS[code].title, "value": example_of(code)}
    result["components"]["schemas"] = dict(sorted(schemas.items()))
    return result


def let_anything_be_null(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing hook: "anything, or null" is anything; as one of the two, null would be both."""

    def mended(part: Any) -> Any:
        match part:
            case {"oneOf": [{}, {"type": "null"}], **rest} if not part["oneOf"][0]:
                return mended(rest)
            case dict():
                return {name: mended(value) for name, value in part.items()}
            case list():
                return [mended(value) for value in part]
            case _:
                return part

    result["components"]["schemas"] = mended(result["components"].get("schemas", {}))
    return result


def name_path_parameters(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing hook: path parameters are camelCase like everything else that is published."""
    paths = {}
    for path, operations in result["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    parameter["name"] = _camel(parameter["name"])
        paths[PATH_PARAMETER.sub(lambda found: _camel(found.group()), path)] = operations
    result["paths"] = paths
    return result


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _spell_out(operation: dict[str, Any]) -> None:
    """Replace the notes of one operation by responses."""
    codes = list(operation.pop(CODES_KEY, ()))
    responses = operation["responses"]
    for response in responses.values():
        media = response.get("content", {}).get(PROBLEM_MEDIA_TYPE, {})
        codes += media.get("schema", {}).get(CODES_KEY, ())
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(PROBLEMS[code].status, []).append(code)
    for status, status_codes in by_status.items():
        responses[str(status)] = _response(status, sorted(status_codes))
    operation["responses"] = dict(sorted(responses.items()))


def _response(status: int, codes: list[str]) -> dict[str, Any]:
    references = {code: REF + _component(code) for code in codes}
    schema: dict[str, Any] = {"$ref": references[codes[0]]}
    if len(codes) > 1:
        schema = {
            "oneOf": [{"$ref": reference} for reference in references.values()],
            "discriminator": {"propertyName": "code", "mapping": references},
        }
    response: dict[str, Any] = {
        "description": "; ".join(_titles(codes)),
        "content": {
            PROBLEM_MEDIA_TYPE: {
                "schema": schema,
                "examples": {code: {"$ref": EXAMPLE_REF + _component(code)} for code in codes},
            }
        },
    }
    if headers := HEADERS.get(status):
        response["headers"] = {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in headers.items()
        }
    return response


def _without_links(resource: dict[str, Any]) -> dict[str, Any]:
    """The facts of a resource as a problem tells them: who refuses knows no addresses."""
    facts = {name: part for name, part in resource["properties"].items() if name != "links"}
    required = [name for name in resource["required"] if name != "links"]
    return {**resource, "properties": facts, "required": required}


def _component(code: str) -> str:
    return "".join(word.capitalize() for word in code.split("_")) + "Problem"


def _schema_of(code: str, kind: ProblemKind) -> dict[str, Any]:
    members = {
        "type": {"type": "string", "const": f"/docs/problems/{code}"},
        "title": {"type": "string"},
        "status": {"type": "integer", "const": kind.status},
        "detail": {"type": "string"},
        "code": {"type": "string", "const": code},
        "requestId": {"type": "string"},
    }
    return {
        "type": "object",
        "description": f"{kind.meaning} {kind.advice}",
        "externalDocs": {"url": f"/docs/problems/{code}"},
        "required": list(members),
        "properties": members | (kind.members or {}),
        "additionalProperties": True,
    }
