"""What the published OpenAPI document says about an answer: its status, its form, its body and the code of its problem."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml
from django.http import HttpResponseBase

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "reference" / "openapi.yaml"
PROBLEM = "application/problem+json"
# Answered before any operation is reached, or by none: an unknown address, method or host.
OUTSIDE_OPERATIONS = {"OPTIONS"}


@cache
def document() -> dict[str, Any]:
    """The committed document; a test elsewhere holds it against the code."""
    return read(DOCUMENT.read_text())


def read(text: str) -> dict[str, Any]:
    """An OpenAPI document, in a tenth of the time that the loader written in Python takes."""
    return yaml.load(text, Loader=yaml.CSafeLoader)  # type: ignore[no-any-return]


@cache
def _addresses() -> list[tuple[re.Pattern[str], str]]:
    paths = sorted(document()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in paths]


def operation_of(method: str, address: str) -> dict[str, Any] | None:
    """The operation that answers ``method`` at ``address``; None where the document has none."""
    for pattern, path in _addresses():
        if pattern.fullmatch(address):
            found: dict[str, Any] | None = document()["paths"][path].get(method.lower())
            return found
    return None


@cache
def _validator(operation_id: str, status: str, media_type: str) -> Any:
    operation = next(
        one
        for methods in document()["paths"].values()
        for one in methods.values()
        if one["operationId"] == operation_id
    )
    schema = operation["responses"][status]["content"][media_type]["schema"]
    components = {"components": document()["components"]}
    return jsonschema_rs.Draft202012Validator(schema | components)


@cache
def _members(code: str) -> dict[str, Any]:
    """What a problem of this code may carry, by name."""
    schemas = document()["components"]["schemas"].values()
    kinds = (one["properties"] for one in schemas if "code" in one.get("properties", ()))
    return next(found for found in kinds if found["code"].get("const") == code)


def _extra(problem: dict[str, Any]) -> Iterator[str]:
    """Members of a problem, and of the errors in it, that the document does not tell of."""
    known = _members(problem["code"])
    yield from problem.keys() - known.keys()
    if "errors" in known:
        item = known["errors"]["items"]["$ref"].rsplit("/", 1)[1]
        listed = document()["components"]["schemas"][item]["properties"]
        for error in problem.get("errors", ()):
            yield from (f"errors[].{name}" for name in error.keys() - listed.keys())


def departures(method: str, address: str, response: HttpResponseBase) -> list[str]:
    """Where ``response`` is not what the document promises of the operation."""
    operation = operation_of("GET" if method == "HEAD" else method, address)
    if operation is None:
        return []
    where = f"{method} {address} ({operation['operationId']})"
    status = str(response.status_code)
    promised = operation["responses"].get(status)
    if promised is None:
        return [f"{where}: {status} is not documented"]
    wrong = [
        f"{where} {status}: the header {name} is promised"
        for name in promised.get("headers", ())
        if name not in response
    ]
    media_type = response.get("Content-Type", "").split(";")[0]
    content = promised.get("content", {})
    if method == "HEAD" or not content:
        return wrong
    if media_type not in content:
        return [*wrong, f"{where} {status}: {media_type} is not documented"]
    if not media_type.endswith("json") or response.streaming:
        return wrong
    body = json.loads(response.content)  # type: ignore[attr-defined]
    if media_type == PROBLEM and body["code"] not in content[PROBLEM]["examples"]:
        return [*wrong, f"{where} {status}: the code {body['code']} is not documented"]
    if media_type == PROBLEM:
        wrong += [f"{where} {status}: the member {name} is not documented" for name in _extra(body)]
    errors = _validator(operation["operationId"], status, media_type).iter_errors(body)
    wrong += [f"{where} {status}: {error.instance_path} {error.message[:200]}" for error in errors]
    return wrong
