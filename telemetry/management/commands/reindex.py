"""`reindex`: bring the database in step with the bundles on disk. Exit code 1 when something was missing or invalid."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from telemetry import upkeep
from telemetry.management.reporting import MaintenanceCommand
from telemetry.upkeep import Report


class Command(MaintenanceCommand):
    help = "Adopt bundles without a row, mark rows without a bundle; idempotent."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--rebuild", action="store_true", help="Write rows of finished runs again from disk."
        )

    def work(self, **options: Any) -> Report:
        return upkeep.reindex(is_rebuild=options["rebuild"], bar=self.bar)
