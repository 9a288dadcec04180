"""Whether a worker is there: each says so every few seconds, in the shared cache."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.utils import timezone

log = structlog.get_logger(__name__)

KEY = "flowtime.worker.heard_at"
REPORT_SECONDS = 5.0
SILENCE_LIMIT = timedelta(seconds=20)


def report_alive() -> None:
    """Say that a worker is there now."""
    cache.set(KEY, timezone.now(), timeout=None)


def worker_silence() -> timedelta | None:
    """How long ago any worker was heard from; None when none ever was."""
    heard_at: datetime | None = cache.get(KEY)
    return None if heard_at is None else max(timezone.now() - heard_at, timedelta())


@contextmanager
def reporting_alive() -> Iterator[None]:
    """Report in the background while the block runs, even when one job keeps the worker busy."""
    stopped = threading.Event()

    def report() -> None:
        while True:
            try:
                report_alive()
            except DatabaseError as error:
                log.warning("worker.report_failed", error=type(error).__name__)
            if stopped.wait(REPORT_SECONDS):
                connection.close()
                return

    thread = threading.Thread(target=report, name="worker-liveness", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(timeout=REPORT_SECONDS)
