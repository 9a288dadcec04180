"""Plain data that knows where its entries stand in the text it came from (engine §4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ..expressions.parser import Parsed
from ..limits import Limits
from ..problems import Path
from .opaque import HiddenPlaceholders

LARGEST_INTEGER: Final = 2**53 - 1
"""The largest integer that every reader of JSON agrees on (engine §22.1)."""

MARK_COLUMNS: Final = 1 << 24
"""A mark is ``line * MARK_COLUMNS + column``, both 0-based."""


@dataclass(frozen=True, slots=True)
class TextNote:
    """A problem found while the text was read; ``mark`` is (line, column), 1-based."""

    code: str
    path: Path
    message: str
    mark: tuple[int, int] | None = None


@dataclass(slots=True)
class Document:
    """Plain data with places. ``root`` is never changed; UNKNOWN stands where a scalar was refused.

    ``templated`` lists the paths of scalars that contain ``${``. ``marks`` maps the id of each collection to the
    marks of its entries; ``hidden`` turns their columns into those of the text as written. ``parsed`` keeps the
    expressions that loading parsed.
    """

    root: Any
    notes: list[TextNote] = field(default_factory=list)
    templated: list[Path] = field(default_factory=list)
    templated_keys: list[Path] = field(default_factory=list)
    marks: dict[int, list[int]] | None = None
    hidden: HiddenPlaceholders | None = None
    parsed: dict[tuple[Limits, bool], dict[str, Parsed]] = field(default_factory=dict)
    _orders: dict[int, dict[str, int]] = field(default_factory=dict)
    _templates: list[tuple[Path, str]] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether nothing in the document depends on parameters."""
        return not (isinstance(self.root, dict) and self.root.get("parameters")) and (
            not self.templated
        )

    @property
    def templates(self) -> list[tuple[Path, str]]:
        """The scalars with placeholders, those under ignored keys left out."""
        if self._templates is None:
            self._templates = list(self._find_templates())
        return self._templates

    def _find_templates(self) -> Iterator[tuple[Path, str]]:
        for path in self.templated:
            if any(isinstance(step, str) and step.startswith("x-") for step in path):
                continue
            value: Any = self.root
            try:
                for step in path:
                    value = value[step]
            except (KeyError, IndexError, TypeError):
                # What stood under a repeated or refused key was never built.
                continue
            if isinstance(value, str):
                yield path, value

    def rank(self, path: Path) -> tuple[int, ...]:
        """Where ``path`` comes in the document; a key that is not there comes after those that are."""
        ranks: list[int] = []
        value = self.root
        for step in path:
            if isinstance(value, dict) and isinstance(step, str):
                order = self._order(value)
                ranks.append(order.get(step, len(order)))
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int):
                ranks.append(step)
                value = value[step] if step < len(value) else None
            else:
                ranks.append(step if isinstance(step, int) else 0)
                value = None
        return tuple(ranks)

    def mark(self, path: Path) -> tuple[int, int] | None:
        """Line and column, 1-based, of the innermost entry of ``path`` that is in the text."""
        if self.marks is None:
            return None
        value, packed = self.root, 0
        for step in path:
            marks = self.marks.get(id(value), ())
            if isinstance(value, dict) and step in value and isinstance(step, str):
                place = self._order(value)[step]
                value = value[step]
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                place = step
                value = value[step]
            else:
                break
            if place < len(marks):
                packed = marks[place]
        line, column = divmod(packed, MARK_COLUMNS)
        if self.hidden is not None:
            column = self.hidden.original(line, column)
        return line + 1, column + 1

    def _order(self, mapping: dict[str, Any]) -> dict[str, int]:
        found = self._orders.get(id(mapping))
        if found is None:
            found = self._orders[id(mapping)] = {key: i for i, key in enumerate(mapping)}
        return found
