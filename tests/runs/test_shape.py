"""The tape of 48 letters."""

import numpy as np

from runs.shape import shape_of


def test_a_letter_is_the_worst_state_of_any_node_in_its_part():
    calm = np.ones(96, dtype=np.int64)
    storm = np.ones(96, dtype=np.int64)
    storm[10] = 3
    storm[95] = 2

    shape = shape_of([calm, storm], bins=96)

    assert len(shape) == 48
    assert shape[5] == "r"
    assert shape[47] == "y"
    assert set(shape[:5]) == {"g"}


def test_fewer_bins_than_letters_stand_under_several():
    shape = shape_of([np.array([0, 1, 2, 3])], bins=4)

    assert shape == "." * 12 + "g" * 12 + "y" * 12 + "r" * 12


def test_dead_letters_are_no_state():
    assert shape_of([np.full(48, 4)], bins=48) == "." * 48


def test_a_model_without_nodes_is_undefined_throughout():
    assert shape_of([], bins=7) == "." * 48


def test_every_bin_counts_where_they_do_not_divide_evenly():
    for bins in (47, 48, 49, 95, 97, 120, 288):
        for bad in range(bins):
            colours = np.ones(bins, dtype=np.int64)
            colours[bad] = 3
            assert "r" in shape_of([colours], bins=bins)
