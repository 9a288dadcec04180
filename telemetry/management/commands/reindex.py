"""`reindex`: bring the database in step with the bundles on disk. Exit code 1 when something was missing or invalid."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from runs.maintenance import Reindexed, reindex_runs
from telemetry.maintenance import reindex_captures
from telemetry.management.reporting import MaintenanceCommand


class Command(MaintenanceCommand):
    help = "Adopt bundles without a row, mark rows without a bundle; idempotent."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--rebuild", action="store_true", help="Write rows of finished runs again from disk."
        )

    def handle(self, **options: Any) -> None:
        is_rebuild, as_json = options["rebuild"], options["json"]
        with self.bar("Runs", as_json=as_json) as progress:
            runs = reindex_runs(is_rebuild=is_rebuild, progress=progress)
        with self.bar("Captures", as_json=as_json) as progress:
            captures = reindex_captures(is_rebuild=is_rebuild, progress=progress)
        self.report(
            {"runs": asdict(runs), "captures": asdict(captures)},
            [*_lines("runs", runs), *_lines("captures", captures)],
            as_json=as_json,
        )
        self.finish(is_good=not (runs.has_problems or captures.has_problems))


def _lines(what: str, done: Reindexed) -> list[str]:
    lines = [
        f"{what}: {name} {one}"
        for name in ("adopted", "restored", "missing", "damaged", "quarantined")
        for one in getattr(done, name)
    ]
    return [*lines, f"{what}: {len(lines)} changed, {done.unchanged} as they were."]
