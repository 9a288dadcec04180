"""Which series the outputs of a model select; never what is computed (engine §8.8)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..model.model import Output


@dataclass(frozen=True, slots=True)
class Candidate:
    """A series as patterns see it: its bare id or ``id@Class``, and what it is."""

    key: str
    is_derived: bool
    is_part: bool


def select(
    outputs: Sequence[Output], candidates: Iterable[Candidate]
) -> tuple[set[str], list[int]]:
    """The keys that the outputs name, and the positions of the outputs that name none."""
    known = _Known(tuple(candidates))
    if not outputs:
        return set(known.plain | known.derived), []
    selected: set[str] = set()
    empty = []
    for position, output in enumerate(outputs):
        found = set(known.matching(output.series))
        for pattern in output.exclude:
            found -= known.matching(pattern)
        selected |= found
        if not found:
            empty.append(position)
    return selected, empty


class _Known:
    """The candidates, arranged so that thousands of patterns stay cheap."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self.all = frozenset(c.key for c in candidates)
        self.derived = frozenset(c.key for c in candidates if c.is_derived)
        self.plain = frozenset(c.key for c in candidates if not c.is_derived and not c.is_part)
        self.sorted = sorted(self.plain | self.derived)

    def matching(self, pattern: str) -> frozenset[str]:
        """The keys under ``*``, ``derived:*``, ``prefix/*`` or one id."""
        if pattern == "*":
            return self.plain
        if pattern == "derived:*":
            return self.derived
        if not pattern.endswith("/*"):
            return self.all & {pattern}
        prefix = pattern.removesuffix("/*")
        start = bisect_left(self.sorted, prefix)
        stop = bisect_left(self.sorted, prefix + chr(0x10FFFF))
        return frozenset(self.sorted[start:stop])
