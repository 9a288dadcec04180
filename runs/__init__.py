"""Runs: starting, executing, indexing and replaying flow models."""
