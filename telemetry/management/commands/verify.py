"""`verify`: are the bundles complete and valid? Exit code 1 when any is not."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from runs.maintenance import Verified, verify_runs
from runs.models import Run
from telemetry.maintenance import verify_captures
from telemetry.management.reporting import MaintenanceCommand
from telemetry.models import Capture


class Command(MaintenanceCommand):
    help = "Check bundles against their manifests; with --deep hash every byte."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--deep", action="store_true", help="Hash every byte.")
        parser.add_argument("ids", nargs="*", help="Run or capture ids; all without any.")

    def handle(self, **options: Any) -> None:
        ids, is_deep, as_json = options["ids"] or None, options["deep"], options["json"]
        if ids is not None:
            _check_known(ids)
        with self.bar("Runs", as_json=as_json) as progress:
            runs = list(verify_runs(ids, is_deep=is_deep, progress=progress))
        with self.bar("Captures", as_json=as_json) as progress:
            captures = list(verify_captures(ids, is_deep=is_deep, progress=progress))
        found = [*runs, *captures]
        bad = [one for one in found if not one.found.is_valid]
        self.report(
            {
                "deep": is_deep,
                "checked": len(found),
                "valid": len(found) - len(bad),
                "problems": [one.to_dict() for one in bad],
            },
            [*_lines(bad), f"{len(found)} bundles checked, {len(bad)} not valid."],
            as_json=as_json,
        )
        self.finish(is_good=not bad)


def _check_known(ids: list[str]) -> None:
    known = set(Run.objects.filter(pk__in=ids).values_list("pk", flat=True))
    known |= set(Capture.objects.filter(pk__in=ids).values_list("pk", flat=True))
    unknown = [one[:80] for one in ids if one not in known]
    if unknown:
        raise CommandError(f"There is no run or capture {', '.join(unknown)}.", returncode=3)


def _lines(bad: list[Verified]) -> list[str]:
    lines = []
    for one in bad:
        lines.append(f"{one.id}: {one.found.state}")
        lines += [f"  {problem.code}: {problem.detail}" for problem in one.found.problems]
    return lines
