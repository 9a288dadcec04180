"""Amounts, times and grids in words: British English, UTC, "–" for what is undefined."""

from datetime import UTC, datetime, timedelta

import pytest

from runs import wording

NOW = datetime(2026, 11, 23, 12, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1284, "1,284"),
        (0, "0"),
        (12.0, "12"),
        (1340.25, "1,340.2"),
        (-3, "−3"),
        (-0.01, "0"),
        (None, "–"),
        (float("nan"), "–"),
        (float("-inf"), "−∞"),
    ],
)
def test_a_number(value, said):
    assert wording.say_number(value) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "1 byte"), (702, "702 bytes"), (10_012, "10.0 kB"), (999_960, "1.0 MB"), (None, "–")],
)
def test_an_amount_of_bytes(count, said):
    assert wording.say_bytes(count) == said


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=1), "1 second ago"),
        (timedelta(seconds=12), "12 seconds ago"),
        (timedelta(minutes=26), "26 minutes ago"),
        (timedelta(hours=2), "2 hours ago"),
        (timedelta(hours=20), "yesterday"),
        (timedelta(days=2), "21 Nov"),
        (timedelta(days=400), "19 Oct 2025"),
        (timedelta(seconds=-3), "now"),
    ],
)
def test_how_long_ago(ago, said):
    assert wording.say_ago(NOW - ago, now=NOW) == said


def test_a_moment_in_full():
    moment = datetime(2026, 11, 23, 10, 16, 2, tzinfo=UTC)

    assert wording.say_when(moment) == "23 Nov 2026, 10:16:02 UTC"
    assert wording.say_lately(moment, now=NOW) == "10:16:02"
    assert wording.say_lately(moment, now=NOW + timedelta(days=1)) == "23 Nov, 10:16"


def test_a_window():
    start = datetime(2013, 2, 7, tzinfo=UTC)

    assert wording.say_window(start, 7200) == "7 Feb 2013, 00:00 to 12 Feb, 00:00"


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        ((120, 1, "hours"), "120 × 1 h"),
        ((8760, 5, "minutes"), "8,760 × 5 min"),
        ((28, 1, "days"), "28 × 1 day"),
        ((26, 2, "weeks"), "26 × 2 weeks"),
    ],
)
def test_a_grid(grid, said):
    assert wording.say_grid(*grid) == said


@pytest.mark.parametrize(
    ("ranges", "said"),
    [
        ([[3, 3]], "bin 3"),
        ([[3, 7]], "bins 3 to 7"),
        ([[3, 7], [9, 9], [12, 14]], "bins 3 to 7, 9 and 12 to 14"),
        ([[n, n] for n in range(8)], "bins 0, 1, 2, 3, 4, 5 and 2 more ranges"),
        ([], ""),
    ],
)
def test_ranges_of_bins(ranges, said):
    assert wording.say_ranges(ranges) == said


def test_how_exactly_a_replay_reproduces_its_source():
    assert wording.say_reproduction(36, 36, 0.0) == "36 of 36 series identical"
    assert wording.say_reproduction(35, 36, 0.25) == "35 of 36 series identical, at most 0.25 apart"
    assert wording.say_reproduction(14, 15, 0.0).endswith("identical, 1 in one of the runs only")
    assert wording.say_reproduction(None, None, None) == ""


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(milliseconds=9), "9 ms"),
        (timedelta(seconds=4.2), "4.2 s"),
        (timedelta(seconds=200), "3 min 20 s"),
        (timedelta(hours=2, minutes=5), "2 h 5 min"),
        (None, "–"),
    ],
)
def test_a_duration(span, said):
    assert wording.say_duration(span) == said


@pytest.mark.parametrize(
    ("seconds", "done", "total", "said"),
    [
        (6, 3, 12, "about 18 seconds left"),
        (10, 99, 100, "about 1 second left"),
        (60, 1, 10, "about 9 minutes left"),
        (3600, 1, 5, "about 4 hours left"),
        (0.5, 3, 12, ""),
        (6, 0, 12, ""),
        (6, 12, 12, ""),
        (6, 3, None, ""),
    ],
)
def test_what_is_left_of_a_job(seconds, done, total, said):
    started = NOW - timedelta(seconds=seconds)

    assert wording.say_left(started, done, total, now=NOW) == said


def test_nothing_is_left_to_say_before_the_start():
    assert wording.say_left(None, 3, 12, now=NOW) == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(40, "silent for 40 s"), (840, "silent for 14 min"), (7300, "silent for 2 h")],
)
def test_how_long_somebody_has_been_silent(seconds, said):
    assert wording.say_silence(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (1, 1, "same"),
        (1, 0.6, "−0.4"),
        (3322, 3714.8, "+392.8"),
        (1.0, 1.0 + 2e-13, "+2e−13"),
        (None, 3, "–"),
        (True, False, "–"),
        ("pcg32", "other", "–"),
    ],
)
def test_a_change_has_a_sign_and_is_never_called_nothing(a, b, said):
    assert wording.say_change(a, b) == said
