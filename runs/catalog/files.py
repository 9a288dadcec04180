"""Plain files of a catalog directory, and nothing that a link or a device could put in their place."""

from __future__ import annotations

import os
import stat
from pathlib import Path

# A FIFO opened without O_NONBLOCK waits for a writer for ever; a terminal must not become ours.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

Stamp = tuple[int, int, int, int]


class Unreadable(Exception):
    """A file that the catalog does not read; the message says why, and names no path."""


def stamp_of(path: Path) -> Stamp:
    """What changes when the file does, links followed; raises OSError."""
    facts = path.stat()
    return (facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)


def read_plain_file(path: Path, max_bytes: int) -> bytes:
    """The first ``max_bytes`` of a regular file that lies in its directory.

    A link is followed only to a file of the same directory, as mounted configuration has them: any other
    could lead anywhere. Raises Unreadable.
    """
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(path.parent.resolve()):
            raise Unreadable("It is a link out of the directory, which is not followed.")
        descriptor = os.open(real, _FLAGS)
    except (OSError, RuntimeError) as error:
        raise Unreadable(_reason(error)) from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unreadable("It is not a regular file.")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(max_bytes)
    except OSError as error:
        raise Unreadable(_reason(error)) from None
    finally:
        os.close(descriptor)


def _reason(error: OSError | RuntimeError) -> str:
    # The message of the exception itself ends with a path; a loop of links is a RuntimeError on some versions.
    number = getattr(error, "errno", None)
    return f"{os.strerror(number)}." if number else "It cannot be opened."
