"""What time it is in a bin, on the calendar and since the start."""

from datetime import UTC, datetime

import pytest

from runs.bin_clock import BinClock


def clock(minutes, *, start=datetime(2013, 2, 7, tzinfo=UTC), bins=120):
    return BinClock(bins=bins, bin_minutes=minutes, start=start)


@pytest.mark.parametrize(
    ("minutes", "index", "span", "flag", "end"),
    [
        (60, 115, "Mon 11 Feb 2013, 19:00 to 20:00", "19:00", "20:00"),
        (60, 23, "Thu 7 Feb 2013, 23:00 to 00:00", "23:00", "00:00"),
        (15, 1, "Thu 7 Feb 2013, 00:15 to 00:30", "00:15", "00:30"),
        (1440, 4, "Mon 11 Feb 2013", "11 Feb", "12 Feb"),
        (10080, 1, "Thu 14 Feb 2013 to Wed 20 Feb 2013", "14 Feb", "21 Feb"),
    ],
)
def test_a_bin_on_the_calendar(minutes, index, span, flag, end):
    here = clock(minutes)

    assert (here.span(index), here.flag(index), here.end(index)) == (span, flag, end)


@pytest.mark.parametrize(
    ("minutes", "index", "span", "flag"),
    [
        (60, 29, "Day 2, 05:00 to 06:00", "05:00"),
        (1440, 2, "Day 3", "day 3"),
        (10080, 1, "Day 8 to Day 14", "day 8"),
    ],
)
def test_a_bin_of_a_run_without_a_beginning(minutes, index, span, flag):
    here = clock(minutes, start=None)

    assert (here.span(index), here.flag(index)) == (span, flag)


def test_days_that_begin_at_noon_have_their_hours():
    noon = clock(1440, start=datetime(2013, 2, 7, 12, tzinfo=UTC))

    assert noon.span(0) == "Thu 7 Feb 2013, 12:00 to 8 Feb"


def test_the_number_of_a_bin_names_its_zone():
    assert clock(60).number(115) == "bin 115 of 0–119, UTC"
    assert clock(60, start=None).number(0) == "bin 0 of 0–119, since the start"
