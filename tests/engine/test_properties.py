"""What holds for every model: order, repetition, balance, and two ways to the same numbers (engine §27.3)."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from flowtime.engine import DocumentError, Limits, Model, Result, bind, load_template
from flowtime.engine.evaluation.plan import build_plan, compile_model
from flowtime.engine.native.library import load
from tests.engine.generated import documents

pytestmark = pytest.mark.slow

SETTINGS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)


def bind_or_skip(document: dict[str, Any]) -> Model:
    try:
        return bind(load_template(document))
    except DocumentError as error:
        assert {problem.code for problem in error.problems} <= {"algebraic_cycle"}
        assume(False)
        raise


def shuffled(value: Any, order: random.Random) -> Any:
    """The same document with its mappings and its unordered lists in another order."""
    if isinstance(value, dict):
        items = list(value.items())
        order.shuffle(items)
        return {key: _entry(key, entry, order) for key, entry in items}
    if isinstance(value, list):
        return [shuffled(entry, order) for entry in value]
    return value


def _entry(key: str, value: Any, order: random.Random) -> Any:
    value = shuffled(value, order)
    if key in ("nodes", "constraints", "classes") and isinstance(value, list):
        order.shuffle(value)
    return value


def by_id(result: Result) -> dict[str, list[float]]:
    return {info.id: row.tolist() for info, row in zip(result.index, result.values, strict=True)}


def same(a: Any, b: Any) -> bool:
    return repr(a) == repr(b)


@SETTINGS
@given(documents(), st.randoms(use_true_random=False))
def test_the_order_of_declaration_changes_no_number_name_or_warning(document, order):
    first = compile_model(bind_or_skip(document)).run()
    second = compile_model(bind(load_template(shuffled(document, order)))).run()

    assert same(by_id(first), by_id(second))
    assert same(first.warnings, second.warnings)


@SETTINGS
@given(documents())
def test_whole_arrays_and_single_bins_agree(document):
    model = bind_or_skip(document)
    whole = compile_model(model).run()
    single = build_plan(
        model, overrides=(), limits=Limits(), library=load(), is_stepwise=True
    ).run()

    assert [info.id for info in whole.index] == [info.id for info in single.index]
    for info, row, other in zip(whole.index, whole.values, single.values, strict=True):
        np.testing.assert_allclose(row, other, rtol=1e-9, atol=1e-7, err_msg=info.id)


@SETTINGS
@given(documents())
def test_equal_runs_are_bit_identical(document):
    model = bind_or_skip(document)
    plan = compile_model(model)

    assert plan.run().values.tobytes() == compile_model(model).run().values.tobytes()


@SETTINGS
@given(documents())
def test_no_ledger_is_ever_violated(document):
    result = compile_model(bind_or_skip(document)).run()

    assert [w for w in result.warnings if w.code == "ledger_violation"] == []


@SETTINGS
@given(documents())
def test_class_parts_sum_to_their_totals(document):
    result = compile_model(bind_or_skip(document)).run()

    for info in result.index:
        parts = result.parts(info.id) if "@" not in info.id else {}
        if not parts:
            continue
        total, stack = result.series(info.id), np.array(list(parts.values()))
        bins = np.isfinite(total) & (total > 0) & (stack > 0).any(axis=0) & (stack >= 0).all(axis=0)
        gap = np.abs(stack.sum(axis=0) - total)
        assert (gap[bins] <= 1e-9 * np.maximum(1, total[bins])).all(), info.id


def _sharing_with(model, plan, chosen):
    """What is served beside ``chosen`` under a constraint: its shares go by the service that was observed (§11.5)."""
    members = [
        (set(node.constraints), plan.roles[node.id]["served"])
        for node in model.topology.nodes
        if node.constraints
    ]
    named = set().union(*(constraints for constraints, served in members if served in chosen))
    # Of several constraints a node takes the least, so that each may reach the members of the others.
    for _ in members:
        named |= set().union(*(constraints for constraints, _ in members if constraints & named))
    return sorted({served for constraints, served in members if constraints & named} - set(chosen))


@SETTINGS
@given(documents(), st.data())
def test_overriding_with_its_own_role_series_reproduces_a_run(document, data):
    model = bind_or_skip(document)
    observed = compile_model(model).run()
    roles = observed.plan.expanded.roles.values()
    bound = sorted({key for given in roles for key in given.values()})
    assume(bound)
    chosen = data.draw(st.lists(st.sampled_from(bound), min_size=1, unique=True))
    chosen += _sharing_with(model, observed.plan, chosen)
    overrides = {key: observed.series(key) for key in chosen}
    for key in chosen:
        overrides |= {f"{key}@{name}": part for name, part in observed.parts(key).items()}
    assume(all(not np.isinf(array).any() for array in overrides.values()))

    replayed = compile_model(model, overrides=overrides).run(overrides=overrides)

    for key in bound:
        names = [key, *(f"{key}@{name}" for name in observed.parts(key))]
        for name in names:
            np.testing.assert_allclose(
                replayed.series(name), observed.series(name), rtol=1e-9, atol=1e-7, err_msg=name
            )
