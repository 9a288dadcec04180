"""Rows picked as stacks."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flowtime.engine.space.stacks import pick, store, target


def test_rows_at_equal_distances_are_a_view() -> None:
    matrix = np.arange(30.0).reshape(10, 3)

    assert np.shares_memory(matrix[pick([1, 4, 7])], matrix)


def test_rows_in_another_order_are_a_copy() -> None:
    matrix = np.arange(30.0).reshape(10, 3)

    assert not np.shares_memory(matrix[pick([7, 4, 1])], matrix)


@given(st.lists(st.integers(0, 9), max_size=10))
def test_picked_rows_are_those_asked_for(rows: list[int]) -> None:
    matrix = np.arange(30.0).reshape(10, 3)

    assert matrix[pick(rows)].tolist() == [matrix[row].tolist() for row in rows]


@given(st.lists(st.integers(0, 9), unique=True))
def test_what_is_computed_into_a_target_arrives_in_the_matrix(rows: list[int]) -> None:
    matrix = np.zeros((10, 2))
    chosen = pick(rows)

    out = target(matrix, chosen)
    out[:] = 1.0
    store(matrix, chosen, out)

    assert matrix[:, 0].tolist() == [float(row in rows) for row in range(10)]
