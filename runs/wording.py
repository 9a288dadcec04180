"""How amounts, times and grids are said on a page: British English, UTC, "–" for what is undefined."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

UNDEFINED = "–"
MINUS = "−"

_UNITS = {
    "minutes": ("min", "min"),
    "hours": ("h", "h"),
    "days": ("day", "days"),
    "weeks": ("week", "weeks"),
}
_UNIT_MINUTES = {"minutes": 1, "hours": 60, "days": 1440, "weeks": 10080}


def say_number(value: float | None, *, decimals: int = 1) -> str:
    """The amount with thousands separated and at most ``decimals`` places, which are dropped when they say nothing."""
    if value is None:
        return UNDEFINED
    if isinstance(value, int):
        return f"{value:,}".replace("-", MINUS)
    if math.isnan(value):
        return UNDEFINED
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    text = f"{value:,.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text.replace("-", MINUS)


def say_difference(value: float | None) -> str:
    """As ``say_number``, but what is too small for one place is not called nothing: ``0.0003``, ``2e-13``."""
    said = say_number(value)
    return f"{value:.1g}".replace("-", MINUS) if value and said == "0" else said


def say_change(a: Any, b: Any) -> str:
    """``+392.8``, ``−12``, ``same``; a dash where there is nothing to subtract."""
    if a == b:
        return "same"
    if not all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (a, b)):
        return UNDEFINED
    said = say_difference(float(b - a))
    return f"+{said}" if b > a else said


def say_count(count: int, singular: str, plural: str | None = None) -> str:
    """``1 file``, ``15 files``."""
    return f"{say_number(count)} {singular if count == 1 else plural or singular + 's'}"


def begin(words: str) -> str:
    """``words`` as a sentence begins: ids and names keep their case."""
    return f"{words[:1].upper()}{words[1:]}"


def say_bytes(count: int | None) -> str:
    """Decimal units with one place from a kilobyte on: ``702 bytes``, ``10.0 kB``."""
    if count is None:
        return UNDEFINED
    if count < 1000:
        return say_count(count, "byte")
    amount = float(count)
    for unit in ("kB", "MB", "GB"):
        amount /= 1000
        if amount < 999.95:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:,.1f} TB"


def say_duration(span: timedelta | None) -> str:
    """``9 ms``, ``4.2 s``, ``3 min 20 s``."""
    if span is None:
        return UNDEFINED
    seconds = span.total_seconds()
    if seconds < 1:
        return f"{max(round(seconds * 1000), 0)} ms"
    if seconds < 60:
        return f"{say_number(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def say_left(started: datetime | None, done: int, total: int | None, *, now: datetime) -> str:
    """``about 3 seconds left``, as fast as it went so far; nothing before that says anything."""
    if started is None or not total or not 0 < done < total:
        return ""
    elapsed = (now - started).total_seconds()
    if elapsed < 1:
        return ""
    seconds = elapsed * (total - done) / done
    if seconds < 90:
        return f"about {say_count(max(round(seconds), 1), 'second')} left"
    if seconds < 90 * 60:
        return f"about {say_count(round(seconds / 60), 'minute')} left"
    return f"about {say_count(round(seconds / 3600), 'hour')} left"


def say_silence(span: timedelta) -> str:
    """``silent for 40 s``, in whole seconds, minutes or hours."""
    seconds = int(span.total_seconds())
    if seconds < 120:
        return f"silent for {seconds} s"
    minutes = seconds // 60
    return f"silent for {minutes} min" if minutes < 120 else f"silent for {minutes // 60} h"


def say_grid(bins: int, bin_size: int, bin_unit: str) -> str:
    """``120 × 1 h``."""
    one, many = _UNITS.get(bin_unit, (bin_unit, bin_unit))
    return f"{say_number(bins)} × {bin_size} {one if bin_size == 1 else many}"


def say_minutes(minutes: int) -> str:
    """A window's length in its largest whole unit: ``24 hours``, ``5 days``."""
    for unit, size in (("week", 10080), ("day", 1440), ("hour", 60)):
        if minutes >= 2 * size and minutes % size == 0:
            return say_count(minutes // size, unit)
    return say_count(minutes, "minute")


def say_day(moment: datetime, *, with_year: bool = True, zone: tzinfo = UTC) -> str:
    """``23 Nov 2026``."""
    moment = moment.astimezone(zone)
    return f"{moment.day} {moment:%b}" + (f" {moment.year}" if with_year else "")


def say_when(moment: datetime | None, *, zone: tzinfo = UTC) -> str:
    """``23 Nov 2026, 10:16:02 UTC``."""
    if moment is None:
        return UNDEFINED
    return f"{say_day(moment, zone=zone)}, {moment.astimezone(zone):%H:%M:%S %Z}"


def say_window(start: datetime, minutes: int) -> str:
    """``7 Feb 2013, 00:00 to 12 Feb, 00:00``."""
    start = start.astimezone(UTC)
    stop = start + timedelta(minutes=minutes)
    end = f"{say_day(stop, with_year=stop.year != start.year)}, {stop:%H:%M}"
    return f"{say_day(start)}, {start:%H:%M} to {end}"


def say_bin(index: int, *, start: datetime | None, bin_size: int, bin_unit: str) -> str:
    """When a bin begins: ``Thu 7 Feb, 19:00`` with a window, else ``bin 19``."""
    if start is None:
        return f"bin {index}"
    moment = start.astimezone(UTC) + timedelta(minutes=index * bin_size * _UNIT_MINUTES[bin_unit])
    return f"{moment:%a} {say_day(moment, with_year=False)}, {moment:%H:%M}"


def say_ago(moment: datetime, *, now: datetime) -> str:
    """How long ago, coarser the longer: seconds, minutes, hours, yesterday, then the day. Days are those of ``now``."""
    moment = moment.astimezone(now.tzinfo)
    seconds = int((now - moment).total_seconds())
    if seconds < 1:
        return "now"
    if seconds < 60:
        return f"{say_count(seconds, 'second')} ago"
    if seconds < 3600:
        return f"{say_count(seconds // 60, 'minute')} ago"
    if moment.date() == now.date() or seconds < 6 * 3600:
        return f"{say_count(seconds // 3600, 'hour')} ago"
    if moment.date() == now.date() - timedelta(days=1):
        return "yesterday"
    return say_day(moment, with_year=moment.year != now.year, zone=now.tzinfo or UTC)


def say_lately(moment: datetime, *, now: datetime) -> str:
    """The time alone when it was today, else with its day, as ``now`` counts days: ``10:16:02``, ``22 Nov, 17:20``."""
    moment = moment.astimezone(now.tzinfo)
    if moment.date() == now.date():
        return f"{moment:%H:%M:%S}"
    day = say_day(moment, with_year=moment.year != now.year, zone=now.tzinfo or UTC)
    return f"{day}, {moment:%H:%M}"


def say_ranges(ranges: list[list[int]], *, at_most: int = 6) -> str:
    """Inclusive bin ranges in words: ``bin 3``, ``bins 3 to 7, 9 and 12 to 14``."""
    spans = [f"{a}" if a == b else f"{a} to {b}" for a, b in ranges[:at_most]]
    if len(ranges) > at_most:
        spans.append(say_count(len(ranges) - at_most, "more range"))
    if not spans:
        return ""
    is_one_bin = len(ranges) == 1 and ranges[0][0] == ranges[0][1]
    listed = spans[0] if len(spans) == 1 else f"{', '.join(spans[:-1])} and {spans[-1]}"
    return f"{'bin' if is_one_bin else 'bins'} {listed}"


def say_reproduction(
    identical: int | None, compared: int | None, max_difference: float | None
) -> str:
    """``36 of 36 series identical``; how far apart, where they are not."""
    if compared is None or identical is None:
        return ""
    said = f"{identical} of {compared} series identical"
    if identical < compared and max_difference == 0:
        # What could be compared agrees; the rest is in one of the two runs only.
        said += f", {compared - identical} in one of the runs only"
    elif identical < compared and max_difference is not None:
        said += f", at most {say_number(max_difference, decimals=6)} apart"
    return said
