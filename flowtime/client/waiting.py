"""Waiting for a job: what counts as finished, and how long to pause between two looks."""

from __future__ import annotations

import time
from typing import Any

from flowtime.client.errors import TimedOut

UNFINISHED = ("queued", "running", "generating")
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 2.0


def is_finished(job: Any) -> bool:
    """Whether nothing more will happen to a run or a capture by itself."""
    return job["status"] not in UNFINISHED


class Pauses:
    """Ever longer pauses between looks at ``name``, until ``timeout`` seconds have passed."""

    def __init__(self, name: str, timeout: float) -> None:
        self._name = name
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._pause = FIRST_PAUSE_SECONDS

    def next_one(self, job: Any) -> float:
        """Seconds to pause now. Raises TimedOut when there is no time left."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimedOut(f"{self._name} is still {job['status']} after {self._timeout:g} s.")
        pause, self._pause = self._pause, min(self._pause * 1.5, LONGEST_PAUSE_SECONDS)
        return min(pause, left)
