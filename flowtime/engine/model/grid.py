"""The time grid of a model (engine §2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

UNIT_MINUTES: Mapping[str, int] = {"minutes": 1, "hours": 60, "days": 1440, "weeks": 10080}


@dataclass(frozen=True, slots=True)
class Grid:
    """``bins`` equal, adjacent, left-aligned bins; ``start`` is UTC, or None (engine §2.1)."""

    bins: int
    bin_size: int
    bin_unit: str
    start: np.datetime64 | None = None

    @property
    def bin_minutes(self) -> int:
        return self.bin_size * UNIT_MINUTES[self.bin_unit]

    @property
    def bin_ms(self) -> int:
        return 60_000 * self.bin_minutes

    def starts(self) -> np.ndarray | None:
        """The instant each bin begins, ``datetime64[ms]`` of shape (bins,); None without a start."""
        if self.start is None:
            return None
        first = self.start.astype("datetime64[ms]")
        starts: np.ndarray = first + np.arange(self.bins) * np.timedelta64(self.bin_ms, "ms")
        return starts
