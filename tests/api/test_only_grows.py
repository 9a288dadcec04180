"""Version 1 only ever grows: what a client could send and read at the baseline it can send and read now."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import contract

BASELINE = Path(__file__).parent / "openapi-baseline.yaml"


def breaks(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What a client of ``old`` would miss in ``new``, or be refused for."""
    found = []
    for path, operations in old["paths"].items():
        for method, operation in operations.items():
            where = f"{method.upper()} {path}"
            now = new["paths"].get(path, {}).get(method)
            if now is None:
                found.append(f"{where} is gone")
            else:
                found += [f"{where}: {what}" for what in _operation(operation, now, old, new)]
    return found


def _operation(old: Any, new: Any, before: Any, after: Any) -> Iterator[str]:
    if old["operationId"] != new["operationId"]:
        yield f"its operationId was {old['operationId']}"
    was, now = ({(p["in"], p["name"]): p for p in one.get("parameters", ())} for one in (old, new))
    for key in was.keys() - now.keys():
        yield f"the parameter {key[1]} is gone"
    for key, parameter in now.items():
        if parameter.get("required") and not was.get(key, {}).get("required"):
            yield f"the parameter {key[1]} is required now"
        if key in was:
            pair = (was[key].get("schema", {}), parameter.get("schema", {}))
            yield from _schema(*pair, before, after, f"?{key[1]}", is_sent=True)
    body, body_now = old.get("requestBody"), new.get("requestBody")
    if body_now and body_now.get("required") and not (body or {}).get("required"):
        yield "a body is required now"
    if body:
        yield from _contents(body, body_now or {}, before, after, "body", is_sent=True)
    for status, response in old["responses"].items():
        if status not in new["responses"]:
            # A client copes with fewer refusals, but not without the success it waits for.
            if status < "300":
                yield f"{status} is gone"
            continue
        yield from _contents(
            response, new["responses"][status], before, after, status, is_sent=False
        )


def _contents(
    old: Any, new: Any, before: Any, after: Any, where: str, *, is_sent: bool
) -> Iterator[str]:
    for media_type, media in old.get("content", {}).items():
        now = new.get("content", {}).get(media_type)
        if now is None:
            yield f"{where} is no longer {media_type}"
        elif media_type != contract.PROBLEM:
            schemas = (media.get("schema", {}), now.get("schema", {}))
            yield from _schema(*schemas, before, after, where, is_sent=is_sent)


def _schema(
    old: Any, new: Any, before: Any, after: Any, where: str, *, is_sent: bool, depth: int = 0
) -> Iterator[str]:
    old, new = _resolved(old, before), _resolved(new, after)
    if depth > 12:
        return
    was, now = _types(old), _types(new)
    # What is sent may be of more types than before, what is read of fewer.
    lost = was - now if is_sent else now - was
    if was and now and lost:
        yield f"{where}: {', '.join(sorted(lost))} was {'accepted' if is_sent else 'never sent'}"
    choices, choices_now = set(map(str, old.get("enum", ()))), set(map(str, new.get("enum", ())))
    if is_sent and choices_now and (not choices or choices - choices_now):
        yield f"{where}: fewer values are accepted"
    members, members_now = old.get("properties", {}), new.get("properties", {})
    for name in members.keys() - members_now.keys():
        yield f"{where}/{name} is gone"
    required, required_now = set(old.get("required", ())), set(new.get("required", ()))
    for name in (required_now - required) if is_sent else (required - required_now):
        yield f"{where}/{name} is {'required now' if is_sent else 'no longer always there'}"
    for name in members.keys() & members_now.keys():
        pair = (members[name], members_now[name])
        inner = f"{where}/{name}"
        yield from _schema(*pair, before, after, inner, is_sent=is_sent, depth=depth + 1)
    for kind in ("oneOf", "anyOf"):
        for pair in zip(old.get(kind, ()), new.get(kind, ()), strict=False):
            yield from _schema(*pair, before, after, where, is_sent=is_sent, depth=depth + 1)
    if "items" in old and "items" in new:
        pair = (old["items"], new["items"])
        yield from _schema(*pair, before, after, f"{where}/*", is_sent=is_sent, depth=depth + 1)


def _resolved(schema: Any, document: Any) -> Any:
    for part in [schema, *schema.get("allOf", ())]:
        if reference := part.get("$ref"):
            return document["components"]["schemas"][reference.rsplit("/", 1)[1]]
    return schema


def _types(schema: Any) -> set[str]:
    kinds = schema.get("type", ())
    return {kinds} if isinstance(kinds, str) else set(kinds)


def test_nothing_that_clients_rely_on_is_gone():
    old = contract.read(BASELINE.read_text())

    assert breaks(old, contract.document()) == []


def remove_operation(document):
    del document["paths"]["/v1/compare"]


def remove_parameter(document):
    parameters = document["paths"]["/v1/runs"]["get"]["parameters"]
    parameters.remove(next(one for one in parameters if one["name"] == "mode"))


def require_parameter(document):
    document["paths"]["/v1/runs"]["get"]["parameters"][0]["required"] = True


def remove_member(document):
    del document["components"]["schemas"]["Run"]["properties"]["shape"]


def require_member(document):
    document["components"]["schemas"]["RunRequest"].setdefault("required", []).append("mode")


def drop_promise(document):
    document["components"]["schemas"]["Run"]["required"].remove("runId")


def change_type(document):
    document["components"]["schemas"]["Run"]["properties"]["warningCount"]["type"] = "string"


def accept_fewer_values(document):
    document["components"]["schemas"]["NanPolicy"]["enum"].remove("zero")


def remove_success(document):
    del document["paths"]["/v1/runs"]["post"]["responses"]["202"]


def remove_form(document):
    del document["paths"]["/v1/runs/{runId}/export"]["get"]["responses"]["200"]["content"][
        "text/csv"
    ]


@pytest.mark.parametrize(
    "change",
    [
        remove_operation,
        remove_parameter,
        require_parameter,
        remove_member,
        require_member,
        drop_promise,
        change_type,
        accept_fewer_values,
        remove_success,
        remove_form,
    ],
)
def test_what_would_break_a_client_is_found(change):
    changed = copy.deepcopy(contract.document())

    change(changed)

    assert breaks(contract.document(), changed)


def test_what_only_adds_is_no_break():
    grown = copy.deepcopy(contract.document())
    grown["paths"]["/v1/more"] = {}
    grown["components"]["schemas"]["Run"]["properties"]["more"] = {"type": "string"}
    grown["paths"]["/v1/runs"]["get"]["parameters"].append({"in": "query", "name": "more"})

    assert breaks(contract.document(), grown) == []
