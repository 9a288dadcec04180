"""The admin of runs and of their lifecycle events."""

from runs.admin.events import RunEventAdmin
from runs.admin.runs import RunAdmin

__all__ = ["RunAdmin", "RunEventAdmin"]
