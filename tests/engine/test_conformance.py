"""Small models with known answers: each file of tests/conformance is one case (its README says how to read it)."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from flowtime.engine import COLOURS, DocumentError, Model, bind, evaluate, load_template

CASES = Path(__file__).resolve().parent.parent / "conformance"
NAMES = sorted(path.stem for path in CASES.glob("*.yaml"))


@lru_cache(maxsize=4)
def read_case(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(
        (CASES / f"{name}.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )
    return loaded


def bind_case(case: dict[str, Any]) -> Model:
    strict = case.get("strict", False)
    metadata = {"id": "case", "title": "case", "version": "1.0.0"}
    template = load_template({"metadata": metadata, **case["model"]}, strict=strict)
    return bind(template, strict=strict)


def assert_same(found: Any, expected: list[Any], tolerance: float, what: str) -> None:
    """Equal within ``tolerance``; None stands for an undefined value and is not 0."""
    wanted = np.array([math.nan if value is None else value for value in expected], dtype=float)
    found = np.asarray(found, dtype=float)
    assert found.shape == wanted.shape, what
    is_same = (found == wanted) | (np.isnan(found) & np.isnan(wanted))
    with np.errstate(invalid="ignore"):
        is_same |= np.abs(found - wanted) <= tolerance * np.maximum(1, np.abs(wanted))
    assert is_same.all(), f"{what}: {found.tolist()} instead of {expected}"


def assert_sampled(
    found: np.ndarray, expected: dict[str, Any], tolerance: float, what: str
) -> None:
    assert_same(found[:: expected["every"]], expected["values"], tolerance, what)
    assert_same([found.sum(), found[-1]], [expected["sum"], expected["last"]], tolerance, what)


def assert_sla(
    found: dict[str, Any], expected: dict[str, Any], tolerance: float, what: str
) -> None:
    assert set(found) == set(expected), what
    for name, wanted in expected.items():
        assert_same(found[name].values, wanted["values"], tolerance, f"{what} {name}")
        if wanted["share"] is None:
            assert found[name].share is None, what
        else:
            assert found[name].share == pytest.approx(wanted["share"], abs=tolerance), what


def assert_warnings(found: tuple[Any, ...], expected: dict[str, Any]) -> None:
    codes = sorted({warning.code for warning in found})
    if "warnings" in expected:
        assert codes == expected["warnings"]
    assert not set(codes) & set(expected.get("absentWarnings", ()))
    for wanted in expected.get("containsWarnings", ()):
        assert any(fits(warning, wanted) for warning in found), (wanted, found)


def fits(warning: Any, wanted: dict[str, Any]) -> bool:
    return (
        warning.code == wanted["code"]
        and warning.node == wanted.get("node", warning.node)
        and [list(span) for span in warning.bins]
        == wanted.get("bins", [list(s) for s in warning.bins])
    )


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("invalid-")])
def test_a_faulty_model_is_refused_with_exactly_these_problems(name: str) -> None:
    case = read_case(name)

    with pytest.raises(DocumentError) as refusal:
        bind_case(case)

    problems = refusal.value.problems
    expected = case["expect"]
    assert [{"code": p.code, "path": p.path} for p in problems] == expected["problems"]
    cycles = [p.message for p in problems if p.code == "algebraic_cycle"]
    for message, ids in zip(cycles, expected.get("cycles", ()), strict=True):
        assert " -> ".join(ids) in message


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("invalid-")])
def test_a_model_gives_its_known_answers(name: str) -> None:
    case = read_case(name)
    expected, tolerance = case["expect"], case["tolerance"]
    arrays = {
        kind: {key: np.array(values, dtype=float) for key, values in case.get(kind, {}).items()}
        for kind in ("sources", "overrides")
    }

    result = evaluate(bind_case(case), replicate=case.get("replicate", 0), **arrays)

    for key, values in expected.get("series", {}).items():
        assert_same(result.series(key), values, tolerance, key)
    for key, sample in expected.get("sampled", {}).items():
        assert_sampled(result.series(key), sample, tolerance, key)
    for node, metrics in expected.get("metrics", {}).items():
        for metric, values in metrics.items():
            assert_same(result.derived(node, metric), values, tolerance, f"{node} {metric}")
    for node, colours in expected.get("colours", {}).items():
        assert [COLOURS[colour] for colour in result.colours(node)] == colours, node
    for node, descriptors in expected.get("sla", {}).items():
        assert_sla(result.sla(node), descriptors, tolerance, node)
    for node, columns in expected.get("ledger", {}).items():
        for column, values in columns.items():
            assert_same(result.ledger(node)[column], values, tolerance, f"{node} {column}")
    index = {info.id: {"kind": info.kind, "unit": info.unit} for info in result.index}
    for key, facts in expected.get("index", {}).items():
        assert index[key] == facts, key
    assert_warnings(result.warnings, expected)
