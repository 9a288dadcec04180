"""Who is at work: a lock file for each job, which dies with its process (bundles §5).

A row says that a job is being done, and its heartbeat says so for half a minute after the process was killed.
The lock says so at once. It is evidence of death on this machine alone; whoever cannot have it, because the
file is on another machine's kernel or was never made, falls back on the heartbeat.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from flowtime.bundles import names
from flowtime.bundles.confine import Root
from flowtime.bundles.errors import BundleError
from flowtime.bundles.publish import make_directories
from flowtime.bundles.system import open_beneath
from flowtime.errors import FlowTimeError

LEASES = ".leases"

_CREATE = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def holding(root: Root, job_id: str) -> Iterator[None]:
    """Hold the lease of ``job_id`` while the block works on it. Take it before the row says that work is on.

    A lease that cannot be had stops nobody: the job is then as alive as its heartbeat. What was refused has
    been stored on the row, so its lease goes; whatever else ends the block leaves the file for others to see.
    """
    fd = _take(root, job_id)
    try:
        yield
    except FlowTimeError:
        _forget(root, job_id, fd)
        raise
    else:
        _forget(root, job_id, fd)
    finally:
        if fd is not None:
            os.close(fd)


def is_abandoned(root: Root, job_id: str) -> bool:
    """True where the process that took the lease of ``job_id`` on this machine is gone; False where nobody knows."""
    names.check_name("run id", job_id)
    try:
        with root.open_dir(LEASES) as area:
            fd = open_beneath(area.fd, (job_id,), os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, BundleError):
        return False
    try:
        if not _this_machine() or os.read(fd, 64) != _this_machine():
            return False
        # Shared, so that two who look at once do not take one another for the worker.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(fd)


def _take(root: Root, job_id: str) -> int | None:
    names.check_name("run id", job_id)
    fd = None
    try:
        with make_directories(root, LEASES) as area:
            fd = os.open(job_id, _CREATE, 0o644, dir_fd=area.fd)
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(fd, 0)
            os.write(fd, _this_machine())
    except (OSError, BundleError):
        if fd is not None:
            os.close(fd)
        return None
    return fd


def _forget(root: Root, job_id: str, fd: int | None) -> None:
    if fd is not None:
        with suppress(OSError, BundleError), root.open_dir(LEASES) as area:
            os.unlink(job_id, dir_fd=area.fd)


@cache
def _this_machine() -> bytes:
    """What tells one boot of one kernel from every other, which alone knows its locks; empty where it cannot be told."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
    except OSError:
        return b""
