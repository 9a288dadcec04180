"""The bound model: its parts as frozen dataclasses, what they may be called, and how they are written (engine §2, §5-§8)."""
