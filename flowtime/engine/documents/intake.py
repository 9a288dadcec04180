"""What a document may arrive as: text, bytes, or data that is already parsed (engine §4, §23.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..limits import Limits
from ..problems import Path, quoted
from .document import Document, TextNote
from .gate import Gate, Stop
from .unknown import UNKNOWN
from .yaml_text import read_yaml

_ESCAPE = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


def read_document(source: object, limits: Limits) -> Document:
    """The document in ``source``, with everything noted that is wrong with it as text."""
    if isinstance(source, Mapping):
        return _Copier(limits).read(source)
    if not isinstance(source, str | bytes | bytearray | memoryview):
        note = TextNote("wrong_type", (), "a document must be text or a mapping")
        return Document(root=UNKNOWN, notes=[note])
    text = _decoded(source, limits)
    if isinstance(text, TextNote):
        return Document(root=UNKNOWN, notes=[text])
    return read_yaml(text, limits)


def _decoded(source: str | bytes | bytearray | memoryview, limits: Limits) -> str | TextNote:
    """The text without its mark of byte order, or why it is refused before any parsing."""
    try:
        data = source.encode() if isinstance(source, str) else bytes(source)
        text = data.decode()
    except UnicodeError:
        return TextNote("bad_encoding", (), "the document is not valid UTF-8 text")
    if len(data) > limits.max_yaml_bytes:
        message = f"max_yaml_bytes is {limits.max_yaml_bytes}, found {len(data)}"
        return TextNote("limit_exceeded", (), message)
    if "\0" in text:
        return TextNote("bad_encoding", (), "the document contains a NUL character")
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith("{"):
        # JSON writes a character beyond 16 bits as two escapes, which YAML knows as one.
        text = _ESCAPE.sub(_joined, text)
    return text


def _joined(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[0]
    high, low = int(match[1], 16), int(match[2], 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08X}"


class _Copier(Gate):
    """Copies data that is already parsed, under the same limits as text."""

    def read(self, source: Mapping[str, Any]) -> Document:
        try:
            self.document.root = self._value(source, ())
        except Stop:
            self.document.root = UNKNOWN
        return self.document

    def _value(self, value: Any, path: Path) -> Any:
        self.count_nodes(path)
        if isinstance(value, str):
            return self.check_text(str(value), path)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return self.check_number(int(value), path)
        if isinstance(value, float):
            return self.check_number(float(value), path)
        if not isinstance(value, Mapping | list | tuple):
            if self.wants("wrong_type"):
                message = "a value must be text, a number, a list or a mapping"
                self.note("wrong_type", path, message)
            return UNKNOWN
        self.check_depth(len(path), path)
        if isinstance(value, Mapping):
            return dict(self._entries(value, path))
        return [self._value(item, (*path, i)) for i, item in enumerate(value)]

    def _entries(self, value: Mapping[Any, Any], path: Path) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key, item in value.items():
            text = key if isinstance(key, str) else repr(key)[: self.limits.max_string_chars]
            below = (*path, text)
            self.count_nodes(below)
            self.check_key(key, below)
            if not self.check_characters(text, below):
                continue
            if text in seen:
                message = f"the key {quoted(text)} is given twice"
                self.note("duplicate_key", below, message)
                continue
            seen.add(text)
            yield text, self._value(item, below)
