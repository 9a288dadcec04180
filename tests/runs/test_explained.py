"""Formulas with the values of a bin in them."""

import numpy as np
import pytest

from runs.explained import explain
from runs.measures import DECIMALS

COLUMNS = {
    "arrivals": np.array([5.0, 9.0, 3.0]),
    "served": np.array([5.0, 5.0, 0.0]),
    "errors": np.array([0.0, 1.0, 0.0]),
    "queueDepth": np.array([2.0, 5.0, 8.0]),
    "latencyMinutes": np.array([24.0, 60.0, np.nan]),
    "cycleTimeMs": np.array([1.0, 2.0, 3.0]),
    "queueTimeMs": np.array([1.0, 2.0, 3.0]),
}


def told(metric, index, columns=COLUMNS):
    found = explain(metric, columns, index, bin_minutes=60, promised=75, decimals=DECIMALS)
    names = "".join(part.words for part in found.parts)
    values = "".join(str(part.value) if part.name else part.words for part in found.parts)
    return names, values, found.result.value


def test_the_wait_is_what_waits_over_what_is_served():
    assert told("latencyMinutes", 1) == ("queueDepth / served × 60", "5.0 / 5.0 × 60", 60.0)


def test_an_undefined_wait_has_a_reason_and_no_value():
    found = explain("latencyMinutes", COLUMNS, 2, bin_minutes=60, promised=75, decimals=DECIMALS)

    assert found.result.value is None
    assert found.undefined == "nothing was served"


def test_a_queue_is_what_was_there_and_came_and_did_not_leave():
    names, values, _ = told("queueDepth", 1)

    assert names == "queueDepth before + arrivals − served − errors"
    assert values == "2.0 + 9.0 − 5.0 − 1.0"


def test_the_first_bin_has_nothing_before_it():
    found = explain("queueDepth", COLUMNS, 0, bin_minutes=60, promised=None, decimals=DECIMALS)

    assert found.is_first
    assert told("latencyMinutes", 0)[2] is not None


@pytest.mark.parametrize("metric, decimals", [("latencyMinutes", 1), ("utilization", 2)])
def test_what_comes_out_is_at_least_as_fine_as_the_figure(metric, decimals):
    columns = {**COLUMNS, "utilization": COLUMNS["served"], "effectiveCapacity": COLUMNS["served"]}

    found = explain(metric, columns, 1, bin_minutes=60, promised=None, decimals=DECIMALS)

    assert found.result.decimals == decimals


def test_a_queue_that_does_not_follow_the_sum_is_not_explained_by_it():
    columns = {**COLUMNS, "queueDepth": np.array([2.0, 50.0, 8.0])}

    assert explain("queueDepth", columns, 1, bin_minutes=60, promised=None, decimals={}) is None


def test_what_is_not_bound_is_left_out():
    assert told("cycleTimeMs", 1)[0] == "queueTimeMs"


@pytest.mark.parametrize("metric", ["utilization", "retryTax", "nothing"])
def test_a_metric_without_its_inputs_is_not_explained(metric):
    assert explain(metric, COLUMNS, 1, bin_minutes=60, promised=None, decimals={}) is None
