"""How far two arrays are apart: undefined bins, infinities, signs of zero."""

import numpy as np

from runs.differences import SAME, measure

NAN, INF = np.nan, np.inf


def test_equal_arrays_are_identical():
    values = np.array([1.0, NAN, INF, 0.0])

    assert measure(values, values.copy()) is SAME
    assert measure(values, np.array([1.0, NAN, INF, -0.0])) is SAME


def test_a_difference_has_a_size_and_a_first_bin():
    found = measure(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.5, 3.0, 2.5]))

    assert not found.is_identical
    assert (found.max_abs, found.mean_abs) == (1.5, 0.5)
    assert (found.first, found.count) == (1, 2)


def test_defined_on_one_side_only_differs_without_a_size():
    found = measure(np.array([1.0, NAN]), np.array([1.0, 7.0]))

    assert not found.is_identical
    assert (found.max_abs, found.first, found.count) == (0.0, 1, 1)


def test_nothing_defined_on_both_sides_has_no_size():
    found = measure(np.array([NAN, 1.0]), np.array([1.0, NAN]))

    assert (found.max_abs, found.mean_abs, found.count) == (None, None, 2)


def test_infinities_do_not_meet():
    found = measure(np.array([INF, 1.0]), np.array([-INF, 1.0]))

    assert (found.max_abs, found.first, found.count) == (0.0, 0, 1)
