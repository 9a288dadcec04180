"""A whole run as one long table, place by place, written while it is read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import orjson

from runs.arrays import read_array
from runs.layout import Layout, layout_of
from runs.reading import readable
from runs.state import begins_of

if TYPE_CHECKING:
    import numpy as np

    from runs.layout import PlaceLayout
    from runs.models import Run

COLUMNS = ("time_bin", "bin_start_utc", "node_id", "class", "measure", "value")
TOTAL = "DEFAULT"
"""The class of what is not split by class."""

Column = tuple[str, str, str, str]
"""Place, class, measure, and the id of the series."""


def csv_of(run: Run) -> Iterator[bytes]:
    """The table as CSV (RFC 4180, lines end in LF); an undefined value is an empty cell.

    As with ``ndjson_of``, every file is read and checked before this returns: a download does not break off
    because a file is damaged. Raises RunUnreadable.
    """
    return _started(_csv(run))


def ndjson_of(run: Run) -> Iterator[bytes]:
    """The table as one JSON object a line; an undefined value is null. Raises RunUnreadable."""
    return _started(_ndjson(run))


def _started(rows: Iterator[bytes]) -> Iterator[bytes]:
    """``rows`` after its first step, which is empty and stands for everything that can be refused."""
    next(rows)
    return rows


def _csv(run: Run) -> Iterator[bytes]:
    with readable(run) as bundle:
        layout = layout_of(bundle)
        columns = list(_columns(layout))
        for *_, series_id in columns:
            read_array(bundle, series_id)
        yield b""
        yield f"{','.join(COLUMNS)}\n".encode()
        heads = [f"{index},{begins or ''}," for index, begins in enumerate(_begins(layout))]
        for place, class_id, measure, series_id in columns:
            middle = _csv_line(place, class_id, measure)
            texts = ("" if t == "null" else t for t in _texts(read_array(bundle, series_id)))
            yield "".join(
                [f"{head}{middle},{text}\n" for head, text in zip(heads, texts, strict=True)]
            ).encode()


def _ndjson(run: Run) -> Iterator[bytes]:
    with readable(run) as bundle:
        layout = layout_of(bundle)
        columns = list(_columns(layout))
        for *_, series_id in columns:
            read_array(bundle, series_id)
        yield b""
        heads = [
            _json_part({"time_bin": index, "bin_start_utc": begins})
            for index, begins in enumerate(_begins(layout))
        ]
        for place, class_id, measure, series_id in columns:
            middle = _json_part({"node_id": place, "class": class_id, "measure": measure})
            texts = _texts(read_array(bundle, series_id))
            yield "".join(
                [
                    f'{{{head},{middle},"value":{text}}}\n'
                    for head, text in zip(heads, texts, strict=True)
                ]
            ).encode()


def _columns(layout: Layout) -> Iterator[Column]:
    for place in layout.places:
        yield from _columns_of(place)


def _columns_of(place: PlaceLayout) -> Iterator[Column]:
    for role, entry in place.observed.items():
        yield place.id, TOTAL, role, entry.series_id
        for class_id, part in sorted(place.parts.get(role, {}).items()):
            yield place.id, class_id, role, part.series_id
    for metric, entry in place.derived.items():
        yield place.id, TOTAL, metric, entry.series_id


def _begins(layout: Layout) -> list[str | None]:
    return begins_of(layout, 0, layout.bins - 1) or [None] * layout.bins


def _texts(values: np.ndarray) -> list[str]:
    """Shortest digits that read back exactly, whole numbers without a point; ``null`` for what is not finite."""
    text = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    return [cell.removesuffix(".0") for cell in text[1:-1].split(",")]


def _csv_line(*cells: str) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()


def _json_part(facts: dict[str, object]) -> str:
    """The members of an object without its braces."""
    return orjson.dumps(facts).decode()[1:-1]
