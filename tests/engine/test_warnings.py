"""Every warning code: a model that provokes it, and one that only nearly does (engine §19, §27.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from flowtime.engine import Warning
from flowtime.engine.checks.codes import SEVERITIES
from tests.engine.small import run

NAN = float("nan")


@dataclass(frozen=True)
class Case:
    """A small model: ``series`` are constants (lists), expressions (text) or whole nodes (mappings)."""

    series: Mapping[str, Any] = field(default_factory=dict)
    places: tuple[Mapping[str, Any], ...] = ()
    edges: tuple[Mapping[str, Any], ...] = ()
    rest: Mapping[str, Any] = field(default_factory=dict)
    constraints: tuple[Mapping[str, Any], ...] = ()
    sources: Mapping[str, list[float]] = field(default_factory=dict)
    overrides: Mapping[str, list[float]] = field(default_factory=dict)
    bins: int = 4

    def warnings(self) -> tuple[Warning, ...]:
        return run(
            self.series,
            bins=self.bins,
            places=self.places,
            edges=self.edges,
            constraints=self.constraints,
            sources=self.sources,
            overrides=self.overrides,
            **self.rest,
        ).warnings


def place(
    id: str, kind: str, *, top: Mapping[str, Any] | None = None, **roles: Any
) -> dict[str, Any]:
    return {"id": id, "kind": kind, "semantics": roles, **(top or {})}


def edge(source: str, target: str, **more: Any) -> dict[str, Any]:
    return {"id": f"{source}-{target}", "from": source, "to": target, **more}


def classed(*shares: tuple[str, str], declared: str = "AB") -> dict[str, Any]:
    """Declared classes A and B, with the given series belonging to one of them."""
    return {
        "classes": [{"id": id} for id in declared],
        "traffic": {
            "arrivals": [
                {"nodeId": node, "classId": id, "pattern": {"kind": "constant", "ratePerBin": 1}}
                for node, id in shares
            ]
        },
    }


def source(name: str) -> dict[str, Any]:
    return {"kind": "const", "source": f"file:{name}"}


ONES = [1, 1, 1, 1]
ZEROS = [0, 0, 0, 0]


def role(name: str, values: list[float], **more: Any) -> Case:
    """One service of which one role holds ``values``."""
    roles = {"arrivals": "a", "served": "s"} | more | {name: "x"}
    return Case({"a": [9] * 4, "s": ONES, "x": values}, (place("Desk", "service", **roles),))


def depth(values: list[float]) -> Case:
    roles = {"arrivals": "a", "served": "s", "queueDepth": "x"}
    return Case({"a": [1] * 4, "s": ONES, "x": values}, (place("Desk", "queue", **roles),))


def queue(arrivals: list[float], served: list[float], **top: Any) -> Case:
    roles = top.pop("roles", {})
    series = top.pop("series", {})
    roles = {"arrivals": "a", "served": "s", **roles}
    return Case({"a": arrivals, "s": served, **series}, (place("Desk", "queue", top=top, **roles),))


def driven(arrivals: list[float], capacity: list[float], **top: Any) -> Case:
    roles = {"arrivals": "a", "capacity": "c", **top.pop("roles", {})}
    return Case({"a": arrivals, "c": capacity}, (place("Desk", "queue", top=top, **roles),))


def service(**roles: list[float]) -> Case:
    series = {f"s_{name}": values for name, values in roles.items()}
    bound = {name: f"s_{name}" for name in roles}
    return Case(series, (place("Desk", "service", **bound),))


def split(weight: float, **more: Any) -> Case:
    """One desk that serves two, three parts to one."""
    series = {"a": [8] * 4, "west": more.pop("west", "a * 0.25"), "east": "a * 0.75"}
    places = (
        place("Desk", "service", arrivals="a", served="a"),
        place("East", "service", arrivals="east", served="east"),
        place("West", "service", arrivals="west", served="west"),
    )
    edges = (edge("Desk", "East", weight=3), edge("Desk", "West", weight=weight))
    return Case(series, places, edges, **more)


def routed(
    routes: list[dict[str, Any]], *, overrides: Any = None, targets: tuple[str, ...] = ()
) -> Case:
    """Mail of class A and mail of class B, through a router that a place shows."""
    series = {
        "a": [4] * 4,
        "b": [6] * 4,
        "mail": "a + b",
        "Sorter": {"kind": "router", "inputs": {"queue": "mail"}, "routes": routes},
    }
    places = [place("Sorter", "router")]
    places += [place(f"To_{t}", "sink", arrivals=t) for t in targets]
    edges = tuple(edge("Sorter", f"To_{t}") for t in targets)
    return Case(
        series, tuple(places), edges, classed(("a", "A"), ("b", "B")), overrides=overrides or {}
    )


def shared(capacity: Any, kind: str = "service", **more: Any) -> Case:
    """A desk that wants to serve 4 under a shared capacity."""
    series = {"a": [4] * 4, "s": "a", "k": capacity}
    top = {"constraints": ["pool"]}
    places = (place("Desk", kind, top=top, arrivals="a", served="s"),)
    return Case(series, places, constraints=({"id": "pool", "semantics": {"served": "k"}},), **more)


def retrying(**top: Any) -> Case:
    """A service whose failures come back by an echo of the engine's making."""
    roles = {"arrivals": "a", "served": "s", "failures": "f", "retryEcho": "echo", **top}
    series = {"a": [8] * 4, "s": [4] * 4, "f": [4] * 4}
    return Case(series, (place("Desk", "service", **roles),))


