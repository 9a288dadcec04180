"""External arrays of templates: columns of CSV files that lie beside the template."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np

from flowtime.bundles.series import parse_number

from .files import Stamp, Unreadable, read_plain_file, stamp_of

COLUMN = re.compile(
    r"file:(?P<file>[A-Za-z0-9][A-Za-z0-9._-]{0,127}\.csv)#(?P<column>[A-Za-z0-9_.-]+)"
)

# 100 000 bins of twenty columns, each number with a dozen characters.
MAX_SOURCE_BYTES = 32 * 2**20


def read_columns(directory: Path, texts: Iterable[str]) -> dict[str, np.ndarray]:
    """The columns that ``texts`` name, by text; float64, NaN where a cell is empty. Unknown ones are left out.

    Cells are read as those of bundles are (bundles §4). Left out is every column of a file that is no table of such
    numbers, names a column twice, or lies behind a link out of ``directory``.
    """
    arrays = {}
    for text in texts:
        match = COLUMN.fullmatch(text)
        if match is None:
            continue
        columns = _columns_of(directory / match["file"])
        if match["column"] in columns:
            arrays[text] = columns[match["column"]]
    return arrays


def _columns_of(path: Path) -> dict[str, np.ndarray]:
    try:
        return _parse(path, stamp_of(path))
    except (OSError, Unreadable, ValueError, csv.Error):
        return {}


@lru_cache(maxsize=32)
def _parse(path: Path, stamp: Stamp) -> dict[str, np.ndarray]:
    data = read_plain_file(path, MAX_SOURCE_BYTES + 1)
    if len(data) > MAX_SOURCE_BYTES:
        raise Unreadable("It is too large.")
    header, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    if len(set(header)) < len(header):
        raise Unreadable("It names a column twice.")
    columns = {}
    for name, *cells in zip(header, *rows, strict=True):
        array = np.array([parse_number(cell) for cell in cells])
        array.setflags(write=False)
        columns[name] = array
    return columns
