"""The table at the end of ``make test-faults``: which rows of the failure model were tried, how often, and what was lost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from flowtime import faults

ROWS = {
    1: "kill -9 at every step",
    2: "kill -9 at random under load",
    3: "power cut",
    4: "no space, no inode, file too large",
    5: "EIO at fsync",
    6: "read-only, no access, no root, no descriptor",
    7: "two captures of one target",
    8: "overwrite while a replay reads",
    9: "rename or commit fails",
    10: "database locked",
    11: "worker killed, bell lost",
    12: "bundles touched by hand",
    13: "database lost",
    14: "clock steps back",
    15: "hostile bundle files",
    16: "traversal",
    17: "YAML bombs",
    18: "JSON, expression and parameter bombs",
    19: "scripts, formulas and lines injected",
    20: "CSRF, routes, roles, tokens",
    21: "throttles across workers",
    22: "leaks of paths and secrets",
    23: "unsafe settings",
    24: "SIGTERM mid-work",
    25: "bundles of a newer version",
}


@dataclass
class Table:
    """What the reports of the tests add up to."""

    passed: Counter[int] = field(default_factory=Counter)
    failed: Counter[int] = field(default_factory=Counter)
    skipped: Counter[int] = field(default_factory=Counter)
    sums: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    points: set[str] = field(default_factory=set)

    def add(self, outcome: str, properties: Iterable[tuple[str, Any]]) -> None:
        """One finished test: ``failure`` names its rows, ``campaign.…`` what it counted. Who counts nothing tried one input."""
        properties = list(properties)
        if outcome == "passed" and not any(name.startswith("campaign.") for name, _ in properties):
            self.sums["inputs"] += 1
        counts = {"passed": self.passed, "skipped": self.skipped}.get(outcome, self.failed)
        for name, value in properties:
            if name == "failure":
                counts[value] += 1
            elif name == "campaign.points":
                self.points |= set(value)
            elif name.startswith("campaign."):
                self.sums[name.removeprefix("campaign.")] += value

    def lines(self) -> list[str]:
        """The table, for people."""
        rows = sorted({*self.passed, *self.failed, *self.skipped})
        width = max(len(text) for text in ROWS.values())
        found = [f"{'row':>3}  {'failure':<{width}}  passed  failed  skipped"]
        found += [
            f"{row:>3}  {ROWS[row]:<{width}}  {self.passed[row]:>6}  {self.failed[row]:>6}  "
            f"{self.skipped[row]:>7}"
            for row in rows
        ]
        lost = sum(self.failed.values())
        return [
            *found,
            f"rows {len(rows)} of {len(ROWS)} · points visited {len(self.points)} of "
            f"{len(faults.POINTS)} · kills survived {self.sums['kills']} · inputs tried "
            f"{self.sums['inputs']} · acknowledged bundles hashed {self.sums['acknowledged']} · "
            f"bytes lost {0 if not lost else 'unknown: something failed'}",
        ]