def scheduled(served: list[float], **top: Any) -> Case:
    dispatch = {"periodBins": 2, "phaseOffset": 1, **top.pop("dispatch", {})}
    return queue([2] * 4, served, dispatchSchedule=dispatch, **top)


def dependency(**effort: Any) -> Case:
    """A shop that may use a database."""
    places = (
        place("Shop", "service", arrivals="a", served="a", attempts="a"),
        place("Db", "dependency", arrivals="a", served="a"),
    )
    return Case({"a": ONES}, places, (edge("Shop", "Db", **effort),) if effort else ())


def dead_letters(inbound: str, outbound: str) -> Case:
    places = (
        place("Desk", "service", arrivals="a", served="a", errors="z"),
        place("Dead", "dlq", arrivals="z"),
        place("Clerk", "service", arrivals="z", served="z"),
    )
    edges = (edge("Desk", "Dead", type=inbound), edge("Dead", "Clerk", type=outbound))
    return Case({"a": ONES, "z": ZEROS}, places, edges)


def buffered(dispatch: Mapping[str, Any], outflow: list[float]) -> Case:
    buffer = {
        "kind": "serviceWithBuffer",
        "inflow": "a",
        "outflow": "s",
        "dispatchSchedule": dispatch,
    }
    return Case(
        {"a": [2] * 4, "s": outflow, "yard": buffer},
        (place("Yard", "serviceWithBuffer", arrivals="a", served="s", queueDepth="yard"),),
    )


def summed(parts: list[float]) -> Case:
    case = Case({"a": [4] * 4, "b": [6] * 4, "x": "a + b"}, rest=classed(("a", "A"), ("b", "B")))
    return Case(
        case.series,
        (place("Desk", "service", arrivals="x", served="x"),),
        rest=case.rest,
        overrides={"x": [10] * 4, "x@A": parts, "x@B": [5] * 4},
    )


def mixed(served_of: tuple[str, str]) -> Case:
    """Two classed queues, each with an authored service."""
    places = (
        place("One", "queue", arrivals="a", served=served_of[0]),
        place("Two", "queue", arrivals="b", served=served_of[1]),
    )
    series = {"a": [4] * 4, "b": [4] * 4, "s": [1] * 4, "t": [1] * 4}
    return Case(series, places, rest=classed(("a", "A"), ("b", "B")))


PATH = {"arrivals": "a", "served": "a"}


def looped(*pairs: str) -> Case:
    places = tuple(place(id, "service", **PATH) for id in "ABC")
    return Case({"a": ONES}, places, tuple(edge(*pair) for pair in pairs))


BALANCED = [{"target": "x", "classes": ["A"]}, {"target": "y", "classes": ["B"]}]

