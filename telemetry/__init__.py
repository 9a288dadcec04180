"""Telemetry: explicit capture of bundles from finished simulation runs."""
