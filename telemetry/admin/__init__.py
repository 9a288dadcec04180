"""The admin of telemetry: captures, their events, and what telemetry adds to the admin of runs."""

from telemetry.admin.captured_runs import CapturedRunAdmin
from telemetry.admin.captures import CaptureAdmin
from telemetry.admin.events import CaptureEventAdmin

__all__ = ["CaptureAdmin", "CaptureEventAdmin", "CapturedRunAdmin"]
