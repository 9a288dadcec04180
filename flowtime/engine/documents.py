"""From text to plain data: the text gate, the YAML subset read event by event, and where each entry stands (engine §3, §4)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from yaml import CLoader, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from .model import Limits
from .opaque import hide_placeholders
from .problems import Path, quoted
from .unknown import UNKNOWN

LARGEST_INTEGER: Final = 2**53 - 1
"""The largest integer that every reader of JSON agrees on (engine §22.1)."""

_DEEPEST = 200
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_WORDS: Final[Mapping[str, Any]] = {
    "": None,
    **dict.fromkeys(("~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **{sign + word: math.inf for sign in ("", "+") for word in (".inf", ".Inf", ".INF")},
    **{"-" + word: -math.inf for word in (".inf", ".Inf", ".INF")},
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_NUMERIC_STARTS = frozenset("0123456789+-.")
_MARK_COLUMNS = 1 << 24


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

    ``templated`` lists the paths of scalars that contain ``${``, ``number_keys`` those of mapping keys that are
    numbers, which only a probability mapping may have.
    """

    root: Any
    notes: list[TextNote] = field(default_factory=list)
    templated: list[Path] = field(default_factory=list)
    templated_keys: list[Path] = field(default_factory=list)
    number_keys: list[Path] = field(default_factory=list)
    marks: dict[int, list[int]] | None = None
    columns: Any = None
    _orders: dict[int, dict[str, int]] = field(default_factory=dict)

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
        line, column = divmod(packed, _MARK_COLUMNS)
        if self.columns is not None:
            column = self.columns.original(line, column)
        return line + 1, column + 1

    def _order(self, mapping: dict[str, Any]) -> dict[str, int]:
        found = self._orders.get(id(mapping))
        if found is None:
            found = self._orders[id(mapping)] = {key: i for i, key in enumerate(mapping)}
        return found


def read_document(source: str | bytes | Mapping[str, Any], limits: Limits) -> Document:
    """The document in ``source``: text through the gate of engine §4, or data that is already parsed."""
    if isinstance(source, Mapping):
        return _DataReader(limits).read(source)
    text = _decoded(source, limits)
    if isinstance(text, TextNote):
        return Document(root=UNKNOWN, notes=[text])
    return _TextReader(text, limits).read()


