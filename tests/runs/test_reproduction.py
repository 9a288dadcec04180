"""How exactly a run repeats another."""

import numpy as np

from runs.reproduction import compare_series

NAN = np.nan


class Series:
    """Series by id, in memory."""

    def __init__(self, **series):
        self._series = {name: np.array(values, dtype=float) for name, values in series.items()}
        self.series_ids = tuple(self._series)

    def series(self, series_id):
        return self._series[series_id]


def compare(ours, **theirs):
    return compare_series({k: np.array(v, dtype=float) for k, v in ours.items()}, Series(**theirs))


def test_nan_equals_nan_and_zero_has_no_sign():
    found = compare({"a": [1, NAN], "b": [0.0]}, a=[1, NAN], b=[-0.0])

    assert (found.identical, found.total, found.max_abs_diff) == (2, 2, 0)


def test_the_greatest_difference_is_told():
    found = compare({"a": [1, 2], "b": [5, 5]}, a=[1, 2.5], b=[5, 2])

    assert (found.identical, found.total, found.max_abs_diff) == (0, 2, 3)


def test_a_series_of_one_side_only_is_not_identical():
    found = compare({"a": [1], "b": [1]}, a=[1], c=[1])

    assert (found.identical, found.total) == (1, 3)


def test_what_is_defined_on_one_side_only_cannot_be_measured():
    found = compare({"a": [NAN]}, a=[1])

    assert (found.identical, found.total, found.max_abs_diff) == (0, 1, None)
