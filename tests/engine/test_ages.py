"""The age of the oldest work against a queue of single arrivals (engine §17.3)."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flowtime.engine.metrics.ages import settle_ages


def ages(inflow: list[float], depth: list[float], seed: float = 0.0) -> list[float]:
    came, held = (np.array([values], dtype=float) for values in (inflow, depth))
    with np.errstate(all="ignore"):
        found = held / came
        settle_ages(found, came, held, np.array([seed]), least=float(came.min()))
    return [float(age) for age in found[0]]


def serve(inflow: list[float], wishes: list[float], seed: float) -> list[float]:
    level, levels = seed, []
    for came, wish in zip(inflow, wishes, strict=True):
        level = max(0.0, level + came - wish)
        levels.append(level)
    return levels


def age_by_rule(inflow: list[float], depth: list[float], seed: float) -> list[float]:
    """Engine §17.3 bin by bin, as it is written."""
    found = []
    came = np.cumsum(inflow) + seed
    for t, level in enumerate(depth):
        left = came[t] - level
        if level <= 1e-9:
            found.append(0.0)
        elif left < seed - 1e-9:
            found.append(t + 1.0)
        else:
            first = next(a for a in range(t + 1) if came[a] > left + 1e-9)
            before = came[first - 1] if first else seed
            found.append(t + 1 - first - (left - before) / inflow[first])
    return found


def test_the_oldest_of_a_surge_grows_older_while_it_drains() -> None:
    """Engine E42."""
    assert np.allclose(ages([10, 10, 0, 0], [6, 12, 8, 4]), [0.6, 1.2, 1.8, 2.4])


def test_an_empty_queue_has_no_age() -> None:
    assert ages([5, 0, 5], [0, 0, 0]) == [0, 0, 0]


def test_what_was_there_at_the_start_is_as_old_as_the_window() -> None:
    assert ages([0, 0, 4], [5, 3, 2], seed=5) == [1, 2, 0.5]


def test_bins_without_arrivals_do_not_make_work_younger() -> None:
    assert np.allclose(ages([8, 0, 0, 2], [8, 6, 4, 4]), [1, 1.75, 2.5, 3.25])


def test_an_arrival_of_minus_zero_is_no_arrival() -> None:
    """Engine §17.2: an undefined metric is NaN and a defined one finite, whatever the sign of a zero."""
    assert ages([0.0, -0.0], [10, 10], seed=10) == [1, 2]
    assert ages([4.0, -0.0, 0.0], [4, 3, 3]) == [1, 1.75, 2.75]


def test_what_a_negative_loss_puts_back_is_as_old_as_the_window() -> None:
    """Engine §17.3, where O falls below q0: never an infinity, with or without arrivals."""
    assert ages([7, 10], [7, 17.3]) == [1, 2]
    assert ages([0, 0, 0, 5], [0, 4, 4, 6]) == [0, 2, 3, 4]


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(-20, 20)), min_size=1, max_size=40),
    st.integers(0, 30),
)
def test_ages_follow_the_written_rule(bins: list[tuple[int, int]], seed: int) -> None:
    inflow, wishes = [float(a) for a, _ in bins], [float(b) for _, b in bins]
    depth = serve(inflow, wishes, float(seed))

    assert np.allclose(ages(inflow, depth, float(seed)), age_by_rule(inflow, depth, float(seed)))
