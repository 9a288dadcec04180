"""Durable, all-or-nothing publishing: a staging directory, fsync of everything, one rename (bundles §5)."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from flowtime import faults
from flowtime.bundles import names, system
from flowtime.bundles.confine import Directory, Root, writing
from flowtime.bundles.errors import BundleExists, BundleMissing, Cancelled
from flowtime.bundles.names import MANIFEST

STAGING = ".staging"
RETIRED = ".retired"

Progress = Callable[[int, int], None]
Cancel = Callable[[], bool]

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# Descriptors kept open between writing and fsync: far from 1,024, the usual limit of a process.
_BATCH = 128


@dataclass(frozen=True, slots=True)
class Published:
    """What was published: the manifest's digest, and how many files of how many bytes the manifest lists as data."""

    manifest_hash: str
    file_count: int
    byte_count: int


@dataclass(frozen=True, slots=True)
class Written:
    """One file as written: its path in the bundle, its size, its SHA-256 in hexadecimal."""

    path: str
    bytes: int
    sha256: str


class Staging:
    """A bundle being written. Nobody sees it before ``publish``; leaving its ``stage`` without that removes it."""

    def __init__(self, root: Root, area: Directory, name: str, directory: Directory) -> None:
        self._root = root
        self._area = area
        self._name = name
        self._top = directory
        self._subdirectories: dict[str, Directory] = {}
        self._unsynced: list[int] = []
        self.is_published = False

    def write(self, path: str, data: bytes) -> Written:
        """Create the file ``path`` (one directory deep at most) and write all of ``data``; durable after ``seal``."""
        *above, name = names.check_path(path)
        with writing("The bundle"):
            directory = self._subdirectory("/".join(above)) if above else self._top
            fd = os.open(name, _CREATE, 0o644, dir_fd=directory.fd)
            self._unsynced.append(fd)
            _write_all(fd, data)
            if len(self._unsynced) >= _BATCH:
                self._sync_files()
        faults.hit("publish.file_written")
        return Written(path, len(data), hashlib.sha256(data).hexdigest())

    def seal(self, manifest: bytes) -> Written:
        """Make every file durable, then the manifest, then the directories that name them."""
        with writing("The bundle"):
            faults.hit("publish.written")
            self._sync_files()
        faults.hit("publish.synced")
        written = self.write(MANIFEST, manifest)
        with writing("The bundle"):
            self._sync_files()
            for directory in self._subdirectories.values():
                os.fsync(directory.fd)
            os.fsync(self._top.fd)
        faults.hit("publish.sealed")
        return written

    def publish(self, *parents: str, name: str, replace: bool = False) -> None:
        """Rename the sealed bundle to ``name`` below the root's ``parents``, which are made where missing.

        Raises BundleExists where the name is taken. With ``replace`` the old directory is swapped out in the
        same step and kept in ``.retired``: a reader that holds it stays whole, and ``sweep`` removes it later.
        """
        with writing("The bundle"), make_directories(self._root, *parents) as parent:
            faults.hit("publish.parent_ready")
            swapped = replace and self._exchange(parent, name)
            if not swapped:
                self._rename_new(parent, name)
            self.is_published = True
            try:
                faults.hit("publish.renamed")
                os.fsync(parent.fd)
            except OSError:
                # The name may not survive a power cut, so it is not acknowledged and must not stay.
                self._take_back(parent, name, swapped=swapped)
                raise
        faults.hit("publish.parent_synced")
        if swapped:
            self._retire(name)
        faults.hit("publish.done")

    def discard(self) -> None:
        """Close everything; unless published, remove the staging directory."""
        for fd in self._unsynced:
            with suppress(OSError):
                os.close(fd)
        self._unsynced.clear()
        for directory in self._subdirectories.values():
            directory.close()
        if not self.is_published:
            remove_tree(self._area, self._name)
        self._top.close()

    def _subdirectory(self, path: str) -> Directory:
        held = self._subdirectories.get(path)
        if held is None:
            above, _, name = path.rpartition("/")
            parent = self._subdirectory(above) if above else self._top
            os.mkdir(name, 0o755, dir_fd=parent.fd)
            held = parent.open_dir(name)
            self._subdirectories[path] = held
        return held

    def _sync_files(self) -> None:
        while self._unsynced:
            fd = self._unsynced[-1]
            os.fsync(fd)
            self._unsynced.pop()
            os.close(fd)

    def _rename_new(self, parent: Directory, name: str) -> None:
        try:
            system.rename_new(
                self._name, name, source_directory=self._area.fd, target_directory=parent.fd
            )
        except FileExistsError:
            raise BundleExists(f"{self._root.label}: {name} already exists.") from None

    def _exchange(self, parent: Directory, name: str) -> bool:
        """True where an old directory was swapped out: it lies under the staging name then."""
        if not parent.exists(name):
            return False
        directories = {"source_directory": self._area.fd, "target_directory": parent.fd}
        if system.exchange(self._name, name, **directories):
            return True
        # No exchange on this file system: for an instant neither is there, and a reader may meet that.
        aside = f"{self._name}-old"
        os.rename(name, aside, src_dir_fd=parent.fd, dst_dir_fd=self._area.fd)
        try:
            system.rename_new(self._name, name, **directories)
        except OSError:
            os.rename(aside, name, src_dir_fd=self._area.fd, dst_dir_fd=parent.fd)
            raise
        os.rename(aside, self._name, src_dir_fd=self._area.fd, dst_dir_fd=self._area.fd)
        return True

    def _take_back(self, parent: Directory, name: str, *, swapped: bool) -> None:
        directories = {"source_directory": parent.fd, "target_directory": self._area.fd}
        with suppress(OSError):
            if swapped:
                system.exchange(name, self._name, **directories)
            else:
                system.rename_new(name, self._name, **directories)
            self.is_published = False

    def _retire(self, name: str) -> None:
        # The new bundle is in place and durable: what follows is housekeeping, and a failure leaves only
        # the old directory in the staging area, where sweep finds it.
        with suppress(OSError), make_directories(self._root, RETIRED) as retired:
            system.rename_new(
                self._name,
                f"{name}-{self._name}",
                source_directory=self._area.fd,
                target_directory=retired.fd,
            )
            os.fsync(retired.fd)


