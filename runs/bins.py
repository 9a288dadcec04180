"""The bins of a run on a page: how many steps a chart has, when each bin begins, and rows of a table of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from runs import wording
from runs.drawing import MOST_STEPS
from runs.node_panel import ROWS_A_PAGE

if TYPE_CHECKING:
    from runs.models import Run


def stretch_of(bins: int) -> int:
    """How many bins one step of a chart stands for."""
    return math.ceil(bins / MOST_STEPS)


def begins(run: Run, index: int) -> str:
    """When a bin begins: ``Thu 7 Feb, 19:00``, or its number."""
    return wording.say_bin(
        index, start=run.window_start, bin_size=run.bin_size, bin_unit=run.bin_unit
    )


def clock_of(run: Run, index: int) -> str:
    """``Thu 7 Feb, 19:00, bin 19``; the number alone where there is no clock."""
    said = begins(run, index)
    return said if run.window_start is None else f"{said}, bin {index}"


def rows_from(run: Run, first: int) -> Iterator[tuple[int, str]]:
    """(bin, when it begins) of a page of the table."""
    for index in range(first, min(first + ROWS_A_PAGE, run.bins)):
        yield index, begins(run, index)
