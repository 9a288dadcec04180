"""Nothing vanishes: ledgers of generated models balance, and a ledger that does not is reported (engine §18, §27.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from flowtime.engine import Warning, bind, compile_model, evaluate, load_template
from flowtime.engine.checks.noticed import run_checks
from flowtime.engine.metrics.derived import compute_metrics
from tests.engine.small import document, model, place, run, traffic

AMOUNTS = st.integers(0, 400).map(lambda n: n / 4)
NAN = float("nan")


@st.composite
def queues(draw: st.DrawFn) -> dict[str, Any]:
    """A chain of queues that overflow into one another, with losses, gates, limits and shared capacity."""
    bins, count = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    nodes: dict[str, Any] = {}
    places = []

    def const(id: str) -> str:
        nodes[id] = draw(st.lists(AMOUNTS, min_size=bins, max_size=bins))
        return id

    constraints = [{"id": "pool", "semantics": {"served": const("pool_k")}}]
    # Members that feed one another by overflow would close a cycle within the bin (engine §12.8).
    is_shared = draw(st.booleans())
    for k in range(count):
        roles: dict[str, Any] = {"arrivals": const(f"a{k}")}
        roles[draw(st.sampled_from(["served", "capacity"]))] = const(f"s{k}")
        if draw(st.booleans()):
            roles["errors"] = const(f"e{k}")
        if draw(st.booleans()):
            roles["exhaustedFailures"] = const(f"x{k}")
        top: dict[str, Any] = {"initialCondition": {"queueDepth": draw(AMOUNTS)}}
        if draw(st.booleans()):
            top["dispatchSchedule"] = {
                "periodBins": draw(st.integers(1, 4)),
                "phaseOffset": draw(st.integers(-3, 3)),
                "capacitySeries": const(f"g{k}"),
            }
        if draw(st.booleans()):
            top["wipLimitSeries"] = const(f"l{k}")
            top["wipOverflow"] = "loss" if is_shared or k + 1 == count else f"Q{k + 1}"
        if is_shared and draw(st.booleans()):
            top["constraints"] = ["pool"]
        places.append({"id": f"Q{k}", "kind": "queue", "semantics": roles, **top})
    return document(nodes, bins=bins, places=places, constraints=constraints, minutes=15)


def assert_balanced(result: Any, node: str) -> None:
    ledger = result.ledger(node)
    before = np.concatenate(([_seed(result, node)], ledger["stock"][:-1]))
    left = ledger["out"] + ledger["loss"] + ledger["overflow"] + ledger["exhausted"]
    gap = ledger["inflow"] - left - (ledger["stock"] - before)
    scale = np.maximum.reduce(
        [
            np.ones(len(gap)),
            np.abs(ledger["inflow"]),
            np.abs(ledger["out"]),
            ledger["stock"],
            before,
        ]
    )
    assert (np.abs(gap) <= 1e-9 * scale).all()
    assert abs(gap.sum()) <= 1e-9 * max(1.0, ledger["inflow"].sum())
    assert (ledger["stock"] >= 0).all()
    assert (ledger["unmet"] >= 0).all()


def _seed(result: Any, node: str) -> float:
    (owner,) = [found for found in result.model.topology.nodes if found.id == node]
    return owner.initial_depth or 0.0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(queues())
def test_queue_ledgers_balance(template: dict[str, Any]) -> None:
    result = evaluate(bind(load_template(template)))

    for node in result.model.topology.nodes:
        assert_balanced(result, node.id)
    assert "ledger_violation" not in {warning.code for warning in result.warnings}
    arrived = sum(result.ledger(p.id)["inflow"].sum() for p in result.model.topology.nodes)
    seeds = sum(_seed(result, p.id) for p in result.model.topology.nodes)
    columns = ("out", "loss", "overflow", "exhausted")
    left = sum(result.ledger(p.id)[c].sum() for p in result.model.topology.nodes for c in columns)
    held = sum(result.ledger(p.id)["stock"][-1] for p in result.model.topology.nodes)
    assert arrived + seeds == pytest.approx(left + held, rel=1e-9, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(AMOUNTS, min_size=2, max_size=12),
    st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5]), min_size=1, max_size=5),
    st.integers(2, 4),
    st.booleans(),
)
def test_what_fails_comes_back_is_given_up_or_waits(
    base: list[float], kernel: list[float], attempts: int, has_budget: bool
) -> None:
    roles = {
        "arrivals": "tries",
        "served": "good",
        "failures": "failed",
        "retryEcho": "echo",
        "retryKernel": [0, *kernel],
    }
    if has_budget:
        roles |= {"maxAttempts": attempts, "exhaustedFailures": "dead", "attempts": "tries"}
    series = {
        "base": base,
        "tries": "base + echo",
        "failed": "0.5 * tries",
        "good": "tries - failed",
    }

    result = run(series, places=[place("Hook", "service", **roles)])

    failed = result.series("failed")
    left = result.series("echo") + result.series("hook_abandoned")
    if has_budget:
        left = left + result.series("dead")
    change = np.diff(result.series("hook_retry_pending"), prepend=0.0)
    np.testing.assert_allclose(failed, left + change, atol=1e-9)
    assert "ledger_violation" not in {warning.code for warning in result.warnings}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=8),
    st.lists(st.integers(0, 3), min_size=3, max_size=3),
    st.booleans(),
)
def test_routed_classes_sum_to_what_is_routed(
    flows: list[tuple[float, float]], weights: list[int], has_route: bool
) -> None:
    routes: list[dict[str, Any]] = [
        {"target": f"t{k}", "weight": weight} for k, weight in enumerate(weights)
    ]
    if has_route or not any(weights):
        routes = [{"target": "t9", "classes": ["A"]}, *(routes if any(weights) else [])]
    series = {
        "a": [flow[0] for flow in flows],
        "b": [flow[1] for flow in flows],
        "mail": "a + b",
        "R": {"kind": "router", "inputs": {"queue": "mail"}, "routes": routes},
    }

    result = run(series, **traffic(a={"A": 1}, b={"B": 1}))

    targets = sorted({route["target"] for route in routes})
    total = sum(result.series(target) for target in targets) + result.series("R_unrouted")
    np.testing.assert_allclose(total, result.series("mail"), atol=1e-9)
    for target in targets:
        parts = sum(result.parts(target).values(), np.zeros(len(flows)))
        np.testing.assert_allclose(parts, result.series(target), atol=1e-9)
    assert "ledger_violation" not in {warning.code for warning in result.warnings}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(queues())
def test_depths_that_are_observed_again_agree_with_their_flows(template: dict[str, Any]) -> None:
    bound = bind(load_template(template))
    first = evaluate(bound)
    names = [first.plan.expanded.roles[q.id]["queueDepth"] for q in bound.topology.nodes]

    again = evaluate(bound, overrides={name: first.series(name) for name in names})

    codes = {warning.code for warning in again.warnings}
    assert not codes & {"queue_depth_mismatch", "ledger_violation"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(queues(), st.data())
def test_a_depth_that_is_observed_wrong_is_noticed_where_it_is(
    template: dict[str, Any], data: st.DataObject
) -> None:
    bound = bind(load_template(template))
    first = evaluate(bound)
    name = first.plan.expanded.roles["Q0"]["queueDepth"]
    at = data.draw(st.integers(0, bound.grid.bins - 1))
    wrong = first.series(name).copy()
    wrong[at] += 1
    # What serves by capacity follows the level it is told, so that only authored service stays as it was.
    assume("capacity" not in bound.topology.nodes[0].roles)

    again = evaluate(bound, overrides={name: wrong})

    (found,) = [w for w in again.warnings if w.code == "queue_depth_mismatch"]
    assert (found.node, found.bins, found.worst_bin) == ("Q0", ((at, at),), at)


def desk() -> Any:
    places = [
        place("Desk", arrivals="a", served="s"),
        place("Exit", "service", arrivals="s", served="s"),
    ]
    edges = [{"id": "e", "from": "Desk", "to": "Exit", "lag": 1}]
    return compile_model(model({"a": [5, 5, 0, 0], "s": [2, 2, 2, 9]}, places=places, edges=edges))


def violations(plan: Any, state: Any) -> list[Warning]:
    noticed = run_checks(plan.checks, state, compute_metrics(plan.metrics, state))
    return [warning for warning in noticed.warnings() if warning.code == "ledger_violation"]


@pytest.mark.parametrize(
    ("key", "node", "ledger"),
    [
        ("desk_queue", "Desk", "queue ledger"),
        ("edge_e_flowVolume", "Desk", "edge ledger"),
        ("edge_e_transit", "Desk", "edge ledger"),
    ],
)
def test_numbers_that_do_not_balance_are_a_fault_of_the_engine(
    key: str, node: str, ledger: str
) -> None:
    plan = desk()
    state = plan.run()._state
    broken = replace(state, values=state.values.copy())
    assert violations(plan, broken) == []

    broken.series(key)[1] += 0.25

    found = violations(plan, broken)
    assert {(w.severity, w.node) for w in found} == {("error", node)}
    assert ledger in found[0].message
    assert found[0].bins[0][0] == 1


def test_missing_amounts_are_counted_as_none_in_every_column() -> None:
    series = {"a": {"kind": "const", "source": "file:a"}, "s": [1, 1, 1]}
    places = [place("Desk", arrivals="a", served="s")]

    result = run(series, places=places, sources={"file:a": np.array([5.0, NAN, 2.0])})

    assert result.ledger("Desk")["inflow"].tolist() == [5, 0, 2]
    assert result.ledger("Desk")["stock"].tolist() == [4, 3, 4]
    assert "ledger_violation" not in {warning.code for warning in result.warnings}


@pytest.mark.filterwarnings("error")
def test_amounts_beyond_all_bounds_are_read_in_silence() -> None:
    """Engine §9.2: no overflow and no invalid value is ever told, whenever a ledger is worked out."""
    result = run(
        {"x": [1e308, 1e308, 1e308], "o": [-1e308, -1e308, 1e308]},
        places=[place("Q", arrivals="x", served="o", errors="x", wipLimit=5)],
    )

    assert set(result.ledger("Q")) == {
        "inflow", "out", "loss", "overflow", "exhausted", "stock", "unmet"
    }  # fmt: skip
