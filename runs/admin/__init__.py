"""The admin of runs and of their lifecycle events."""

from runs.admin.runs import RunAdmin, RunEventAdmin

__all__ = ["RunAdmin", "RunEventAdmin"]
