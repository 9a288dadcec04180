"""Series as text: ``bin_index,value`` CSV to and from float64 arrays, exactly (bundles §4)."""

import re
from array import array
from functools import lru_cache
from typing import Final

import numpy as np
import orjson
from numpy.typing import NDArray

from flowtime.bundles.errors import BundleCorrupt, quoted

Series = NDArray[np.float64]

HEADER: Final = b"bin_index,value\n"
MAX_SERIES_BYTES: Final = 64 << 20
"""No series of 100,000 bins (engine §3) comes near; a file beyond it is not read at all."""

_BOM = b"\xef\xbb\xbf"
_NUMBER_BYTES = b"0123456789+-.eE"
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_LITERALS = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf, "": np.nan}
_COMMA, _NEWLINE = ord(","), ord("\n")


def format_series(values: Series) -> bytes:
    """The CSV text of ``values``, shape (bins,): shortest digits that read back exactly, one row a bin.

    Whole numbers carry no ``.0``; what is not finite is ``NaN``, ``Infinity`` or ``-Infinity``.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError("A series is one-dimensional.")
    if not len(values):
        return HEADER

    # One flat list, one call of the fastest float formatter there is, and every second comma made a newline.
    flat: list[object] = [None] * (2 * len(values))
    flat[::2] = _indices(len(values))
    flat[1::2] = values.tolist()
    text = orjson.dumps(flat)
    if not np.isfinite(values).all():
        text = _name_non_finite(text, values)
    rows = np.frombuffer(text.replace(b".0,", b",").replace(b".0]", b"]"), dtype=np.uint8).copy()
    rows[np.flatnonzero(rows == _COMMA)[1::2]] = _NEWLINE
    rows[-1] = _NEWLINE
    return HEADER + rows[1:].tobytes()


def parse_series(text: bytes, *, points: int, file: str) -> Series:
    """The values of a series file of exactly ``points`` rows, as a new float64 array of shape (points,).

    Empty cells and ``NaN`` are NaN. Raises BundleCorrupt with ``file``, ``line`` and ``column`` of the first
    bad cell. Text that the fast way does not understand is read again, cell by cell, by the strict one.
    """
    body = text.removeprefix(_BOM)
    if body.startswith(HEADER):
        values = _parse_fast(body[len(HEADER) :], points)
        if values is not None:
            return values
    return _parse_strict(text, points=points, file=file)


def parse_number(cell: str) -> float:
    """The number that one cell of CSV holds (bundles §4), NaN where it is empty.

    Raises ValueError, whose message says what is wrong: no other way to write a number is understood.
    """
    if cell in _LITERALS:
        return float(_LITERALS[cell])
    if _NUMBER.fullmatch(cell) is None:
        raise ValueError(f"{quoted(cell)} is not a number")
    number = float(cell)
    if not np.isfinite(number):
        raise ValueError(f"{quoted(cell)} is too large for a 64-bit number")
    return number


def _name_non_finite(text: bytes, values: Series) -> bytes:
    if not np.isinf(values).any():
        return text.replace(b"null", b"NaN")
    cells = text.split(b",")
    for position in np.flatnonzero(~np.isfinite(values)).tolist():
        name = {np.inf: b"Infinity", -np.inf: b"-Infinity"}.get(values[position], b"NaN")
        cells[2 * position + 1] = cells[2 * position + 1].replace(b"null", name)
    return b",".join(cells)


def _parse_fast(body: bytes, points: int) -> Series | None:
    """The values where ``body`` is exactly ``points`` rows of JSON numbers (or missing ones); None otherwise."""
    has_missing = b"N" in body
    if has_missing:
        body = body.replace(b",NaN\n", b",\n")
    # Only number bytes, and one comma and one newline a row, in that order: the shape cannot lie afterwards.
    if body.translate(None, _NUMBER_BYTES) != _skeleton(points) or not body.startswith(b"0,"):
        return None
    flat = None if has_missing else _load_flat(body)
    if flat is None:
        has_missing = True
        flat = _load_flat(body.replace(b",\n", b",null\n"))
    # Compared as text: 1.0 equals 1 as a number and is no index.
    if flat is None or orjson.dumps(flat[0::2]) != _index_text(points):
        return None
    if has_missing:
        values = np.array(flat[1::2], dtype=np.float64)
    else:
        values = np.frombuffer(array("d", flat[1::2]), dtype=np.float64)
    # A JSON parser reads -0 as the integer 0, and the sign would be lost. Each test is cheaper than the next.
    if b"-" in body and not values.all() and b"-0\n" in body:
        return None
    return values


def _load_flat(body: bytes) -> list[float] | None:
    """Index, value, index, value and so on; None where some cell is no JSON number."""
    try:
        flat: list[float] = orjson.loads(b"[" + body[:-1].replace(b"\n", b",") + b"]")
    except orjson.JSONDecodeError:
        return None
    return flat


def _parse_strict(text: bytes, *, points: int, file: str) -> Series:
    rows = _decoded(text, file).split("\n")
    if rows[0] != HEADER[:-1].decode():
        raise _bad(file, 1, 1, f"the header is {quoted(rows[0])}, not 'bin_index,value'")
    if rows[-1] != "":
        raise _bad(file, len(rows), len(rows[-1]) + 1, "the last line does not end: it may be cut")
    values = np.empty(points)
    for index, row in enumerate(rows[1:-1]):
        if index >= points:
            raise _bad(file, index + 2, 1, f"there are more than {points} rows")
        values[index] = _strict_row(row, index, file)
    if len(rows) - 2 < points:
        found = len(rows) - 2
        raise _bad(file, len(rows), 1, f"there are {found} rows, not {points}")
    return values


def _decoded(text: bytes, file: str) -> str:
    text = text.removeprefix(_BOM)
    for bad, reason in (
        (b"\r", "a carriage return: line endings were altered"),
        (b"\0", "a NUL byte"),
    ):
        at = text.find(bad)
        if at >= 0:
            raise _bad(file, *_position(text, at), reason)
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad(file, *_position(text, error.start), "bytes that are not UTF-8") from None


def _position(text: bytes, at: int) -> tuple[int, int]:
    start = text.rfind(b"\n", 0, at) + 1
    column = len(text[start:at].decode("utf-8", "replace")) + 1
    return text.count(b"\n", 0, at) + 1, column


def _strict_row(row: str, index: int, file: str) -> float:
    line = index + 2
    cell, comma, value = row.partition(",")
    if cell != str(index):
        raise _bad(file, line, 1, f"the bin is {quoted(cell)}, not {index}")
    column = len(cell) + 2
    if not comma:
        raise _bad(file, line, column, "the value is missing")
    if "," in value:
        column += value.index(",")
        raise _bad(file, line, column, "there are more than two cells")
    try:
        return parse_number(value)
    except ValueError as error:
        raise _bad(file, line, column, str(error)) from None


def _bad(file: str, line: int, column: int, reason: str) -> BundleCorrupt:
    return BundleCorrupt(
        f"{file}, line {line}, column {column}: {reason}.", file=file, line=line, column=column
    )


@lru_cache(maxsize=4)
def _indices(points: int) -> list[object]:
    return list(range(points))


@lru_cache(maxsize=4)
def _index_text(points: int) -> bytes:
    return orjson.dumps(_indices(points))


@lru_cache(maxsize=4)
def _skeleton(points: int) -> bytes:
    return b",\n" * points
