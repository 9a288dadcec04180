"""Lineage of a run, both ways: what it came from, what was captured from it, and which runs replay what."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from runs import selectors
from runs.models import Run

MOST_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One capture of the run, with the runs that replay its bundle."""

    capture: Any
    replays: list[Run] = field(default_factory=list)


class Lineage:
    """The newest few replays and captures of a run, the ones under the others; three queries."""

    def __init__(self, run: Run) -> None:
        self.run = run

    @cached_property
    def _replays(self) -> list[Run]:
        return list(selectors.replays_of(self.run)[:MOST_SHOWN])

    @cached_property
    def branches(self) -> list[Branch]:
        """Captures of the run, newest first, with what replays each of them."""
        captures = self.run.captures.order_by("-requested_at", "-id")[:MOST_SHOWN]
        return [
            Branch(
                capture=capture,
                replays=[run for run in self._replays if run.replayed_capture_id == capture.pk],
            )
            for capture in captures
        ]

    @cached_property
    def replays(self) -> list[Run]:
        """Runs made from this one by no capture that is shown: from its model, or from one long ago."""
        shown = {run.pk for branch in self.branches for run in branch.replays}
        return [run for run in self._replays if run.pk not in shown]

    @cached_property
    def replayed_capture(self) -> Any:
        """The capture whose bundle this run replays, while it is indexed."""
        if not self.run.replayed_capture_id or self.run.source_run_id is None:
            return None
        return selectors.capture_row(self.run.replayed_capture_id)

    @cached_property
    def more(self) -> int:
        """How many further runs were made from this one."""
        if len(self._replays) < MOST_SHOWN:
            return 0
        return selectors.replays_of(self.run).count() - MOST_SHOWN
