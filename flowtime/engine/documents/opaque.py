"""Placeholders hidden from the YAML parser behind opaque words, so that no value can become structure (engine §6.3)."""

from __future__ import annotations

import hashlib
import re
from typing import Final

PLACEHOLDER: Final = re.compile(r"\$\$\{|\$\{[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*\}|\$\{")
"""An escape, a placeholder (its name in group 1), or what is neither."""

_BREAKS = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


class HiddenPlaceholders:
    """The words that stand for placeholders in one text."""

    def __init__(self, prefix: str, words: dict[str, str], text: str) -> None:
        self._prefix = prefix
        self._written = {word: written for written, word in words.items()}
        self._word = re.compile(prefix + "[0-9]+Z")
        self._text = text
        self._lines: list[str] | None = None

    def restore(self, text: str) -> str:
        """``text`` with the placeholders as they were written."""
        if self._prefix not in text:
            return text
        written = self._written.get(text)
        if written is not None:
            return written
        return self._word.sub(lambda match: self._written[match[0]], text)

    def original(self, line: int, column: int) -> int:
        """The column in the text as written that ``column`` of the hidden text stands for, both 0-based."""
        if self._lines is None:
            self._lines = _BREAKS.split(self._text)
        if line >= len(self._lines):
            return column
        return len(self.restore(self._lines[line][:column]))


def hide_placeholders(text: str) -> tuple[str, HiddenPlaceholders | None]:
    """``text`` with each ``${name}`` replaced by a word of letters and digits that the text does not contain."""
    if "${" not in text:
        return text, None
    prefix = _unused_word(text)
    words: dict[str, str] = {}

    def word(match: re.Match[str]) -> str:
        written = match[0]
        if match[1] is None:
            return written
        return words.setdefault(written, f"{prefix}{len(words)}Z")

    hidden = PLACEHOLDER.sub(word, text)
    return hidden, HiddenPlaceholders(prefix, words, hidden)


def _unused_word(text: str) -> str:
    # Taken from a digest of the text itself: nobody can write a text that contains all the words it will try.
    digest = hashlib.sha256(text.encode()).hexdigest()
    while (prefix := "Z" + digest[:9]) in text:
        digest = hashlib.sha256(digest.encode()).hexdigest()
    return prefix
