"""Following a job until it is finished: progress on stderr, the finished resource in return."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Self, TypeVar

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from flowtime.cli import output
from flowtime.cli.errors import CommandError, ExitCode
from flowtime.client import Client, TimedOut
from flowtime.client.resources import Capture, Run
from flowtime.client.waiting import Pauses, is_finished

Job = TypeVar("Job", Run, Capture)


def follow_run(api: Client, run: Run, *, timeout: float) -> Run:
    """Return the run once it is finished; raises with exit code 124 when ``timeout`` seconds pass."""
    run_id = run["runId"]
    return _follow(
        run,
        lambda: api.run(run_id),
        name=f"Run {run_id}",
        next_step=f"Go on watching with: flowtime runs watch {run_id}",
        timeout=timeout,
    )


def follow_capture(api: Client, capture: Capture, *, timeout: float) -> Capture:
    """Return the capture once it is finished; raises with exit code 124 when ``timeout`` seconds pass."""
    capture_id = capture["captureId"]
    return _follow(
        capture,
        lambda: api.capture(capture_id),
        name=f"Capture {capture_id}",
        next_step=f"Look again with: flowtime telemetry show {capture_id}",
        timeout=timeout,
    )


def _follow(job: Job, look: Callable[[], Job], *, name: str, next_step: str, timeout: float) -> Job:
    pauses = Pauses(name, timeout)
    with _Reporter(name) as reporter:
        reporter.report(job)
        while not is_finished(job):
            try:
                pause = pauses.next_one(job)
            except TimedOut as error:
                raise CommandError(
                    str(error), code=error.code, exit_code=ExitCode.TIMED_OUT, next_step=next_step
                ) from error
            time.sleep(pause)
            job = look()
            reporter.report(job)
        return job


class _Reporter:
    """Shows a job's progress: a bar when stderr is a terminal, else a line a change of status."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._status = ""
        self._bar = (
            Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[count]}"),
                TimeElapsedColumn(),
                console=output.messages(),
                transient=True,
            )
            if sys.stderr.isatty()
            else None
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task(output.clean(self._name), total=None, count="")
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def report(self, job: Run | Capture) -> None:
        """Show where the job is now."""
        status = job["status"]
        word = output.STATUS_WORD.get(status, status)
        if self._bar is None or self._task is None:
            if status != self._status:
                output.say(f"{self._name} {output.STATUS_SENTENCE.get(status, status)}.")
            self._status = status
            return
        progress = job.get("progress") or {"done": 0, "total": None, "unit": ""}
        done, total = progress["done"], progress["total"]
        count = word if total is None else f"{done} of {total} {progress.get('unit', '')}"
        self._bar.update(self._task, completed=done, total=total, count=output.clean(count))
