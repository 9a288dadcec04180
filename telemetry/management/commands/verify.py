"""`verify`: are the bundles complete and valid? Exit code 1 when any is not."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from runs.models import Run
from telemetry import upkeep
from telemetry.integrity import HAS_BUNDLE
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
    rows = [Run.objects.filter(pk__in=ids), Capture.objects.filter(pk__in=ids)]
    known = {pk for found in rows for pk in found.values_list("pk", flat=True)}
    if unknown := [one[:80] for one in ids if one not in known]:
        raise CommandError(f"There is no run or capture {', '.join(unknown)}.", returncode=3)
    has_bundle = [(Run.Status.SUCCEEDED,), HAS_BUNDLE]
    for found, statuses in zip(rows, has_bundle, strict=True):
        for pk, status in found.exclude(status__in=statuses).values_list("pk", "status"):
            raise CommandError(f"{pk} has no bundle to verify: it is {status}.", returncode=3)
