"""Removing what nobody needs: abandoned staging, retired runs, superseded generations (bundles §5, §6)."""

from __future__ import annotations

import fcntl
import os
import stat
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice

from flowtime import faults
from flowtime.bundles.confine import Directory, Root, writing
from flowtime.bundles.errors import BundleCorrupt, BundleMissing
from flowtime.bundles.leases import LEASES
from flowtime.bundles.names import check_name, generation_name
from flowtime.bundles.publish import RETIRED, STAGING, Progress, make_directories, remove_tree
from flowtime.bundles.system import open_beneath, rename_new
from flowtime.bundles.targets import Target, generations, list_targets
from flowtime.bundles.verify import verify_telemetry_bundle

IsReferenced = Callable[[Target, int], bool]


@dataclass(slots=True)
class Swept:
    """What a sweep did: names removed, and how many were kept because they are young, in use or needed."""

    removed: list[str] = field(default_factory=list)
    kept: int = 0


def sweep_staging(root: Root, *, now: float, grace_seconds: float) -> Swept:
    """Remove staging directories that no live process writes and that are older than ``grace_seconds``.

    ``now`` is POSIX time. Safe beside any number of writers.
    """
    return _sweep_area(root, STAGING, now=now, grace_seconds=grace_seconds)


def sweep_retired(root: Root, *, now: float, grace_seconds: float) -> Swept:
    """Remove runs that were replaced longer ago than ``grace_seconds``: their readers have finished by then."""
    return _sweep_area(root, RETIRED, now=now, grace_seconds=grace_seconds)


def sweep_unfinished(
    root: Root, *, run_ids: Iterable[str], now: float, grace_seconds: float
) -> Swept:
    """Remove the bundles of ``run_ids``, which were published by runs that then failed, past the grace."""
    swept = Swept()
    for run_id in run_ids:
        check_name("run id", run_id)
        if root.directory().exists(run_id):
            _sweep_directory(root.directory(), run_id, root, now - grace_seconds, swept, run_id)
    return swept


def sweep_leases(root: Root, *, now: float, grace_seconds: float) -> Swept:
    """Remove the leases of jobs whose process is gone, once they are older than ``grace_seconds``."""
    return _sweep_area(root, LEASES, now=now, grace_seconds=grace_seconds)


def sweep_generations(
    root: Root,
    *,
    is_referenced: IsReferenced,
    now: float,
    grace_seconds: float,
    progress: Progress | None = None,
) -> Swept:
    """Remove generations of telemetry that nothing refers to and that are older than ``grace_seconds``.

    ``is_referenced(target, generation)`` is the caller's knowledge. Where it denies every generation of a
    target, the highest valid one stays: a database that was lost must not take the bundles with it.
    """
    swept = Swept()
    targets = list(list_targets(root))
    for done, target in enumerate(targets, start=1):
        for number in _unneeded(root, target, is_referenced, swept):
            _sweep_generation(root, target, number, now - grace_seconds, swept)
        if progress is not None:
            progress(done, len(targets))
    return swept


def _unneeded(root: Root, target: Target, is_referenced: IsReferenced, swept: Swept) -> list[int]:
    found = generations(root, target)
    kept = {number for number in found if is_referenced(target, number)}
    if not kept:
        valid = (n for n in reversed(found) if verify_telemetry_bundle(root, target, n).is_valid)
        kept.update(islice(valid, 1))
    swept.kept += len(kept)
    return [number for number in found if number not in kept]


def _sweep_generation(root: Root, target: Target, number: int, before: float, swept: Swept) -> None:
    name = generation_name(number)
    with root.open_dir(*target.parts, what=f"telemetry of {target}") as above:
        _sweep_directory(above, name, root, before, swept, f"{target} {name}")


def _sweep_directory(
    above: Directory, name: str, root: Root, before: float, swept: Swept, title: str
) -> None:
    """Remove a bundle that is old enough and that nobody reads."""
    with (
        writing("The sweep"),
        _held(above, name) as held,
        make_directories(root, STAGING) as area,
    ):
        if held is None or not _is_older(above, name, before):
            swept.kept += 1
            return
        # Out of sight in one step: no reader lists a bundle that is half removed.
        aside = uuid.uuid4().hex
        try:
            rename_new(name, aside, source_directory=above.fd, target_directory=area.fd)
        except FileNotFoundError:
            # Another sweep was here first.
            return
        faults.hit("sweep.bundle_moved")
        remove_tree(area, aside)
        faults.hit("sweep.bundle_removed")
    swept.removed.append(title)


def _sweep_area(root: Root, area_name: str, *, now: float, grace_seconds: float) -> Swept:
    swept = Swept()
    try:
        area = root.open_dir(area_name)
    except BundleMissing:
        return swept
    with area:
        for entry in list(area.entries()):
            if _is_older(area, entry.name, now - grace_seconds) and _remove(area, entry.name):
                swept.removed.append(entry.name)
                faults.hit("sweep.removed")
            else:
                swept.kept += 1
    return swept


def _is_older(parent: Directory, name: str, before: float) -> bool:
    try:
        found = os.stat(name, dir_fd=parent.fd, follow_symlinks=False)
    except OSError:
        return False
    # A rename changes no mtime but does change the ctime: a retired directory is as old as its retirement.
    return max(found.st_mtime, found.st_ctime) < before


def _remove(parent: Directory, name: str) -> bool:
    """True where the entry is gone; False where a live process holds it."""
    with _held(parent, name) as held:
        if held is None:
            return False
        remove_tree(parent, name)
        # Not a directory, so nothing of ours: a stray file or link goes by its own name.
        with suppress(OSError):
            if not stat.S_ISDIR(os.stat(name, dir_fd=parent.fd, follow_symlinks=False).st_mode):
                os.unlink(name, dir_fd=parent.fd)
    with suppress(FileNotFoundError):
        os.stat(name, dir_fd=parent.fd, follow_symlinks=False)
        return False
    return True


@contextmanager
def _held(parent: Directory, name: str) -> Iterator[bool | None]:
    """Lock ``name`` while it is removed; None where its writer, or a reader, still holds the lock."""
    try:
        directory = parent.open_dir(name)
    except BundleMissing:
        yield False
        return
    except BundleCorrupt:
        # No directory: a lease, or something that is not ours.
        with _held_file(parent, name) as held:
            yield held
        return
    with directory:
        try:
            fcntl.flock(directory.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        yield True


@contextmanager
def _held_file(parent: Directory, name: str) -> Iterator[bool | None]:
    try:
        fd = open_beneath(parent.fd, (name,), os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        yield False
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield None
    else:
        yield True
    finally:
        os.close(fd)
