"""The page about the API is what its script makes of the contract, and leaves out no operation and no problem."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from docs.reference import generate_api
from docs.reference.pages import HERE
from flowtime.api.problem_kinds import PROBLEMS

PAGE = (HERE / "api.md").read_text()


@cache
def contract() -> Any:
    return generate_api.read_contract()


def test_the_page_is_what_the_script_writes() -> None:
    assert generate_api.page(contract()) == PAGE


def test_every_operation_has_its_row() -> None:
    for path, methods in contract()["paths"].items():
        for method, operation in methods.items():
            row = f"| {method.upper()} | `{path}` | `{operation['operationId']}` |"
            assert row in PAGE


def test_every_problem_of_the_contract_is_told_with_its_status() -> None:
    text = Path(HERE / "openapi.yaml").read_text()
    answered = [name for name in PROBLEMS if f"code: {name}\n" in text]

    assert len(answered) > 30
    for name in answered:
        assert f"| `{name}` | {PROBLEMS[name].status} | {PROBLEMS[name].title} |" in PAGE


def test_what_answers_every_operation_is_said_once() -> None:
    assert "Any operation may answer `busy`, `internal_error`" in PAGE
    assert all("`internal_error`" not in line for line in PAGE.splitlines() if "`/v1/" in line)
