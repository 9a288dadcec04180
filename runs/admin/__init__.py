"""The admin of runs and of their lifecycle events."""
