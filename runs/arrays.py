"""Parsed series, kept by the digest of the file they came from, within a bound of bytes; and arrays made fit for a page."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from flowtime.bundles import RunBundle

# Ten runs of 20 nodes and 8,760 bins; a process of the server holds one such store.
MAX_BYTES = 128 << 20


# Threads that parse at the same time, each something else.
_PARSERS = 64

Key = tuple[str, int]


class ArrayStore:
    """Read-only arrays by key; what was asked for longest ago goes first once ``max_bytes`` are exceeded.

    For all threads of a process: what several ask for at once is parsed once.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._arrays: OrderedDict[Key, np.ndarray] = OrderedDict()
        self._lock = Lock()
        self._parsing = [Lock() for _ in range(_PARSERS)]

    def __len__(self) -> int:
        return len(self._arrays)

    def get(self, key: Key) -> np.ndarray | None:
        with self._lock:
            found = self._arrays.get(key)
            if found is not None:
                self._arrays.move_to_end(key)
            return found

    def put(self, key: Key, values: np.ndarray) -> None:
        with self._lock:
            if key in self._arrays or values.nbytes > self.max_bytes:
                return
            self._arrays[key] = values
            self.bytes += values.nbytes
            while self.bytes > self.max_bytes:
                _, dropped = self._arrays.popitem(last=False)
                self.bytes -= dropped.nbytes

    def read(self, key: Key, parse: Callable[[], np.ndarray]) -> np.ndarray:
        """What is kept under ``key``, or else what ``parse`` gives, which is kept and made read-only."""
        found = self.get(key)
        if found is not None:
            return found
        with self._parsing[hash(key) % _PARSERS]:
            found = self.get(key)
            if found is None:
                found = parse()
                found.flags.writeable = False
                self.put(key, found)
            return found

    def clear(self) -> None:
        with self._lock:
            self._arrays.clear()
            self.bytes = 0


STORE = ArrayStore(MAX_BYTES)


def read_array(bundle: RunBundle, series_id: str, *, store: ArrayStore = STORE) -> np.ndarray:
    """The values of a series, float64 of shape (bins,), read-only; parsed once for each content.

    The key is the digest in the manifest, which is checked against the row, and not the one in the index: a
    bundle cannot pass its numbers off as another's. Raises SeriesNotFound, BundleMissing or BundleCorrupt.
    """
    key = (bundle.series_digest(series_id), bundle.manifest.grid.bins)
    return store.read(key, lambda: bundle.series(series_id))


def plain(values: np.ndarray) -> list[float | None]:
    """An array as a page can hold it: what is not finite is undefined."""
    return [value if math.isfinite(value) else None for value in values.tolist()]


def largest_of(values: np.ndarray, stretch: int) -> np.ndarray:
    """The largest finite value of each stretch of so many bins, NaN where there is none."""
    if stretch <= 1:
        return values
    finite = np.where(np.isfinite(values), values, -np.inf)
    tops = np.maximum.reduceat(finite, np.arange(0, len(values), stretch))
    return np.where(np.isneginf(tops), np.nan, tops)
