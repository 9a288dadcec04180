"""Columns of a run as the player's script reads them: little-endian arrays behind a header of JSON, exact to the bit."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from runs.arrays import largest_of
from runs.drawing import MOST_STEPS
from runs.layout import letters_of
from runs.travel import BASE

if TYPE_CHECKING:
    from runs.travel import Journey, Stop

MAX_CELLS = 250_000
"""Values in one block: about a megabyte, so that the first is there at once and the rest follows while one looks."""

Column = tuple[str, str, np.ndarray]


def bins_each(journey: Journey) -> int:
    """How many bins one block of the base columns holds."""
    width = sum(1 + sum(name in stop.columns for name in BASE) for stop in journey.stops)
    width += sum(values is not None for _, values in journey.flows)
    return max(MAX_CELLS // max(width, 1), 1)


def is_whole(journey: Journey) -> bool:
    """Whether one block holds the run and can be drawn as it is."""
    return journey.bins <= min(bins_each(journey), MOST_STEPS)


def stretch_of(journey: Journey) -> int:
    """How many bins a step of the overview stands for."""
    return 1 if is_whole(journey) else -(-journey.bins // MOST_STEPS)


def base_block(journey: Journey, first: int, last: int) -> bytes:
    """The base columns, colours and flows of the bins ``first`` to ``last`` inclusive."""
    span = slice(first, last + 1)

    def columns() -> Iterator[Column]:
        for stop in journey.stops:
            yield "letters", stop.layout.id, _letters(stop.colours[span])
            for name in BASE:
                if name in stop.columns:
                    yield name, stop.layout.id, stop.columns[name][span]
        for edge, values in journey.flows:
            if values is not None:
                yield "flow", edge.id, values[span]
        for name, values in _totals(journey):
            yield name, "", values[span]

    return pack(columns())


def metric_block(journey: Journey, metric: str, first: int, last: int) -> bytes:
    """One more column of every node that has it."""
    return pack(
        (metric, stop.layout.id, stop.columns[metric][first : last + 1])
        for stop in journey.stops
        if metric in stop.columns
    )


def node_block(stop: Stop) -> bytes:
    """Every column of one node over the whole run."""
    return pack((name, stop.layout.id, values) for name, values in stop.columns.items())


def overview_block(journey: Journey) -> bytes:
    """The whole run in steps: the largest value of each stretch, so that no peak is lost."""
    stretch = stretch_of(journey)
    own = [
        (name, stop.layout.id, stop.columns[name])
        for stop in journey.stops
        for name in BASE
        # Arrivals are drawn of the selected node alone, which has all its bins.
        if stop.is_compared and name in stop.columns and name != "arrivals"
    ]
    totals = [(name, "", values) for name, values in _totals(journey)]
    # To be drawn in pixels, so that half the digits are enough.
    return pack(
        (name, owner, largest_of(values, stretch).astype("<f4"))
        for name, owner, values in own + totals
    )


def _totals(journey: Journey) -> Iterator[tuple[str, np.ndarray]]:
    """What stands on the ruler, and what is lost at all nodes together."""
    yield "leading", journey.leading[2]
    yield "all-errors", journey.total("errors")


def pack(columns: Iterable[Column]) -> bytes:
    """A length, a header of ``[name, owner, type]`` for each column, and the columns; all starts at multiples of 8.

    A column is ``f4`` where that says the same as ``f8``, and ``u1`` for letters.
    """
    header: list[Sequence[str]] = []
    parts: list[bytes] = []
    for name, owner, values in columns:
        exact = _narrow(values)
        header.append((name, owner, exact.dtype.str[1:]))
        parts.append(_padded(exact.tobytes()))
    head = _padded(json.dumps(header, separators=(",", ":")).encode())
    return b"".join([struct.pack("<II", len(head), len(header)), head, *parts])


def _narrow(values: np.ndarray) -> np.ndarray:
    if values.dtype != np.float64:
        return values
    with np.errstate(over="ignore"):
        short = values.astype("<f4")
    if np.array_equal(short.astype("<f8"), values, equal_nan=True):
        return short
    return values.astype("<f8")


def _padded(part: bytes) -> bytes:
    return part + b" " * (-len(part) % 8)


def _letters(colours: np.ndarray) -> np.ndarray:
    return np.frombuffer(letters_of(colours).encode(), dtype=np.uint8)