CASES: dict[str, tuple[Case, Case]] = {
    "arrivals_negative": (queue([5, -3, 4, 0], ONES), queue([5, 0, 4, 0], ONES)),
    "served_negative": (queue([5] * 4, [1, -1, 1, 1]), queue([5] * 4, [1, 0, 1, 1])),
    "errors_negative": (role("errors", [0, -1, 0, 0]), role("errors", [0, -1e-7, 0, 0])),
    "attempts_negative": (role("attempts", [9, -1, 9, 9]), role("attempts", [9, 0, 9, 9])),
    "failures_negative": (role("failures", [0, -1, 0, 0]), role("failures", ZEROS)),
    "exhausted_failures_negative": (
        role("exhaustedFailures", [0, -1, 0, 0]),
        role("exhaustedFailures", ZEROS),
    ),
    "queue_depth_negative": (depth([0, 0, -1, 0]), depth(ZEROS)),
    "retry_echo_negative": (role("retryEcho", [0, -1, 0, 0]), role("retryEcho", ZEROS)),
    "retry_budget_negative": (
        role("retryBudgetRemaining", [0, -1, 0, 0]),
        role("retryBudgetRemaining", ZEROS),
    ),
    "served_exceeds_arrivals": (
        service(arrivals=[1, 2, 3, 4], served=[1, 3, 3, 4]),
        service(arrivals=[1, 2, 3, 4], served=[1, 2 + 1e-7, 3, 4]),
    ),
    "served_exceeds_capacity": (
        service(arrivals=[9] * 4, served=[5] * 4, capacity=[5, 4, 5, 5]),
        service(arrivals=[9] * 4, served=[5] * 4, capacity=[5] * 4),
    ),
    "errors_exceed_arrivals": (
        service(arrivals=[1] * 4, served=ZEROS, errors=[0, 2, 0, 0]),
        service(arrivals=[1] * 4, served=ZEROS, errors=[0, 1, 0, 0]),
    ),
    "attempts_below_arrivals": (
        service(arrivals=[4] * 4, served=ONES, attempts=[4, 3, 4, 4]),
        service(arrivals=[4] * 4, served=ONES, attempts=[4, 5, 4, 4]),
    ),
    "failures_exceed_attempts": (
        service(arrivals=[2] * 4, served=ONES, attempts=[2] * 4, failures=[0, 3, 0, 0]),
        service(arrivals=[2] * 4, served=ONES, attempts=[2] * 4, failures=[0, 2, 0, 0]),
    ),
    "exhausted_exceeds_failures": (
        service(arrivals=[2] * 4, served=ONES, failures=ONES, exhaustedFailures=[0, 2, 0, 0]),
        service(arrivals=[2] * 4, served=ONES, errors=ONES, exhaustedFailures=[0, 1, 0, 0]),
    ),
    "queue_depth_mismatch": (depth([0, 1, 0, 0]), depth(ZEROS)),
    "unmet_outflow": (queue([4] * 4, [4, 5, 4, 4]), queue([4] * 4, [4, 4, 4, 4])),
    "served_on_closed_bin": (
        buffered({"periodBins": 2, "phaseOffset": 1}, [2] * 4),
        buffered({"periodBins": 2, "phaseOffset": 1}, [0, 2, 0, 2]),
    ),
    "edge_flow_mismatch_outgoing": (
        routed([{"target": "x"}, {"target": "y"}], targets=("x",)),
        routed([{"target": "x"}, {"target": "y"}], targets=("x", "y")),
    ),
    "edge_flow_mismatch_incoming": (split(3), split(1)),
    "edge_class_mismatch": (
        split(1, rest=classed(("a", "A"), ("a", "B")), west="a@A * 0.5"),
        split(1, rest=classed(("a", "A"), ("a", "B"))),
    ),
    "edge_class_partial_coverage": (
        routed([*BALANCED], targets=("x",)),
        routed([*BALANCED], targets=("x", "y")),
    ),
    "edge_series_unavailable": (
        dependency(type="effort", measure="errors"),
        dependency(type="effort"),
    ),
    "missing_role": (
        Case({"a": ONES}, (place("Desk", "service", arrivals="a"),), rest={"mode": "telemetry"}),
        Case({"a": ONES}, (place("Desk", "sink", arrivals="a"),), rest={"mode": "telemetry"}),
    ),
    "missing_capacity": (
        service(arrivals=ONES, served=ONES, parallelism=ONES),
        service(arrivals=ONES, served=ONES, parallelism=ONES, capacity=ONES),
    ),
    "missing_processing_time": (
        service(arrivals=ONES, served=ONES, servedCount=ONES),
        service(arrivals=ONES, served=ONES, servedCount=ONES, processingTimeMsSum=ONES),
    ),
    "missing_served_count": (
        service(arrivals=ONES, served=ONES, processingTimeMsSum=ONES),
        service(arrivals=ONES, served=ONES, servedCount=ONES, processingTimeMsSum=ONES),
    ),
    "missing_exhausted_failures": (
        retrying(maxAttempts=3, retryBudgetRemaining="budget"),
        retrying(maxAttempts=3, exhaustedFailures="dead"),
    ),
    "missing_retry_budget": (
        retrying(maxAttempts=3, exhaustedFailures="dead"),
        retrying(maxAttempts=3, retryBudgetRemaining="budget"),
    ),
    "capacity_all_zero": (
        service(arrivals=ONES, served=ZEROS, capacity=ZEROS),
        service(arrivals=ONES, served=ZEROS, capacity=[0, 0, 1, 0]),
    ),
    "dependency_without_effort_edge": (dependency(), dependency(type="effort")),
    "dependency_without_retry_pressure": (
        dependency(type="effort"),
        dependency(type="effort", measure="attempts"),
    ),
    "queue_latency_unreported": (queue(ONES, [1, 0, 1, 1]), queue([1, 0, 1, 1], [1, 0, 1, 1])),
    "queue_latency_gate_closed": (
        scheduled([2, 2, 2, 2]),
        scheduled([2, 2, 2, 2], dispatch={"periodBins": 1}),
    ),
    "dispatch_without_capacity": (
        scheduled([2] * 4),
        scheduled([2] * 4, dispatch={"capacitySeries": 9}),
    ),
    "dispatch_never_releases": (scheduled([2, 0, 2, 0]), scheduled([2, 0, 2, 2])),
    "dlq_non_terminal_inbound": (
        dead_letters("throughput", "terminal"),
        dead_letters("terminal", "terminal"),
    ),
    "dlq_non_terminal_outbound": (
        dead_letters("terminal", "effort"),
        dead_letters("terminal", "terminal"),
    ),
    "router_unrouted_flow": (
        routed([{"target": "x", "classes": ["A"]}]),
        routed([{"target": "x", "classes": ["A"]}, {"target": "y"}]),
    ),
    "router_class_absent": (
        Case(
            {
                "a": ONES,
                "R": {
                    "kind": "router",
                    "inputs": {"queue": "a"},
                    "routes": [{"target": "x", "classes": ["B"]}, {"target": "y"}],
                },
            },
            rest=classed(("a", "A")),
        ),
        routed([{"target": "x", "classes": ["B"]}, {"target": "y"}]),
    ),
    "router_class_leakage": (
        routed(BALANCED, overrides={"x": [3] * 4, "x@A": [3] * 4}),
        routed(BALANCED, overrides={"x": [4] * 4, "x@A": [4] * 4}),
    ),
    "constrained_without_queue": (shared([3] * 4), shared([3] * 4, "queue")),
    "constraint_limited": (shared([4, 3, 4, 4]), shared([4] * 4)),
    "constraint_capacity_not_finite": (
        shared(source("k"), sources={"file:k": [9, NAN, 9, 9]}),
        shared(source("k"), sources={"file:k": [9, 9, 9, 9]}),
    ),
    "wip_limit_not_finite": (
        Case(
            {"a": ONES, "s": ONES, "l": source("l")},
            (place("Desk", "queue", top={"wipLimitSeries": "l"}, arrivals="a", served="s"),),
            sources={"file:l": [9, NAN, 9, 9]},
        ),
        Case(
            {"a": ONES, "s": ONES, "l": source("l")},
            (place("Desk", "queue", top={"wipLimitSeries": "l"}, arrivals="a", served="s"),),
            sources={"file:l": [9, -9, 9, 9]},
        ),
    ),
    "non_finite_in_queue": (
        Case(
            {"a": source("a"), "s": ONES},
            (place("Desk", "queue", arrivals="a", served="s"),),
            sources={"file:a": [1, NAN, 1, 1]},
        ),
        Case(
            {"a": source("a"), "s": ONES},
            (place("Desk", "queue", arrivals="a", served="s"),),
            sources={"file:a": ONES},
        ),
    ),
    "non_finite_series": (
        Case(
            {"a": source("a")},
            (place("Desk", "service", arrivals="a", served="a"),),
            sources={"file:a": [1, NAN, 1, 1]},
        ),
        Case(
            {"a": source("a"), "s": ONES},
            (place("Desk", "service", arrivals="s", served="s", externalDemand="a"),),
            sources={"file:a": [1, NAN, 1, 1]},
        ),
    ),
    "overflow_lost": (queue([3] * 4, ONES, wipLimit=2), queue([3] * 4, ONES, wipLimit=8)),
    "retry_kernel_policy": (
        retrying(retryKernel=[0, 0.8, 0.6]),
        retrying(retryKernel=[0, 0.6, 0.4]),
    ),
    "retries_abandoned": (retrying(retryKernel=[0, 0.5]), retrying(retryKernel=[0, 1])),
    "self_shift_without_initial": (
        Case({"x": "SHIFT(x, 1) + 1"}),
        Case({"x": {"kind": "expr", "expr": "SHIFT(x, 1) + 1", "initial": 0}}),
    ),
    "clamp_bounds_crossed": (
        Case({"x": ONES, "lo": [0, 3, 0, 0], "y": "CLAMP(x, lo, 2)"}),
        Case({"x": ONES, "lo": [0, 2, 0, 0], "y": "CLAMP(x, lo, 2)"}),
    ),
    "pmf_duplicate_value": (
        Case({"x": {"kind": "pmf", "pmf": {"values": [1, 1], "probabilities": [0.5, 0.5]}}}),
        Case({"x": {"kind": "pmf", "pmf": {"values": [1, 2], "probabilities": [0.5, 0.5]}}}),
    ),
    "output_matches_nothing": (
        Case({"x": ONES}, rest={"outputs": [{"series": "y"}, {"series": "x"}]}),
        Case({"x": ONES}, rest={"outputs": [{"series": "x"}]}),
    ),
    "parallelism_without_capacity": (
        queue(ONES, ONES, roles={"parallelism": 2}),
        queue(ONES, ONES, roles={"parallelism": 2, "capacity": 4}),
    ),
    "series_kind_ambiguous": (
        queue(ONES, ONES, roles={"parallelism": "s", "capacity": 4}),
        queue(ONES, ONES, roles={"parallelism": "p", "capacity": 4}, series={"p": ONES}),
    ),
    "class_not_present": (
        Case({"a": ONES, "x": "a@B"}, rest=classed(("a", "A"))),
        Case({"a": ONES, "x": "a@A"}, rest=classed(("a", "A"))),
    ),
    "class_totals_mismatch": (summed([4] * 4), summed([5] * 4)),
    "class_unresolved": (mixed(("s", "s")), mixed(("s", "t"))),
    "class_partial": (
        Case(
            {"a": ONES, "s": ONES},
            (place("Desk", "service", arrivals="a", served="s"),),
            rest=classed(("a", "A")),
        ),
        Case(
            {"a": ONES, "s": ZEROS},
            (place("Desk", "service", arrivals="a", served="s"),),
            rest=classed(("a", "A")),
        ),
    ),
    "flow_latency_cycle": (looped("AB", "BA"), looped("AB", "BC")),
    "backlog_growth_streak": (
        queue([9, 2, 2, 2], [1, 1, 1, 1]),
        queue([9, 2, 2, 1], [1, 1, 1, 1]),
    ),
    "backlog_overload": (
        driven([3, 3, 3, 0], [2, 2, 2, 2]),
        driven([3, 3, 2, 3], [2, 2, 2, 2]),
    ),
    "backlog_age_risk": (
        driven([9, 0, 0, 0], [1] * 4, roles={"slaMin": 60}),
        driven([3, 0, 0, 0], [1] * 4, roles={"slaMin": 60}),
    ),
    "non_stationary": (queue([4, 4, 3, 2], ZEROS), queue([4, 4, 3, 3], ZEROS)),
}


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
