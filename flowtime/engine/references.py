"""What the parts of a document say about each other (engine §20, stage "references")."""

from __future__ import annotations

from .outline import Outline


def check_references(outline: Outline) -> None:
    """Note every reference that leads nowhere and every rule that two entries break together."""
