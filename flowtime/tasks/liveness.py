"""Whether a worker is there: each says so every few seconds, in the shared cache."""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.utils import timezone

log = structlog.get_logger(__name__)

KEY = "flowtime.worker.heard_at"
REPORT_SECONDS = 5.0
REAP_SECONDS = 5.0
SILENCE_LIMIT = timedelta(seconds=20)


def report_alive() -> None:
    """Say that a worker is there now."""
    cache.set(KEY, timezone.now(), timeout=None)


def worker_heard_at() -> datetime | None:
    """When any worker was heard from last; None when none ever was."""
    heard_at: datetime | None = cache.get(KEY)
    return heard_at


def worker_silence() -> timedelta | None:
    """How long ago that was. A clock that steps back makes no silence."""
    heard_at = worker_heard_at()
    return None if heard_at is None else max(timezone.now() - heard_at, timedelta())


def reap_jobs() -> None:
    """Ring again for what died or was never heard, by the command of the apps that own the jobs."""
    call_command("reap", stdout=io.StringIO())


def sweep_leavings() -> None:
    """Remove what dead work left behind and what was replaced, past the grace; what is needed stays."""
    call_command("sweep", stdout=io.StringIO())


def forget_done_bells() -> None:
    """Clear the queue's own records of finished tasks; the rows keep what happened."""
    if settings.FLOWTIME_TASKS == "database":
        call_command("prune_db_task_results", "--min-age-days=1", verbosity=0)


CHORES: tuple[tuple[float, Callable[[], None]], ...] = (
    (REPORT_SECONDS, report_alive),
    (REAP_SECONDS, reap_jobs),
    (3600.0, sweep_leavings),
    (3600.0, forget_done_bells),
)


@contextmanager
def attending() -> Iterator[None]:
    """Do a worker's chores in the background while the block runs, whatever keeps the worker busy."""
    stopped = threading.Event()
    threads = [
        threading.Thread(
            target=_repeat, args=(chore, seconds, stopped), name=chore.__name__, daemon=True
        )
        for seconds, chore in CHORES
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        for thread in threads:
            thread.join(timeout=1)


def _repeat(chore: Callable[[], None], seconds: float, stopped: threading.Event) -> None:
    while True:
        try:
            chore()
        except (DatabaseError, OSError, CommandError) as error:
            # A chore may miss a turn; the next one makes up for it.
            log.warning("worker.chore_failed", chore=chore.__name__, error=type(error).__name__)
        # Held no longer than needed: a sleeping connection outlives a restart of the server badly.
        connection.close()
        if stopped.wait(seconds):
            return
