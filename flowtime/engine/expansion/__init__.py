"""Expansion: the series, names and queues that the engine adds to a model (engine §10)."""
