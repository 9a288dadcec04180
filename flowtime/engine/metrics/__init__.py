"""Derived metrics: times, loads, paths, colours and promises of nodes (engine §17)."""
