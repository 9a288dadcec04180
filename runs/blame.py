"""Which parameters stand where a problem was found, so that it can be said beside their fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flowtime.engine.documents.opaque import PLACEHOLDER

_STEP = re.compile(r"\.?([A-Za-z_][A-Za-z0-9_-]*)|\[(\d+)\]|\[\"((?:[^\"\\]|\\.)*)\"\]")


def parameters_at(document: Mapping[str, Any], path: str) -> set[str]:
    """The parameters whose placeholders stand at ``path`` of a template, or below it; none where that leads nowhere."""
    found: Any = document
    position = 0
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            return set()
        name = step[1] if step[1] is not None else step[3]
        try:
            found = found[int(step[2])] if step[2] is not None else found[name]
        except (KeyError, IndexError, TypeError):
            return set()
        position = step.end()
    if found is document:
        return set()
    return {
        placeholder[1]
        for text in _texts(found)
        for placeholder in PLACEHOLDER.finditer(text)
        if placeholder[1]
    }


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _texts(item)
