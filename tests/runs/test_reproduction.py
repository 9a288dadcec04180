"""How exactly a run repeats another."""

import numpy as np

from runs.reproduction import OTHERWISE, compare_series, explain_differences

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


def test_what_differs_is_named():
    found = compare({"a": [1], "b": [1, 2], "c": [3]}, a=[2], b=[1], d=[4])

    assert found.differing == ("a", "b", "c", "d")
    assert compare({"a": [1]}, a=[1]).differing == ()


def test_a_sentence_for_each_reason_says_which_series_differ_and_why():
    ids = [
        "check_allocation@CHECK_ALLOCATION@DEFAULT",
        "check_limited@CHECK_LIMITED@DEFAULT",
        "pool_demand@POOL_DEMAND@DEFAULT",
        "pool_shortfall@POOL_SHORTFALL@DEFAULT",
        "check_constraint_status@CHECK_CONSTRAINT_STATUS@DEFAULT",
        "check_oldest_age_min_1@CHECK_OLDEST_AGE_MIN_1@DEFAULT",
        "own_demand@OWN_DEMAND@Red",
    ]

    shared, age, own = explain_differences(ids, authored={ids[-1]})

    assert {w["code"] for w in (shared, age, own)} == {"replay_differs"}
    assert shared["message"].startswith(
        "5 series differ from the source run (check_allocation, check_limited, pool_demand, "
        "pool_shortfall and 1 more): what shared capacity allots"
    )
    assert age["message"].startswith(
        "1 series differs from the source run (check_oldest_age_min_1): the age of the oldest work"
    )
    assert own["message"].endswith(f"(own_demand@Red): {OTHERWISE}.")
    assert explain_differences([]) == []
