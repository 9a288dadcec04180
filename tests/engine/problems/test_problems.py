"""Every problem code of engine §20: what provokes it, and what comes near without doing so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from flowtime.engine import Limits, SourceError, bind, evaluate, load_template, validate
from flowtime.engine.problems import STAGES
from tests.engine.problems.binding import BINDING
from tests.engine.problems.documents import Case, document, expr
from tests.engine.problems.expressions import EXPRESSIONS
from tests.engine.problems.graph import GRAPH
from tests.engine.problems.parameters import PARAMETERS
from tests.engine.problems.references import REFERENCES
from tests.engine.problems.shape import SHAPE
from tests.engine.problems.text import TEXT

CASES = [*TEXT, *SHAPE, *PARAMETERS, *BINDING, *EXPRESSIONS, *REFERENCES, *GRAPH]
TITLES = [f"{case.code}-{case.path or 'root'}" for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=TITLES)
def test_the_problem_is_reported_once_where_it_is(case: Case) -> None:
    report = validate(case.wrong, case.parameters, limits=case.limits, strict=case.strict)

    assert [(problem.code, problem.path) for problem in report.problems] == [(case.code, case.path)]
    assert report.model is None


@pytest.mark.parametrize("case", CASES, ids=TITLES)
def test_what_comes_near_is_accepted(case: Case) -> None:
    chosen = case.parameters if case.near_parameters is None else case.near_parameters
    report = validate(case.near, chosen, limits=case.limits, strict=case.strict)

    assert report.problems == ()
    assert report.model is not None


def metered() -> Any:
    template = load_template(document({"id": "m", "kind": "const", "source": "file:m.csv#v"}))
    return bind(template)


EVALUATION: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "source_missing": ({}, {"sources": {"file:m.csv#v": np.ones(3)}}),
    "source_shape": (
        {"sources": {"file:m.csv#v": np.ones(2)}},
        {"sources": {"file:m.csv#v": [1, 2, 3]}},
    ),
    "source_not_finite": (
        {"sources": {"file:m.csv#v": np.array([1, np.inf, 3])}},
        {"sources": {"file:m.csv#v": np.array([1, np.nan, 3])}},
    ),
    "unknown_override": (
        {"sources": {"file:m.csv#v": np.ones(3)}, "overrides": {"zz": np.ones(3)}},
        {"sources": {"file:m.csv#v": np.ones(3)}, "overrides": {"a": np.ones(3)}},
    ),
}


@pytest.mark.parametrize("code", EVALUATION)
def test_arrays_that_do_not_fit_are_refused(code: str) -> None:
    with pytest.raises(SourceError) as refusal:
        evaluate(metered(), **EVALUATION[code][0])

    assert [problem.code for problem in refusal.value.problems] == [code]


@pytest.mark.parametrize("code", EVALUATION)
def test_arrays_that_nearly_do_not_fit_are_taken(code: str) -> None:
    result = evaluate(metered(), **EVALUATION[code][1])

    assert result.series("m").shape == (3,)


def test_more_problems_than_the_limit_end_with_too_many_problems() -> None:
    nodes = [expr(f"x{i}", "nowhere") for i in range(5)]

    report = validate(document(*nodes), limits=Limits(max_problems=4))
    near = validate(document(*nodes), limits=Limits(max_problems=5))

    assert [problem.code for problem in report.problems] == ["unknown_series"] * 4 + [
        "too_many_problems"
    ]
    assert [problem.code for problem in near.problems] == ["unknown_series"] * 5


def test_every_code_has_a_case_and_a_near_miss() -> None:
    covered = {case.code for case in CASES} | set(EVALUATION) | {"too_many_problems"}

    assert covered == {code for codes in STAGES.values() for code in codes}
