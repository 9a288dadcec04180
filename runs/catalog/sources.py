"""External arrays of templates: columns of CSV files that lie beside the template."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np

COLUMN = re.compile(r"file:(?P<file>[A-Za-z0-9][A-Za-z0-9._-]{0,127}\.csv)#(?P<column>[A-Za-z0-9_.-]+)")


def read_columns(directory: Path, texts: Iterable[str]) -> dict[str, np.ndarray]:
    """The columns that ``texts`` name, by text; float64, NaN where a cell is empty. Unknown ones are left out."""
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
        # A name is a plain file beside the template: a link could lead anywhere.
        if path.is_symlink() or not path.is_file():
            return {}
        facts = path.stat()
        return _parse(path, facts.st_mtime_ns, facts.st_size)
    except (OSError, ValueError):
        return {}


@lru_cache(maxsize=32)
def _parse(path: Path, mtime_ns: int, size: int) -> dict[str, np.ndarray]:
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = list(csv.reader(file))
    columns = {}
    for name, *cells in zip(header, *rows, strict=True):
        array = np.array([float(cell) if cell else np.nan for cell in cells])
        array.setflags(write=False)
        columns[name] = array
    return columns
