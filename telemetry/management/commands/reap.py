"""`reap`: ring again for jobs whose worker died or whose bell was lost."""

from __future__ import annotations

from typing import Any

from telemetry import upkeep
from telemetry.management.reporting import MaintenanceCommand
from telemetry.upkeep import Report


class Command(MaintenanceCommand):
    help = "Ring again for stale jobs, and fail those that died too often."

    def work(self, **options: Any) -> Report:
        return upkeep.reap(bar=self.bar)
