"""What every document passes, text or data: limits counted while it is read, each scalar and key checked (engine §3, §4)."""

from __future__ import annotations

import math
from typing import Any

from ..limits import Limits
from ..problems import Path
from .document import LARGEST_INTEGER, Document, TextNote
from .unknown import UNKNOWN

_DEEPEST = 200
_PMF_KEY_DEPTH = 4


def is_writable(text: str) -> bool:
    """Whether ``text`` can be written as UTF-8, and holds no NUL, be it written as an escape."""
    try:
        return "\0" not in text and (text.isascii() or bool(text.encode()))
    except UnicodeEncodeError:
        return False


class Stop(Exception):
    """Reading cannot go on; the reason is noted."""


class Gate:
    """Counts what is read and notes what is refused. Of each code only as many are kept as can be shown."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        # Data is walked by recursion once it is read: its depth is bounded whatever the limits say.
        self.deepest = min(limits.max_yaml_depth, _DEEPEST)
        self.nodes = 0
        self.document = Document(root=UNKNOWN)
        self._counts: dict[str, int] = {}

    def wants(self, code: str) -> bool:
        """Whether another problem of this code may still be shown; asked before it is composed."""
        self._counts[code] = count = self._counts.get(code, 0) + 1
        return count <= self.limits.max_problems + 1

    def note(
        self, code: str, path: Path, message: str, mark: tuple[int, int] | None = None
    ) -> None:
        self.document.notes.append(TextNote(code, path, message, mark))

    def exceed(self, limit: str, path: Path, found: object) -> None:
        """Note that a limit is exceeded."""
        if self.wants("limit_exceeded"):
            message = f"{limit} is {getattr(self.limits, limit)}, found {found}"
            self.note("limit_exceeded", path, message)

    def count_nodes(self, path: Path, more: int = 1) -> None:
        """Count scalars and collections; raises Stop beyond the limit."""
        self.nodes += more
        if self.nodes > self.limits.max_yaml_nodes:
            self.exceed("max_yaml_nodes", path[:1], "more")
            raise Stop

    def check_depth(self, depth: int, path: Path) -> None:
        """Check that one more collection may open at ``depth``; raises Stop."""
        if depth >= self.deepest:
            self.exceed("max_yaml_depth", path, f"collections nested {depth + 1} deep")
            raise Stop

    def check_text(self, text: str, path: Path) -> Any:
        """A text scalar, UNKNOWN where it is too long; placeholders are remembered."""
        if len(text) > self.limits.max_string_chars:
            self.exceed("max_string_chars", path, f"a text of {len(text)} characters")
            return UNKNOWN
        if not self.check_characters(text, path):
            return UNKNOWN
        if "${" in text:
            self.document.templated.append(path)
        return text

    def check_characters(self, text: str, path: Path) -> bool:
        """Whether every character of ``text`` can be written; half a pair of surrogates and NUL cannot."""
        if is_writable(text):
            return True
        if self.wants("bad_encoding"):
            what = "a NUL character" if "\0" in text else "half a character, a lone surrogate"
            self.note("bad_encoding", path, f"the text holds {what}")
        return False

    def check_number(self, value: float, path: Path) -> Any:
        """A number that JSON can carry, UNKNOWN otherwise."""
        if isinstance(value, int):
            if abs(value) <= LARGEST_INTEGER:
                return value
            if self.wants("out_of_range"):
                self.note("out_of_range", path, "an integer must lie within 2^53 - 1 of zero")
        elif math.isfinite(value):
            return value
        elif self.wants("non_finite_number"):
            self.note("non_finite_number", path, "a number must be finite")
        return UNKNOWN

    def check_key(self, key: Any, path: Path) -> None:
        """A key must be text; numbers are allowed where a probability mapping begins."""
        if isinstance(key, int | float) and not isinstance(key, bool):
            is_pmf = len(path) == _PMF_KEY_DEPTH and (path[0], path[2]) == ("nodes", "pmf")
            if not is_pmf and self.wants("wrong_type"):
                self.note("wrong_type", path, "a key must be text: write the number in quotes")
        elif not isinstance(key, str):
            if self.wants("wrong_type"):
                self.note("wrong_type", path, "a key must be text")
        elif len(key) > self.limits.max_string_chars:
            self.exceed("max_string_chars", path, f"a key of {len(key)} characters")
        elif "${" in key:
            self.document.templated_keys.append(path)
