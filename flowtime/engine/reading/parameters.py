"""Parameters: their declaration, and the one conversion that defaults and overrides pass through (engine §6)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ..documents.document import LARGEST_INTEGER
from ..documents.gate import is_writable
from ..documents.unknown import UNKNOWN
from ..documents.values import value_text
from ..limits import Limits
from ..model.identifiers import PARAMETER_NAME
from ..problems import OVERRIDES, Collector, Path, quoted
from ..references.namespaces import check_unique
from .mappings import Entry, Keys, describe, is_number
from .pmf import DECIMAL

_TYPES: Final = {
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "string": "string",
    "array": "array",
    "int": "integer",
    "float": "number",
    "double": "number",
    "bool": "boolean",
}
_ELEMENTS: Final = {
    "number": "number",
    "integer": "integer",
    "int": "integer",
    "float": "number",
    "double": "number",
}
_KEYS = Keys(
    "name",
    "type",
    "arrayOf",
    "default",
    "minimum",
    "maximum",
    "length",
    "title",
    "description",
    "unit",
    aliases={"min": "minimum", "max": "maximum"},
)
_FLAT_LIST = re.compile(r"[ \t\r\n]*\[[^\[\]{}\"]*\][ \t\r\n]*\Z")
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_NEAR_INTEGER = 1e-9


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter. ``default`` is typed, arrays are tuples; ``length`` a number or a parameter's name."""

    name: str
    type: str
    array_of: str | None = None
    default: Any = None
    has_default: bool = False
    minimum: float | None = None
    maximum: float | None = None
    length: int | str | None = None
    title: str | None = None
    description: str | None = None
    unit: str | None = None

    @property
    def is_sound(self) -> bool:
        """Whether its type is known, so that values can be converted."""
        return UNKNOWN not in (self.name, self.type, self.array_of)

    @staticmethod
    def number_in(value: Any) -> Any:
        """The number that ``value`` is, where it is text and wholly a decimal number (engine §6.2); else itself."""
        if isinstance(value, str) and DECIMAL.match(value):
            return int(value) if _INTEGER.match(value) and len(value) <= 18 else float(value)
        return value


@dataclass(frozen=True, slots=True)
class Declared:
    """A parameter with the entry that declares it."""

    parameter: Parameter
    entry: Entry


class Refused(Exception):
    """A value that does not fit its parameter."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def read_parameters(root: Entry) -> list[Declared]:
    """The declarations under ``parameters``, with all their problems noted."""
    found = [
        _declared(entry) for entry in root.entries("parameters", _KEYS, limit="max_parameters")
    ]
    named = [(item.parameter.name, item.entry.where("name")) for item in found]
    check_unique(root.notes, named, "parameter")
    by_name = {item.parameter.name: item.parameter for item in found}
    for item in found:
        _check_length_name(item, by_name)
    return found


def _declared(entry: Entry) -> Declared:
    name = entry.text("name", required=True)
    if name is not UNKNOWN and not PARAMETER_NAME.match(name):
        message = f"{quoted(name)} is not a parameter name: letters, digits and '_', no digit first"
        name = entry.fault("bad_id", "name", message)
    kind = entry.choice("type", _TYPES, required=True)
    _refuse_foreign_keys(entry, kind)
    array_of = entry.choice("arrayOf", _ELEMENTS)
    parameter = Parameter(
        name=name,
        type=kind,
        array_of=(array_of or "number") if kind == "array" else None,
        minimum=_bound(entry, "minimum"),
        maximum=_bound(entry, "maximum"),
        length=_length(entry),
        title=entry.text("title"),
        description=entry.text("description"),
        unit=entry.text("unit"),
    )
    low, high = parameter.minimum, parameter.maximum
    if is_number(low) and is_number(high) and low > high:  # type: ignore[operator]
        message = f"the minimum {value_text(low)} is above the maximum {value_text(high)}"
        entry.fault("bad_bounds", entry.later("minimum", "maximum"), message)
        parameter = replace(parameter, minimum=None, maximum=None)
    return Declared(_with_default(parameter, entry), entry)


def _with_default(parameter: Parameter, entry: Entry) -> Parameter:
    if not entry.has("default"):
        return parameter
    default = entry.values["default"]
    if default is not UNKNOWN and parameter.is_sound:
        try:
            default = convert(parameter, default)
        except Refused as refused:
            default = entry.fault(refused.code, "default", refused.message)
    return replace(parameter, default=default, has_default=True)


def _refuse_foreign_keys(entry: Entry, kind: Any) -> None:
    if kind is UNKNOWN:
        return
    foreign = () if kind == "array" else ("arrayOf", "length")
    if kind in ("boolean", "string"):
        foreign = (*foreign, "minimum", "maximum")
    for name in foreign:
        if entry.has(name):
            message = f"{quoted(name)} does not belong to a parameter of type {kind}"
            entry.fault("key_not_for_kind", name, message)


def _bound(entry: Entry, name: str) -> Any:
    """A bound as it is written: whole numbers stay whole."""
    value = entry.number(name)
    return value if value is None or value is UNKNOWN else entry.values[name]


def _length(entry: Entry) -> Any:
    value = entry.raw("length")
    if value is None or value is UNKNOWN or isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        return entry.wrong("length", "a whole number or the name of a parameter")
    return entry.integer("length", low=0)


def _check_length_name(item: Declared, by_name: Mapping[str, Parameter]) -> None:
    name = item.parameter.length
    if not isinstance(name, str):
        return
    other = by_name.get(name)
    if other is None:
        message = f"no parameter is called {quoted(name)}"
        known = tuple(key for key in by_name if key is not UNKNOWN)
        item.entry.fault("unknown_parameter", "length", message, word=name, known=known)
    elif other.type not in ("integer", UNKNOWN):
        message = f"a length needs an integer parameter, and {quoted(name)} is of type {other.type}"
        item.entry.fault("parameter_type", "length", message)


def effective_values(
    declared: Sequence[Declared],
    overrides: Mapping[str, Any],
    notes: Collector,
    limits: Limits,
) -> dict[str, Any]:
    """Every parameter's typed value, override before default; UNKNOWN where there is none that fits."""
    values: dict[str, Any] = {}
    paths: dict[str, Path] = {}
    declared = [item for item in declared if item.parameter.name is not UNKNOWN]
    names = [item.parameter.name for item in declared]
    for name in overrides:
        if name not in names:
            message = f"no parameter is called {quoted(name)}"
            notes.add(
                "unknown_parameter", (OVERRIDES, str(name)), message, word=str(name), known=names
            )
    for item in declared:
        parameter = item.parameter
        path: Path = (OVERRIDES, parameter.name)
        if parameter.name in overrides:
            values[parameter.name] = _override(parameter, overrides[parameter.name], notes, limits)
        elif parameter.has_default:
            path = item.entry.where("default")
            values[parameter.name] = parameter.default
        else:
            message = f"the parameter {quoted(parameter.name)} has no default and needs a value"
            notes.add("parameter_missing", path, message)
            values[parameter.name] = UNKNOWN
        paths[parameter.name] = path
    for item in declared:
        _check_length(item.parameter, values, paths[item.parameter.name], notes)
    return values


