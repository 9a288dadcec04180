"""A whole run, or a range of its bins, as one long table, place by place, written while it is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from runs.arrays import read_array
from runs.csv_text import LINE_END, csv_line
from runs.errors import WindowTooLarge
from runs.layout import Layout, layout_of
from runs.reading import readable
from runs.state import begins_of

if TYPE_CHECKING:
    import numpy as np

    from flowtime.bundles import RunBundle
    from runs.layout import PlaceLayout
    from runs.models import Run

COLUMNS = ("time_bin", "bin_start_utc", "node_id", "class", "measure", "value")
TOTAL = "DEFAULT"
"""The class of what is not split by class."""
MAX_ROWS = 20_000_000
"""Rows of one table: half an hour of a slow line, and more than a spreadsheet or a notebook wants at once."""

Column = tuple[str, str, str, str]
"""Place, class, measure, and the id of the series."""


@dataclass(frozen=True, slots=True)
class Table:
    """What is exported of an open bundle: a column after the other, each over the bins ``first`` to ``last``."""

    bundle: RunBundle
    layout: Layout
    first: int
    last: int

    @property
    def columns(self) -> list[Column]:
        return [column for place in self.layout.places for column in _columns_of(place)]

    @property
    def bins(self) -> range:
        return range(self.first, self.last + 1)

    @property
    def begins(self) -> list[str | None]:
        """When each bin begins, as text; None where the model does not say."""
        found = begins_of(self.layout, self.first, self.last)
        return list(found) if found is not None else [None] * len(self.bins)

    def values(self, series_id: str) -> np.ndarray:
        """The values of a series in these bins, NaN or infinite where undefined."""
        return read_array(self.bundle, series_id)[self.first : self.last + 1]

    def check(self) -> None:
        """Read every file, so that a download does not break off because one is damaged.

        Raises WindowTooLarge, BundleMissing or BundleCorrupt.
        """
        check_size(len(self.columns), len(self.bins))
        for *_, series_id in self.columns:
            self.values(series_id)


def csv_of(run: Run, first: int, last: int) -> Iterator[bytes]:
    """The table as CSV (RFC 4180); an undefined value is an empty cell.

    As with the other forms, everything that can be refused is refused before this returns. Raises RunUnreadable
    or WindowTooLarge.
    """
    return _started(_csv(run, first, last))


def ndjson_of(run: Run, first: int, last: int) -> Iterator[bytes]:
    """The table as one JSON object a line; an undefined value is null."""
    return _started(_ndjson(run, first, last))


def parquet_of(run: Run, first: int, last: int) -> Iterator[bytes]:
    """The table as an Apache Parquet file, one group of rows after the other; an undefined value is null."""
    return _started(_parquet(run, first, last))


def check_size(columns: int, bins: int) -> None:
    """Raise WindowTooLarge beyond MAX_ROWS rows, saying how many bins fit."""
    rows = columns * bins
    if rows > MAX_ROWS:
        fitting = max(MAX_ROWS // columns, 1)
        raise WindowTooLarge(
            f"{bins:,} bins of {columns:,} measures are {rows:,} rows; one table holds {MAX_ROWS:,}. "
            f"Ask for {fitting:,} bins or fewer at once, with from and to.",
            maxBins=fitting,
        )


def _started(rows: Iterator[bytes]) -> Iterator[bytes]:
    """``rows`` after its first step, which is empty and stands for everything that can be refused."""
    next(rows)
    return rows


def _csv(run: Run, first: int, last: int) -> Iterator[bytes]:
    with readable(run) as bundle:
        table = Table(bundle, layout_of(bundle), first, last)
        table.check()
        yield b""
        yield f"{csv_line(COLUMNS)}{LINE_END}".encode()
        heads = [
            f"{index},{begins or ''},"
            for index, begins in zip(table.bins, table.begins, strict=True)
        ]
        for place, class_id, measure, series_id in table.columns:
            middle = csv_line((place, class_id, measure))
            texts = ("" if text == "null" else text for text in _texts(table.values(series_id)))
            yield "".join(
                [
                    f"{head}{middle},{text}{LINE_END}"
                    for head, text in zip(heads, texts, strict=True)
                ]
            ).encode()


def _ndjson(run: Run, first: int, last: int) -> Iterator[bytes]:
    with readable(run) as bundle:
        table = Table(bundle, layout_of(bundle), first, last)
        table.check()
        yield b""
        heads = [
            _json_part({"time_bin": index, "bin_start_utc": begins})
            for index, begins in zip(table.bins, table.begins, strict=True)
        ]
        for place, class_id, measure, series_id in table.columns:
            middle = _json_part({"node_id": place, "class": class_id, "measure": measure})
            texts = _texts(table.values(series_id))
            yield "".join(
                [
                    f'{{{head},{middle},"value":{text}}}\n'
                    for head, text in zip(heads, texts, strict=True)
                ]
            ).encode()


def _parquet(run: Run, first: int, last: int) -> Iterator[bytes]:
    # The library takes longer to import than most answers take, and nothing else needs it.
    from runs.parquet import write_parquet

    with readable(run) as bundle:
        table = Table(bundle, layout_of(bundle), first, last)
        table.check()
        yield b""
        yield from write_parquet(table)


def _columns_of(place: PlaceLayout) -> Iterator[Column]:
    for role, entry in place.observed.items():
        yield place.id, TOTAL, role, entry.series_id
        for class_id, part in sorted(place.parts.get(role, {}).items()):
            yield place.id, class_id, role, part.series_id
    for metric, entry in place.derived.items():
        yield place.id, TOTAL, metric, entry.series_id


def _texts(values: np.ndarray) -> list[str]:
    """Shortest digits that read back exactly, whole numbers without a point; ``null`` for what is not finite."""
    text = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    return [cell.removesuffix(".0") for cell in text[1:-1].split(",")]


def _json_part(facts: dict[str, object]) -> str:
    """The members of an object without its braces."""
    return orjson.dumps(facts).decode()[1:-1]
