"""What a page draws as SVG without a script: tapes, lanes, sparklines and bars, as path data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np

from runs.arrays import largest_of, plain

STATES = {".": "gray", "g": "green", "y": "yellow", "r": "red", "d": "dlq"}
STATE_WORDS = {
    "gray": "undefined",
    "green": "within",
    "yellow": "at risk",
    "red": "beyond",
    "dlq": "dead letters",
}

MOST_STEPS = 1440
"""A chart is at most this many pixels wide; more steps than pixels cannot be told apart."""

# Tops of the bars: of 22 px in a full tape, of 16 in the list's, as the design draws them.
_FULL_TOPS = {"gray": 20.0, "green": 15.0, "yellow": 8.0, "red": 0.0, "dlq": 11.0}
_MINI_TOPS = {"green": 10.91, "yellow": 5.82, "red": 0.0, "dlq": 8.0}


def tape_paths(letters: str, *, is_mini: bool = False) -> list[tuple[str, str]]:
    """(state, path data) of a tape of one bar a letter; neighbours of one state are one rectangle.

    ``letters`` are ``. g y r d``. A mini tape leaves the undefined blank above its base line.
    """
    tops, floor = (_MINI_TOPS, 16) if is_mini else (_FULL_TOPS, 22)
    paths: dict[str, list[str]] = {}
    position = 0
    for letter, group in groupby(letters):
        width = len(list(group))
        state = STATES.get(letter, "gray")
        if state in tops:
            bar = f"M{position} {tops[state]:g}H{position + width}V{floor}H{position}Z"
            paths.setdefault(state, []).append(bar)
        position += width
    return [(state, "".join(bars)) for state, bars in paths.items()]


def volume_path(values: Sequence[float | None]) -> str:
    """The bars of a dead-letter tape: of every bin the same colour, as tall as its volume."""
    top = max([*(value for value in values if value is not None), 0.0]) or 1.0
    return "".join(
        f"M{index} {22 - max(20 * value / top, 1.5):.1f}H{index + 1}V22H{index}Z"
        for index, value in enumerate(values)
        if value
    )


def tape_sentence(letters: str, *, subject: str = "Worst state over the run") -> str:
    """A tape's accessible name: how many of its bars are in which state, the worst first."""
    counts = {
        state: sum(letters.count(letter) for letter, name in STATES.items() if name == state)
        for state in ("red", "yellow", "green", "dlq", "gray")
    }
    said = [f"{count} {STATE_WORDS[state]}" for state, count in counts.items() if count]
    return f"{subject}: {', '.join(said)}" if said else f"{subject}: none yet"


def spark_path(values: Sequence[float | None], *, height: float = 18, points: int = 240) -> str:
    """A sparkline from zero, broken where undefined; beyond ``points`` the largest of each stretch is drawn."""
    drawn = largest_of_stretches(values, math.ceil(len(values) / points))
    finite = [value for value in drawn if value is not None]
    # Halves: the difference of the two largest numbers there are is no number.
    top, bottom = max([*finite, 0.0]) / 2, min([*finite, 0.0]) / 2
    span = top - bottom or 1.0
    parts: list[str] = []
    is_open = False
    for index, value in enumerate(drawn):
        if value is None:
            is_open = False
            continue
        y = height - 1.5 - (value / 2 - bottom) / span * (height - 3)
        parts.append(f"{'L' if is_open else 'M'}{index} {y:.1f}")
        is_open = True
    return "".join(parts)


def bars_path(values: Iterable[float], *, height: float = 64) -> str:
    """One bar a value, zero-based, a hair apart; the tallest leaves four pixels."""
    listed = [value if math.isfinite(value) and value > 0 else 0.0 for value in values]
    top = max([*listed, 1.0])
    return "".join(
        f"M{i + 0.08:.2f} {height:g}V{height - value / top * (height - 4):.1f}H{i + 0.92:.2f}V{height:g}Z"
        for i, value in enumerate(listed)
    )


def largest_of_stretches(values: Sequence[float | None], stretch: int) -> list[float | None]:
    """The largest defined value of each stretch of so many bins; the values themselves where that is one."""
    return plain(largest_of(np.array(values, dtype=float), stretch))
