"""The accelerator and numpy give the same numbers, warnings and hashes, bit for bit (engine §24, decision 16)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowtime.engine import DocumentError, bind, load_template
from flowtime.engine.native.library import Library
from tests.engine.generated import documents
from tests.engine.native.corpus import (
    NAMES,
    Job,
    assert_agreement,
    assert_identical,
    job_of,
    plan_for,
)

STRANGE = [0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -3.25, 7.0, 40.0, 1e-9, 5e-324, 1e308, -1e308, np.nan]
"""Numbers that show the sign of zero, gaps, and what grows beyond all numbers."""
EXPRESSIONS = (
    "a + b",
    "a - b * 3",
    "a / b",
    "MIN(a, b)",
    "MAX(a, b)",
    "MIN(0, a) + MAX(b, 0)",
    "CLAMP(a, b, 3)",
    "CLAMP(a, 0, b)",
    "ABS(a) - FLOOR(b)",
    "CEIL(a) * ROUND(b)",
    "MOD(a, b)",
    "STEP(a, b)",
    "IF(a - b, a, 2)",
    "IF(a, 0, b)",
    "SHIFT(a, 1) + SHIFT(b, 300)",
    "SHIFT(a * b, 2)",
    "CONV(a, [0, 0.5, 0, 0.25])",
    "CONV(a + b, [1, 0.5, 0.25, 0.125, 0, 0.0625])",
    "CONV(a, [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.05, 0.02, 0.01])",
    "EMA(a, 0.3) + b",
    "PULSE(3, 1) * a + PULSE(500, 2, 7)",
    "SHIFT(self, 1) * 0.5 + a",
    "MAX(SHIFT(self, 1) + a - b, 0)",
    "MIN(a, SHIFT(self, 2)) - MAX(0, b)",
    "CONV(self, [0, 0.5, 0.25]) + a / b",
    "EMA(SHIFT(self, 1) + a, 0.5)",
    "FLOOR(SHIFT(self, 1)) + CEIL(a) + ABS(b)",
    "IF(SHIFT(self, 3) - b, a, -1)",
)


@pytest.mark.parametrize("name", NAMES)
def test_known_models(library: Library, name: str) -> None:
    assert_agreement(job_of(name), library)


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=25)
@given(documents(), st.sampled_from([7, 300, 600]))
def test_generated_models(library: Library, document: dict[str, Any], bins: int) -> None:
    try:
        model = bind(load_template(lengthened(document, bins)))
    except DocumentError:
        return

    assert_agreement(Job(model), library)


@pytest.mark.parametrize("text", EXPRESSIONS)
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=3)
@given(st.integers(0, 2**32 - 1), st.sampled_from([5, 256, 257, 700]))
def test_strange_numbers(library: Library, text: str, seed: int, bins: int) -> None:
    draw = np.random.default_rng(seed)
    sources = {name: draw.choice(STRANGE, size=bins) for name in "ab"}
    model = bind(load_template(strange(text, bins)))

    assert_agreement(Job(model, {"sources": sources}), library)


POOLS = {
    "anything": STRANGE,
    "no gaps": STRANGE[:-1],
    "of moderate size": [value for value in STRANGE if abs(value) < 100],
    "none below zero": [value for value in STRANGE if 0 <= value < 100],
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
def test_roles_that_are_hard_to_divide(library: Library, pool: list[float], seed: int) -> None:
    draw = np.random.default_rng(seed)
    roles = ("arrivals", "served", "errors", "capacity", "parallelism", "spent", "count")
    sources = {name: draw.choice(pool, size=700) for name in roles}
    model = bind(load_template(observed(700)))

    assert_agreement(Job(model, {"sources": sources}), library)


def test_every_operation_is_compared(library: Library) -> None:
    jobs = [job_of(name) for name in NAMES]
    jobs += [Job(bind(load_template(strange(text, 700)))) for text in EXPRESSIONS]
    jobs.append(Job(bind(load_template(observed(700)))))

    used = {
        int(op)
        for job in jobs
        for native in [plan_for(job, library).native]
        if native is not None
        for op in native.code.table["op"]
    }

    unused = [name for name, number in library.operations.items() if number not in used]
    assert unused == []


def test_runs_of_one_plan_at_the_same_time(library: Library) -> None:
    job = job_of("catalog/checkout-retry-storm")
    plan = plan_for(job, library)
    alone = plan.run(**job.given)

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: plan.run(**job.given), range(40)))

    for result in results:
        assert_identical(result, alone)


def lengthened(document: dict[str, Any], bins: int) -> dict[str, Any]:
    """The same over more bins; what is given comes again, more of it each time, with stretches of nothing."""
    nodes = []
    for node in document["nodes"]:
        values = node.get("values", [])
        again = [
            values[t % len(values)] * (1 + t // len(values) % 5) if t // 97 % 3 else 0.0
            for t in range(bins if values else 0)
        ]
        nodes.append({**node, "values": again} if values else node)
    return {**document, "nodes": nodes, "grid": {**document["grid"], "bins": bins}}


def strange(text: str, bins: int) -> dict[str, Any]:
    given_nodes = [{"id": name, "kind": "const", "source": name} for name in "ab"]
    node = {"id": "self", "kind": "expr", "expr": text}
    # Also a series that begins with something before bin 0.
    node |= {"initial": 2.0} if "self" in text else {}
    return {
        "schemaVersion": 1,
        "metadata": {"id": "strange", "title": "Strange", "version": "1.0.0"},
        "grid": {"bins": bins, "binSize": 1, "binUnit": "hours"},
        "nodes": [*given_nodes, node],
    }


def observed(bins: int) -> dict[str, Any]:
    """A service that is fed by another one, with every role that a metric divides by."""
    names = ("arrivals", "served", "errors", "capacity", "parallelism", "spent", "count")
    roles = {name: name for name in names[:5]}
    roles |= {"processingTimeMsSum": "spent", "servedCount": "count"}
    place = {"kind": "serviceWithBuffer", "initialCondition": {"queueDepth": 3}}
    return {
        "schemaVersion": 1,
        "metadata": {"id": "observed", "title": "Observed", "version": "1.0.0"},
        "grid": {"bins": bins, "binSize": 1, "binUnit": "hours"},
        "nodes": [{"id": name, "kind": "const", "source": name} for name in names],
        "topology": {
            "nodes": [
                {"id": "Plain", **place, "semantics": {**roles, "queueDepth": "waiting"}},
                {"id": "Alone", "kind": "service", "semantics": roles},
            ]
        },
    }