def freeze(value: Any) -> Any:
    """Plain data made read-only: mappings as proxies, lists as tuples."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: freeze(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in value)
    return value


def thaw(value: Any) -> Any:
    """The inverse of ``freeze``: fresh dicts and lists, as a JSON reader would give them."""
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [thaw(item) for item in value]
    return value


def _decoded(source: str | bytes, limits: Limits) -> str | TextNote:
    found = len(source)
    if found > limits.max_yaml_bytes:
        return _too_much("max_yaml_bytes", limits.max_yaml_bytes, found)
    try:
        if isinstance(source, str):
            found = len(source.encode())
        else:
            source = bytes(source).decode()
    except UnicodeError:
        return TextNote("bad_encoding", (), "the document is not valid UTF-8 text")
    if found > limits.max_yaml_bytes:
        return _too_much("max_yaml_bytes", limits.max_yaml_bytes, found)
    if "\0" in source:
        return TextNote("bad_encoding", (), "the document contains a NUL character")
    return source.removeprefix("\ufeff")


def _too_much(limit: str, value: int, found: object, path: Path = ()) -> TextNote:
    return TextNote("limit_exceeded", path, f"{limit} is {value}, found {found}")


def _plain_scalar(text: str) -> Any:
    """An unquoted scalar by the YAML 1.2 core rules; an integer too large for JSON becomes infinite."""
    if not text or text[0] not in _NUMERIC_STARTS:
        return _WORDS.get(text, text)
    if _INTEGER.match(text):
        return int(text) if len(text) <= 18 else _long_integer(text)
    if _FLOAT.match(text):
        return float(text)
    if _OCTAL.match(text):
        return int(text[2:].lstrip("0") or "0", 8) if len(text) <= 40 else LARGEST_INTEGER + 1
    if _HEXADECIMAL.match(text):
        return int(text, 16) if len(text) <= 40 else LARGEST_INTEGER + 1
    return _WORDS.get(text, text)


def _long_integer(text: str) -> int:
    # int() of thousands of digits is slow and refused by Python itself; such a number is out of range anyway.
    digits = text.lstrip("+-").lstrip("0") or "0"
    value = int(digits) if len(digits) <= 18 else LARGEST_INTEGER + 1
    return -value if text.startswith("-") else value


class _Stop(Exception):
    """Reading cannot go on; the reason is noted."""


class _Reader:
    """What both readers share: counting, the checks of one scalar, and the notes."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.depth = min(limits.max_yaml_depth, _DEEPEST)
        self.nodes = 0
        self.document = Document(root=UNKNOWN)

    def note(
        self, code: str, path: Path, message: str, mark: tuple[int, int] | None = None
    ) -> None:
        self.document.notes.append(TextNote(code, path, message, mark))

    def check_text(self, text: str, path: Path) -> Any:
        if len(text) > self.limits.max_string_chars:
            most = self.limits.max_string_chars
            self.document.notes.append(
                _too_much("max_string_chars", most, f"a text of {len(text)} characters", path)
            )
            return UNKNOWN
        if "${" in text:
            self.document.templated.append(path)
        return text

    def check_number(self, value: float, path: Path) -> Any:
        if isinstance(value, int):
            if abs(value) > LARGEST_INTEGER:
                self.note("out_of_range", path, "an integer must lie within 2^53 - 1 of zero")
                return UNKNOWN
        elif not math.isfinite(value):
            self.note("non_finite_number", path, "a number must be finite")
            return UNKNOWN
        return value

    def check_key(self, key: Any, path: Path) -> None:
        if isinstance(key, int | float) and not isinstance(key, bool):
            self.document.number_keys.append(path)
        elif not isinstance(key, str):
            self.note("wrong_type", path, "a key must be text")
        elif len(key) > self.limits.max_string_chars:
            most = self.limits.max_string_chars
            self.document.notes.append(
                _too_much("max_string_chars", most, f"a key of {len(key)} characters", path)
            )
        elif "${" in key:
            self.document.templated_keys.append(path)

    def refuse_depth(self, path: Path) -> None:
        found = f"collections nested {self.depth + 1} deep"
        self.document.notes.append(_too_much("max_yaml_depth", self.depth, found, path))

    def refuse_nodes(self, path: Path) -> None:
        most = self.limits.max_yaml_nodes
        self.document.notes.append(_too_much("max_yaml_nodes", most, "more", path[:1]))


@dataclass(slots=True)
class _Frame:
    """One open collection. ``key`` is the key whose value comes next, None where a key comes next."""

    value: dict[str, Any] | list[Any]
    marks: list[int]
    key: str | None = None
    is_dropped: bool = False
    key_mark: int = 0
    anchor: str | None = None
    first_node: int = 0
    is_key: bool = False


