"""Named steps at which a test may make the process fail. Without FLOWTIME_FAILPOINTS they do nothing.

``FLOWTIME_FAILPOINTS="publish.sealed=kill,run.claimed=sleep:200,publish.file_written=eio@3"`` arms three
points; ``@3`` acts at the third visit and no other. The settings arm them, and only with DEBUG.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

VARIABLE = "FLOWTIME_FAILPOINTS"

POINTS: Mapping[str, str] = {
    "publish.staged": "the staging directory is there, and locked",
    "publish.file_written": "one file is written, and not yet durable",
    "publish.written": "all files but the manifest are written",
    "publish.synced": "they are durable",
    "publish.sealed": "so are the manifest and the directories",
    "publish.parent_ready": "the directory that will hold the bundle is there",
    "publish.renamed": "the bundle has its name, which is not yet durable",
    "publish.parent_synced": "so is its name",
    "publish.done": "what was replaced is retired",
    "run.reserved": "the row of a run is committed",
    "run.claimed": "a worker has taken a queued run",
    "run.evaluated": "the engine has computed it",
    "run.series_written": "one series of it is written",
    "run.published": "its bundle is durable, and its row does not know",
    "run.finishing": "its row has been written, and not committed",
    "run.finished": "its row is committed",
    "run.failed": "a run has failed, and what it was to replace is not back yet",
    "replay.prepared": "a replay has read the run it repeats",
    "replay.compared": "its series have been compared with those of that run",
    "replay.copied": "one file of the telemetry it replays is copied",
    "capture.reserved": "the row of a capture is committed",
    "capture.claimed": "a worker has taken a queued capture",
    "capture.read": "the series of its run are read and treated",
    "capture.file_written": "one series of telemetry is written",
    "capture.published": "its bundle is durable, and its row does not know",
    "capture.finishing": "its row has been written, and not committed",
    "capture.finished": "its row is committed",
    "verify.checked": "a bundle has been looked at",
    "verify.stored": "what was found is on its row",
    "reindex.run_read": "the row of a run has been made from its bundle",
    "reindex.runs_writing": "rows of runs have been written, and not committed",
    "reindex.runs_written": "rows of runs are committed",
    "reindex.reconciled": "a row has been compared with its bundle",
    "reindex.capture_adopting": "the row of a capture has been written, and not committed",
    "reindex.captures_adopted": "the captures of one target have their rows",
    "reindex.summarised": "a run tells of its telemetry again",
    "sweep.removed": "something left behind is removed",
    "sweep.bundle_moved": "a bundle that nobody needs is out of sight",
    "sweep.bundle_removed": "it is removed",
    "reap.requeued": "a job whose worker died is queued again, and nobody was told",
    "reap.rung": "its bell was rung",
    "reap.failed": "a job that died too often has failed",
}
"""Every point, and what has just happened where it stands."""

PAUSE_SECONDS = 60.0


class Failed(RuntimeError):
    """What ``raise`` raises: an error that nobody foresaw."""


class BadFailpoint(ValueError):
    """A point that is not there, or an action that nobody knows."""


@dataclass(slots=True)
class Plan:
    """What happens at which point, and how often each was visited."""

    actions: Mapping[str, tuple[Callable[[], None], int | None]] = field(default_factory=dict)
    visits: Counter[str] = field(default_factory=Counter)

    def visit(self, point: str) -> None:
        if point not in POINTS:
            raise BadFailpoint(f"{point} is not a registered failpoint.")
        self.visits[point] += 1
        action, at = self.actions.get(point, (None, None))
        if action is not None and at in (None, self.visits[point]):
            action()


_plan: Plan | None = None


def hit(point: str) -> None:
    """Mark that the step ``point`` has been reached."""
    if _plan is not None:
        _plan.visit(point)


def arm(text: str) -> Plan:
    """Let the points fail as ``text`` says, from now on. An empty text only counts the visits."""
    global _plan
    _plan = Plan(dict(_parse(part) for part in text.split(",") if part.strip()))
    return _plan


def disarm() -> None:
    """Let every point do nothing again."""
    global _plan
    _plan = None


@contextmanager
def armed(text: str) -> Iterator[Plan]:
    """``arm`` for the length of a block."""
    try:
        yield arm(text)
    finally:
        disarm()


def _parse(text: str) -> tuple[str, tuple[Callable[[], None], int | None]]:
    """One ``point=action[:argument][@visit]``."""
    point, _, asked = text.strip().partition("=")
    if point not in POINTS:
        raise BadFailpoint(f"{point} is not a registered failpoint.")
    asked, _, visit = asked.partition("@")
    name, _, argument = asked.partition(":")
    if name not in ACTIONS or (visit and not visit.isdecimal()):
        raise BadFailpoint(f"{asked} is no action of a failpoint: {', '.join(ACTIONS)}.")
    return point, (ACTIONS[name](argument), int(visit) if visit else None)


def _kill(_: str) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), signal.SIGKILL)


def _raise(_: str) -> Callable[[], None]:
    def act() -> None:
        raise Failed("A failpoint says so.")

    return act


def _refuse(code: int) -> Callable[[str], Callable[[], None]]:
    def act() -> None:
        raise OSError(code, os.strerror(code))

    return lambda _: act


def _sleep(milliseconds: str) -> Callable[[], None]:
    if not milliseconds.isdecimal():
        raise BadFailpoint("sleep is followed by a number of milliseconds, as in sleep:200.")
    return lambda: time.sleep(int(milliseconds) / 1000)


def _pause(file: str) -> Callable[[], None]:
    """Make ``file`` and wait until somebody removes it: the other side sees where we are and lets us go on."""
    path = Path(file)
    if not path.is_absolute():
        raise BadFailpoint("pause is followed by the absolute name of a file.")

    def act() -> None:
        path.touch()
        deadline = time.monotonic() + PAUSE_SECONDS
        while path.exists() and time.monotonic() < deadline:
            time.sleep(0.005)

    return act


ACTIONS: Mapping[str, Callable[[str], Callable[[], None]]] = {
    "kill": _kill,
    "raise": _raise,
    "eio": _refuse(errno.EIO),
    "enospc": _refuse(errno.ENOSPC),
    "emfile": _refuse(errno.EMFILE),
    "sleep": _sleep,
    "pause": _pause,
}
