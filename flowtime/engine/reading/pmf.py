"""Reading probability mappings and their profiles (engine §8.4, §12.3)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from ..documents.unknown import UNKNOWN
from ..kernels.profiles import PROFILES
from ..model.nodes import Profile
from ..problems import quoted
from .mappings import Entry, Keys, describe, is_number, is_templated

DECIMAL: Final = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\Z")
"""Text that is wholly a decimal number."""

_PMF = Keys("values", "probabilities")
_PROFILE = Keys("kind", "name", "weights", "span")
_TOLERANCE = 1e-4


def read_pmf(node: Entry) -> tuple[Any, Any]:
    """Values and probabilities of the ``pmf`` key, as tuples."""
    value = node.raw("pmf", required=True)
    if value is None or value is UNKNOWN:
        return UNKNOWN, UNKNOWN
    if not isinstance(value, Mapping):
        node.wrong("pmf", "a mapping")
        return UNKNOWN, UNKNOWN
    values, probabilities = _pairs(node, value) if _is_direct(value) else _lists(node)
    if values is UNKNOWN or probabilities is UNKNOWN:
        return UNKNOWN, UNKNOWN
    most = node.reading.limits.max_pmf_entries
    found = max(len(values), len(probabilities))
    if found > most:
        node.fault("limit_exceeded", "pmf", f"max_pmf_entries is {most}, found {found}")
        return UNKNOWN, UNKNOWN
    return (values, probabilities) if _is_sound(node, values, probabilities) else (UNKNOWN, UNKNOWN)


def _is_direct(value: Mapping[str, Any]) -> bool:
    """Whether the mapping goes from values to probabilities."""
    return any(DECIMAL.match(key) for key in value)


def _lists(node: Entry) -> tuple[Any, Any]:
    entry = node.mapping("pmf", _PMF)
    values = entry.numbers("values", required=True)
    probabilities = entry.numbers("probabilities", required=True)
    return tuple_of(values), tuple_of(probabilities)


def _pairs(node: Entry, value: Mapping[str, Any]) -> tuple[Any, Any]:
    values: list[float] = []
    probabilities: list[float] = []
    is_whole = True
    for key, probability in value.items():
        path = (*node.where("pmf"), key)
        if key.startswith("x-"):
            continue
        if is_templated(key):
            is_whole = False
        elif not DECIMAL.match(key):
            message = (
                f"{quoted(key)} is not a number: a probability mapping goes from value to share"
            )
            node.notes.add("wrong_type", path, message)
            is_whole = False
        elif not math.isfinite(float(key)):
            node.notes.add("non_finite_number", path, "a value must be finite")
            is_whole = False
        elif probability is UNKNOWN or not is_number(probability):
            is_whole = False
            if probability is not UNKNOWN:
                message = f"a probability must be a number, not {describe(probability)}"
                node.notes.add("wrong_type", path, message)
        else:
            values.append(float(key))
            probabilities.append(float(probability))
    return (tuple(values), tuple(probabilities)) if is_whole else (UNKNOWN, UNKNOWN)


def _is_sound(node: Entry, values: tuple[float, ...], probabilities: tuple[float, ...]) -> bool:
    if len(values) != len(probabilities):
        message = f"{len(values)} values but {len(probabilities)} probabilities"
        node.fault("pmf_invalid", "pmf", message)
    elif not values:
        node.fault("pmf_invalid", "pmf", "a distribution needs at least one value")
    elif min(probabilities) < 0:
        node.fault("pmf_invalid", "pmf", f"a probability is negative: {min(probabilities)}")
    elif abs(math.fsum(probabilities) - 1) > _TOLERANCE:
        message = f"the probabilities add up to {math.fsum(probabilities):.6g}, not to 1"
        node.fault("pmf_not_normalised", "pmf", message)
    else:
        return True
    return False


def read_profile(node: Entry, bins: int | Any) -> Any:
    """The profile of a pmf node; None where there is none."""
    entry = node.mapping("profile", _PROFILE)
    if entry is None or entry is UNKNOWN:
        return entry
    kind = entry.choice("kind", ("builtin", "inline"), required=True)
    if kind is UNKNOWN:
        return UNKNOWN
    for name in ("weights",) if kind == "builtin" else ("name", "span"):
        if entry.has(name):
            message = f"{quoted(name)} does not belong to a profile of kind {kind}"
            entry.fault("key_not_for_kind", name, message)
    return _builtin(entry) if kind == "builtin" else _inline(node, entry, bins)


def _builtin(entry: Entry) -> Any:
    span: Any = entry.choice("span", ("day", "window")) or "day"
    name = entry.choice("name", tuple(PROFILES), required=True, code="unknown_profile")
    return UNKNOWN if name is UNKNOWN else Profile("builtin", name=name, span=span)


def _inline(node: Entry, entry: Entry, bins: int | Any) -> Any:
    weights = entry.numbers("weights", required=True)
    if weights is UNKNOWN:
        return UNKNOWN
    if bins is not UNKNOWN and len(weights) != bins:
        message = f"{len(weights)} weights for {bins} bins"
    elif (weights < 0).any():
        message = f"a weight is negative: {weights.min()}"
    elif not weights.sum() > 0:
        message = "the weights add up to zero"
    else:
        return Profile("inline", weights=tuple(weights.tolist()))
    return node.fault("profile_invalid", "profile", message)


def tuple_of(array: Any) -> Any:
    """A float array as a tuple of floats."""
    return UNKNOWN if array is UNKNOWN else tuple(array.tolist())
