"""What a test of the campaign does to a process, and how it counts what it did."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connections

from flowtime import faults

KILLED = -signal.SIGKILL


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts for the table at the end of ``make test-faults``; they travel with the report of the test."""

    record: Callable[[str, object], None]

    def kills(self, number: int = 1) -> None:
        """So many processes were killed, and what is acknowledged survived."""
        self.record("campaign.kills", number)

    def inputs(self, number: int = 1) -> None:
        """So many hostile inputs or failures were tried, and refused."""
        self.record("campaign.inputs", number)

    def points(self, names: Iterable[str]) -> None:
        """These failpoints were visited."""
        self.record("campaign.points", sorted(names))

    def acknowledged(self, bundles: int) -> None:
        """So many acknowledged bundles were hashed afterwards and found as they were."""
        self.record("campaign.acknowledged", bundles)


def in_a_child(act: Callable[[], Any], failpoints: str = "") -> int:
    """Do ``act`` in a forked process with ``failpoints`` armed: its exit code, -9 when it was killed.

    3 stands for an exception. The child shares the files and the database, and nothing else.
    """
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            faults.arm(failpoints)
            act()
            connections.close_all()
            os._exit(0)
        except BaseException:
            os._exit(3)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)
