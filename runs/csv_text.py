"""Tables as CSV that a spreadsheet opens as what it is: RFC 4180, and no text that it would run as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from runs.wording import MINUS

# What a spreadsheet takes for the beginning of a formula (bundles §4).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", MINUS)


LINE_END = "\r\n"
"""As RFC 4180 has it."""


def csv_line(cells: Sequence[object]) -> str:
    """One record without its end; None is an empty cell. Numbers stay numbers, text never becomes a formula."""
    line = io.StringIO()
    # The writer quotes a cell with a line break only where its own lines end in one.
    csv.writer(line, lineterminator=LINE_END).writerow([_safe(cell) for cell in cells])
    return line.getvalue().removesuffix(LINE_END)


def csv_table(rows: Iterable[Sequence[object]]) -> bytes:
    """Records, each with its end."""
    return "".join(f"{csv_line(row)}{LINE_END}" for row in rows).encode()


def _safe(cell: object) -> object:
    # An apostrophe in front is how spreadsheets themselves write "this is text".
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