def _override(parameter: Parameter, value: Any, notes: Collector, limits: Limits) -> Any:
    path = (OVERRIDES, parameter.name)
    size = len(value) if isinstance(value, str | list | tuple) else 0
    name = "max_string_chars" if isinstance(value, str) else "max_yaml_nodes"
    if size > getattr(limits, name):
        notes.add("limit_exceeded", path, f"{name} is {getattr(limits, name)}, found {size}")
        return UNKNOWN
    try:
        return convert(parameter, value)
    except Refused as refused:
        notes.add(refused.code, path, refused.message)
        return UNKNOWN


def _check_length(
    parameter: Parameter, values: dict[str, Any], path: Path, notes: Collector
) -> None:
    value, length = values[parameter.name], parameter.length
    wanted = values.get(length) if isinstance(length, str) else length
    if wanted is None or UNKNOWN in (wanted, value) or parameter.type != "array":
        return
    if len(value) != wanted:
        source = f" of {quoted(length)}" if isinstance(length, str) else ""
        message = (
            f"the parameter {quoted(parameter.name)} has {len(value)} values, "
            f"the length{source} is {wanted}"
        )
        notes.add("length_mismatch", path, message)
        values[parameter.name] = UNKNOWN


def convert(parameter: Parameter, value: Any) -> Any:
    """``value`` as the parameter's type within its bounds (engine §6.2); raises Refused."""
    if parameter.type == "array":
        items = _json_list(value) if isinstance(value, str) else value
        if not isinstance(items, list | tuple):
            raise _type_refused(parameter, value, "a list of numbers")
        return tuple(
            _number(parameter, item, parameter.array_of or "number", i)
            for i, item in enumerate(items)
        )
    if parameter.type in ("integer", "number"):
        return _number(parameter, parameter.number_in(value), parameter.type, None)
    if parameter.type == "boolean":
        flag = {"true": True, "false": False}.get(value) if isinstance(value, str) else value
        if not isinstance(flag, bool):
            raise _type_refused(parameter, value, "true or false")
        return flag
    if not isinstance(value, str):
        raise _type_refused(parameter, value, "text")
    if not is_writable(value):
        raise _type_refused(parameter, value, "text without NUL and half characters")
    return value


def _json_list(text: str) -> Any:
    # A list of numbers has no inner brackets: deeper nesting never reaches the JSON reader.
    if not _FLAT_LIST.match(text):
        return None
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except ValueError:
        return None


def _number(parameter: Parameter, value: Any, kind: str, index: int | None) -> float:
    wanted = "a whole number" if kind == "integer" else "a finite number"
    if not is_number(value):
        raise _type_refused(parameter, value, wanted, index)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _type_refused(parameter, value, wanted, index)
    result: float = number + 0.0
    if kind == "integer":
        if abs(number) > LARGEST_INTEGER or abs(number - round(number)) > _NEAR_INTEGER:
            raise _type_refused(parameter, value, wanted, index)
        result = int(value) if isinstance(value, int) else round(number)
    _check_bounds(parameter, result, index)
    return result


def _check_bounds(parameter: Parameter, value: float, index: int | None) -> None:
    low, high = parameter.minimum, parameter.maximum
    place = "" if index is None else f" at index {index}"
    about = f"the value {value_text(value)}{place} of the parameter {quoted(parameter.name)}"
    if is_number(low) and value < low:  # type: ignore[operator]
        raise Refused("parameter_range", f"{about} is below the minimum {value_text(low)}")
    if is_number(high) and value > high:  # type: ignore[operator]
        raise Refused("parameter_range", f"{about} is above the maximum {value_text(high)}")


def _type_refused(
    parameter: Parameter, value: Any, wanted: str, index: int | None = None
) -> Refused:
    place = "" if index is None else f" at index {index}"
    message = f"the parameter {quoted(parameter.name)} needs {wanted}{place}, not {describe(value)}"
    return Refused("parameter_type", message)