class _TextReader(_Reader):
    """Builds the data from the C parser's events, checking each limit before anything is built."""

    def __init__(self, text: str, limits: Limits) -> None:
        super().__init__(limits)
        self.text, self.hidden = hide_placeholders(text)
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.aliases = 0
        self.root: Any = None
        self.marks: dict[int, list[int]] = {}

    def read(self) -> Document:
        try:
            self._read_events(CLoader(self.text))
        except _Stop:
            pass
        except YAMLError as error:
            self._note_syntax(error)
        document = self.document
        is_whole = not self.stack and not any(
            note.code in ("yaml_syntax",) for note in document.notes
        )
        document.root = self.root if is_whole else UNKNOWN
        document.marks = self.marks
        document.columns = self.hidden
        return document

    def _read_events(self, parser: Any) -> None:
        get_event = parser.get_event
        most = self.limits.max_yaml_nodes
        documents = 0
        while (event := get_event()) is not None:
            kind = type(event)
            if kind is ScalarEvent:
                self.nodes += 1
                if self.nodes > most:
                    self.refuse_nodes(self._path())
                    raise _Stop
                self._scalar(event)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self.nodes += 1
                self._open(event, {} if kind is MappingStartEvent else [])
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                self._close()
            elif kind is AliasEvent:
                self._alias(event)
            elif kind is DocumentStartEvent:
                documents += 1
                if documents > 1:
                    message = "only one YAML document is allowed"
                    self.note("yaml_multiple_documents", (), message, self._place(event))
                    raise _Stop

    def _scalar(self, event: Any) -> None:
        text: str = event.value
        frame = self.stack[-1] if self.stack else None
        if self.hidden is not None:
            text = self.hidden.restore(text)
        plain = event.implicit[0] and not event.style
        if frame is not None and frame.key is None and type(frame.value) is dict:
            self._key(frame, event, text, plain)
            return
        value = _plain_scalar(text) if plain else text
        if type(value) is str:
            if len(value) > self.limits.max_string_chars or "${" in value:
                value = self.check_text(value, self._path())
        elif type(value) is float or type(value) is int:
            value = self.check_number(value, self._path()) if not _is_small(value) else value
        if event.tag is not None:
            self._refuse_tag(event)
            value = UNKNOWN
        if event.anchor is not None and self.limits.max_yaml_aliases:
            self.anchors[event.anchor] = (value, 1)
        self._put(value, event)

    def _key(self, frame: _Frame, event: Any, text: str, plain: bool) -> None:
        mark = event.start_mark
        frame.key_mark = mark.line * _MARK_COLUMNS + min(mark.column, _MARK_COLUMNS - 1)
        frame.key = text
        if event.tag is not None:
            self._refuse_tag(event)
        if text in frame.value:
            message = f"the key {quoted(text)} is given twice"
            self.note("duplicate_key", self._path(), message, self._place(event))
            frame.is_dropped = True
        elif plain and text == "<<":
            message = "merge keys are not supported: write the entries out"
            self.note("yaml_merge_key", self._path(), message, self._place(event))
            frame.is_dropped = True
        else:
            key = _plain_scalar(text) if plain else text
            if type(key) is not str or len(key) > self.limits.max_string_chars or "${" in key:
                self.check_key(key, self._path())

    def _open(self, event: Any, value: dict[str, Any] | list[Any]) -> None:
        parent = self.stack[-1] if self.stack else None
        is_key = parent is not None and parent.key is None and type(parent.value) is dict
        if len(self.stack) >= self.depth:
            self.refuse_depth(self._path())
            raise _Stop
        if self.nodes > self.limits.max_yaml_nodes:
            self.refuse_nodes(self._path())
            raise _Stop
        if is_key:
            message = "a key must be text, not a collection"
            self.note("wrong_type", self._path(), message, self._place(event))
        if event.tag is not None:
            self._refuse_tag(event)
        marks: list[int] = []
        self.marks[id(value)] = marks
        self.stack.append(
            _Frame(value, marks, anchor=event.anchor, first_node=self.nodes, is_key=is_key)
        )
        if parent is not None and type(parent.value) is list:
            mark = event.start_mark
            parent.marks.append(mark.line * _MARK_COLUMNS + min(mark.column, _MARK_COLUMNS - 1))

    def _close(self) -> None:
        frame = self.stack.pop()
        if frame.anchor is not None and self.limits.max_yaml_aliases:
            self.anchors[frame.anchor] = (frame.value, self.nodes - frame.first_node + 1)
        if frame.is_key:
            parent = self.stack[-1]
            parent.key, parent.is_dropped = "", True
            return
        self._put(frame.value, None)

    def _alias(self, event: Any) -> None:
        self.aliases += 1
        path = self._path()
        value: Any = UNKNOWN
        if self.aliases > self.limits.max_yaml_aliases:
            if self.aliases == self.limits.max_yaml_aliases + 1:
                limit = self.limits.max_yaml_aliases
                found = "no aliases are allowed" if not limit else "more aliases"
                self.note(
                    "limit_exceeded",
                    path,
                    f"max_yaml_aliases is {limit}: {found}",
                    self._place(event),
                )
        elif event.anchor not in self.anchors:
            self.note("yaml_syntax", path, "an alias names an unknown anchor", self._place(event))
        else:
            value, size = self.anchors[event.anchor]
            self.nodes += size
            if self.nodes > self.limits.max_yaml_nodes:
                self.refuse_nodes(path)
                raise _Stop
            self.document.templated += _templated_below(value, path)
        frame = self.stack[-1] if self.stack else None
        if frame is not None and frame.key is None and type(frame.value) is dict:
            frame.key, frame.is_dropped = "", True
            self.note("wrong_type", path, "a key must be text, not an alias", self._place(event))
            return
        self._put(value, event)

    def _put(self, value: Any, event: Any) -> None:
        if not self.stack:
            self.root = value
            return
        frame = self.stack[-1]
        target = frame.value
        if type(target) is list:
            if event is not None:
                mark = event.start_mark
                frame.marks.append(mark.line * _MARK_COLUMNS + min(mark.column, _MARK_COLUMNS - 1))
            target.append(value)
        elif type(target) is dict:
            if frame.is_dropped:
                frame.is_dropped = False
            elif frame.key is not None:
                target[frame.key] = value
                frame.marks.append(frame.key_mark)
            frame.key = None

    def _refuse_tag(self, event: Any) -> None:
        message = f"the tag {quoted(event.tag)} is not allowed: values have no tags here"
        self.note("yaml_tag", self._path(), message, self._place(event))

    def _path(self) -> Path:
        steps: list[str | int] = []
        for frame in self.stack:
            if type(frame.value) is list:
                steps.append(len(frame.value))
            elif frame.key is not None:
                steps.append(frame.key)
        return tuple(steps)

    def _place(self, event: Any) -> tuple[int, int]:
        return self._lines(event.start_mark)

    def _lines(self, mark: Any) -> tuple[int, int]:
        column = mark.column
        if self.hidden is not None:
            column = self.hidden.original(mark.line, column)
        return mark.line + 1, column + 1

    def _note_syntax(self, error: YAMLError) -> None:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        reason = (
            getattr(error, "problem", None) or getattr(error, "reason", None) or "not valid YAML"
        )
        context = getattr(error, "context", None)
        message = f"{context}: {reason}" if context else str(reason)
        self.note("yaml_syntax", (), message, None if mark is None else self._lines(mark))


