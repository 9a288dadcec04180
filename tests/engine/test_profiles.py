"""Profiles: exact means over the clock of each bin (engine §12.3)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from flowtime.engine import PROFILES, Grid
from flowtime.engine.kernels.profiles import profile_weights
from flowtime.engine.model.nodes import Profile

OFFICE = Profile("builtin", name="weekday-office")


def grid(bins: int, size: int, unit: str, start: str | None = None) -> Grid:
    instant = None if start is None else np.datetime64(start, "ms")
    return Grid(bins=bins, bin_size=size, bin_unit=unit, start=instant)


def test_e34_bins_of_four_hours_from_midnight() -> None:
    weights = profile_weights(OFFICE, grid(6, 4, "hours"))

    expected = [0.248222, 0.639948, 1.803491, 1.725921, 1.14415, 0.438268]
    assert_allclose(weights, expected, atol=5e-7)


def test_e35_a_bin_of_ninety_minutes_from_eight() -> None:
    weights = profile_weights(OFFICE, grid(2, 90, "minutes", "2013-02-07T08:00"))

    assert weights[0] == pytest.approx(1.577246, abs=5e-7)


def test_each_built_in_profile_has_24_hours() -> None:
    assert set(PROFILES) == {
        "flat",
        "online-evening",
        "night-batch",
        "weekday-office",
        "three-shift",
        "hub-rush-hour",
    }
    assert {len(hours) for hours in PROFILES.values()} == {24}


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize(
    ("bins", "size", "unit"), [(24, 1, "hours"), (96, 15, "minutes"), (1, 1, "days")]
)
def test_a_whole_day_has_mean_one(name: str, bins: int, size: int, unit: str) -> None:
    profile = Profile("builtin", name=name)

    weights = profile_weights(profile, grid(bins, size, unit, "2020-02-29T13:07:30.250"))

    assert weights.mean() == pytest.approx(1, abs=1e-12)


def test_whole_days_and_weeks_are_flat() -> None:
    assert_allclose(profile_weights(OFFICE, grid(5, 3, "days")), 1, atol=1e-12)
    assert_allclose(profile_weights(OFFICE, grid(100_000, 1000, "weeks")), 1, atol=1e-12)


def test_a_day_may_be_stretched_over_the_window() -> None:
    stretched = Profile("builtin", name="weekday-office", span="window")

    weights = profile_weights(stretched, grid(6, 1, "weeks", "2020-01-01T17:00"))

    assert_allclose(weights, profile_weights(OFFICE, grid(6, 4, "hours")), atol=1e-12)


def test_inline_weights_are_divided_by_their_mean() -> None:
    weights = profile_weights(Profile("inline", weights=(1, 0, 3)), grid(3, 1, "hours"))

    assert_allclose(weights, [0.75, 0, 2.25])


@given(
    st.integers(1, 200),
    st.integers(1, 1000),
    st.sampled_from(["minutes", "hours"]),
    st.integers(0, 86_399_999),
)
def test_each_bin_is_the_mean_of_the_step_function(
    bins: int, size: int, unit: str, offset: int
) -> None:
    start: Any = np.datetime64("2021-03-04", "ms") + np.timedelta64(offset, "ms")
    hours = np.array(PROFILES["hub-rush-hour"])
    one = Grid(bins=bins, bin_size=size, bin_unit=unit, start=start)

    weights = profile_weights(Profile("builtin", name="hub-rush-hour"), one)

    t = bins - 1
    first = offset + t * one.bin_ms
    cuts = np.unique(
        np.clip(
            np.arange(first // 3_600_000, (first + one.bin_ms) // 3_600_000 + 2) * 3_600_000,
            first,
            first + one.bin_ms,
        )
    )
    spans = np.diff(cuts)
    mean = (spans * hours[(cuts[:-1] // 3_600_000) % 24]).sum() / one.bin_ms / hours.mean()
    assert weights[t] == pytest.approx(mean, rel=1e-9)
