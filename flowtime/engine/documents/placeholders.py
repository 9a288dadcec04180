"""Placeholders: where they may stand, and the one pass that binds them (engine §6.3)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from ..limits import Limits
from ..problems import Collector, Path, quoted
from .document import Document
from .opaque import PLACEHOLDER
from .unknown import UNKNOWN
from .values import value_text

_FIXED: Final = (("parameters",), ("metadata", "id"), ("metadata", "version"))
_TOO_LONG: Final[Any] = object()


def check_placeholders(document: Document, names: Collection[str], notes: Collector) -> None:
    """Note every placeholder that stands where none may, names nothing, or is malformed."""
    for path in document.templated_keys:
        notes.add("placeholder_in_key", path, "a key cannot hold a placeholder")
    declared = frozenset(names)
    used: dict[str, tuple[list[str], bool]] = {}
    for path, text in document.templates:
        if text not in used:
            used[text] = _used(text, declared)
        unknown, is_malformed = used[text]
        if _is_fixed(path) and _has_placeholder(text):
            notes.add("placeholder_not_allowed", path, "no placeholder may stand here")
            continue
        if (unknown or is_malformed) and not notes.wants("unresolved_placeholder", path):
            # Scalars come in document order: those that follow would not be shown either.
            return
        for name in unknown:
            message = f"no parameter is called {quoted(name)}"
            notes.add("unresolved_placeholder", path, message, word=name, known=declared)
        if is_malformed:
            message = "a placeholder is ${name} with a parameter's name; write $${ for a literal ${"
            notes.add("malformed_placeholder", path, message)


def bind_document(
    document: Document,
    values: Mapping[str, Any] | None,
    limits: Limits,
    notes: Collector,
) -> dict[str, Any]:
    """The data with every placeholder replaced; what has no value is UNKNOWN, all of them where ``values`` is None."""
    if not document.templated:
        root: dict[str, Any] = document.root
        return root
    writer = _Writer(document.root)
    texts, nothing = _Texts(values or {}), _Texts({})
    size, nodes = 0, 0
    for path, text in document.templates:
        known = nothing if _is_fixed(path) else texts
        value = bind_text(text, known, limits.max_string_chars)
        if value is _TOO_LONG:
            message = f"max_string_chars is {limits.max_string_chars}, found more after binding"
            notes.add("limit_exceeded", path, message)
            value = UNKNOWN
        size += len(value) if isinstance(value, str) else 0
        nodes += len(value) if isinstance(value, list) else 0
        if size > limits.max_yaml_bytes or nodes > limits.max_yaml_nodes:
            name = "max_yaml_bytes" if size > limits.max_yaml_bytes else "max_yaml_nodes"
            message = f"{name} is {getattr(limits, name)}, found more after binding"
            notes.add("limit_exceeded", (), message)
            break
        writer.put(path, value)
    return writer.root


def bind_fixed(document: Document) -> dict[str, Any]:
    """The data with escapes resolved where no placeholder may stand; one that stands there is UNKNOWN."""
    writer = _Writer(document.root)
    for path, text in document.templates:
        if _is_fixed(path):
            writer.put(path, bind_text(text, _Texts({}), len(text)))
    return writer.root


class _Texts:
    """Parameter values, and their text made once however often it is put somewhere."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self._texts: dict[str, str] = {}

    def text(self, name: str) -> Any:
        """The value as text, UNKNOWN where there is none."""
        if self.values.get(name, UNKNOWN) is UNKNOWN:
            return UNKNOWN
        if name not in self._texts:
            self._texts[name] = value_text(self.values[name])
        return self._texts[name]


def bind_text(text: str, texts: _Texts, most: int) -> Any:
    """One scalar bound in one pass: the typed value of a lone placeholder, else text (engine §6.3)."""
    whole = PLACEHOLDER.fullmatch(text)
    if whole is not None and whole[1] is not None:
        value = texts.values.get(whole[1], UNKNOWN)
        return list(value) if isinstance(value, tuple) else value
    parts: list[str] = []
    length, end = 0, 0
    for match in PLACEHOLDER.finditer(text):
        if match[0] == "${":
            return UNKNOWN
        put = "${"
        if match[1] is not None:
            put = texts.text(match[1])
            if put is UNKNOWN:
                return UNKNOWN
        parts += (text[end : match.start()], put)
        length += match.start() - end + len(put)
        end = match.end()
        # Many long values in one text would multiply before anyone measures the result.
        if length > most:
            return _TOO_LONG
    bound = "".join((*parts, text[end:]))
    return bound if len(bound) <= most else _TOO_LONG


def _is_fixed(path: Path) -> bool:
    """Whether no placeholder may stand there."""
    return path[0] in ("parameters", "metadata") and (path[:1] in _FIXED or path[:2] in _FIXED)


def _used(text: str, declared: frozenset[str]) -> tuple[list[str], bool]:
    """The undeclared names in ``text``, and whether something in it looks like a placeholder and is none."""
    matches = list(PLACEHOLDER.finditer(text))
    names = dict.fromkeys(match[1] for match in matches if match[1] is not None)
    return [name for name in names if name not in declared], any(m[0] == "${" for m in matches)


def _has_placeholder(text: str) -> bool:
    return any(match[1] is not None for match in PLACEHOLDER.finditer(text))


class _Writer:
    """Copies only what lies on the way to a changed scalar; the original stays as it was."""

    def __init__(self, root: dict[str, Any]) -> None:
        self.root: dict[str, Any] = dict(root)
        self._copied: dict[Path, Any] = {(): self.root}

    def put(self, path: Path, value: Any) -> None:
        self._holder(path[:-1])[path[-1]] = value

    def _holder(self, path: Sequence[str | int]) -> Any:
        key = tuple(path)
        found = self._copied.get(key)
        if found is None:
            above = self._holder(key[:-1])
            original = above[key[-1]]
            found = dict(original) if isinstance(original, dict) else list(original)
            above[key[-1]] = self._copied[key] = found
        return found


def placeholders_below(document: Any, path: Path) -> frozenset[str]:
    """The parameters that stand at ``path`` of a document or below it; none at the root, or where there is nothing."""
    found = document
    try:
        for step in path:
            found = found[step]
    except (KeyError, IndexError, TypeError):
        return frozenset()
    if not path:
        return frozenset()
    return frozenset(
        match[1] for text in _texts(found) for match in PLACEHOLDER.finditer(text) if match[1]
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _texts(item)
