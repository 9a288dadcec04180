"""A compiled model: what will be computed, in which order and into which rows, decided once (engine §11, §23.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .expanded import Expanded
from .model import Limits, Model
from .records import SeriesInfo


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """An immutable recipe for runs of one model; may be run many times and concurrently.

    ``rows`` maps a key (bare id or ``id@Class``) to its row of ``Result.values``, which follows ``index``. ``classes``
    names the classes that occur in each series that has any. ``order`` lists the vertices as they are evaluated.
    ``prepared`` keeps what ``edges``, ``metrics`` and ``checks`` settled before the first run.
    """

    model: Model
    expanded: Expanded
    limits: Limits
    index: tuple[SeriesInfo, ...]
    rows: Mapping[str, int]
    classes: Mapping[str, tuple[str, ...]]
    order: tuple[str, ...]
    prepared: Mapping[str, Any] = field(repr=False)

    @property
    def series_ids(self) -> tuple[str, ...]:
        """Every full series id of a result, in the order of its rows."""
        return tuple(info.series_id for info in self.index)
