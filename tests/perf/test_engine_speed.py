"""How fast the engine is (engine §24): medians and minima, time a cell, and ratios. Nothing here can fail for being slow.

Beside the engine two interpreters evaluate the same model bin by bin and compute the same series, without checks:
``plain_interpreter`` in Python, and ``native_interpreter`` in C where this machine has a compiler.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from flowtime.engine import Plan, bind, compile_model, load_template, validate
from tests.perf import engine_workload, native_interpreter, plain_interpreter

HOSTILE_BYTES = 2_097_152


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The interpreter in C; None on a machine without a compiler."""
    if native_interpreter.compiler() is None:
        return None
    return native_interpreter.build(tmp_path_factory.mktemp("native"))


def natively(native: Any, plan: Plan, engine: Any, beside: Callable[..., Any]) -> str:
    """The ratio to the interpreter in C, once both have been seen to compute the same."""
    if native is None:
        return "no C compiler here to compare with"
    interpret = native_interpreter.prepare(native, plan)
    measured = beside(interpret, rounds=30)
    assert_same(plan.run(), interpret())
    return (
        f"in C without checks {measured.both}: {engine.median / measured.median:.2f} x the native "
        f"time, by the least {engine.least / measured.least:.2f} x"
    )


def path(plan: Plan) -> str:
    """What the engine itself runs on here."""
    return "on numpy alone" if plan.native is None else "with the accelerator"


def planned(text: str) -> Plan:
    return compile_model(bind(load_template(text)))


@pytest.mark.parametrize(
    ("bins", "figure"),
    [
        pytest.param(288, "at most 1.0 x the native time", id="288"),
        pytest.param(8_760, "at most 0.2 x the native time", id="8760"),
    ],
)
def test_a_chain_of_stages(
    measure: Callable[..., Any],
    beside: Callable[..., Any],
    say: Callable[..., None],
    native: Any,
    bins: int,
    figure: str,
) -> None:
    plan = planned(engine_workload.workload(20, bins))

    engine = measure(plan.run)
    plain = beside(lambda: plain_interpreter.interpret(plan), rounds=3)

    result = plan.run()
    assert_same(result, plain_interpreter.interpret(plan))
    say(
        f"20 stages x {bins:,} bins, {len(result.index)} series, {path(plan)}: {engine.both} "
        f"({engine.per_cell(result.values.size)}), checks included; "
        f"{natively(native, plan, engine, beside)}; in Python without checks {plain.ms}, "
        f"{plain.median / engine.median:.0f} times as long. Specification: {figure}."
    )


def test_a_feedback_loop(
    measure: Callable[..., Any],
    beside: Callable[..., Any],
    say: Callable[..., None],
    native: Any,
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
        f"a loop of 5 series x {bins:,} bins, {path(plan)}: {engine.both} "
        f"({engine.per_cell(result.values.size)}); {natively(native, plan, engine, beside)}; "
        f"in Python {plain.ms}, {plain.median / engine.median:.0f} times as long. "
        "Specification: at most 3 x the native time."
    )


def test_many_bins_without_a_loop(measure: Callable[..., Any], say: Callable[..., None]) -> None:
    plan = planned(engine_workload.acyclic(100_000, 20))
    assert all(c["kind"] == "vector" for c in plan.describe()["components"])

    engine = measure(plan.run, rounds=10)

    cells = len(plan.index) * 100_000
    say(
        f"100,000 bins x {len(plan.index)} series: {engine.both} ({engine.per_cell(cells)}). "
        "Specification: at most 40 ns per cell."
    )


def test_loading_binding_and_compiling(
    measure: Callable[..., Any], say: Callable[..., None]
) -> None:
    # Five nodes a stage and the first arrivals; few bins, so that the numbers themselves take no time.
    text = engine_workload.workload(20, 12)

    engine = measure(lambda: planned(text))

    nodes = len(bind(load_template(text)).nodes)
    say(f"load, bind and compile {nodes} nodes: {engine.both}. Specification: at most 50 ms.")


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
        f"refuse {len(text) / 2**20:.1f} MiB of {name}: {engine.both}, {peak:.0f} MiB at most. "
        "Specification: at most 2 s and 200 MiB."
    )


def assert_same(result: Any, plain: Mapping[str, Any]) -> None:
    """Both sides computed the same: a ratio of different work would say nothing."""
    assert set(plain) == {info.id for info in result.index}
    for name, row in plain.items():
        np.testing.assert_allclose(result.series(name), row, rtol=1e-6, atol=1e-6, err_msg=name)
