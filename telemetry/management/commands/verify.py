"""`verify`: are the bundles complete and valid? Exit code 1 when any is not."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from runs.models import Run
from telemetry import upkeep
from telemetry.management.reporting import MaintenanceCommand
from telemetry.models import Capture
from telemetry.upkeep import Report


class Command(MaintenanceCommand):
    help = "Check bundles against their manifests; with --deep hash every byte."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--deep", action="store_true", help="Hash every byte.")
        parser.add_argument("ids", nargs="*", help="Run or capture ids; all without any.")

    def work(self, **options: Any) -> Report:
        ids = options["ids"] or None
        if ids is not None:
            _check_known(ids)
        return upkeep.verify(ids, is_deep=options["deep"], bar=self.bar)


def _check_known(ids: list[str]) -> None:
    known = set(Run.objects.filter(pk__in=ids).values_list("pk", flat=True))
    known |= set(Capture.objects.filter(pk__in=ids).values_list("pk", flat=True))
    unknown = [one[:80] for one in ids if one not in known]
    if unknown:
        raise CommandError(f"There is no run or capture {', '.join(unknown)}.", returncode=3)