@contextmanager
def stage(root: Root) -> Iterator[Staging]:
    """A new staging directory below ``root``, locked while this process writes it; removed unless published."""
    name = uuid.uuid4().hex
    with writing("The bundle"), make_directories(root, STAGING) as area:
        os.mkdir(name, 0o755, dir_fd=area.fd)
        try:
            directory = area.open_dir(name, what="bundle")
        except BaseException:
            remove_tree(area, name)
            raise
        staging = Staging(root, area, name, directory)
        try:
            # Held until the directory is closed, by death if need be: sweep leaves a locked one alone.
            fcntl.flock(staging._top.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            faults.hit("publish.staged")
            yield staging
        finally:
            staging.discard()


@contextmanager
def make_directories(root: Root, *parts: str) -> Iterator[Directory]:
    """The directory ``parts`` below the root, made durably where it is missing."""
    base = root.directory()
    held: list[Directory] = []
    try:
        for part in parts:
            above = held[-1] if held else base
            what = f"{part} in the {root.label}"
            try:
                held.append(above.open_dir(part, what=what))
            except BundleMissing:
                with suppress(FileExistsError):
                    os.mkdir(part, 0o755, dir_fd=above.fd)
                os.fsync(above.fd)
                held.append(above.open_dir(part, what=what))
        yield held[-1] if held else base
    finally:
        for directory in held:
            directory.close()


def remove_tree(parent: Directory, name: str) -> None:
    """Remove a directory below ``parent`` and all in it, following no symbolic link; what is gone is no error."""
    with suppress(OSError):
        shutil.rmtree(name, dir_fd=parent.fd)


def check_cancel(cancel: Cancel | None) -> None:
    """Raise Cancelled once the caller's ``cancel`` answers true."""
    if cancel is not None and cancel():
        raise Cancelled("The work was cancelled; nothing was published.")


def _write_all(fd: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]
