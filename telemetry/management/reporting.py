"""What the maintenance commands share: a progress bar for people, one JSON document for programs, an honest exit code."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.progress import Progress as Bar

from flowtime.errors import FlowTimeError
from runs.maintenance import Progress, tell_nobody
from telemetry.upkeep import Report


class MaintenanceCommand(BaseCommand):
    """Takes ``--json``; data goes to standard output, the progress bar to standard error.

    The exit code is 0 when all is well, 1 when something is wrong or could not be looked at, 2 for a wrong
    argument and 3 for an unknown id.
    """

    is_json = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON document.")

    def handle(self, **options: Any) -> None:
        self.is_json = options["json"]
        # What start-up made stays to the end: looking through it again and again is a tenth of the work.
        gc.freeze()
        try:
            report = self.work(**options)
        except FlowTimeError as error:
            raise CommandError(error.detail) from None
        self.stdout.write(json.dumps(report.document) if self.is_json else "\n".join(report.lines))
        if not report.is_good:
            sys.exit(1)

    def work(self, **options: Any) -> Report:
        """Do the job of the command."""
        raise NotImplementedError

    @contextmanager
    def bar(self, title: str) -> Iterator[Progress]:
        """A progress bar on a terminal, silence elsewhere."""
        if self.is_json or not sys.stderr.isatty():
            yield tell_nobody
            return
        with Bar(transient=True) as bar:
            task = bar.add_task(title, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
