"""How series are named in full: totals, class parts, edges, and the cut of long names (engine §16.1)."""

import hashlib
import string

_EDGE_CHARACTERS = frozenset(string.ascii_letters + string.digits + "_.-")
_LONGEST = 120
_KEPT = 48
_DIGITS = 12


def full_id(key: str, class_id: str = "DEFAULT") -> str:
    """The full series id of the total of ``key``, or of its part for ``class_id`` (engine §16.1)."""
    whole = f"{key}@{key.upper()}@{class_id}"
    if len(whole) <= _LONGEST:
        return whole
    digest = hashlib.sha256(key.encode()).hexdigest()[:_DIGITS]
    return f"{key[:_KEPT]}.{digest}@{digest.upper()}@{class_id}"


def edge_token(edge_id: str) -> str:
    """The edge's id as it stands inside series ids: sanitised, trimmed, at most 60 characters."""
    clean = "".join(c if c in _EDGE_CHARACTERS else "_" for c in edge_id)
    return clean.strip("_")[:60]


def part_key(key: str, class_id: str) -> str:
    """The key of the part of ``key`` that belongs to ``class_id``; a part is its own only part."""
    return key if key.endswith(f"@{class_id}") else f"{key}@{class_id}"


def bare(key: str) -> str:
    """The series a key belongs to: ``id`` of ``id@Class``."""
    return key.partition("@")[0]
