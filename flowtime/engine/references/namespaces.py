"""One id, one thing: duplicates and clashes of letter case within a namespace (engine §1.6, §2.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..documents.unknown import UNKNOWN
from ..problems import Collector, Path, quoted


def check_unique(notes: Collector, named: Iterable[tuple[Any, Path]], what: str) -> None:
    """Note every id that comes again, as it stands or in other letter case; the later one is at fault."""
    seen: dict[str, str] = {}
    for name, path in named:
        if name is UNKNOWN or name is None:
            continue
        first = seen.get(name.lower())
        if first is None:
            seen[name.lower()] = name
        elif first == name:
            notes.add("duplicate_id", path, f"the {what} {quoted(name)} is defined already")
        else:
            message = f"{quoted(name)} differs from the {what} {quoted(first)} only by letter case"
            notes.add("id_case_clash", path, message)
