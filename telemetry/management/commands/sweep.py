"""`sweep`: remove abandoned staging, replaced runs and superseded generations past their grace."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from runs.maintenance import GRACE_SECONDS, sweep_runs
from telemetry.maintenance import sweep_captures
from telemetry.management.reporting import MaintenanceCommand


class Command(MaintenanceCommand):
    help = "Remove what nobody needs; never what a row refers to."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--grace", type=float, default=GRACE_SECONDS, help="Seconds to keep what is superseded."
        )

    def handle(self, **options: Any) -> None:
        grace, as_json = options["grace"], options["json"]
        if grace < 0:
            raise CommandError("A grace period is not negative.", returncode=2)
        runs = sweep_runs(grace_seconds=grace)
        with self.bar("Telemetry", as_json=as_json) as progress:
            captures = sweep_captures(grace_seconds=grace, progress=progress)
        self.report(
            {"runs": runs, "captures": captures},
            [*runs, *captures, f"{len(runs) + len(captures)} removed."],
            as_json=as_json,
        )
