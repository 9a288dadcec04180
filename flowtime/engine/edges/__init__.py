"""Edges: which series they have, and the volumes they report (engine §14)."""