class _DataReader(_Reader):
    """Copies data that is already parsed, under the same limits as text."""

    def read(self, source: Mapping[str, Any]) -> Document:
        try:
            self.document.root = self._value(source, (), 0)
        except _Stop:
            self.document.root = UNKNOWN
        return self.document

    def _value(self, value: Any, path: Path, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > self.limits.max_yaml_nodes:
            self.refuse_nodes(path)
            raise _Stop
        if isinstance(value, str):
            return self.check_text(str(value), path)
        if value is None or value is UNKNOWN or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return self.check_number(int(value), path)
        if isinstance(value, float):
            return self.check_number(float(value), path)
        if not isinstance(value, Mapping | list | tuple):
            self.note("wrong_type", path, "a value must be text, a number, a list or a mapping")
            return UNKNOWN
        if depth >= self.depth:
            self.refuse_depth(path)
            raise _Stop
        if isinstance(value, Mapping):
            return dict(self._entries(value, path, depth))
        return [self._value(item, (*path, i), depth + 1) for i, item in enumerate(value)]

    def _entries(
        self, value: Mapping[Any, Any], path: Path, depth: int
    ) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key, item in value.items():
            text = key if isinstance(key, str) else repr(key)[: self.limits.max_string_chars]
            below = (*path, text)
            self.check_key(key, below)
            if text in seen:
                self.note("duplicate_key", below, f"the key {quoted(text)} is given twice")
                continue
            seen.add(text)
            yield text, self._value(item, below, depth + 1)


def _is_small(value: float) -> bool:
    return -LARGEST_INTEGER <= value <= LARGEST_INTEGER


def _templated_below(value: Any, path: Path) -> list[Path]:
    if isinstance(value, str):
        return [path] if "${" in value else []
    if isinstance(value, dict):
        return [p for key, item in value.items() for p in _templated_below(item, (*path, key))]
    if isinstance(value, list):
        return [p for i, item in enumerate(value) for p in _templated_below(item, (*path, i))]
    return []
