"""How fast the engine is (engine §24): medians, time a cell, and the ratio to plain Python. Nothing here can fail for being slow.

The specification's ratios are to an interpreter in native code, which is no part of this repository: what is printed
beside the engine is ``plain_interpreter``, the same model walked bin by bin in Python.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from flowtime.engine import Plan, bind, compile_model, load_template, validate
from tests.perf import engine_workload, plain_interpreter

HOSTILE_BYTES = 2_097_152


def planned(text: str) -> Plan:
    return compile_model(bind(load_template(text)))


@pytest.mark.parametrize(
    ("bins", "figure"),
    [
        pytest.param(288, "at most 1.0 x the native time, there 0.4 ms", id="288"),
        pytest.param(8_760, "at most 0.2 x the native time, there 20 ms", id="8760"),
    ],
)
def test_a_chain_of_stages(
    measure: Callable[..., Any],
    beside: Callable[..., Any],
    say: Callable[..., None],
    bins: int,
    figure: str,
) -> None:
    plan = planned(engine_workload.workload(20, bins))

    engine = measure(plan.run)
    plain = beside(lambda: plain_interpreter.interpret(plan), rounds=3)

    result = plan.run()
    assert_same(result, plain_interpreter.interpret(plan))
    say(
        f"20 stages x {bins:,} bins, {len(result.index)} series: {engine.ms} "
        f"({engine.per_cell(result.values.size)}), checks included; plain Python without checks "
        f"{plain.ms}, {plain.median / engine.median:.0f} times as long. Specification: {figure}."
    )


def test_a_feedback_loop(
    measure: Callable[..., Any], beside: Callable[..., Any], say: Callable[..., None]
) -> None:
    bins = 8_760
    plan = planned(engine_workload.loop(bins))
    (loop,) = [c for c in plan.describe()["components"] if c["kind"] == "feedback"]
    assert len(loop["vertices"]) == 5

    engine = measure(plan.run)
    plain = beside(lambda: plain_interpreter.interpret(plan))

    result = plan.run()
    assert_same(result, plain_interpreter.interpret(plan))
    say(
        f"a loop of 5 series x {bins:,} bins: {engine.ms} ({engine.per_cell(result.values.size)}); "
        f"plain Python {plain.ms}, {plain.median / engine.median:.0f} times as long. "
        "Specification: at most 3 x the native time."
    )


def test_many_bins_without_a_loop(measure: Callable[..., Any], say: Callable[..., None]) -> None:
    plan = planned(engine_workload.acyclic(100_000, 20))
    assert all(c["kind"] == "vector" for c in plan.describe()["components"])

    engine = measure(plan.run, rounds=10)

    cells = len(plan.index) * 100_000
    say(
        f"100,000 bins x {len(plan.index)} series: {engine.ms} ({engine.per_cell(cells)}). "
        "Specification: at most 40 ns per cell."
    )


def test_loading_binding_and_compiling(
    measure: Callable[..., Any], say: Callable[..., None]
) -> None:
    # Five nodes a stage and the first arrivals; few bins, so that the numbers themselves take no time.
    text = engine_workload.workload(20, 12)

    engine = measure(lambda: planned(text))

    nodes = len(bind(load_template(text)).nodes)
    say(f"load, bind and compile {nodes} nodes: {engine.ms}. Specification: at most 50 ms.")


def hostile_documents() -> dict[str, str]:
    head = "schemaVersion: 1\nmetadata: {id: case, title: Case, version: 1.0.0}\n"
    head += "grid: {bins: 3, binSize: 1, binUnit: hours}\n"
    expressions = head + "nodes:\n"
    expressions += "".join(
        f"- {{id: n{n}, kind: expr, expr: '{'a*' * 490}a'}}\n" for n in range(1_900)
    )
    numbers = head + "nodes: ["
    return {
        "brackets": "[" * HOSTILE_BYTES,
        "numbers": numbers + "1," * ((HOSTILE_BYTES - len(numbers)) // 2),
        "long expressions": expressions,
    }


HOSTILE = hostile_documents()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document(
    measure: Callable[..., Any], say: Callable[..., None], name: str
) -> None:
    text = HOSTILE[name]
    assert len(text) <= HOSTILE_BYTES

    engine = measure(lambda: validate(text), rounds=3)

    tracemalloc.start()
    report = validate(text)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    assert report.problems
    say(
        f"refuse {len(text) / 2**20:.1f} MiB of {name}: {engine.ms}, {peak:.0f} MiB at most. "
        "Specification: at most 2 s and 200 MiB."
    )


def assert_same(result: Any, plain: dict[str, list[float]]) -> None:
    """Both sides computed the same: a ratio of different work would say nothing."""
    assert set(plain) == {info.id for info in result.index}
    for name, row in plain.items():
        np.testing.assert_allclose(result.series(name), row, rtol=1e-6, atol=1e-6, err_msg=name)
