"""Writes api.md from openapi.yaml: run ``python docs/reference/generate_api.py`` after ``make reference``."""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from docs.reference.pages import HERE, code, join, table, write

INTRODUCTION = """
# API

<!-- Written by docs/reference/generate_api.py from openapi.yaml. Do not edit. -->

Every operation of `/v1`. The whole contract, with bodies and examples, is
[openapi.yaml](openapi.yaml); a running server gives it at `/v1/schema` and shows it at `/docs/api` and
`/docs/redoc`. What all operations have in common is in [API standards](../api-standards.md).
"""
OF_PROBLEMS = """
## Problems

Every error is a problem document (RFC 9457) with one of these codes. A running server lists them at
`/docs/problems`; what each means, a real answer and what to do about it is at `/docs/problems/<code>`.
"""
_PROBLEM = re.compile(r"\(`(\w+)`\)")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the contract, with the codes of its ``problems``."""

    method: str
    path: str
    id: str
    tag: str
    summary: str
    parameters: tuple[str, ...]
    problems: tuple[str, ...]


def operations(contract: Mapping[str, Any]) -> list[Operation]:
    """Every operation, in the order of the contract."""
    return [
        Operation(
            method=method.upper(),
            path=path,
            id=found["operationId"],
            tag=found["tags"][0],
            summary=found["summary"],
            parameters=tuple(
                p["name"] for p in found.get("parameters", ()) if p["in"] in ("query", "header")
            ),
            problems=_problems(found["responses"]),
        )
        for path, methods in contract["paths"].items()
        for method, found in methods.items()
    ]


def _problems(responses: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        name
        for status, response in responses.items()
        if status >= "400"
        for name in _PROBLEM.findall(response["description"])
    )


def page(contract: Mapping[str, Any]) -> str:
    """The whole page."""
    found = operations(contract)
    everywhere = set.intersection(*(set(operation.problems) for operation in found))
    common = f"Any operation may answer {code(sorted(everywhere))}; the tables name the others."
    return join(
        INTRODUCTION,
        common,
        *_tables(contract, found, everywhere),
        OF_PROBLEMS,
        table(("code", "status", "title"), _all_problems(contract)),
    )


def _tables(
    contract: Mapping[str, Any], found: list[Operation], everywhere: set[str]
) -> Iterator[str]:
    for tag in contract["tags"]:
        yield f"## {tag['name']}"
        yield tag["description"]
        yield table(
            ("method", "path", "operation", "summary", "query and headers", "problems"),
            (
                (
                    operation.method,
                    f"`{operation.path}`",
                    f"`{operation.id}`",
                    operation.summary,
                    code(operation.parameters),
                    code(name for name in operation.problems if name not in everywhere),
                )
                for operation in found
                if operation.tag == tag["name"]
            ),
        )


def _all_problems(contract: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Every problem by its status, out of its example: those too that no operation answers with."""
    told = [example["value"] for example in contract["components"]["examples"].values()]
    rows = [(f"`{one['code']}`", str(one["status"]), one["title"]) for one in told]
    return sorted(rows, key=lambda row: (row[1], row[0]))


def read_contract() -> Any:
    """The committed contract."""
    with (HERE / "openapi.yaml").open(encoding="utf-8") as file:
        return yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


if __name__ == "__main__":
    write("api.md", page(read_contract()))
