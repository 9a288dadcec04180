"""The exported table as Apache Parquet, a group of rows at a time. Imported only when one is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from runs.exporting import Column, Table

# Large enough to compress and to scan well, small enough that a few of them are nothing to hold.
GROUP_ROWS = 1 << 17
LIBRARY_VERSION = pa.__version__

SCHEMA = pa.schema(
    [
        pa.field("time_bin", pa.int32(), nullable=False),
        pa.field("bin_start_utc", pa.timestamp("ms", tz="UTC")),
        pa.field("node_id", pa.string(), nullable=False),
        pa.field("class", pa.string(), nullable=False),
        pa.field("measure", pa.string(), nullable=False),
        pa.field("value", pa.float64()),
    ]
)


class _Outlet:
    """A file that keeps what is written until somebody takes it."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """There is nothing behind this file that could be told to hurry."""

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken


def write_parquet(table: Table) -> Iterator[bytes]:
    """The bytes of the file, after each group of rows and at the end."""
    outlet = _Outlet()
    bins = np.arange(table.first, table.last + 1, dtype=np.int32)
    begins = pa.array(table.begins, pa.string()).cast(pa.timestamp("ms", tz="UTC"))
    about = {"flowtime.runId": table.layout.run_id}
    with pq.ParquetWriter(outlet, SCHEMA.with_metadata(about), compression="zstd") as writer:
        columns = table.columns
        at_once = max(GROUP_ROWS // len(bins), 1)
        for start in range(0, len(columns), at_once):
            group = columns[start : start + at_once]
            batches = [_batch(table, column, bins, begins) for column in group]
            writer.write_table(pa.Table.from_batches(batches), row_group_size=GROUP_ROWS)
            yield outlet.take()
    yield outlet.take()


def _batch(table: Table, column: Column, bins: np.ndarray, begins: pa.Array) -> pa.RecordBatch:
    place, class_id, measure, series_id = column
    values = table.values(series_id)
    return pa.record_batch(
        [
            pa.array(bins),
            begins,
            *(
                pa.repeat(pa.scalar(text, pa.string()), len(bins))
                for text in (place, class_id, measure)
            ),
            pa.array(values, mask=~np.isfinite(values)),
        ],
        schema=SCHEMA,
    )
