"""Tapes, lanes, sparklines and bars as path data."""

import math

from hypothesis import given
from hypothesis import strategies as st

from runs import drawing


def test_neighbours_of_one_state_are_one_rectangle():
    paths = dict(drawing.tape_paths("gg.rr"))

    assert paths == {
        "green": "M0 15H2V22H0Z",
        "gray": "M2 20H3V22H2Z",
        "red": "M3 0H5V22H3Z",
    }


def test_a_worse_state_is_a_taller_bar():
    tops = {
        state: float(path.split()[1].split("H")[0]) for state, path in drawing.tape_paths(".gyr")
    }

    assert tops["gray"] > tops["green"] > tops["yellow"] > tops["red"] == 0


def test_a_mini_tape_leaves_the_undefined_blank():
    assert drawing.tape_paths("....", is_mini=True) == []


def test_a_tape_says_how_many_bars_are_in_which_state_the_worst_first():
    assert (
        drawing.tape_sentence("..gr") == "Worst state over the run: 1 beyond, 1 within, 2 undefined"
    )
    assert drawing.tape_sentence("") == "Worst state over the run: none yet"


def test_a_sparkline_is_broken_where_the_series_is_undefined():
    assert drawing.spark_path([0, 1, None, 1]).count("M") == 2


def test_a_long_sparkline_keeps_the_peak():
    values = [0.0] * 10_000
    values[7_777] = 5.0

    path = drawing.spark_path(values)

    assert path.count("L") + path.count("M") <= 240
    assert " 1.5" in path


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=True)), max_size=50))
def test_a_sparkline_draws_finite_numbers_only(values):
    path = drawing.spark_path(values)

    assert "nan" not in path
    assert "inf" not in path


@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1, max_size=50), st.integers(1, 9))
def test_thinning_out_never_loses_the_largest(values, stretch):
    thinned = drawing.largest_of_stretches(values, stretch)

    assert len(thinned) == math.ceil(len(values) / stretch)
    assert max(thinned) == max(values)


def test_bars_start_at_zero_and_ignore_what_is_no_amount():
    assert drawing.bars_path([1, math.nan, -2]).count("V64.0") == 2
