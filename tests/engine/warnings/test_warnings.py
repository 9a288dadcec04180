"""Every warning code: a model that provokes it, and one that only nearly does (engine §19, §27.2)."""

from __future__ import annotations

import pytest

from flowtime.engine import Warning
from flowtime.engine.checks.codes import SEVERITIES
from tests.engine.warnings.classes import CLASSES
from tests.engine.warnings.documents import DOCUMENTS
from tests.engine.warnings.edges import EDGES
from tests.engine.warnings.levels import LEVELS
from tests.engine.warnings.mechanisms import MECHANISMS
from tests.engine.warnings.models import (
    NAN,
    ONES,
    PATH,
    Case,
    classed,
    edge,
    place,
    queue,
    source,
    split,
)
from tests.engine.warnings.stocks import STOCKS
from tests.engine.warnings.trends import TRENDS

CASES = CLASSES | DOCUMENTS | EDGES | LEVELS | MECHANISMS | STOCKS | TRENDS


def find(case: Case, code: str) -> list[Warning]:
    return [warning for warning in case.warnings() if warning.code == code]


@pytest.mark.parametrize("code", CASES)
def test_a_code_is_raised_where_it_applies(code: str) -> None:
    found = find(CASES[code][0], code)

    assert found
    for warning in found:
        assert warning.severity == SEVERITIES[code]
        assert warning.count == sum(last - first + 1 for first, last in warning.bins)
        assert warning.worst_bin is None or any(
            a <= warning.worst_bin <= b for a, b in warning.bins
        )
        assert warning.message.endswith(".")
        assert "\n" not in warning.message
        assert "{" not in warning.message
        assert warning.message[0].isupper() or (warning.node or "") in warning.message


@pytest.mark.parametrize("code", CASES)
def test_a_code_is_not_raised_where_it_nearly_applies(code: str) -> None:
    assert find(CASES[code][1], code) == []


def test_every_code_has_a_provocation_and_a_near_miss() -> None:
    elsewhere = {"ledger_violation"}  # tests/engine/test_ledgers.py: no model can provoke it

    assert set(CASES) | elsewhere == set(SEVERITIES)


def test_a_warning_tells_bins_amounts_and_the_first_bin() -> None:
    (found,) = find(queue([5, -3, -4, 0], ONES), "arrivals_negative")

    assert (found.node, found.bins, found.count) == ("Desk", ((1, 2),), 2)
    assert (found.worst_bin, found.worst_value) == (2, 4.0)
    assert found.message == ("Desk has arrivals below zero from bin 1, by up to 4 in bin 2.")


def test_warnings_are_sorted_by_severity_then_node_then_code() -> None:
    case = Case(
        {"a": source("a"), "s": [2] * 4},
        (
            place("Zoo", "service", arrivals="a", served="s"),
            place("Bar", "service", arrivals="s", served="s", servedCount="s"),
        ),
        sources={"file:a": [1, NAN, 1, 1]},
    )

    found = [(w.severity, w.node, w.code) for w in case.warnings()]

    assert found == [
        ("error", "Zoo", "non_finite_series"),
        ("warning", "Zoo", "served_exceeds_arrivals"),
        ("info", "Bar", "missing_processing_time"),
    ]


def test_telemetry_may_have_gaps() -> None:
    case = CASES["non_finite_series"][0]
    observed = Case(case.series, case.places, sources=case.sources, rest={"mode": "telemetry"})

    (found,) = find(observed, "non_finite_series")

    assert found.severity == "warning"


def test_a_mismatch_at_the_edges_suggests_the_weights_that_fit() -> None:
    found = find(split(3), "edge_flow_mismatch_incoming")

    assert [warning.node for warning in found] == ["East", "West"]
    assert found[0].edges == ("Desk-East",)
    assert found[0].suggestion == "Weights that fit: from Desk: East 0.75, West 0.25."


def test_each_edge_without_series_has_its_own_warning() -> None:
    places = (place("Shop", "service", **PATH), place("Db", "dependency", **PATH))
    effort = [
        edge("Shop", "Db", type="effort", measure=m) | {"id": m} for m in ("errors", "failures")
    ]

    found = find(Case({"a": ONES}, places, tuple(effort)), "edge_series_unavailable")

    assert [warning.edges for warning in found] == [("errors",), ("failures",)]


def test_an_absent_class_is_named_per_class() -> None:
    routes = [{"target": t, "classes": [c]} for t, c in (("x", "A"), ("y", "B"), ("z", "C"))]
    series = {"a": ONES, "R": {"kind": "router", "inputs": {"queue": "a"}, "routes": routes}}

    found = find(Case(series, rest=classed(("a", "A"), declared="ABC")), "router_class_absent")

    assert [warning.class_id for warning in found] == ["B", "C"]


def test_long_names_and_control_characters_are_cut_and_escaped() -> None:
    places = (place("Shop", "service", **PATH), place("Db", "dependency", **PATH))
    strange = edge("Shop", "Db", type="effort", measure="errors") | {"id": "{node}" + "x" * 120}

    (found,) = find(Case({"a": ONES}, places, (strange,)), "edge_series_unavailable")

    assert len(found.message) < 200
    assert "x" * 100 not in found.message
