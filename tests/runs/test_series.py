"""Thinning out: fewer points, and no peak lost."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from runs.series import thin_out

numbers = st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), min_size=0, max_size=300)


@given(values=numbers, most=st.integers(2, 50))
def test_the_extremes_and_the_order_survive(values, most):
    array = np.array(values, dtype=float)

    kept = thin_out(array, np.arange(len(array)), most)

    assert len(kept) <= max(most, 0)
    assert np.all(np.diff(kept) > 0)
    finite = array[np.isfinite(array)]
    if len(finite):
        assert np.nanmax(array[kept]) == finite.max()
        assert np.nanmin(array[kept]) == finite.min()


def test_few_points_stay_as_they_are():
    bins = np.arange(5)

    assert thin_out(np.arange(5.0), bins, 5) is bins


@given(values=numbers, most=st.integers(3, 50))
def test_a_gap_is_never_drawn_over(values, most):
    """Between two kept neighbours that are defined, nothing is undefined unless a point in its stretch says so."""
    array = np.array(values, dtype=float)

    kept = thin_out(array, np.arange(len(array)), most)

    if np.isnan(array).any():
        stretches = np.array_split(np.arange(len(array)), max(most // 3, 1))
        for stretch in stretches if len(array) > most else []:
            if np.isnan(array[stretch]).any():
                assert np.isnan(array[np.intersect1d(kept, stretch)]).any()


def test_a_range_is_thinned_out_by_its_own_values():
    values = np.arange(100.0)

    kept = thin_out(values, np.arange(40, 80), 4)

    assert kept.tolist() == [40, 59, 60, 79]
