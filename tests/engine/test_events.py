"""Counting instants per bin (engine §23.3)."""

from __future__ import annotations

import numpy as np
import pytest

from flowtime.engine import EngineError, Grid, bin_events

GRID = Grid(bins=3, bin_size=15, bin_unit="minutes", start=np.datetime64("2013-02-07T00:00", "ms"))


def test_instants_are_counted_in_half_open_bins() -> None:
    times = np.array(
        [
            "2013-02-07T00:00:00",
            "2013-02-07T00:14:59.999",
            "2013-02-07T00:15:00",
            "2013-02-07T00:44:59",
            "2013-02-07T00:45:00",
            "2013-02-06T23:59:59.999",
            "NaT",
        ],
        dtype="datetime64[ms]",
    )

    counts, outside = bin_events(times, GRID)

    assert counts.tolist() == [2, 1, 1]
    assert counts.dtype == np.float64
    assert outside == 3


@pytest.mark.parametrize("unit", ["s", "m", "ms", "us", "ns"])
def test_any_precision_counts_alike(unit: str) -> None:
    times = np.array(["2013-02-07T00:16"], dtype=f"datetime64[{unit}]")

    counts, outside = bin_events(times, GRID)

    assert counts.tolist() == [0, 1, 0]
    assert outside == 0


def test_no_instants_give_zeros() -> None:
    counts, outside = bin_events(np.array([], dtype="datetime64[s]"), GRID)

    assert counts.tolist() == [0, 0, 0]
    assert outside == 0


def test_a_grid_without_a_start_has_no_bins_in_time() -> None:
    with pytest.raises(EngineError, match="start"):
        bin_events(np.array(["2013-02-07"], dtype="datetime64[D]"), Grid(3, 1, "hours"))
