"""Reading one mapping of a document: keys in any accepted spelling, typed values, problems noted (engine §1.7, §4.6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from ..documents.frozen import freeze
from ..documents.unknown import UNKNOWN
from ..expressions.parser import Parsed
from ..limits import Limits
from ..model.nodes import ExternalRef, Operand, SeriesRef
from ..problems import Collector, Path, nearest, quoted

_CAPITAL = re.compile(r"[A-Z]")
_EXTERNAL_PREFIXES = ("file:", "data:")
_SERIES_PREFIX = "series:"
_LONGEST_BITS = 128


def snake_key(key: str) -> str:
    """The snake_case spelling of a camelCase key."""
    return _CAPITAL.sub(lambda match: "_" + match[0].lower(), key)


def is_templated(key: str) -> bool:
    """Whether a key holds a placeholder, which has its problem already (engine §6.3)."""
    return "${" in key


class Keys:
    """The keys that one kind of mapping has: each in camelCase, in snake_case, and under its aliases.

    ``foreign`` are keys that another kind of the same entry has; they are refused as ``key_not_for_kind``.
    """

    def __init__(
        self,
        *names: str,
        aliases: Mapping[str, str] | None = None,
        foreign: Iterable[str] = (),
        is_open: bool = False,
    ) -> None:
        self.names = frozenset(names)
        self.is_open = is_open
        self.spellings: dict[str, str] = {}
        for written, name in (*((name, name) for name in names), *(aliases or {}).items()):
            self.spellings[written] = name
            self.spellings[snake_key(written)] = name
        self.foreign = frozenset(
            spelling
            for name in foreign
            for spelling in (name, snake_key(name))
            if spelling not in self.spellings
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """What every reader shares: where problems go, what the limits are, whether extensions are refused.

    ``parsed`` remembers the expressions of one reading, for those that are written more than once.
    """

    notes: Collector
    limits: Limits
    is_strict: bool = False
    parsed: dict[str, Parsed] = field(default_factory=dict)


class Entry:
    """One mapping while it is read. Every reader answers None for an absent key and UNKNOWN for a faulty one."""

    __slots__ = ("_is_full", "_misspelt", "_written", "keys", "notes", "path", "reading", "values")

    def __init__(self, reading: Reading, values: Mapping[str, Any], path: Path, keys: Keys) -> None:
        self.reading = reading
        self.notes = reading.notes
        self.path = path
        self.keys = keys
        self.values: dict[str, Any] = {}
        self._written: dict[str, str] = {}
        self._misspelt: dict[str, Any] | None = None
        self._is_full = False
        for key, value in values.items():
            name = keys.spellings.get(key)
            if name is not None and name not in self.values:
                self.values[name] = value
                if key != name:
                    self._written[name] = key
            elif name is not None:
                first = self._written.get(name, name)
                message = (
                    f"{quoted(key)} is another spelling of {quoted(first)}, which is given too"
                )
                self.notes.add("duplicate_key", (*path, key), message)
            elif not key.startswith("x-") and not keys.is_open and not is_templated(key):
                self._refuse_key(key, value)

    def _refuse_key(self, key: str, value: Any) -> None:
        if key in self.keys.foreign:
            message = f"the key {quoted(key)} does not belong to this kind"
            self.notes.add("key_not_for_kind", (*self.path, key), message)
            return
        if self._misspelt is None:
            self._misspelt = {}
        self._misspelt[key] = value
        # Keys come in document order: where one is too many to be shown, so are those after it.
        self._is_full = self._is_full or not self.notes.wants("unknown_key", (*self.path, key))
        if not self._is_full:
            message = f"unknown key {quoted(key)}"
            known = self.keys.spellings.keys()
            self.notes.add("unknown_key", (*self.path, key), message, word=key, known=known)

    def meant(self, name: str) -> Any:
        """The value under an unknown key that is probably a misspelt ``name``; None where there is none."""
        for key, value in list((self._misspelt or {}).items())[:100]:
            spelling = nearest(key, self.keys.spellings)
            if spelling is not None and self.keys.spellings[spelling] == name:
                return value
        return None

    def later(self, *names: str) -> str:
        """Which of the given keys comes last in the document."""
        order = list(self.values)
        return max((name for name in names if name in self.values), key=order.index)

    def where(self, name: str) -> Path:
        """The path of ``name`` as it is written, or as it would be."""
        return (*self.path, self._written.get(name, name))

    def has(self, name: str) -> bool:
        """Whether ``name`` is given and not null."""
        return self.values.get(name) is not None

    def fault(self, code: str, name: str, message: str, **more: Any) -> Any:
        """Note a problem at ``name`` and answer UNKNOWN."""
        self.notes.add(code, self.where(name), message, **more)
        return UNKNOWN

    def raw(self, name: str, *, required: bool = False) -> Any:
        """The value as it stands; a required one that is missing is a problem."""
        value = self.values.get(name)
        if value is None and required:
            # A misspelt key is one cause: it is reported as unknown, and not as missing too.
            if self._misspelt and self.meant(name) is not None:
                return UNKNOWN
            if name in self.values:
                return self.fault("empty_value", name, f"{quoted(name)} must not be empty")
            return self.fault("missing_key", name, f"the key {quoted(name)} is missing")
        return value

    def wrong(self, name: str, expected: str) -> Any:
        """Note that the value of ``name`` has the wrong type."""
        found = describe(self.values.get(name))
        return self.fault("wrong_type", name, f"{quoted(name)} must be {expected}, not {found}")

    def text(self, name: str, *, required: bool = False, may_be_empty: bool = True) -> Any:
        """A string."""
        value = self.raw(name, required=required)
        if value is None or value is UNKNOWN or (isinstance(value, str) and value.strip()):
            return value
        if not isinstance(value, str):
            return self.wrong(name, "text")
        if may_be_empty and not required:
            return value
        return self.fault("empty_value", name, f"{quoted(name)} must not be empty")

    def flag(self, name: str) -> Any:
        """A boolean."""
        value = self.raw(name)
        if value is None or value is UNKNOWN or isinstance(value, bool):
            return value
        return self.wrong(name, "true or false")

    def integer(
        self, name: str, *, required: bool = False, low: int | None = None, high: int | None = None
    ) -> Any:
        """A whole number within bounds."""
        value = self.raw(name, required=required)
        if value is None or value is UNKNOWN:
            return value
        if isinstance(value, bool) or not isinstance(value, int):
            return self.wrong(name, "a whole number")
        return self._bounded(name, value, low, high)

    def number(self, name: str, *, required: bool = False, low: float | None = None) -> Any:
        """A finite number within bounds, as a float."""
        value = self.raw(name, required=required)
        if value is None or value is UNKNOWN:
            return value
        if not is_number(value):
            return self.wrong(name, "a number")
        return self._bounded(name, float(value), low, None)

    def _bounded(self, name: str, value: float, low: float | None, high: float | None) -> Any:
        if low is not None and value < low:
            return self.fault(
                "out_of_range", name, f"{quoted(name)} is {value}, the least is {low}"
            )
        if high is not None and value > high:
            return self.fault(
                "out_of_range", name, f"{quoted(name)} is {value}, the most is {high}"
            )
        return value

    def choice(
        self,
        name: str,
        options: Mapping[str, str] | Iterable[str],
        *,
        required: bool = False,
        code: str = "bad_enum",
        any_case: bool = False,
    ) -> Any:
        """One of the words in ``options``, or what an alias among its keys stands for."""
        value = self.text(name, required=required, may_be_empty=False)
        if value is None or value is UNKNOWN:
            return value
        words = options if isinstance(options, Mapping) else {word: word for word in options}
        if any_case:
            words = {word.lower(): meaning for word, meaning in words.items()}
        found = words.get(value.lower() if any_case else value)
        if found is not None:
            return found
        listed = ", ".join(dict.fromkeys(words.values()))
        message = f"{quoted(value)} is not one of {listed}"
        return self.fault(code, name, message, word=value, known=tuple(words.values()))

    def mapping(self, name: str, keys: Keys, *, required: bool = False) -> Any:
        """The mapping under ``name`` as an Entry of its own."""
        value = self.raw(name, required=required)
        if value is None or value is UNKNOWN:
            return value
        if not isinstance(value, dict):
            return self.wrong(name, "a mapping")
        return Entry(self.reading, value, self.where(name), keys)

    def free(self, name: str) -> Mapping[str, Any]:
        """A free-form mapping, read-only; empty where absent."""
        value = self.raw(name)
        if isinstance(value, dict):
            return MappingProxyType({key: freeze(item) for key, item in value.items()})
        if value is not None and value is not UNKNOWN:
            self.wrong(name, "a mapping")
        return MappingProxyType({})

    def items(
        self, name: str, *, required: bool = False, limit: str | None = None
    ) -> Iterator[tuple[Path, Any]]:
        """The items of the list under ``name`` with their paths; none where it is absent or too long."""
        value = self.raw(name, required=required)
        if value is None or value is UNKNOWN:
            return
        if not isinstance(value, list):
            self.wrong(name, "a list")
            return
        if limit is not None:
            most = getattr(self.reading.limits, limit)
            if len(value) > most:
                self.fault("limit_exceeded", name, f"{limit} is {most}, found {len(value)}")
                return
        path = self.where(name)
        for i, item in enumerate(value):
            yield (*path, i), item

    def mappings(
        self, name: str, *, required: bool = False, limit: str | None = None
    ) -> Iterator[tuple[Path, Mapping[str, Any]]]:
        """The items of a list of mappings; what is no mapping is noted and left out."""
        for path, item in self.items(name, required=required, limit=limit):
            if isinstance(item, dict):
                yield path, item
            elif item is not UNKNOWN:
                message = f"an item of {quoted(name)} must be a mapping, not {describe(item)}"
                self.notes.add("wrong_type", path, message)

    def entries(
        self, name: str, keys: Keys, *, required: bool = False, limit: str | None = None
    ) -> Iterator[Entry]:
        """``mappings``, each as an Entry."""
        for path, item in self.mappings(name, required=required, limit=limit):
            yield Entry(self.reading, item, path, keys)

    def texts(self, name: str) -> Any:
        """A list of non-empty strings, as a tuple in which a faulty one is UNKNOWN."""
        value = self.values.get(name)
        if value is UNKNOWN or value is None:
            return () if value is None else UNKNOWN
        if not isinstance(value, list):
            return self.wrong(name, "a list")
        found: list[Any] = []
        for path, item in self.items(name):
            if item is UNKNOWN or (isinstance(item, str) and item.strip()):
                found.append(item)
                continue
            found.append(UNKNOWN)
            if not self.notes.wants("wrong_type", path):
                return UNKNOWN
            if isinstance(item, str) or item is None:
                self.notes.add("empty_value", path, f"an item of {quoted(name)} is empty")
            else:
                message = f"an item of {quoted(name)} must be text, not {describe(item)}"
                self.notes.add("wrong_type", path, message)
        return tuple(found)

    def numbers(self, name: str, *, required: bool = False) -> Any:
        """A list of finite numbers as a float64 array."""
        value = self.raw(name, required=required)
        if value is None or value is UNKNOWN:
            return value
        if not isinstance(value, list):
            return self.wrong(name, "a list of numbers")
        return self.number_list(value, self.where(name))

    def number_list(self, items: list[Any] | tuple[Any, ...], path: Path) -> Any:
        """``items`` as a read-only float64 array; the first faulty ones are noted."""
        if set(map(type, items)) <= {int, float}:
            array = np.array(items, dtype=np.float64)
            array.setflags(write=False)
            return array
        for i, item in enumerate(items):
            if item is UNKNOWN or is_number(item):
                continue
            if not self.notes.wants("wrong_type", (*path, i)):
                break
            message = f"a number is expected, not {describe(item)}"
            self.notes.add("wrong_type", (*path, i), message)
        return UNKNOWN

    def operand(
        self,
        name: str,
        *,
        required: bool = False,
        may_be_number: bool = True,
        low: float | None = None,
    ) -> Operand | Any:
        """A reference or, where allowed, a number (engine §7.4)."""
        value = self.raw(name, required=required)
        if value is None or value is UNKNOWN:
            return value
        if is_number(value) and may_be_number:
            return self._bounded(name, float(value), low, None)
        if not isinstance(value, str):
            allowed = "a series or a number" if may_be_number else "a series"
            return self.wrong(name, allowed)
        if not value.strip():
            return self.fault("empty_value", name, f"{quoted(name)} must not be empty")
        return series_reference(value)


def series_reference(text: str) -> SeriesRef | ExternalRef:
    """``id``, ``series:id``, ``id@Class``, or an external array (engine §7.4)."""
    if text.startswith(_EXTERNAL_PREFIXES):
        return ExternalRef(text)
    bare, at, class_id = text.strip().removeprefix(_SERIES_PREFIX).partition("@")
    return SeriesRef(bare, class_id if at else None)


def is_number(value: Any) -> bool:
    """An int or a float, and not a boolean."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def describe(value: Any) -> str:
    """What kind of value the author gave, in words, with the text itself."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > _LONGEST_BITS:
        # Python refuses to print an integer of thousands of digits.
        return "a number too large to print"
    if isinstance(value, int | float):
        return f"the number {value}"
    return "a list" if isinstance(value, list) else "a mapping"
