"""Numbers as text inside text: the shortest form that reads back to the same value (engine §6.4)."""

from __future__ import annotations

from typing import Any


def value_text(value: Any) -> str:
    """A parameter's value as it is put inside text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, list | tuple):
        return f"[{', '.join(value_text(item) for item in value)}]"
    return str(value)
