"""Whether the two roots can be used, asked when the service starts and by its readiness check (bundles §1)."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from flowtime.bundles.confine import Root
from flowtime.bundles.errors import BundleError
from flowtime.bundles.publish import STAGING, make_directories


def check_roots(runs: Path, telemetry: Path, *, create: bool = False) -> list[str]:
    """What is wrong with the roots, one sentence each, none naming a path; an empty list when all is well.

    Both must be absolute, exist (with ``create`` they are made), be writable, be distinct, not lie one in the
    other, and have their staging area on their own file system. A probe file is written and removed.
    """
    labelled = ((runs, "runs root"), (telemetry, "telemetry root"))
    problems = [
        f"The {label} is not an absolute directory." for p, label in labelled if not p.is_absolute()
    ]
    if problems:
        return problems
    for path, label in labelled:
        problems += _check_root(path, label, create=create)
    return problems + _check_apart(runs, telemetry)


def _check_root(path: Path, label: str, *, create: bool) -> list[str]:
    if create:
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return [f"The {label} could not be created: {os.strerror(error.errno or 5)}."]
    if not path.exists():
        return [f"The {label} does not exist."]
    if not path.is_dir():
        return [f"The {label} is not a directory."]
    return _check_writable(Root(path, label))


def _check_writable(root: Root) -> list[str]:
    name = f"probe-{uuid.uuid4().hex}"
    try:
        with make_directories(root, STAGING) as area:
            fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, dir_fd=area.fd)
            try:
                os.write(fd, b"probe")
                os.fsync(fd)
            finally:
                os.close(fd)
                os.unlink(name, dir_fd=area.fd)
            if os.fstat(area.fd).st_dev != os.fstat(root.directory().fd).st_dev:
                return [f"The staging area of the {root.label} is on another file system."]
    except OSError as error:
        return [f"The {root.label} is not writable: {os.strerror(error.errno or 5)}."]
    except BundleError as error:
        return [error.detail]
    return []


def _check_apart(runs: Path, telemetry: Path) -> list[str]:
    first, second = Path(os.path.realpath(runs)), Path(os.path.realpath(telemetry))
    if first == second or (first.exists() and second.exists() and first.samefile(second)):
        return ["The runs root and the telemetry root are the same directory."]
    if first.is_relative_to(second) or second.is_relative_to(first):
        return ["One of the runs root and the telemetry root lies inside the other."]
    return []
