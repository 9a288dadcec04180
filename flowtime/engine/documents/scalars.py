"""Unquoted scalars by the YAML 1.2 core rules (engine §4.3)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from .document import LARGEST_INTEGER

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


def plain_scalar(text: str) -> Any:
    """What ``text`` means unquoted; an integer far beyond the range of JSON becomes the first one beyond."""
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
