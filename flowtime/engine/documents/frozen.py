"""Plain data made read-only, and back."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_COLLECTIONS: Final = frozenset((dict, list, tuple, MappingProxyType))


def freeze(value: Any) -> Any:
    """Plain data made read-only: mappings as proxies, lists as tuples."""
    if isinstance(value, dict):
        return MappingProxyType({key: freeze(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        # Thousands of numbers in a row need no look at each.
        is_flat = _COLLECTIONS.isdisjoint(map(type, value))
        return tuple(value) if is_flat else tuple([freeze(item) for item in value])
    return freeze(dict(value)) if isinstance(value, Mapping) else value


def thaw(value: Any) -> Any:
    """The inverse of ``freeze``: fresh dicts and lists, as a JSON reader would give them."""
    if isinstance(value, dict | MappingProxyType):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        is_flat = _COLLECTIONS.isdisjoint(map(type, value))
        return list(value) if is_flat else [thaw(item) for item in value]
    return thaw(dict(value)) if isinstance(value, Mapping) else value
