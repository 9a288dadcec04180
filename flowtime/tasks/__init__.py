"""The doorbell: a queue says that there is work, the row says what it is and who has it."""

from flowtime.tasks.jobs import (
    HEARTBEAT_SECONDS,
    STALE_AFTER,
    Reaped,
    claim,
    heartbeat,
    is_dead,
    is_stale,
    reap,
)
from flowtime.tasks.liveness import SILENCE_LIMIT, report_alive, worker_heard_at, worker_silence

__all__ = [
    "HEARTBEAT_SECONDS",
    "SILENCE_LIMIT",
    "STALE_AFTER",
    "Reaped",
    "claim",
    "heartbeat",
    "is_dead",
    "is_stale",
    "reap",
    "report_alive",
    "worker_heard_at",
    "worker_silence",
]
