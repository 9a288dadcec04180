"""Canonical JSON (RFC 8785), digests of arrays, and the hashes that identify templates, models and results (engine §22)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from json.encoder import encode_basestring
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .documents.document import LARGEST_INTEGER
from .model.canonical import rng_value

if TYPE_CHECKING:
    from .loading.template import Template
    from .model.model import Model

SEMANTICS_VERSION: Final = 1
"""The version of the rules; it grows whenever a rule changes a number."""

_DROPPED: Final = frozenset(
    (
        "metadata",
        "provenance",
        "generator",
        "outputs",
        "ui",
        "label",
        "group",
        "description",
        "aliases",
    )
)
_PREFIX = "sha256:"
_RUN_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
_DEEPEST = 256
_NAN_BITS = np.uint64(0x7FF8000000000000)
_RUN_DIGITS = 16
_RUN_NAME = 64


def canonical_json(obj: Any) -> bytes:
    """``obj`` as RFC 8785 text: sorted keys, no blanks, numbers as ECMAScript prints doubles.

    Tuples and mappings of any kind are accepted. Raises ValueError for what JSON cannot carry: NaN, infinities,
    integers beyond 2^53 - 1, lone surrogates, nesting beyond 256, other types.
    """
    return _json(obj, 0).encode()


def _json(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise ValueError("An integer beyond 2^53 - 1 has no canonical form.")
        return str(int(value))
    if isinstance(value, float):
        return number_text(value)
    if depth >= _DEEPEST:
        raise ValueError("The value is nested too deeply.")
    if isinstance(value, dict | MappingProxyType):
        keys = sorted(value, key=None if all(map(_is_ascii, value)) else _utf16)
        pairs = [f"{encode_basestring(key)}:{_json(value[key], depth + 1)}" for key in keys]
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list | tuple):
        if set(map(type, value)) == {float}:
            return "[" + ",".join(map(number_text, value)) + "]"
        return "[" + ",".join([_json(item, depth + 1) for item in value]) + "]"
    if isinstance(value, Mapping):
        return _json(dict(value), depth)
    raise ValueError(f"A {type(value).__name__} has no canonical form.")


def _is_ascii(key: Any) -> bool:
    if not isinstance(key, str):
        raise ValueError("A key must be text.")
    return key.isascii()


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")


def number_text(value: float) -> str:
    """``value`` as ECMAScript prints it: the shortest digits that read back to the same double."""
    if value.is_integer() and -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        return str(int(value))
    if not math.isfinite(value):
        raise ValueError("NaN and infinities have no canonical form.")
    text = repr(float(value))
    if text.endswith(".0"):
        text = f"{text[:-2]}e0"
    if "e" not in text:
        return text
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = text.lstrip("-").partition("e")
    whole, _, rest = mantissa.partition(".")
    digits = (whole + rest).rstrip("0")
    point = len(whole) + int(exponent)
    return sign + _placed(digits, point)


def _placed(digits: str, point: int) -> str:
    """Digits with the decimal point after ``point`` of them (ECMAScript, Number::toString)."""
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if count > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"


def digest(data: bytes) -> str:
    """``sha256:`` and 64 hexadecimal digits."""
    return _PREFIX + hashlib.sha256(data).hexdigest()


def json_digest(obj: Any) -> str:
    """The digest of the canonical JSON of ``obj``."""
    return digest(canonical_json(obj))


def array_digest(a: Any) -> str:
    """The digest of float64 little-endian bytes, with one NaN and one zero (engine §22.2)."""
    # Adding zero turns -0.0 into 0.0 and makes the copy that NaN bits are written into.
    values = np.ascontiguousarray(a, dtype=np.float64) + 0.0
    np.atleast_1d(values).view(np.uint64)[np.isnan(np.atleast_1d(values))] = _NAN_BITS
    return digest(values.astype("<f8", copy=False).tobytes())


def _digests(arrays: Mapping[str, Any] | None) -> dict[str, str]:
    """Array digests by name; what is already a digest is kept."""
    return {
        name: value if isinstance(value, str) else array_digest(value)
        for name, value in (arrays or {}).items()
    }


def scenario_hash(
    model: Model,
    *,
    replicate: int = 0,
    sources: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> str:
    """What decides the numbers of an evaluation; sources and overrides are arrays or their digests."""
    return json_digest(
        {
            "model": _without_display(model.document),
            "replicate": replicate,
            "rng": rng_value(model.rng),
            "overrides": _digests(overrides),
            "semantics": SEMANTICS_VERSION,
            "sources": _digests(sources),
        }
    )


def _without_display(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_display(item) for key, item in value.items() if key not in _DROPPED}
    if isinstance(value, tuple) and not (value and isinstance(value[0], float)):
        return tuple(_without_display(item) for item in value)
    return value


def input_hash(
    template: Template,
    model: Model,
    *,
    replicate: int = 0,
    sources: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> str:
    """The identity of a run request; sources and overrides are arrays or their digests.

    The first sample of a request, replicate 0, is the request itself; each further one has an identity of its own.
    """
    further = {"replicate": replicate} if replicate else {}
    replayed = {f"override:{name}": value for name, value in _digests(overrides).items()}
    return json_digest(
        {
            "mode": model.mode,
            "parameters": model.parameters,
            "rng": rng_value(model.rng),
            "semantics": SEMANTICS_VERSION,
            "sources": _digests(sources) | replayed,
            "templateHash": template.template_hash,
            "templateId": template.id,
            "templateVersion": template.version,
            **further,
        }
    )


def result_hash(digests: Mapping[str, str]) -> str:
    """Equality of outcomes: over ``{series id: array digest}`` of all selected series."""
    return json_digest(dict(digests))


def deterministic_run_id(template_id: str, input_hash: str) -> str:
    """``run_<template>_<16 digits>``: the same request, the same id (engine §22.3)."""
    letters = "".join(c if c in _RUN_CHARACTERS else "-" for c in template_id.lower())
    name = "-".join(part for part in letters.split("-") if part)[:_RUN_NAME] or "template"
    return f"run_{name}_{input_hash.removeprefix(_PREFIX)[:_RUN_DIGITS]}"
