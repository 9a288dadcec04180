"""YAML text read event by event: nothing is built before it is counted and checked (engine §4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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

from ..limits import Limits
from ..problems import Path, quoted
from .document import LARGEST_INTEGER, MARK_COLUMNS, Document
from .gate import Gate, Stop
from .opaque import hide_placeholders
from .scalars import plain_scalar
from .unknown import UNKNOWN


def read_yaml(text: str, limits: Limits) -> Document:
    """The document in ``text``; its root is UNKNOWN where reading had to stop."""
    return _Builder(text, limits).read()


@dataclass(slots=True)
class _Frame:
    """One open collection. ``key`` is the key whose value comes next, None where a key comes next."""

    value: dict[str, Any] | list[Any]
    is_mapping: bool
    marks: list[int]
    key: str | None = None
    key_mark: int = 0
    is_dropped: bool = False
    anchor: str | None = None
    first_node: int = 0
    is_key: bool = False


class _Builder(Gate):
    """Builds the data from the C parser's events."""

    def __init__(self, text: str, limits: Limits) -> None:
        super().__init__(limits)
        self.text, self.hidden = hide_placeholders(text)
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.aliases = 0
        self.root: Any = None
        self.is_whole = False
        self.marks: dict[int, list[int]] = {}

    def read(self) -> Document:
        try:
            self._read_events(CLoader(self.text))
        except Stop:
            pass
        except YAMLError as error:
            self._note_syntax(error)
        document = self.document
        document.root = self.root if self.is_whole else UNKNOWN
        document.marks = self.marks
        document.hidden = self.hidden
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
                    self.count_nodes(self._path(), 0)
                self._scalar(event)
            elif kind is MappingStartEvent:
                self._open(event, {})
            elif kind is SequenceStartEvent:
                self._open(event, [])
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                self._close()
            elif kind is AliasEvent:
                self._alias(event)
            elif kind is DocumentStartEvent:
                documents += 1
                if documents > 1:
                    message = "only one YAML document is allowed"
                    self.note("yaml_multiple_documents", (), message, self._place(event))
                    return
        self.is_whole = True

    def _scalar(self, event: Any) -> None:
        text: str = event.value
        if self.hidden is not None:
            text = self.hidden.restore(text)
        is_plain = event.implicit[0] and not event.style
        frame = self.stack[-1] if self.stack else None
        if frame is not None and frame.is_mapping and frame.key is None:
            self._key(frame, event, text, is_plain)
            return
        value: Any = plain_scalar(text) if is_plain else text
        kind = type(value)
        # The checks need the path, which is dear: what is plainly harmless passes without it.
        if kind is str:
            if len(value) > self.limits.max_string_chars or "${" in value or "\0" in value:
                value = self.check_text(value, self._path())
        elif (kind is float or kind is int) and not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
            value = self.check_number(value, self._path())
        if event.tag is not None:
            self._refuse_tag(event)
            value = UNKNOWN
        if event.anchor is not None and self.limits.max_yaml_aliases:
            self.anchors[event.anchor] = (value, 1)
        self._put(value, event)

    def _key(self, frame: _Frame, event: Any, text: str, is_plain: bool) -> None:
        frame.key_mark = _packed(event.start_mark)
        frame.key = text
        if event.tag is not None:
            self._refuse_tag(event)
        if is_plain and text == "<<":
            frame.is_dropped = True
            if self.wants("yaml_merge_key"):
                message = "merge keys are not supported: write the entries out"
                self.note("yaml_merge_key", self._path(), message, self._place(event))
        elif text in frame.value:
            frame.is_dropped = True
            if self.wants("duplicate_key"):
                message = f"the key {quoted(text)} is given twice"
                self.note("duplicate_key", self._path(), message, self._place(event))
        elif not self.check_characters(text, self._path() if "\0" in text else ()):
            frame.is_dropped = True
        else:
            key = plain_scalar(text) if is_plain else text
            if type(key) is not str or len(key) > self.limits.max_string_chars or "${" in key:
                self.check_key(key, self._path())

    def _open(self, event: Any, value: dict[str, Any] | list[Any]) -> None:
        frame = self.stack[-1] if self.stack else None
        is_key = frame is not None and frame.is_mapping and frame.key is None
        if len(self.stack) >= self.deepest:
            self.check_depth(len(self.stack), self._path())
        self.nodes += 1
        if self.nodes > self.limits.max_yaml_nodes:
            self.count_nodes(self._path(), 0)
        if is_key and self.wants("wrong_type"):
            message = "a key must be text, not a collection"
            self.note("wrong_type", self._path(), message, self._place(event))
        if event.tag is not None:
            self._refuse_tag(event)
        if frame is not None and not frame.is_mapping:
            frame.marks.append(_packed(event.start_mark))
        marks: list[int] = []
        self.marks[id(value)] = marks
        self.stack.append(
            _Frame(
                value,
                type(value) is dict,
                marks,
                anchor=event.anchor,
                first_node=self.nodes,
                is_key=is_key,
            )
        )

    def _close(self) -> None:
        frame = self.stack.pop()
        if frame.anchor is not None and self.limits.max_yaml_aliases:
            self.anchors[frame.anchor] = (frame.value, self.nodes - frame.first_node + 1)
        if frame.is_key:
            self._drop_next(self.stack[-1])
        else:
            self._put(frame.value, None)

    def _alias(self, event: Any) -> None:
        path = self._path()
        value = self._aliased(event, path)
        frame = self.stack[-1] if self.stack else None
        if frame is not None and frame.is_mapping and frame.key is None:
            self.note("wrong_type", path, "a key must be text, not an alias", self._place(event))
            self._drop_next(frame)
        else:
            self._put(value, event)

    def _aliased(self, event: Any, path: Path) -> Any:
        self.aliases += 1
        most = self.limits.max_yaml_aliases
        if self.aliases > most:
            if self.aliases == most + 1:
                found = "more aliases" if most else "an alias: none are allowed"
                message = f"max_yaml_aliases is {most}, found {found}"
                self.note("limit_exceeded", path, message, self._place(event))
            return UNKNOWN
        if event.anchor not in self.anchors:
            message = "an alias names an unknown anchor"
            self.note("yaml_syntax", path, message, self._place(event))
            return UNKNOWN
        value, size = self.anchors[event.anchor]
        self.count_nodes(path, size)
        self.document.templated += _templated_below(value, path)
        return value

    def _put(self, value: Any, event: Any) -> None:
        if not self.stack:
            self.root = value
            return
        frame = self.stack[-1]
        target = frame.value
        if type(target) is list:
            target.append(value)
            if event is not None:
                frame.marks.append(_packed(event.start_mark))
        elif type(target) is dict and frame.key is not None:
            if frame.is_dropped:
                frame.is_dropped = False
            else:
                target[frame.key] = value
                frame.marks.append(frame.key_mark)
            frame.key = None

    @staticmethod
    def _drop_next(frame: _Frame) -> None:
        """A key was refused: its value is read, and kept nowhere."""
        frame.key, frame.is_dropped = "", True

    def _refuse_tag(self, event: Any) -> None:
        if self.wants("yaml_tag"):
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
        return self._line_and_column(event.start_mark)

    def _line_and_column(self, mark: Any) -> tuple[int, int]:
        column = mark.column
        if self.hidden is not None:
            column = self.hidden.original(mark.line, column)
        return mark.line + 1, column + 1

    def _note_syntax(self, error: YAMLError) -> None:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        reason = getattr(error, "problem", None) or getattr(error, "reason", None)
        context = getattr(error, "context", None)
        message = ": ".join(str(part) for part in (context, reason) if part) or "not valid YAML"
        place = None if mark is None else self._line_and_column(mark)
        self.note("yaml_syntax", (), message, place)


def _packed(mark: Any) -> int:
    column: int = mark.column
    line: int = mark.line
    return line * MARK_COLUMNS + (column if column < MARK_COLUMNS else MARK_COLUMNS - 1)


def _templated_below(value: Any, path: Path) -> list[Path]:
    if isinstance(value, str):
        return [path] if "${" in value else []
    if isinstance(value, dict):
        return [p for key, item in value.items() for p in _templated_below(item, (*path, key))]
    if isinstance(value, list):
        return [p for i, item in enumerate(value) for p in _templated_below(item, (*path, i))]
    return []
