"""`sweep`: remove abandoned staging, replaced runs and superseded generations past their grace."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from runs.maintenance import GRACE_SECONDS
from telemetry import upkeep
from telemetry.management.reporting import MaintenanceCommand
from telemetry.upkeep import Report


class Command(MaintenanceCommand):
    help = "Remove what nobody needs; never what a row refers to or somebody reads."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--grace", type=float, default=GRACE_SECONDS, help="Seconds to keep what is superseded."
        )

    def work(self, **options: Any) -> Report:
        if not options["grace"] >= 0:
            raise CommandError("A grace period is not negative.", returncode=2)
        return upkeep.sweep(grace_seconds=options["grace"], bar=self.bar)
