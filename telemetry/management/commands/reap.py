"""`reap`: ring again for jobs whose worker died or whose bell was lost."""

from __future__ import annotations

from typing import Any

from runs.maintenance import reap_runs
from telemetry.maintenance import reap_captures
from telemetry.management.reporting import MaintenanceCommand


class Command(MaintenanceCommand):
    help = "Ring again for stale jobs, and fail those that died too often."

    def handle(self, **options: Any) -> None:
        runs, captures = reap_runs(), reap_captures()
        rung = [*runs.rung, *captures.rung]
        failed = [*runs.failed, *captures.failed]
        self.report(
            {"rung": rung, "failed": failed},
            [f"{len(rung)} rung again, {len(failed)} failed."],
            as_json=options["json"],
        )
