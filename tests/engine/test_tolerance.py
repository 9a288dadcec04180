"""What counts as more (engine §1.5)."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flowtime.engine.checks.tolerance import differs, exceeds, tolerance

AMOUNTS = st.one_of(
    st.floats(-1e12, 1e12), st.sampled_from([0.0, 1e-6, 2e-6, 1.0, 1.0 + 1e-6, 1e9, 1e9 + 1])
)


def test_a_millionth_is_not_more() -> None:
    assert exceeds(np.array([1e-6, 2e-6]), np.array([0.0, 0.0])).tolist() == [False, True]


def test_of_large_amounts_a_billionth_is_not_more() -> None:
    assert exceeds(np.array([1e9 + 0.5, 1e9 + 2]), np.array([1e9, 1e9])).tolist() == [False, True]


def test_what_is_missing_is_not_more() -> None:
    above, below = np.array([np.nan, 5, np.inf]), np.array([1, np.nan, 1])

    assert exceeds(above, below).tolist() == [False, False, False]
    assert differs(above, below).tolist() == [False, False, False]


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=20))
def test_the_short_way_and_the_written_rule_agree(pairs: list[tuple[float, float]]) -> None:
    above, below = np.array(pairs).T

    expected = above - below > tolerance(above, below)

    assert exceeds(above, below).tolist() == expected.tolist()
