"""Two courses over one another as SVG path data, and what stands on their scales: amounts and moments."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from runs import wording

if TYPE_CHECKING:
    from runs.models import Run

HEIGHT = 100.0
# Of a hundred: the line of the largest value keeps clear of the edge.
HEADROOM = 5.0
MOST_MOMENTS = 10
_HOURS = (1, 2, 3, 6, 12)
_DAY = timedelta(days=1)

Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Scale:
    """From the least to the largest value that is drawn, zero always among them."""

    bottom: float
    top: float

    @classmethod
    def of(cls, *courses: Values) -> Scale:
        finite = [value for values in courses for value in values if value is not None]
        return cls(min([*finite, 0.0]), max([*finite, 0.0]))

    def y(self, value: float) -> float:
        """How far from the top of the drawing a value stands."""
        # Halves: the difference of the two largest numbers there are is no number.
        span = (self.top / 2 - self.bottom / 2) or 1.0
        return HEIGHT - (value / 2 - self.bottom / 2) / span * (HEIGHT - HEADROOM)

    def amounts(self) -> list[float]:
        """Two to four round values to draw a line at."""
        step = nice_step(self.top - self.bottom)
        if not math.isfinite(step):
            return []
        first = math.ceil(self.bottom / step)
        marks = [n * step for n in range(first, first + 8)]
        return [mark for mark in marks if mark and self.bottom <= mark <= self.top]

    def marks(self) -> list[tuple[str, str]]:
        """(how far down, words) of the lines across."""
        return [
            (f"{self.y(value):.2f}%", wording.say_number(value, decimals=6))
            for value in self.amounts()
        ]

    def zero(self) -> str:
        """How far down zero stands."""
        return f"{min(self.y(0.0), 99.4):.2f}%"


def nice_step(span: float) -> float:
    """A step of 1, 2 or 5 times a power of ten that divides ``span`` in four at most."""
    if not span > 0:
        return math.inf
    decade = 10.0 ** math.floor(math.log10(span))
    return next((n * decade for n in (0.5, 1.0, 2.0, 5.0) if span / (n * decade) <= 4), 10 * decade)


def step_path(values: Values, scale: Scale) -> str:
    """Steps, broken where undefined."""
    parts: list[str] = []
    position, is_open = 0, False
    for value, group in groupby(values):
        end = position + len(list(group))
        if value is not None:
            start = "V" if is_open else f"M{position} "
            parts.append(f"{start}{scale.y(value):.2f}H{end}")
        position, is_open = end, value is not None
    return "".join(parts)


def area_path(ours: Values, theirs: Values, scale: Scale) -> str:
    """What lies between the two where both are defined and apart."""
    parts: list[str] = []
    position = 0
    for (a, b), group in groupby(zip(ours, theirs, strict=True)):
        end = position + len(list(group))
        if a is not None and b is not None and a != b:
            parts.append(f"M{position} {scale.y(a):.2f}H{end}V{scale.y(b):.2f}H{position}Z")
        position = end
    return "".join(parts)


def moments(
    start: datetime | None, bins: int, bin_minutes: int
) -> Iterator[tuple[float, str, str]]:
    """(bin, words, more words) of at most ten moments: days, hours of a short window, bins without a clock."""
    if start is None:
        for number in range(0, bins, max(math.ceil(nice_step(bins)), 1)):
            yield number, f"bin {number}", ""
        return
    start = start.astimezone(UTC)
    length = timedelta(minutes=bins * bin_minutes)
    step_of_time = _step_of(length)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight + math.ceil((start - midnight) / step_of_time) * step_of_time
    while at < start + length:
        index = (at - start) / timedelta(minutes=bin_minutes)
        yield index, *_words(at, step_of_time)
        at += step_of_time


def marks_of_time(run: Run) -> list[tuple[str, str, str]]:
    """(how far to the right, words, more words) of the moments of a run."""
    found = moments(run.window_start, run.bins, run.window_minutes // run.bins)
    return [(f"{100 * index / run.bins:.3f}%", short, more) for index, short, more in found]


def _step_of(length: timedelta) -> timedelta:
    if length > 2 * _DAY:
        return math.ceil(length / MOST_MOMENTS / _DAY) * _DAY
    hours = (timedelta(hours=n) for n in _HOURS)
    if length < timedelta(hours=1):
        return timedelta(minutes=max(math.ceil(length / timedelta(minutes=1) / MOST_MOMENTS), 1))
    return next((step for step in hours if length / step <= MOST_MOMENTS), _DAY)


def _words(at: datetime, step: timedelta) -> tuple[str, str]:
    if step < _DAY:
        return f"{at:%H:%M}", ""
    return f"{at:%a}", f"{at.day} {at:%b}"
