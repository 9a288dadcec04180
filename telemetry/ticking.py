"""What a capture says of itself while it works: its files as they are written, its time, and whether to go on."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from telemetry.events import record_files
from telemetry.models import Capture

# People look at a progress bar a few times a second; each look costs the database a write.
TELL_EVERY_S = 0.4
ASK_EVERY_S = 0.5


class Stopwatch:
    """How long a capture takes. The bundle tells what was read last, so the row and a rebuilt one tell it too."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self.read_ms = 0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def read(self) -> int:
        self.read_ms = int(1000 * self.seconds)
        return self.read_ms


class Ticker:
    """Tells of the files that are written as they are, and asks whether to stop: both a few times a second at most."""

    def __init__(
        self, capture: Capture, files: Sequence[Mapping[str, Any]], request_id: str
    ) -> None:
        self._capture = capture
        self._files = files
        self._request_id = request_id
        self._rows = Capture.objects.filter(pk=capture.pk, attempt=capture.attempt)
        self._told_at = self._asked_at = time.monotonic()
        self._logged = 0

    def tell_written(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._told_at >= TELL_EVERY_S:
            self._told_at = now
            # The two files that describe the others come last and are not counted.
            done = min(done, len(self._files))
            self._rows.update(
                progress_done=done, progress_total=len(self._files), heartbeat_at=timezone.now()
            )
            self.log_files(done)

    def log_files(self, done: int) -> None:
        """Record the files up to ``done`` that have no event yet."""
        fresh = self._files[self._logged : done]
        if fresh:
            record_files(self._capture, fresh, request_id=self._request_id)
            self._logged = done

    def log_rest(self) -> None:
        """Record the files that were written too quickly to be told of."""
        self.log_files(len(self._files))

    def is_cancelled(self) -> bool:
        now = time.monotonic()
        if now - self._asked_at < ASK_EVERY_S:
            return False
        self._asked_at = now
        return self._rows.filter(cancel_requested_at__isnull=False).exists()
