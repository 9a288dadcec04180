"""Values that are not finite on their way into a bundle."""

import numpy as np
import pytest

from telemetry.gaps import bin_ranges, treat_series

NAN, INF = np.nan, np.inf


def treat(values, *, nan="keep", gaps="keep"):
    return treat_series(
        np.array(values, dtype=float),
        nan=nan,
        gaps=gaps,
        node_id="Desk",
        metric="Arrivals",
        class_id=None,
    )


def codes(warnings):
    return [(warning.code, warning.bins) for warning in warnings]


def test_finite_values_pass_without_a_word():
    values = np.array([1.0, 2.0])

    treated, warnings = treat(values)

    assert np.array_equal(treated, values)
    assert warnings == []


def test_nan_is_kept_and_reported_once_with_its_ranges():
    treated, warnings = treat([NAN, NAN, 1, NAN])

    assert np.array_equal(treated, [NAN, NAN, 1, NAN], equal_nan=True)
    assert codes(warnings) == [("nan_detected", ((0, 1), (3, 3)))]
    assert warnings[0].message == "Arrivals of Desk is not a number in 3 bins, first in bin 0."


def test_nan_becomes_zero_on_request():
    treated, warnings = treat([1, NAN, INF], nan="zero")

    assert treated.tolist() == [1, 0, 0]
    assert codes(warnings) == [("nan_fill", ((1, 2),))]


def test_gaps_are_reported_on_request_and_stay():
    treated, warnings = treat([1, NAN], gaps="report")

    assert np.isnan(treated[1])
    assert ("data_gap", ((1, 1),)) in codes(warnings)


def test_gaps_become_zero_on_request():
    treated, warnings = treat([NAN, 2], gaps="zero")

    assert treated.tolist() == [0, 2]
    assert codes(warnings) == [("data_gap", ((0, 0),))]


def test_an_infinity_is_no_gap():
    treated, warnings = treat([INF, 1], gaps="zero")

    assert treated.tolist() == [INF, 1]
    assert codes(warnings) == [("nan_detected", ((0, 0),))]


def test_the_input_is_never_written():
    values = np.array([NAN, 1.0])

    treat_series(values, nan="zero", gaps="zero", node_id="A", metric="Served", class_id="x")

    assert np.isnan(values[0])


@pytest.mark.parametrize(
    ("bins", "ranges"),
    [
        ([], ()),
        ([0, 0], ()),
        ([1, 1], ((0, 1),)),
        ([0, 1, 1, 0, 1], ((1, 2), (4, 4))),
    ],
)
def test_ranges_are_inclusive(bins, ranges):
    assert bin_ranges(np.array(bins, dtype=bool)) == ranges
