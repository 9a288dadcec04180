"""What the maintenance commands share: a progress bar for people, one JSON document for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.progress import Progress as Bar

from runs.maintenance import Progress, tell_nobody


class MaintenanceCommand(BaseCommand):
    """Takes ``--json``; data goes to standard output, the progress bar to standard error."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON document.")

    def report(self, document: dict[str, Any], lines: list[str], *, as_json: bool) -> None:
        """Print ``document`` or ``lines``."""
        self.stdout.write(json.dumps(document) if as_json else "\n".join(lines))

    def finish(self, *, is_good: bool) -> None:
        """End the process with 1 where something is wrong: the exit code tells the truth."""
        if not is_good:
            sys.exit(1)

    @contextmanager
    def bar(self, title: str, *, as_json: bool) -> Iterator[Progress]:
        """A progress bar on a terminal, silence elsewhere."""
        if as_json or not sys.stderr.isatty():
            yield tell_nobody
            return
        with Bar(transient=True) as bar:
            task = bar.add_task(title, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
