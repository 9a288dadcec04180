"""Where generated code finds its numbers: rows of the run's space, and constants that belong to the plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..kernels.dispatch import open_bins
from .tape import Note


class Surroundings:
    """The names that generated code may use: engine-made ones only, never text of a document (engine §24).

    ``slots`` maps each key to its row of the space; ``used`` lists the rows that the code names, in the order of their
    numbers there. Constants are zero-dimensional arrays, which whole-array operations take without converting them.
    """

    def __init__(self, slots: Mapping[str, int], bins: int) -> None:
        self.slots = slots
        self.bins = bins
        self.used: dict[int, int] = {}
        self.names: dict[str, Any] = {"inf": float("inf"), "nan": float("nan")}
        self.notes: list[Note] = []
        self._constants: dict[object, str] = {}

    def row(self, key: str) -> str:
        slot = self.slots[key]
        return f"r[{self.used.setdefault(slot, len(self.used))}]"

    def number(self, value: float) -> str:
        """A constant for whole-array operations."""
        return self._keep(("number", repr(value)), "k", lambda: _frozen(np.array(value)))

    def mask(self, period: int, phase: int) -> str:
        """The open bins of a schedule or a pulse."""
        build = lambda: _frozen(open_bins(period, phase, self.bins))  # noqa: E731
        return self._keep(("mask", period, phase), "g", build)

    def everywhere(self) -> str:
        return self._keep(("mask",), "g", lambda: _frozen(np.ones(self.bins, dtype=bool)))

    def kernel(self, taps: tuple[float, ...]) -> str:
        """Taps, cut to what the window can hold."""
        held = taps[: self.bins]
        return self._keep(("kernel", repr(taps)), "z", lambda: _frozen(np.array(held)))

    def note(self, note: Note) -> int:
        """Remember a note; its number is what the code reports."""
        self.notes.append(note)
        return len(self.notes) - 1

    def _keep(self, identity: object, prefix: str, build: Any) -> str:
        name = self._constants.get(identity)
        if name is None:
            name = f"{prefix}{len(self._constants)}"
            self._constants[identity] = name
            self.names[name] = build()
        return name


def _frozen(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array
